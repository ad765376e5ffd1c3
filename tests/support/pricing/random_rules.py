"""Random rules of the whole vocabulary: each condition and effect kind, unit choice and cap.

Thresholds and names lie near what random sales hold, so that about half of the rules act.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from loyalty.basket import TenderKind
from loyalty.promotions import conditions as when
from loyalty.promotions import effects as then
from loyalty.promotions.limits import NO_CAPS, Caps
from loyalty.promotions.scope import EVERYTHING, Scope, SetPart
from tests.support.pricing.random_goods import BRANDS, SKUS, TAGS

ALL_GROUPS = ("cheese", "milk", "dairy", "food", "bread", "wine", "smoke", "gifts")
STORES = ("S1", "S2")
FORMATS = ("super", "mini")
REGISTERS = ("R1", "R2", "R3")
CHANNELS = ("till", "web")
CODES = ("SPRING", "AUTUMN")
COUPONS = ("C1", "C2", "C3")
TENDERS: tuple[TenderKind, ...] = ("cash", "card", "gift_card", "bonus", "other")
TODAY = date(2026, 11, 22)
_PERCENTS = (1, 333, 500, 1_000, 1_500, 2_000, 3_333, 5_000, 9_999, 10_000)
_AMOUNTS = (1, 7, 50, 100, 500, 999, 2_000, 10_000, 60_000)


def some(draw: random.Random, names: tuple[Any, ...], most: int = 2) -> frozenset[Any]:
    """None to `most` of the names."""
    return frozenset(draw.sample(names, draw.randrange(min(most, len(names)) + 1)))


def one_or_more(draw: random.Random, names: tuple[Any, ...]) -> frozenset[Any]:
    """At least one of the names."""
    return frozenset(draw.sample(names, draw.randrange(1, len(names) + 1)))


def maybe(draw: random.Random, share: float, value: Callable[[], Any]) -> Any:
    """A value in so large a share of cases, else None."""
    return value() if draw.random() < share else None


def random_scope(draw: random.Random) -> Scope:
    """Everything, a few names, exclusions and a band of prices."""
    if draw.random() < 0.15:
        return EVERYTHING
    low = maybe(draw, 0.1, lambda: draw.randrange(3_000))
    return Scope(
        is_all=draw.random() < 0.3,
        skus=some(draw, SKUS, 3),
        groups=some(draw, ALL_GROUPS),
        brands=some(draw, BRANDS[1:], 1) if draw.random() < 0.3 else frozenset(),
        tags=some(draw, TAGS, 1) if draw.random() < 0.3 else frozenset(),
        price_min_minor=low,
        price_max_minor=maybe(draw, 0.1, lambda: (low or 0) + draw.randrange(40_000)),
        only_reduced=draw.random() < 0.03,
        excludes_reduced=draw.random() < 0.1,
        excluded_skus=some(draw, SKUS, 1) if draw.random() < 0.2 else frozenset(),
        excluded_groups=some(draw, ALL_GROUPS, 1) if draw.random() < 0.2 else frozenset(),
        excluded_brands=some(draw, BRANDS[1:], 1) if draw.random() < 0.1 else frozenset(),
        excluded_tags=some(draw, TAGS, 1) if draw.random() < 0.1 else frozenset(),
        label=(("uk", "Товари дня"), ("en", "Goods of the day")) if draw.random() < 0.3 else (),
    )


def random_parts(draw: random.Random) -> tuple[SetPart, ...]:
    """One to three parts of a set."""
    return tuple(
        SetPart(random_scope(draw), draw.choice((1, 1, 1, 2, 3)))
        for _ in range(draw.choice((1, 2, 2, 3)))
    )


def random_units(draw: random.Random) -> then.Units:
    """Mostly all pieces, else a choice of them."""
    if draw.random() < 0.5:
        return then.ALL_UNITS
    return then.Units(
        at_most=maybe(draw, 0.4, lambda: draw.randrange(1, 8)),
        at_most_per_line=maybe(draw, 0.3, lambda: draw.randrange(1, 4)),
        pick=draw.choice((None, "cheapest", "dearest")),
        unused_only=draw.random() < 0.3,
        needed=draw.choice((0, 0, 1, 2, 4)),
    )


_BASKET_CONDITIONS: dict[type[when.Condition], Callable[[random.Random], when.Condition]] = {
    when.ScopeQuantity: lambda d: when.ScopeQuantity(
        random_scope(d), d.randrange(1, 5), d.random() < 0.4
    ),
    when.ScopeValue: lambda d: when.ScopeValue(
        random_scope(d), d.randrange(1, 30_000), d.choice(("gross", "net"))
    ),
    when.DistinctSkus: lambda d: when.DistinctSkus(random_scope(d), d.randrange(1, 4)),
    when.CompleteSet: lambda d: when.CompleteSet(random_parts(d)),
    when.ReceiptValue: lambda d: when.ReceiptValue(
        d.randrange(1, 60_000), d.choice(("gross", "net"))
    ),
}
_OTHER_CONDITIONS: dict[type[when.Condition], Callable[[random.Random], when.Condition]] = {
    when.StoreIn: lambda d: when.StoreIn(some(d, STORES), some(d, FORMATS), some(d, REGISTERS)),
    when.ChannelIn: lambda d: when.ChannelIn(one_or_more(d, CHANNELS)),
    when.DateRange: lambda d: when.DateRange(
        maybe(d, 0.7, lambda: TODAY + timedelta(d.randrange(-9, 2))),
        maybe(d, 0.7, lambda: TODAY + timedelta(d.randrange(0, 9))),
    ),
    when.Weekday: lambda d: when.Weekday(one_or_more(d, (1, 2, 3, 4, 5, 6, 7))),
    when.TimeWindow: lambda d: when.TimeWindow(d.randrange(0, 1441, 30), d.randrange(0, 1441, 30)),
    when.BirthdayWindow: lambda d: when.BirthdayWindow(d.randrange(9), d.randrange(9)),
    when.MemberKnown: lambda _: when.MemberKnown(),
    when.MemberGroup: lambda d: when.MemberGroup(one_or_more(d, ("vip", "staff", "gold"))),
    when.MemberTier: lambda d: when.MemberTier(one_or_more(d, ("gold", "silver"))),
    when.MemberSegment: lambda d: when.MemberSegment(one_or_more(d, ("young", "family"))),
    when.NthPurchase: lambda d: when.NthPurchase(
        some(d, (1, 2, 3, 5), 3), maybe(d, 0.5, lambda: d.randrange(1, 4))
    ),
    when.FirstPurchase: lambda _: when.FirstPurchase(),
    when.DaysSincePurchase: lambda d: when.DaysSincePurchase(
        d.randrange(20), maybe(d, 0.5, lambda: d.randrange(20, 60))
    ),
    when.CouponHeld: lambda d: when.CouponHeld(one_or_more(d, COUPONS)),
    when.CodeEntered: lambda d: when.CodeEntered(one_or_more(d, CODES)),
    when.TenderIn: lambda d: when.TenderIn(one_or_more(d, TENDERS), d.choice(("all", "any"))),
    when.CashierIsNotMember: lambda _: when.CashierIsNotMember(),
    when.PointsAtLeast: lambda d: when.PointsAtLeast(d.choice((1, 1_000, 100_000))),
}
CONDITIONS = _BASKET_CONDITIONS | _OTHER_CONDITIONS


def random_conditions(draw: random.Random) -> tuple[when.Condition, ...]:
    """None to three conditions, half of them about the basket."""
    found = []
    for _ in range(draw.choice((0, 0, 1, 1, 1, 2, 3))):
        kinds = _BASKET_CONDITIONS if draw.random() < 0.5 else _OTHER_CONDITIONS
        found.append(kinds[draw.choice(list(kinds))](draw))
    return tuple(found)


def _percent(draw: random.Random) -> int:
    return draw.choice(_PERCENTS) if draw.random() < 0.7 else draw.randrange(1, 10_001)


def _amount(draw: random.Random) -> int:
    return draw.choice(_AMOUNTS) if draw.random() < 0.7 else draw.randrange(1, 30_000)


def _overflow(draw: random.Random) -> Any:
    return draw.choice((None, None, "move", "drop"))


def _n_for_m(draw: random.Random) -> then.Effect:
    take = draw.randrange(1, 6)
    return then.NForM(
        random_scope(draw),
        take,
        draw.randrange(take),
        draw.choice((10_000, 10_000, _percent(draw))),
        draw.choice((None, "cheapest", "dearest")),
        maybe(draw, 0.3, lambda: draw.randrange(1, 4)),
    )


def _allowance(draw: random.Random) -> then.Effect:
    return then.RedeemAllowance(
        draw.randrange(10_001),
        maybe(draw, 0.3, lambda: draw.randrange(20_000)),
        maybe(draw, 0.3, lambda: draw.randrange(5_000)),
    )


def random_message(draw: random.Random) -> then.Message:
    """A text for screen or receipt."""
    return then.Message(
        draw.choice(("screen", "receipt")), (("uk", f"Вітаємо {draw.randrange(5)}"),)
    )


EFFECTS: dict[type[then.Effect], Callable[[random.Random], then.Effect]] = {
    then.PercentOff: lambda d: then.PercentOff(
        random_scope(d),
        _percent(d),
        d.choice(("line", "receipt")),
        d.choice((None, "gross", "net")),
        d.choice((None, None, "rule", "line", "unit")),
        _overflow(d),
        random_units(d),
    ),
    then.AmountOff: lambda d: then.AmountOff(
        random_scope(d),
        _amount(d),
        d.choice(("line", "unit", "receipt")),
        _overflow(d),
        random_units(d),
    ),
    then.FixedPrice: lambda d: then.FixedPrice(
        random_scope(d), d.choice((0, 1, 99, _amount(d))), random_units(d)
    ),
    then.SetPrice: lambda d: then.SetPrice(
        random_parts(d),
        d.choice((0, 1, 999, _amount(d))),
        d.choice((None, "cheapest", "dearest")),
        maybe(d, 0.4, lambda: d.randrange(1, 4)),
    ),
    then.NForM: _n_for_m,
    then.NthUnitPercent: lambda d: then.NthUnitPercent(
        random_scope(d), d.randrange(1, 6), _percent(d), maybe(d, 0.3, lambda: d.randrange(1, 5))
    ),
    then.GiftItem: lambda d: then.GiftItem(
        "gift",
        (("uk", "Чашка"),),
        d.randrange(1, 3),
        random_scope(d),
        maybe(d, 0.6, lambda: d.randrange(1, 5)),
    ),
    then.AccruePercent: lambda d: then.AccruePercent(random_scope(d), d.choice((1, 300, 20_000))),
    then.AccruePerAmount: lambda d: then.AccruePerAmount(
        random_scope(d), d.choice((1, 100, 777)), d.choice((1, 100, 5_000)), d.random() < 0.5
    ),
    then.AccruePerUnit: lambda d: then.AccruePerUnit(random_scope(d), d.randrange(1, 500)),
    then.AccrueFixed: lambda d: then.AccrueFixed(random_scope(d), d.randrange(1, 5_000)),
    then.AccrueMultiplier: lambda d: then.AccrueMultiplier(
        random_scope(d), d.choice((10_001, 15_000, 20_000, 33_333))
    ),
    then.RedeemAllowance: _allowance,
    then.CouponIssue: lambda d: then.CouponIssue(d.choice(COUPONS), d.randrange(1, 30)),
    then.DrawTicket: lambda d: then.DrawTicket(
        "car", random_scope(d), d.randrange(1, 3), maybe(d, 0.5, lambda: d.randrange(1, 20_000))
    ),
    then.Message: random_message,
}
_PRICE_EFFECTS = (
    then.PercentOff,
    then.AmountOff,
    then.FixedPrice,
    then.SetPrice,
    then.NForM,
    then.NthUnitPercent,
)


def random_effect(draw: random.Random) -> then.Effect:
    """Any kind; those that change prices twice as often as the others together."""
    kinds = _PRICE_EFFECTS if draw.random() < 0.6 else tuple(EFFECTS)
    return EFFECTS[draw.choice(kinds)](draw)


def random_caps(draw: random.Random) -> Caps:
    """Mostly none."""
    if draw.random() < 0.7:
        return NO_CAPS
    return Caps(
        per_receipt_minor=maybe(draw, 0.4, lambda: _amount(draw)),
        per_receipt_points=maybe(draw, 0.4, lambda: draw.randrange(1, 500)),
        per_member_day=maybe(draw, 0.2, lambda: draw.randrange(1, 3)),
        per_member=maybe(draw, 0.2, lambda: draw.randrange(1, 4)),
        campaign_count=maybe(draw, 0.2, lambda: draw.randrange(1, 4)),
        campaign_minor=maybe(draw, 0.4, lambda: draw.randrange(1, 20_000)),
        is_partial=draw.random() < 0.5,
    )
