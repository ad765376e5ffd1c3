"""The priced offer: what each line costs after promotions and redemption, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

TraceStatus = Literal["fired", "not_met", "lost", "blocked"]


class Share(NamedTuple):
    """Part of one amount carried by one line (kopecks, or points where the owner says so)."""

    line_id: str
    amount: int


class AppliedPromotion(NamedTuple):
    """A promotion that changed the price: one rounded amount and its exact split."""

    promotion_id: str
    name: str
    amount_minor: int
    shares: tuple[Share, ...]
    units: int = 0
    """Pieces that the discount was given on."""


@dataclass(frozen=True, slots=True)
class Gift:
    """Pieces handed out on top of the basket at no price."""

    promotion_id: str
    sku: str
    name: str
    quantity: int


@dataclass(frozen=True, slots=True)
class IssuedCoupon:
    """A coupon the sale earns; it can be used once the sale is confirmed, never on this sale."""

    promotion_id: str
    coupon: str
    valid_days: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class IssuedTickets:
    """Tickets of a prize draw the sale earns."""

    promotion_id: str
    draw: str
    tickets: int


class AppliedAccrual(NamedTuple):
    """Points earned by one rule, rounded down once, with its split (hundredths of a bonus)."""

    promotion_id: str
    name: str
    points: int
    shares: tuple[Share, ...]


class QuotedLine(NamedTuple):
    """A line after promotions (`net_minor`) and after redemption (`paid_minor`)."""

    line_id: str
    gross_minor: int
    discount_minor: int
    redeemed_minor: int
    accrual_points: int

    @property
    def net_minor(self) -> int:
        """Shelf sum less promotions."""
        return self.gross_minor - self.discount_minor

    @property
    def paid_minor(self) -> int:
        """What is left to pay with money."""
        return self.net_minor - self.redeemed_minor


class PromotionTrace(NamedTuple):
    """Why a promotion fired or not; a tuple, for each quote makes hundreds of them.

    `reason` is a stable code of the first condition that failed ("" when fired); `seen` and
    `needed` are its figures as text; `hint` is a short sentence per locale for the cashier when
    the promotion is near, empty otherwise. `units` are the pieces it took, `cap` names the cap
    that cut its amount, `winner` is the promotion that won over it.
    """

    promotion_id: str
    name: str
    status: TraceStatus
    reason: str = ""
    seen: str = ""
    needed: str = ""
    amount_minor: int = 0
    points: int = 0
    hint: tuple[tuple[str, str], ...] = ()
    benefit_minor: int = 0
    units: int = 0
    cap: str = ""
    winner: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """Everything the till needs to close the sale.

    `redeemable_points` is the most that may be redeemed on this basket (share, floors, exclusions
    and `spendable` applied); `redeemed_points`/`redeemed_minor` is what the quote redeems.
    `payable_minor` is the sum of `paid_minor`, before the rounding of the cash part.
    """

    ruleset_sequence: int
    lines: tuple[QuotedLine, ...]
    promotions: tuple[AppliedPromotion, ...] = ()
    accruals: tuple[AppliedAccrual, ...] = ()
    redeemable_points: int = 0
    redeemed_points: int = 0
    redeemed_minor: int = 0
    traces: tuple[PromotionTrace, ...] = ()
    messages: tuple[tuple[str, str], ...] = field(default=())
    """Messages for paper and screen: (place "receipt" | "screen", text in the quote's locale)."""
    basket_limit_points: int = 0
    """The most any member could redeem on this basket, whatever may be spent."""
    gifts: tuple[Gift, ...] = ()
    coupons: tuple[IssuedCoupon, ...] = ()
    used_coupons: tuple[str, ...] = ()
    """Coupons of the member that a promotion of this quote uses up."""
    tickets: tuple[IssuedTickets, ...] = ()

    @property
    def gross_minor(self) -> int:
        return sum(line.gross_minor for line in self.lines)

    @property
    def discount_minor(self) -> int:
        return sum(line.discount_minor for line in self.lines)

    @property
    def payable_minor(self) -> int:
        return sum(line.paid_minor for line in self.lines)

    @property
    def accrual_points(self) -> int:
        return sum(accrual.points for accrual in self.accruals)
