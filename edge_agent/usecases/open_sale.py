"""Open a sale, put its basket and its member, cancel it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

from edge_agent.errors import Conflict
from edge_agent.ports import SaleRow, UnitOfWork
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.drafts import (
    Draft,
    Identification,
    load_draft,
    open_row,
    requote,
    save,
    without_redemption,
)
from loyalty.basket import Basket, TenderKind, check_basket
from loyalty.errors import InvalidBasket
from loyalty.ids import parse_uuid
from loyalty.member import Member, Strength

MAX_CODES = 20
MAX_CODE = 64
ABANDONED_AFTER = timedelta(hours=12)
ABANDONED = '{"closed_by": "abandoned"}'


@dataclass(frozen=True, slots=True)
class OpenSale:
    """A new sale; member and basket may come later."""

    sale_id: str
    basket: Basket = field(default_factory=Basket)
    member: Member | None = None
    identification: Identification | None = None
    cashier_id: str = ""
    cashier_member_id: int | None = None
    codes: tuple[str, ...] = ()
    origin: Literal["pos", "panel"] = "pos"


def open_sale(uow: UnitOfWork, ctx: RegisterContext, command: OpenSale) -> Draft:
    """Create the sale, or answer with its present draft when it is already open."""
    sale_id = parse_uuid(command.sale_id, "sale_id")
    known = uow.sale(sale_id)
    if known is not None and known.state != "open":
        raise Conflict("sale_closed", f"sale {sale_id} is {known.state}")
    if known is not None:
        return load_draft(known.draft)
    now = ctx.clock.stamp()
    draft = requote(
        uow,
        ctx,
        Draft(
            basket=check_basket(command.basket),
            member=command.member,
            identification=command.identification,
            cashier_id=command.cashier_id or ctx.cashier_id or ctx.cashier,
            cashier_member_id=command.cashier_member_id,
            codes=clean_codes(command.codes),
            origin=command.origin,
        ),
    )
    row = SaleRow(sale_id, "open", 0, None, now, now, None, "", None, None)
    return save(uow, ctx, row, draft)


def put_basket(uow: UnitOfWork, ctx: RegisterContext, sale_id: str, basket: Basket) -> Draft:
    """Replace the whole basket and price it; an approved redemption only ever goes down."""
    row = open_row(uow, sale_id)
    draft = replace(load_draft(row.draft), basket=check_basket(basket))
    return save(uow, ctx, row, requote(uow, ctx, draft))


def put_codes(uow: UnitOfWork, ctx: RegisterContext, sale_id: str, codes: Iterable[str]) -> Draft:
    """Set the codes that were entered for this sale; they compare in upper case.

    Raises `InvalidBasket` (`bad_code`, `too_many_codes`)."""
    row = open_row(uow, sale_id)
    draft = replace(load_draft(row.draft), codes=clean_codes(codes))
    return save(uow, ctx, row, requote(uow, ctx, draft))


def clean_codes(codes: Iterable[str]) -> tuple[str, ...]:
    """Codes as they are compared: upper case, each once; `InvalidBasket` as `put_codes`."""
    clean = tuple(dict.fromkeys(code.strip().upper() for code in codes))
    if any(not code or len(code) > MAX_CODE or not code.isprintable() for code in clean):
        raise InvalidBasket("bad_code", f"a code has 1 to {MAX_CODE} printable characters", "codes")
    if len(clean) > MAX_CODES:
        raise InvalidBasket("too_many_codes", f"at most {MAX_CODES} codes", "codes")
    return clean


def put_tenders(
    uow: UnitOfWork,
    ctx: RegisterContext,
    sale_id: str,
    kinds: Iterable[TenderKind],
    gift_card_minor: int,
) -> Draft:
    """Say how the buyer means to pay, before they do; promotions may depend on it."""
    row = open_row(uow, sale_id)
    draft = replace(
        load_draft(row.draft),
        tender_kinds=tuple(sorted(set(kinds))),
        gift_card_minor=gift_card_minor,
    )
    return save(uow, ctx, row, requote(uow, ctx, draft))


def put_member(
    uow: UnitOfWork,
    ctx: RegisterContext,
    sale_id: str,
    member: Member | None,
    identification: Identification | None,
    *,
    asks: bool = False,
) -> Draft:
    """Set, change or remove the member; a redemption of another member is dropped, and what the
    other one's purse brought goes with it.

    The same member again is silent: the stronger way they were identified stays. With `asks`
    another member is refused (`other_member`) until the cashier has chosen."""
    row = open_row(uow, sale_id)
    draft = load_draft(row.draft)
    before = draft.member.member_id if draft.member else None
    after = member.member_id if member else None
    if asks and before is not None and after is not None and before != after:
        raise Conflict("other_member", "another member is on this sale: ask which one it is for")
    if before != after:
        drop_authorisation(uow, ctx, draft.auth_id)
        draft = without_redemption(draft)
    elif _is_weaker(identification, draft.identification):
        identification = draft.identification
    draft = replace(draft, member=member, identification=identification)
    return save(uow, ctx, row, requote(uow, ctx, draft))


def _is_weaker(fresh: Identification | None, known: Identification | None) -> bool:
    return fresh is not None and known is not None and fresh.strength < known.strength


def park_sale(uow: UnitOfWork, ctx: RegisterContext, sale_id: str, note: str) -> tuple[Draft, str]:
    """Put an open sale aside; returns its draft and the authorisation that it gave up.

    A parked sale promises nothing: a redemption is asked for again after it is resumed."""
    row = open_row(uow, sale_id)
    draft = load_draft(row.draft)
    auth_id = draft.auth_id
    drop_authorisation(uow, ctx, auth_id)
    draft = requote(uow, ctx, without_redemption(draft))
    return save(uow, ctx, row, replace(draft, is_parked=True, park_note=note)), auth_id


def resume_sale(uow: UnitOfWork, ctx: RegisterContext, sale_id: str) -> Draft:
    """Take a parked sale up again, priced as of now; one that is not parked is priced anew."""
    row = open_row(uow, sale_id)
    return save(uow, ctx, row, requote(uow, ctx, load_draft(row.draft)))


def strengthen(uow: UnitOfWork, ctx: RegisterContext, sale_id: str) -> Draft:
    """The member of an open sale said the right one-time code."""
    row = open_row(uow, sale_id)
    draft = load_draft(row.draft)
    if draft.member is None or draft.identification is None:
        raise Conflict("no_member", "a one-time code needs a member")
    how = replace(draft.identification, strength=Strength.ONE_TIME_CODE)
    return save(uow, ctx, row, requote(uow, ctx, replace(draft, identification=how)))


def drop_authorisation(uow: UnitOfWork, ctx: RegisterContext, auth_id: str) -> None:
    """Forget a decision that will not be used; its hold is voided or expires at the centre."""
    known = uow.authorisation(auth_id) if auth_id else None
    if known is not None and known.state in ("asked", "decided"):
        uow.save_authorisation(replace(known, state="dropped"), ctx.clock.stamp())


def close_abandoned(uow: UnitOfWork, ctx: RegisterContext) -> tuple[list[str], int]:
    """Cancel open sales that were not touched for `ABANDONED_AFTER`; returns the ids of their
    holds and how many sales were closed. Their result says so.

    A forgotten sale would else keep its share of a lease promised for ever."""
    before = (ctx.clock.now() - ABANDONED_AFTER).isoformat(timespec="milliseconds")
    sales = uow.open_sales_before(before.replace("+00:00", "Z"))
    closed = [cancel_sale(uow, ctx, sale_id, result=ABANDONED) for sale_id in sales]
    return [auth_id for auth_id in closed if auth_id], len(closed)


def cancel_sale(
    uow: UnitOfWork, ctx: RegisterContext, sale_id: str, result: str | None = None
) -> str:
    """Close an open sale without a trace in the ledger; returns its authorisation id, if any."""
    row = uow.sale(sale_id)
    if row is not None and row.state == "cancelled":
        return ""
    row = open_row(uow, sale_id)
    auth_id = load_draft(row.draft).auth_id
    drop_authorisation(uow, ctx, auth_id)
    uow.close_sale(sale_id, "cancelled", ctx.clock.stamp(), result=result)
    return auth_id
