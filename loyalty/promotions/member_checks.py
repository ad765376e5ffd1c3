"""What conditions about the member ask; a stranger fails them all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from loyalty.member import Member
from loyalty.points import format_points
from loyalty.promotions import conditions as when
from loyalty.promotions.facts import Facts, Failure, listed


def birthday_in(year: int, birthday: str) -> date | None:
    """The day a birthday ("MM-DD") is kept in a year: 29 February on the 28th where it lacks."""
    try:
        month, day = int(birthday[:2]), int(birthday[3:5])
        if (month, day) == (2, 29):
            return date(year, 3, 1) - timedelta(days=1)
        return date(year, month, day)
    except ValueError:
        return None


def days_from_birthday(today: date, birthday: str) -> int | None:
    """Days since the nearest birthday, negative before it; None when it cannot be read."""
    distances = [
        (today - kept).days
        for year in (today.year - 1, today.year, today.year + 1)
        if 0 < year < 9999 and (kept := birthday_in(year, birthday)) is not None
    ]
    return min(distances, key=abs, default=None)


def _no_member(facts: Facts) -> Failure:
    if facts.is_blocked:
        return Failure("member_blocked", "blocked", "member")
    return Failure("member_known", "stranger", "member")


def check_member(facts: Facts) -> Failure | None:
    """A member must be known; a card would mend it, unless the member is blocked."""
    if facts.member is not None:
        return None
    failure = _no_member(facts)
    return failure if facts.is_blocked else failure._replace(missing=1, unit="member")


def _birthday(facts: Facts, member: Member, condition: when.BirthdayWindow) -> Failure | None:
    needed = f"-{condition.days_before}..+{condition.days_after}"
    distance = days_from_birthday(facts.local.date(), member.birthday or "")
    if distance is None:
        return Failure("birthday", "unknown", needed)
    if -condition.days_before <= distance <= condition.days_after:
        return None
    return Failure("birthday", f"{distance:+d}", needed)


def _one_of(reason: str, mine: frozenset[str], wanted: frozenset[str]) -> Failure | None:
    if not wanted.isdisjoint(mine):
        return None
    return Failure(reason, listed(mine - {""}), listed(wanted))


def _group(_: Facts, member: Member, condition: when.MemberGroup) -> Failure | None:
    mine = frozenset(member.groups) | {member.tier}
    return _one_of("member_group", mine, condition.groups)


def _tier(_: Facts, member: Member, condition: when.MemberTier) -> Failure | None:
    return _one_of("member_tier", frozenset({member.tier}), condition.tiers)


def _segment(_: Facts, member: Member, condition: when.MemberSegment) -> Failure | None:
    return _one_of("member_segment", frozenset(member.segments), condition.segments)


def _nth_purchase(_: Facts, member: Member, condition: when.NthPurchase) -> Failure | None:
    number = member.purchases_count + 1
    is_kth = condition.every is not None and number % condition.every == 0
    if number in condition.numbers or is_kth:
        return None
    wanted = [str(n) for n in sorted(condition.numbers)[:5]]
    if condition.every is not None:
        wanted.append(f"each {condition.every}")
    needed = ", ".join(wanted)
    return Failure("nth_purchase", str(number), needed)


def _first_purchase(_: Facts, member: Member, __: when.FirstPurchase) -> Failure | None:
    if not member.purchases_count:
        return None
    return Failure("first_purchase", str(member.purchases_count + 1), "1")


def _days_since(facts: Facts, member: Member, condition: when.DaysSincePurchase) -> Failure | None:
    most = condition.at_most
    needed = f"{condition.at_least}..{'' if most is None else most}"
    try:
        last = date.fromisoformat(member.last_purchase_on or "")
    except ValueError:
        return Failure("days_since_purchase", "never", needed)
    days = (facts.local.date() - last).days
    if condition.at_least <= days and (most is None or days <= most):
        return None
    return Failure("days_since_purchase", str(days), needed)


def held_coupons(facts: Facts, member: Member) -> frozenset[str]:
    """Codes of the coupons that are valid today."""
    today = facts.local.date().isoformat()
    return frozenset(
        [c.code for c in member.coupons if c.expires_on is None or today <= c.expires_on]
    )


def _coupon(facts: Facts, member: Member, condition: when.CouponHeld) -> Failure | None:
    return _one_of("coupon_held", held_coupons(facts, member), condition.coupons)


def _points(_: Facts, member: Member, condition: when.PointsAtLeast) -> Failure | None:
    if member.balance_points >= condition.points:
        return None
    seen, needed = format_points(member.balance_points), format_points(condition.points)
    return Failure("points_at_least", seen, needed)


def _member_known(facts: Facts, _: when.MemberKnown, __: object) -> Failure | None:
    return check_member(facts)


def _cashier(facts: Facts, _: when.CashierIsNotMember, __: object) -> Failure | None:
    member, cashier = facts.member, facts.around.cashier_member_id
    if member is None or cashier is None or member.member_id != cashier:
        return None
    return Failure("cashier_is_not_member", "own card", "another card")


_Check = Callable[[Facts, Any, Any], Failure | None]


def _asks(check: Callable[[Facts, Member, Any], Failure | None]) -> _Check:
    def ask(facts: Facts, condition: Any, _: object) -> Failure | None:
        if facts.member is None:
            return _no_member(facts)
        return check(facts, facts.member, condition)

    return ask


CHECKS: dict[type[when.Condition], _Check] = {
    when.MemberKnown: _member_known,
    when.CashierIsNotMember: _cashier,
    when.BirthdayWindow: _asks(_birthday),
    when.MemberGroup: _asks(_group),
    when.MemberTier: _asks(_tier),
    when.MemberSegment: _asks(_segment),
    when.NthPurchase: _asks(_nth_purchase),
    when.FirstPurchase: _asks(_first_purchase),
    when.DaysSincePurchase: _asks(_days_since),
    when.CouponHeld: _asks(_coupon),
    when.PointsAtLeast: _asks(_points),
}
