"""The device-neutral receipt, and the text that a template made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loyalty.basket import Tender


@dataclass(frozen=True, slots=True)
class ReceiptItem:
    """A goods line for the fiscal document: `sum_minor` is the shelf sum, `discount_minor` what
    promotions (and bonuses, where the programme redeems as a discount) take off it."""

    sku: str
    name: str
    qty_milli: int
    unit: str
    unit_price_minor: int
    sum_minor: int
    discount_minor: int
    tax_group: str
    barcode: str = ""
    uktzed: str = ""
    excise_stamps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MemberBlock:
    """What the receipt says about the member. Balance is after this sale; `None` = not known.

    `accrual_state` says whether the points are on the account or will be credited on sync;
    `declined_reason` is the cashier sentence of a redemption that was refused."""

    name: str
    earned_points: int
    redeemed_points: int
    balance_points: int | None
    balance_at: str = ""
    expires_on: str | None = None
    accrual_state: Literal["credited", "will_be_credited"] = "credited"
    declined_reason: str = ""


@dataclass(frozen=True, slots=True)
class PromoLine:
    """One promotion's name and the money it saved."""

    name: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class GiftLine:
    """Pieces handed out at no price."""

    name: str
    quantity: int


@dataclass(frozen=True, slots=True)
class CouponLine:
    """A coupon for a later purchase: its text (or its code) and its last valid day."""

    text: str
    code: str
    expires_on: str


@dataclass(frozen=True, slots=True)
class TicketLine:
    """Tickets of a prize draw."""

    draw: str
    tickets: int


@dataclass(frozen=True, slots=True)
class ReceiptDocument:
    """One fiscal receipt before any device is known. Sums in kopecks.

    `payable_minor` is after promotions and redemption, `rounding_minor` is what cash rounding
    added (may be negative); tenders sum to payable + rounding + change."""

    kind: Literal["sale", "return"]
    sale_id: str
    store_name: str
    register_id: str
    cashier: str
    printed_at: str
    items: tuple[ReceiptItem, ...]
    tenders: tuple[Tender, ...]
    payable_minor: int
    rounding_minor: int = 0
    redeemed_minor: int = 0
    redeem_as: Literal["discount", "payment"] = "discount"
    promotions: tuple[PromoLine, ...] = ()
    member: MemberBlock | None = None
    messages: tuple[str, ...] = ()
    qr: str = ""
    original_fiscal_number: str = ""
    gifts: tuple[GiftLine, ...] = ()
    coupons: tuple[CouponLine, ...] = ()
    tickets: tuple[TicketLine, ...] = ()


SlipStyle = Literal["title", "center", "text", "strong", "big", "band", "rule", "space", "qr"]


@dataclass(frozen=True, slots=True)
class SlipRow:
    """One row of a whole slip, already wrapped: a `title` is of double size and so half as wide,
    `big` of double height, a `band` white on black; a `qr` row keeps its payload in `text`."""

    style: SlipStyle
    text: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptText:
    """Lines already wrapped for a device, by UnifiedPOS slot: inside the receipt before the
    total (`post_lines`), after the fiscal trailer (`additional_trailer`), and a QR payload.

    `slip` is the same for a printer that prints no goods and no requisites of its own."""

    post_lines: tuple[str, ...] = ()
    additional_trailer: tuple[str, ...] = ()
    qr: str = ""
    slip: tuple[SlipRow, ...] = ()
