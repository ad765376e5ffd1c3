"""A coupon or a gift card is scanned: it works by right, online and offline in one way.

Online the register first has lent to it what is short here (`edge_agent.counted_rights`); what is
used is then taken of the register's own part, in the sale's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from edge_agent.errors import Conflict
from edge_agent.ports import UnitOfWork
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.counters import (
    codes_at_hand,
    coupon_units,
    is_coupon_number,
    own_counters,
    units_left,
)
from edge_agent.usecases.drafts import Draft, load_draft, open_row, requote, save
from edge_agent.usecases.open_sale import MAX_CODES, clean_codes
from edge_agent.usecases.surroundings import needs_of
from loyalty.basket import Tender
from loyalty.errors import InvalidBasket
from sync.contract.counters import MAX_WISHES, CounterWish


@dataclass(frozen=True, slots=True)
class GiftCardHere:
    """What a gift card may pay on this register now; `is_counted` is False where the programme
    leaves its balance to the till (`left_minor` is 0 then)."""

    reference: str
    left_minor: int
    is_counted: bool


def apply_coupon(uow: UnitOfWork, ctx: RegisterContext, sale_id: str, code: str) -> Draft:
    """Enter a coupon's code for an open sale and price it.

    Raises `Conflict`: `coupon_used` when no use of it is left here, `coupon_unsupported` when no
    promotion knows it."""
    (clean,) = clean_codes((code,))
    row = open_row(uow, sale_id)
    draft = load_draft(row.draft)
    member_id = draft.member.member_id if draft.member else 0
    if clean not in needs_of(ctx.rules).codes:
        raise Conflict("coupon_unsupported", "no promotion knows this coupon")
    if not codes_at_hand(uow, ctx, member_id, (clean,)):
        raise Conflict("coupon_used", "no use of this coupon is left on this register")
    codes = tuple(dict.fromkeys((*draft.codes, clean)))
    if len(codes) > MAX_CODES:
        raise InvalidBasket("too_many_codes", f"at most {MAX_CODES} codes", "codes")
    return save(uow, ctx, row, requote(uow, ctx, replace(draft, codes=codes)))


def gift_card_here(uow: UnitOfWork, ctx: RegisterContext, reference: str) -> GiftCardHere:
    """What of a gift card lies on this register; nothing is taken yet."""
    parts = [each for each in own_counters(ctx, (reference,)) if each.kind == "gift_card"]
    left = sum(units_left(uow, ctx, part) for part in parts)
    return GiftCardHere(reference, left, bool(parts) or ctx.policy.gift_cards_by_right)


# --- what to ask the centre for -----------------------------------------------------------------


def wishes_of(uow: UnitOfWork, ctx: RegisterContext, sale_id: str) -> list[CounterWish]:
    """What an open sale's member could use and this register was not lent: a use of each coupon
    that a promotion wants, and of each limit."""
    row = uow.sale(sale_id)
    if row is None or row.state != "open":
        return []
    draft, policy = load_draft(row.draft), ctx.policy
    if draft.member is None or not (policy.coupons_by_right or policy.limits_by_right):
        return []
    member_id = draft.member.member_id
    found: list[CounterWish] = []
    if policy.coupons_by_right:
        member = ctx.members.member(member_id) or draft.member
        codes = sorted({coupon.code for coupon in member.coupons} & needs_of(ctx.rules).coupons)
        left = coupon_units(uow, ctx, member_id, codes)
        short = [code for code in codes if left.get(code, 0) < 1]
        found += [_wish(uow, ctx, "coupon", code, member_id, 1) for code in short]
    if policy.limits_by_right:
        caps = needs_of(ctx.rules).caps
        for name in sorted(name for name in caps if caps[name].per_member is not None):
            wish = _wish(uow, ctx, "member_limit", name, member_id, 1)
            if wish.total_units > _granted(ctx, wish):
                found.append(wish)
    return found[:MAX_WISHES]


def wishes_of_coupon(uow: UnitOfWork, ctx: RegisterContext, code: str) -> list[CounterWish]:
    """One use of a coupon that is nobody's own; none of a code that is not counted."""
    (clean,) = clean_codes((code,))
    is_known = any(each.kind == "coupon" for each in own_counters(ctx, (clean,)))
    if not is_known and not (ctx.policy.coupons_by_right and is_coupon_number(ctx, clean)):
        return []
    wish = _wish(uow, ctx, "coupon", clean, None, 1)
    return [wish] if wish.total_units > _granted(ctx, wish) else []


def wishes_of_cards(
    uow: UnitOfWork, ctx: RegisterContext, tenders: tuple[Tender, ...]
) -> list[CounterWish]:
    """The kopecks that gift cards are to pay and that do not lie here."""
    paid: dict[str, int] = {}
    for tender in tenders:
        if tender.kind == "gift_card" and tender.reference:
            paid[tender.reference] = paid.get(tender.reference, 0) + tender.amount_minor
    wishes = [_wish(uow, ctx, "gift_card", card, None, minor) for card, minor in paid.items()]
    return [wish for wish in wishes if wish.total_units > _granted(ctx, wish)][:MAX_WISHES]


def _granted(ctx: RegisterContext, wish: CounterWish) -> int:
    return sum(
        part.granted_units
        for part in own_counters(ctx, (wish.key,))
        if (part.kind, part.member_id, part.window) == (wish.kind, wish.member_id, wish.window)
    )


def _wish(
    uow: UnitOfWork,
    ctx: RegisterContext,
    kind: Literal["coupon", "member_limit", "gift_card"],
    key: str,
    member_id: int | None,
    units: int,
) -> CounterWish:
    """`units` beside what this life used and gave back by its own records."""
    counter_id = f"{ctx.register_id}.{ctx.epoch}.{member_id or 0}.{kind}:{key}:"
    total = uow.counter_spent(counter_id) + units
    return CounterWish(kind=kind, key=key, member_id=member_id, total_units=total)
