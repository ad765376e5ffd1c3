"""What to tell the cashier before the first line: the promotions that are this member's own."""

from __future__ import annotations

from datetime import datetime

from loyalty.basket import Basket
from loyalty.member import Member
from loyalty.promotions import conditions as when
from loyalty.promotions.checks import CHECKS
from loyalty.promotions.circumstances import ORDINARY, Circumstances
from loyalty.promotions.compile import CompiledPromotion, CompiledRuleset, scopes_of
from loyalty.promotions.facts import Facts
from loyalty.promotions.failures import gate_of
from loyalty.promotions.pilot import is_live_at
from loyalty.promotions.ruleset import text_in
from loyalty.promotions.worksheet import Worksheet

MAX_OFFERS = 4
_PERSONAL = (
    when.BirthdayWindow,
    when.MemberGroup,
    when.MemberTier,
    when.MemberSegment,
    when.NthPurchase,
    when.FirstPurchase,
    when.DaysSincePurchase,
    when.CouponHeld,
)
_LATER = (when.ReceiptValue, when.CodeEntered, when.TenderIn)


def offers_for(
    compiled: CompiledRuleset,
    member: Member,
    at: datetime,
    store_id: str,
    locale: str = "uk",
    around: Circumstances = ORDINARY,
) -> tuple[str, ...]:
    """Names of promotions addressed to this member (birthday, group) that hold here and now.

    Conditions about the basket are left open: there is no basket yet. `at` is aware."""
    if member.is_blocked:
        return ()
    local = at.astimezone(compiled.zone).replace(tzinfo=None)
    facts = Facts(Worksheet(compiled.index, Basket(), 0), local, store_id, member, around=around)
    names = (
        text_in(item.promotion.name, locale) or item.promotion.promotion_id
        for item in compiled.promotions
        if _is_personal(item) and _holds(item, facts)
    )
    return tuple(dict.fromkeys(names))[:MAX_OFFERS]


def _is_personal(item: CompiledPromotion) -> bool:
    return any(isinstance(condition, _PERSONAL) for condition in item.promotion.conditions)


def _holds(item: CompiledPromotion, facts: Facts) -> bool:
    promotion = item.promotion
    is_live = is_live_at(promotion, facts.store_id, facts.around.register_id)
    if not is_live or gate_of(item, facts) is not None:
        return False
    return all(
        bool(scopes_of(condition))
        or isinstance(condition, _LATER)
        or CHECKS[type(condition)](facts, condition, ()) is None
        for condition in promotion.conditions
    )
