"""Conditions about the member, the place and the way of buying: one that holds, one that fails."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from loyalty.member import HeldCoupon, Member
from loyalty.promotions.circumstances import Circumstances
from loyalty.promotions.conditions import (
    BirthdayWindow,
    CashierIsNotMember,
    ChannelIn,
    CodeEntered,
    CompleteSet,
    CouponHeld,
    DaysSincePurchase,
    DistinctSkus,
    FirstPurchase,
    MemberSegment,
    MemberTier,
    NthPurchase,
    PointsAtLeast,
    ScopeQuantity,
    StoreIn,
    TenderIn,
    TimeWindow,
    Weekday,
)
from loyalty.promotions.effects import NForM, PercentOff
from loyalty.promotions.scope import Scope, SetPart

FIRED = ("fired", "", "", "")
KYIV = ZoneInfo("Europe/Kyiv")


def member(**fields) -> Member:
    return Member(7, "Олена К.", **fields)


def names(*values: str) -> frozenset[str]:
    return frozenset(values)


@pytest.fixture
def verdict(goods, shop, promotion, scope):
    """(status, reason, seen, needed) of a promotion with one condition; SUNDAY is 22 November."""

    def ask(condition, lines=None, **options):
        rule = promotion(PercentOff(scope(), 1000), conditions=(condition,))
        trace = shop(rule).trace(*(lines or [goods("tea", 3000, 2)]), **options)
        return trace.status, trace.reason, trace.seen, trace.needed

    return ask


def not_met(*rest: str) -> tuple[str, ...]:
    return ("not_met", *rest)


def test_tier_and_segment(verdict):
    gold = member(tier="gold", segments=("coffee", "dairy"))
    assert verdict(MemberTier(names("gold", "platinum")), member=gold) == FIRED
    wrong = not_met("member_tier", "gold", "silver")
    assert verdict(MemberTier(names("silver")), member=gold) == wrong
    none = not_met("member_tier", "", "silver")
    assert verdict(MemberTier(names("silver")), member=member()) == none
    assert verdict(MemberSegment(names("dairy")), member=gold) == FIRED
    wrong = not_met("member_segment", "coffee, dairy", "pets")
    assert verdict(MemberSegment(names("pets")), member=gold) == wrong


@pytest.mark.parametrize(
    ("numbers", "every", "done", "fires", "needed"),
    [
        ({1}, None, 0, True, ""),
        ({5, 10}, None, 4, True, ""),
        ({5, 10}, None, 5, False, "5, 10"),
        ((), 3, 2, True, ""),
        ((), 3, 3, False, "each 3"),
        ({2}, 5, 4, True, ""),
        ({2}, 5, 2, False, "2, each 5"),
    ],
)
def test_the_nth_purchase_counts_the_present_one(verdict, numbers, every, done, fires, needed):
    rule = NthPurchase(frozenset(numbers), every)
    found = verdict(rule, member=member(purchases_count=done))
    assert found == (FIRED if fires else not_met("nth_purchase", str(done + 1), needed))


def test_the_first_purchase(verdict):
    assert verdict(FirstPurchase(), member=member()) == FIRED
    again = not_met("first_purchase", "4", "1")
    assert verdict(FirstPurchase(), member=member(purchases_count=3)) == again
    assert verdict(FirstPurchase(), member=None)[1] == "member_known"


@pytest.mark.parametrize(
    ("last", "least", "most", "fires", "seen"),
    [
        ("2026-11-22", 0, 0, True, ""),
        ("2026-10-23", 30, None, True, ""),
        ("2026-10-24", 30, None, False, "29"),
        ("2026-11-12", 5, 10, True, ""),
        ("2026-11-11", 5, 10, False, "11"),
        (None, 30, None, False, "never"),
        ("2026-11-23", 0, None, False, "-1"),
    ],
)
def test_days_since_the_last_purchase(verdict, last, least, most, fires, seen):
    condition = DaysSincePurchase(least, most)
    found = verdict(condition, member=member(last_purchase_on=last))
    assert found[0] == ("fired" if fires else "not_met")
    if not fires:
        assert found[1:3] == ("days_since_purchase", seen)


def test_a_coupon_is_valid_through_its_last_day_in_kyiv(verdict):
    held = member(coupons=(HeldCoupon("TEA", "2026-11-22"), HeldCoupon("OLD", "2026-11-21")))
    late = datetime(2026, 11, 22, 23, 59, tzinfo=KYIV)
    assert verdict(CouponHeld(names("TEA")), member=held, at=late) == FIRED
    gone = datetime(2026, 11, 23, 0, 0, tzinfo=KYIV)
    assert verdict(CouponHeld(names("TEA")), member=held, at=gone)[1] == "coupon_held"
    lacking = not_met("coupon_held", "TEA", "OLD")
    assert verdict(CouponHeld(names("OLD")), member=held) == lacking
    endless = member(coupons=(HeldCoupon("ANY"),))
    assert verdict(CouponHeld(names("ANY")), member=endless) == FIRED


def test_a_code_is_entered(verdict):
    entered = Circumstances(codes=names("TEA10"))
    assert verdict(CodeEntered(names("TEA10", "X")), around=entered) == FIRED
    assert verdict(CodeEntered(names("X")), around=entered) == not_met("code_entered", "TEA10", "")
    assert verdict(CodeEntered(names("X")), member=None)[1] == "code_entered"


@pytest.mark.parametrize(
    ("kinds", "match", "paid", "fires"),
    [
        (("card",), "all", ("card",), True),
        (("card",), "all", ("card", "cash"), False),
        (("card", "cash"), "all", ("card", "cash"), True),
        (("card",), "any", ("card", "cash"), True),
        (("card",), "any", ("cash",), False),
        (("card",), "all", (), False),
        (("card",), "any", (), False),
    ],
)
def test_the_means_of_payment(verdict, kinds, match, paid, fires):
    around = Circumstances(tender_kinds=frozenset(paid))
    found = verdict(TenderIn(frozenset(kinds), match), around=around)
    assert (found == FIRED) is fires
    if not fires:
        assert found == not_met("tender_kind", ", ".join(sorted(paid)), ", ".join(kinds))


def test_points_at_least(verdict):
    assert verdict(PointsAtLeast(5000), member=member(balance_points=5000)) == FIRED
    few = not_met("points_at_least", "49.99", "50.00")
    assert verdict(PointsAtLeast(5000), member=member(balance_points=4999)) == few


def test_the_cashier_s_own_card_does_not_count(verdict):
    rule = CashierIsNotMember()
    assert verdict(rule, member=member()) == FIRED
    assert verdict(rule, member=None) == FIRED
    assert verdict(rule, member=member(), around=Circumstances(cashier_member_id=8)) == FIRED
    own = verdict(rule, member=member(), around=Circumstances(cashier_member_id=7))
    assert own == not_met("cashier_is_not_member", "own card", "another card")


def test_format_register_and_channel(verdict):
    around = Circumstances(store_format="mini", register_id="R3", channel="kiosk")
    here = StoreIn(names("S1"), names("mini", "maxi"), names("R3"))
    assert verdict(here, around=around) == FIRED
    wrong = not_met("store_format", "mini", "maxi")
    assert verdict(StoreIn(formats=names("maxi")), around=around) == wrong
    wrong = not_met("register", "R3", "R1, R2")
    assert verdict(StoreIn(registers=names("R2", "R1")), around=around) == wrong
    assert verdict(StoreIn(), around=around) == FIRED
    assert verdict(ChannelIn(names("kiosk", "web")), around=around) == FIRED
    assert verdict(ChannelIn(names("kiosk"))) == not_met("channel", "till", "kiosk")


def test_distinct_skus_count_goods_and_not_lines(verdict, goods):
    scope = Scope(groups=names("tea"))
    same = [goods("tea", 100), goods("tea", 100), goods("mint", 100, groups=("tea",))]
    assert verdict(DistinctSkus(scope, 2), lines=same) == FIRED
    assert verdict(DistinctSkus(scope, 3), lines=same) == not_met("distinct_skus", "2", "3")


def test_a_set_is_complete_when_each_piece_serves_one_part(verdict, goods):
    tea, any_drink = Scope(skus=names("tea")), Scope(skus=names("tea", "coffee"))
    rule = CompleteSet((SetPart(any_drink, 2), SetPart(tea)))
    assert verdict(rule, lines=[goods("tea", 100, 2), goods("coffee", 100)]) == FIRED
    short = verdict(rule, lines=[goods("tea", 100), goods("coffee", 100)])
    assert short == not_met("complete_set", "1", "2")
    bread = CompleteSet((SetPart(tea), SetPart(Scope(skus=names("bread")))))
    assert verdict(bread, lines=[goods("tea", 100)]) == not_met("complete_set", "1", "2")


def test_only_pieces_that_no_set_used_up_count(goods, shop, promotion, scope):
    three = promotion(NForM(scope("tea"), 3, 2), "three", priority=1)
    for unused_only, status, seen in ((False, "fired", ""), (True, "not_met", "1")):
        rule = promotion(
            PercentOff(scope("bun"), 1000),
            "bun",
            conditions=(ScopeQuantity(scope("tea"), 2, unused_only),),
        )
        trace = shop(three, rule).traces(goods("tea", 900, 4), goods("bun", 500))["bun"]
        assert (trace.status, trace.seen) == (status, seen)


def test_a_night_window_belongs_to_the_day_the_clock_shows(verdict):
    """Friday 22:00–02:00 by two conditions ends at midnight: at 01:00 it is Saturday."""
    night = datetime(2026, 11, 21, 1, 0, tzinfo=KYIV)
    assert verdict(TimeWindow(1320, 120), at=night) == FIRED
    assert verdict(Weekday(frozenset({5})), at=night)[1] == "weekday"


def test_an_empty_window_never_holds(verdict):
    assert verdict(TimeWindow(600, 600))[1] == "time_window"


@pytest.mark.parametrize(
    ("day", "fires"),
    [("2028-02-25", False), ("2028-02-26", True), ("2028-03-02", True), ("2028-03-03", False)],
)
def test_a_leap_birthday_in_a_leap_year(verdict, day, fires):
    born = member(birthday="02-29")
    now = datetime.fromisoformat(day).replace(hour=12, tzinfo=KYIV)
    assert (verdict(BirthdayWindow(3, 2), member=born, at=now) == FIRED) is fires


def test_the_hour_that_spring_skips_and_autumn_repeats(verdict):
    rule = TimeWindow(180, 240)
    for moment, fires in (
        ("2026-03-29T00:59:59+00:00", False),  # 02:59 before the jump to 04:00
        ("2026-03-29T01:00:00+00:00", False),  # 04:00
        ("2026-10-25T00:15:00+00:00", True),  # 03:15, summer time
        ("2026-10-25T01:15:00+00:00", True),  # 03:15 again, winter time
        ("2026-10-25T02:00:00+00:00", False),  # 04:00
    ):
        assert (verdict(rule, at=datetime.fromisoformat(moment)) == FIRED) is fires
