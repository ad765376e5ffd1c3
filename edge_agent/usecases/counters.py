"""Counter leases: how often a coupon, a limit or a gift card may still be used on this register.

The centre grants each register a part of what is countable, under the same conditions as points:
what is left is what was granted less everything that this register's facts took or gave back.
A limit of which this register holds no part is bounded by its own counts alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from edge_agent.errors import Conflict
from edge_agent.ports import UnitOfWork
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.return_rights import may_give_back
from loyalty.basket import Tender
from loyalty.member import HeldCoupon
from loyalty.promotions.limits import NOT_USED, Caps, Usage
from sync.contract.rights import FeedCounterLease


@dataclass(frozen=True, slots=True)
class CounterUse:
    """Units that a sale takes of a counter lease."""

    counter_id: str
    units: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What a sale uses up of what may be counted: promotions with the kopecks they gave, codes of
    coupons, and gift cards it was paid with."""

    member_id: int
    day: str
    promotions: Mapping[str, int]
    coupons: Sequence[str] = ()
    gift_cards: Sequence[Tender] = ()


def own_counters(ctx: RegisterContext, names: Sequence[str]) -> list[FeedCounterLease]:
    """Open counter leases of this life of the register."""
    if not names:
        return []
    who = (ctx.register_id, ctx.epoch, "open")
    rows = ctx.members.counters(names)
    return [row for row in rows if (row.register_id, row.epoch, row.state) == who]


def units_left(uow: UnitOfWork, ctx: RegisterContext, counter: FeedCounterLease) -> int:
    """Units that may still be taken; none before the head is confirmed (B4)."""
    if not may_give_back(uow, ctx):
        return 0
    return max(0, counter.granted_units - uow.counter_spent(counter.counter_id))


def within_leases(
    uow: UnitOfWork,
    ctx: RegisterContext,
    caps: Mapping[str, Caps],
    usage: Mapping[str, Usage],
    member_id: int,
    day: str,
) -> dict[str, Usage]:
    """The usage of capped promotions, raised so that no more is left than the leases hold.

    Where the policy says so, a limit per member of which nothing was lent here leaves nothing."""
    if not caps:
        return dict(usage)
    raised = dict(usage)
    if member_id and ctx.policy.limits_by_right:
        lent = {c.key for c in own_counters(ctx, tuple(caps)) if _is_total_of(c, member_id)}
        for name, cap in caps.items():
            if cap.per_member is not None and name not in lent:
                known = raised.get(name, NOT_USED)
                raised[name] = replace(known, member_total=cap.per_member)
    for counter in own_counters(ctx, tuple(caps)):
        field = _field_of(counter, member_id, day)
        size = getattr(caps[counter.key], _CAP_OF[field]) if field else None
        if size is None:
            continue
        known = raised.get(counter.key, NOT_USED)
        used = max(getattr(known, field), size - units_left(uow, ctx, counter))
        raised[counter.key] = replace(known, **{field: used})
    return raised


_CAP_OF = {
    "member_today": "per_member_day",
    "member_total": "per_member",
    "campaign_count": "campaign_count",
    "campaign_minor": "campaign_minor",
}


def _field_of(counter: FeedCounterLease, member_id: int, day: str) -> str:
    """The counter of `Usage` that a lease is a part of; "" when it does not concern this sale."""
    if counter.kind == "campaign_limit":
        return "campaign_minor" if counter.unit == "minor" else "campaign_count"
    if counter.kind != "member_limit" or counter.member_id != member_id:
        return ""
    if not counter.window:
        return "member_total"
    return "member_today" if counter.window == day else ""


def _is_total_of(counter: FeedCounterLease, member_id: int) -> bool:
    whose = (counter.kind, counter.member_id, counter.window)
    return whose == ("member_limit", member_id, "")


def coupons_at_hand(
    uow: UnitOfWork, ctx: RegisterContext, member_id: int, held: Sequence[HeldCoupon]
) -> list[HeldCoupon]:
    """The coupons as far as this register's leases of them go; one of which nothing was lent here
    is there too, unless the policy wants a right for each use."""
    left = coupon_units(uow, ctx, member_id, {coupon.code for coupon in held})
    kept = []
    for coupon in held:
        if coupon.code not in left:
            is_there = not ctx.policy.coupons_by_right
        else:
            is_there = left[coupon.code] > 0
            left[coupon.code] -= is_there
        if is_there:
            kept.append(coupon)
    return kept


def coupon_units(
    uow: UnitOfWork, ctx: RegisterContext, member_id: int, codes: Iterable[str]
) -> dict[str, int]:
    """Uses left here of the codes that are counted; others are not in it."""
    left: dict[str, int] = {}
    for counter in own_counters(ctx, tuple(codes)):
        if _is_coupon_of(counter, member_id):
            left[counter.key] = left.get(counter.key, 0) + units_left(uow, ctx, counter)
    return left


def codes_at_hand(
    uow: UnitOfWork, ctx: RegisterContext, member_id: int, codes: Sequence[str]
) -> list[str]:
    """Codes entered for a sale, without coupons that are used up here or, where the policy wants a
    right for each use, were never lent here."""
    if not codes:
        return []
    left = coupon_units(uow, ctx, member_id, codes)
    by_right = ctx.policy.coupons_by_right
    return [
        code
        for code in codes
        if (left[code] > 0 if code in left else not (by_right and is_coupon_number(ctx, code)))
    ]


def is_coupon_number(ctx: RegisterContext, code: str) -> bool:
    """Whether a code is a printed coupon of the programme's ranges (13 digits)."""
    prefixes = ctx.programme.coupon_prefixes
    return len(code) == 13 and code.isdecimal() and code.startswith(prefixes)


def _is_coupon_of(counter: FeedCounterLease, member_id: int) -> bool:
    return counter.kind == "coupon" and counter.member_id in (None, member_id)


def uses_of(uow: UnitOfWork, ctx: RegisterContext, taken: Taken) -> list[CounterUse]:
    """What a sale takes of the leases held here. Raises `Conflict` (`gift_card_short`) when a card
    of which this register holds a part does not hold that much here."""
    paid = {card.reference: 0 for card in taken.gift_cards if card.reference}
    for card in taken.gift_cards:
        if card.reference:
            paid[card.reference] += card.amount_minor
    names = (*taken.promotions, *taken.coupons, *paid)
    uses = []
    counters = own_counters(ctx, names)
    if paid and ctx.policy.gift_cards_by_right:
        known = {counter.key for counter in counters if counter.kind == "gift_card"}
        if not paid.keys() <= known:
            raise Conflict("gift_card_short", "nothing of the gift card was lent here")
    for counter in counters:
        units = _units(counter, taken, paid)
        if counter.kind == "gift_card" and units > units_left(uow, ctx, counter):
            raise Conflict("gift_card_short", "the gift card does not hold that much here")
        if units:
            uses.append(CounterUse(counter.counter_id, units))
    return uses


def _units(counter: FeedCounterLease, taken: Taken, paid: Mapping[str, int]) -> int:
    if counter.kind == "gift_card":
        return paid.get(counter.key, 0)
    if counter.kind == "coupon":
        if not _is_coupon_of(counter, taken.member_id):
            return 0
        return sum(code == counter.key for code in taken.coupons)
    if counter.key not in taken.promotions:
        return 0
    if not _field_of(counter, taken.member_id, taken.day):
        return 0
    return taken.promotions[counter.key] if counter.unit == "minor" else 1


def burn_counters(uow: UnitOfWork, sale_id: str, uses: Iterable[CounterUse]) -> None:
    """Take the units, in the sale's own transaction (B2)."""
    for use in uses:
        uow.burn_counter(use.counter_id, sale_id, use.units)
