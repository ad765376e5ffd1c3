"""The open sale: its draft, how it is stored, priced and found again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Literal

from pydantic import TypeAdapter

from edge_agent.errors import Conflict, NotFound
from edge_agent.ports import SaleRow, UnitOfWork
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.identified import Identification as Identification
from edge_agent.usecases.spendable import shown_balance, spendable_points
from edge_agent.usecases.surroundings import around, with_own_coupons
from loyalty.basket import Basket, TenderKind
from loyalty.member import Member
from loyalty.promotions.engine import evaluate
from loyalty.quote import Quote


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything about an open sale. The member is a snapshot taken at identification;
    `balance_points` is the balance shown with the quote, own spends subtracted. `layer` is the
    last one that gave something of the approved points, "online" for a lease beside the answer of
    the centre. `tender_kinds`
    is how the buyer means to pay, `gift_card_minor` what gift cards pay of it; `codes` were typed
    or scanned for this sale, in upper case. A parked sale waits beside the desk under `park_note`
    until it is resumed or changed; it holds no right meanwhile."""

    basket: Basket = field(default_factory=Basket)
    member: Member | None = None
    identification: Identification | None = None
    cashier_id: str = ""
    origin: Literal["pos", "panel"] = "pos"
    auth_id: str = ""
    requested_points: int = 0
    approved_points: int = 0
    decline_reason: str = ""
    layer: str = ""
    spendable_points: int = 0
    balance_points: int = 0
    quote: Quote | None = None
    quote_id: str = ""
    basket_hash: str = ""
    codes: tuple[str, ...] = ()
    tender_kinds: tuple[TenderKind, ...] = ()
    gift_card_minor: int = 0
    cashier_member_id: int | None = None
    is_parked: bool = False
    park_note: str = ""


_DRAFT = TypeAdapter(Draft)
_BASKET = TypeAdapter(Basket)
_QUOTE = TypeAdapter(Quote)


@dataclass(slots=True)
class _Latest:
    """The draft written last and its text: mostly the next one to be read. Drafts are frozen."""

    pair: tuple[str, Draft] = ("", Draft())


_LATEST = _Latest()


def dump_draft(draft: Draft) -> str:
    """JSON text of a draft, without the traces: they are most of it, and any change of the sale
    makes them anew."""
    text = _DRAFT.dump_json(draft, exclude={"quote": {"traces"}}).decode()
    _LATEST.pair = (text, draft)
    return text


def load_draft(text: str) -> Draft:
    """Draft of a stored row. The one written last is not parsed again, and keeps its traces."""
    known, draft = _LATEST.pair
    return draft if known == text else _DRAFT.validate_json(text)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:24]


def known_row(uow: UnitOfWork, sale_id: str) -> SaleRow:
    """The row of a sale. Raises `NotFound`."""
    row = uow.sale(sale_id)
    if row is None:
        raise NotFound("unknown_sale", f"no sale {sale_id} on this register")
    return row


def open_row(uow: UnitOfWork, sale_id: str) -> SaleRow:
    """The row of an open sale, or the reason why there is none."""
    row = known_row(uow, sale_id)
    if row.state != "open":
        raise Conflict("sale_closed", f"sale {sale_id} is {row.state}")
    return row


def requote(uow: UnitOfWork, ctx: RegisterContext, draft: Draft) -> Draft:
    """Price the draft with the active rules; a redemption is lowered to what still fits, and a
    parked sale is on the desk again."""
    balance = shown_balance(uow, ctx, draft.member) if draft.member else 0
    spendable = spendable_points(uow, ctx, draft.member, draft.identification, balance)
    redeem = draft.approved_points
    quote = evaluate(
        ctx.rules,
        draft.basket,
        member=with_own_coupons(uow, ctx, draft.member) if draft.member else None,
        at=ctx.clock.local(),
        store_id=ctx.store_id,
        redeem_points=redeem,
        spendable_points=max(redeem, spendable),
        locale=ctx.locale,
        around=around(uow, ctx, draft),
        memory=ctx.memory,
    )
    return replace(
        draft,
        quote=quote,
        quote_id=_digest(_QUOTE.dump_json(quote, exclude={"traces", "messages"})),
        basket_hash=_digest(_BASKET.dump_json(draft.basket)),
        spendable_points=spendable,
        balance_points=balance,
        is_parked=False,
        park_note="",
    )


def without_redemption(draft: Draft) -> Draft:
    """The draft as it is before anybody asks to redeem."""
    return replace(
        draft, auth_id="", requested_points=0, approved_points=0, decline_reason="", layer=""
    )


def save(uow: UnitOfWork, ctx: RegisterContext, row: SaleRow, draft: Draft) -> Draft:
    """Store a new revision of an open sale."""
    uow.save_draft(
        replace(
            row,
            revision=row.revision + 1,
            member_id=draft.member.member_id if draft.member else None,
            touched_at=ctx.clock.stamp(),
            draft=dump_draft(draft),
        )
    )
    return draft
