"""Conditions as their docstrings say, on the naive sheet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from itertools import product
from typing import Any

from loyalty.member import Member
from loyalty.promotions import conditions as when
from loyalty.promotions.limits import Usage
from loyalty.promotions.ruleset import Promotion
from tests.support.pricing.naive_sheet import Line, Sheet, Unclear
from tests.support.pricing.random_sales import KYIV, RandomSale


class Asker:
    """Answers whether conditions hold in a sale, on the sheet as it is now."""

    def __init__(self, sale: RandomSale, sheet: Sheet) -> None:
        self.sale, self.sheet = sale, sheet
        self.local = sale.at.astimezone(KYIV).replace(tzinfo=None)
        known = sale.member is not None and not sale.member.is_blocked
        self.member: Member | None = sale.member if known else None

    def may_begin(self, promotion: Promotion) -> bool:
        """Kill-list, dates, stores and uses do not keep it from acting."""
        around, own = self.sale.around, promotion.promotion_id
        if own in self.sale.ruleset.stopped | around.stopped or promotion.state == "draft":
            return False
        starts, ends = promotion.valid_from, promotion.valid_until
        if (starts and self.local < starts) or (ends and self.local >= ends):
            return False
        if promotion.stores and self.sale.store_id not in promotion.stores:
            return False
        caps, used = promotion.caps, around.usage.get(own, Usage())
        if self.member is None and (caps.per_member_day or caps.per_member):
            return False
        rows = (
            (caps.per_member_day, used.member_today),
            (caps.per_member, used.member_total),
            (caps.campaign_count, used.campaign_count),
            (caps.campaign_minor, used.campaign_minor),
        )
        return all(size is None or count < size for size, count in rows)

    def holds(self, condition: when.Condition) -> bool:
        """True when the condition holds now."""
        return HOLDS[type(condition)](self, condition)

    def birthday_is_near(self, condition: when.BirthdayWindow) -> bool:
        """29 February is kept on the 28th where it lacks."""
        today = self.local.date()
        for days in range(-condition.days_after, condition.days_before + 1):
            day = today + timedelta(days)
            kept = {day.strftime("%m-%d")}
            if day.month == 2 and (day + timedelta(1)).month == 3 and day.day == 28:
                kept.add("02-29")
            if self.member is not None and self.member.birthday in kept:
                return True
        return False

    def has_parts(self, parts: tuple[Any, ...], *, unused: bool) -> bool:
        """Whether pieces can be dealt to all parts; small baskets are tried in every way."""
        scopes = [self.sheet.of(part.scope) for part in parts]
        free = {line.place: count_of(line, unused=unused) for some in scopes for line in some}
        wanted = [n for n, part in enumerate(parts) for _ in range(part.quantity)]
        if len(free) ** len(wanted) > 20_000:
            raise Unclear("too many ways to fill a set")
        ways = product(*([line.place for line in scopes[n]] for n in wanted))
        return any(all(way.count(place) <= free[place] for place in way) for way in ways)


def count_of(line: Line, *, unused: bool) -> int:
    """Pieces of a line, all or those that no promotion used up."""
    return sum(len(lot.pieces) for lot in line.lots if not (unused and lot.used))


def _value(lines: list[Line], basis: str) -> int:
    return sum(line.item.sum_minor if basis == "gross" else line.net for line in lines)


def _pieces(asker: Asker, asked: when.ScopeQuantity) -> bool:
    found = asker.sheet.of(asked.scope)
    return sum(count_of(line, unused=asked.unused_only) for line in found) >= asked.at_least


def _receipt(asker: Asker, asked: when.ReceiptValue) -> bool:
    goods = [line for line in asker.sheet.lines if line.scoped]
    return _value(goods, asked.basis) >= asked.at_least_minor


def _store(asker: Asker, asked: when.StoreIn) -> bool:
    sale = asker.sale
    seen = sale.store_id, sale.around.store_format, sale.around.register_id
    asks = asked.stores, asked.formats, asked.registers
    return all(not names or name in names for name, names in zip(seen, asks, strict=True))


def _dates(asker: Asker, asked: when.DateRange) -> bool:
    today = asker.local.date()
    return (asked.from_on or date.min) <= today < (asked.until_on or date.max)


def _hours(asker: Asker, asked: when.TimeWindow) -> bool:
    minute = asker.local.hour * 60 + asker.local.minute
    start, end = asked.from_minute, asked.until_minute
    return start <= minute < end if start <= end else not end <= minute < start


def _nth(member: Member, asked: when.NthPurchase) -> bool:
    number = member.purchases_count + 1
    return number in asked.numbers or bool(asked.every and number % asked.every == 0)


def _days(asker: Asker, member: Member, asked: when.DaysSincePurchase) -> bool:
    if member.last_purchase_on is None:
        return False
    days = (asker.local.date() - date.fromisoformat(member.last_purchase_on)).days
    return asked.at_least <= days <= (10**6 if asked.at_most is None else asked.at_most)


def _coupon(asker: Asker, member: Member, asked: when.CouponHeld) -> bool:
    today = str(asker.local.date())
    return any(
        coupon.code in asked.coupons and today <= (coupon.expires_on or today)
        for coupon in member.coupons
    )


def _tender(asker: Asker, asked: when.TenderIn) -> bool:
    said = asker.sale.around.tender_kinds
    return bool(said & asked.kinds) and (asked.match == "any" or said <= asked.kinds)


def _cashier(asker: Asker, _: when.CashierIsNotMember) -> bool:
    own = asker.sale.around.cashier_member_id
    return asker.member is None or own is None or asker.member.member_id != own


def _of_member(asks: Callable[[Asker, Member, Any], bool]) -> Callable[[Asker, Any], bool]:
    return lambda asker, asked: asker.member is not None and asks(asker, asker.member, asked)


HOLDS: dict[type[when.Condition], Callable[[Asker, Any], bool]] = {
    when.ScopeQuantity: _pieces,
    when.ScopeValue: lambda a, c: _value(a.sheet.of(c.scope), c.basis) >= c.at_least_minor,
    when.DistinctSkus: lambda a, c: (
        len({line.item.sku for line in a.sheet.of(c.scope)}) >= c.at_least
    ),
    when.CompleteSet: lambda a, c: a.has_parts(c.parts, unused=False),
    when.ReceiptValue: _receipt,
    when.StoreIn: _store,
    when.ChannelIn: lambda a, c: a.sale.around.channel in c.channels,
    when.DateRange: _dates,
    when.Weekday: lambda a, c: a.local.isoweekday() in c.days,
    when.TimeWindow: _hours,
    when.BirthdayWindow: lambda a, c: a.birthday_is_near(c),
    when.MemberKnown: lambda a, _: a.member is not None,
    when.MemberGroup: _of_member(lambda _, m, c: bool({*m.groups, m.tier} & c.groups)),
    when.MemberTier: _of_member(lambda _, m, c: m.tier in c.tiers),
    when.MemberSegment: _of_member(lambda _, m, c: bool({*m.segments} & c.segments)),
    when.NthPurchase: _of_member(lambda _, m, c: _nth(m, c)),
    when.FirstPurchase: _of_member(lambda _, m, __: m.purchases_count == 0),
    when.DaysSincePurchase: _of_member(_days),
    when.CouponHeld: _of_member(_coupon),
    when.CodeEntered: lambda a, c: bool(c.codes & a.sale.around.codes),
    when.TenderIn: _tender,
    when.CashierIsNotMember: _cashier,
    when.PointsAtLeast: _of_member(lambda _, m, c: m.balance_points >= c.points),
}
