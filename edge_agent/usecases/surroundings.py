"""What the rules are told about an open sale beside basket and member, and what a sale uses up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from edge_agent.ports import CouponChange, UnitOfWork
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.counters import (
    CounterUse,
    Taken,
    codes_at_hand,
    coupons_at_hand,
    uses_of,
    within_leases,
)
from loyalty.basket import Tender
from loyalty.member import HeldCoupon, Member
from loyalty.promotions.circumstances import Circumstances
from loyalty.promotions.compile import CompiledRuleset
from loyalty.promotions.conditions import CodeEntered, CouponHeld, TenderIn
from loyalty.promotions.limits import Caps, Usage
from loyalty.quote import Quote

if TYPE_CHECKING:
    from edge_agent.usecases.drafts import Draft

_NO_CAPS = Caps()


@dataclass(frozen=True, slots=True)
class RuleNeeds:
    """What a ruleset asks of its surroundings; found once for each ruleset."""

    caps: Mapping[str, Caps]
    codes: frozenset[str]
    asks_tender: bool
    coupons: frozenset[str] = frozenset()

    @property
    def capped(self) -> tuple[str, ...]:
        """Promotions whose uses are counted."""
        return tuple(self.caps)


@dataclass(slots=True)
class _Latest:
    rules: CompiledRuleset | None = None
    needs: RuleNeeds = RuleNeeds(MappingProxyType({}), frozenset(), False)


_LATEST = _Latest()


def needs_of(rules: CompiledRuleset) -> RuleNeeds:
    """Which promotions have caps, which codes are known, whether the way of paying matters."""
    if _LATEST.rules is not rules:
        promotions = [item.promotion for item in rules.promotions]
        conditions = [each for promotion in promotions for each in promotion.conditions]
        _LATEST.needs = RuleNeeds(
            caps=MappingProxyType(
                {p.promotion_id: p.caps for p in promotions if p.caps != _NO_CAPS}
            ),
            codes=frozenset(
                code for each in conditions if isinstance(each, CodeEntered) for code in each.codes
            ),
            asks_tender=any(isinstance(each, TenderIn) for each in conditions),
            coupons=frozenset(
                code for each in conditions if isinstance(each, CouponHeld) for code in each.coupons
            ),
        )
        _LATEST.rules = rules
    return _LATEST.needs


def around(uow: UnitOfWork, ctx: RegisterContext, draft: Draft) -> Circumstances:
    """Where and how the sale happens, as of now."""
    member_id = draft.member.member_id if draft.member else 0
    return Circumstances(
        store_format=ctx.store_format,
        register_id=ctx.register_id,
        channel=ctx.channel,
        codes=frozenset(codes_at_hand(uow, ctx, member_id, draft.codes)),
        tender_kinds=frozenset(draft.tender_kinds),
        gift_card_minor=draft.gift_card_minor,
        cashier_member_id=draft.cashier_member_id,
        usage=_usage(uow, ctx, member_id),
    )


def _usage(uow: UnitOfWork, ctx: RegisterContext, member_id: int) -> dict[str, Usage]:
    """Own counts, and no more left than the counter leases held here."""
    needs, day = needs_of(ctx.rules), _today(ctx)
    own = uow.promotion_usage(needs.capped, member_id, day)
    return within_leases(uow, ctx, needs.caps, own, member_id, day)


def _today(ctx: RegisterContext) -> str:
    return ctx.clock.local().astimezone(ctx.rules.zone).date().isoformat()


def with_own_coupons(uow: UnitOfWork, ctx: RegisterContext, member: Member) -> Member:
    """The member with the newest coupons: the centre's rows, and what own sales did since."""
    newest = ctx.members.member(member.member_id) or member
    changes = uow.coupon_changes(member.member_id, ctx.members.applied_seq())
    held = list(newest.coupons)
    for change in changes:
        coupon = HeldCoupon(change.coupon, change.expires_on or None)
        if not change.is_used:
            held.append(coupon)
            continue
        same = [each for each in held if each.code == change.coupon]
        if same:
            held.remove(min(same, key=lambda each: each.expires_on or "9999-12-31"))
    left = tuple(coupons_at_hand(uow, ctx, member.member_id, held)) if held else ()
    return member if left == member.coupons else replace(member, coupons=left)


def uses_up(quote: Quote, rules: CompiledRuleset) -> bool:
    """True when the quote spends something that another open sale may spend as well."""
    return bool(quote.used_coupons) or bool(_counted(quote, rules))


def _counted(quote: Quote, rules: CompiledRuleset) -> dict[str, int]:
    """Kopecks by promotion, of those whose uses are counted."""
    capped = needs_of(rules).capped
    if not capped:
        return {}
    acted: dict[str, int] = {}
    for promotion in quote.promotions:
        acted[promotion.promotion_id] = (
            acted.get(promotion.promotion_id, 0) + promotion.amount_minor
        )
    for name in _acting(quote):
        acted.setdefault(name, 0)
    return {name: minor for name, minor in acted.items() if name in capped}


def count_uses(uow: UnitOfWork, ctx: RegisterContext, draft: Draft, quote: Quote) -> list[Use]:
    """Count what the sale uses of capped promotions; returns it, to be undone by a void."""
    acted = _counted(quote, ctx.rules)
    if not acted:
        return []
    member_id = draft.member.member_id if draft.member else 0
    day = _today(ctx)
    uses = [Use(name, member_id, day, minor) for name, minor in acted.items()]
    for use in uses:
        uow.count_use(use.promotion_id, use.member_id, use.day, 1, use.minor)
    return uses


def counter_uses(
    uow: UnitOfWork, ctx: RegisterContext, draft: Draft, quote: Quote, tenders: Iterable[Tender]
) -> list[CounterUse]:
    """What the sale takes of counter leases held here."""
    cards = tuple(tender for tender in tenders if tender.kind == "gift_card")
    member_id = draft.member.member_id if draft.member else 0
    promotions = _counted(quote, ctx.rules)
    coupons = (*quote.used_coupons, *_codes_used(quote, ctx.rules, draft.codes))
    if not (promotions or coupons or cards):
        return []
    return uses_of(uow, ctx, Taken(member_id, _today(ctx), promotions, coupons, cards))


def _codes_used(quote: Quote, rules: CompiledRuleset, codes: Iterable[str]) -> list[str]:
    """Codes entered for a sale on which a promotion rests that acts in it."""
    entered = set(codes)
    if not entered & needs_of(rules).codes:
        return []
    acting = set(_acting(quote))
    used: set[str] = set()
    for item in rules.promotions:
        if item.promotion.promotion_id in acting:
            for each in item.promotion.conditions:
                if isinstance(each, CodeEntered):
                    used |= each.codes & entered
    return sorted(used)


def _acting(quote: Quote) -> list[str]:
    names = [each.promotion_id for each in quote.promotions]
    names += [each.promotion_id for each in quote.accruals]
    names += [each.promotion_id for each in quote.gifts]
    names += [each.promotion_id for each in quote.coupons]
    return names + [each.promotion_id for each in quote.tickets]


@dataclass(frozen=True, slots=True)
class Use:
    """One counted use of a promotion by one sale."""

    promotion_id: str
    member_id: int
    day: str
    minor: int


def undo_uses(uow: UnitOfWork, uses: Iterable[Use]) -> None:
    """Give back the uses of a sale that was voided."""
    for use in uses:
        uow.count_use(use.promotion_id, use.member_id, use.day, -1, -use.minor)


def coupon_changes(
    sale_id: str, draft: Draft, quote: Quote, earned_until: Iterable[str]
) -> list[CouponChange]:
    """What the sale did to its member's coupons; `earned_until` dates the issued ones."""
    if draft.member is None:
        return []
    member_id = draft.member.member_id
    used = [CouponChange(member_id, sale_id, code, "", True) for code in quote.used_coupons]
    earned = [
        CouponChange(member_id, sale_id, coupon.coupon, until, False)
        for coupon, until in zip(quote.coupons, earned_until, strict=True)
    ]
    return used + earned
