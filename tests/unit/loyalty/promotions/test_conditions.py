"""Conditions: when a promotion acts, and what the trace says when it does not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from loyalty.member import Member
from loyalty.promotions.checks import CHECKS
from loyalty.promotions.conditions import (
    CONDITION_KINDS,
    BirthdayWindow,
    DateRange,
    MemberGroup,
    MemberKnown,
    ReceiptValue,
    ScopeQuantity,
    ScopeValue,
    StoreIn,
    TimeWindow,
    Weekday,
)
from loyalty.promotions.effects import PercentOff
from loyalty.promotions.member_checks import days_from_birthday

KYIV = ZoneInfo("Europe/Kyiv")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=KYIV)


@pytest.fixture
def verdict(goods, shop, promotion, scope):
    """(status, reason, seen, needed) of a promotion with one condition on 2 teas at 30.00."""

    def ask(*conditions, lines=None, fields=None, **options):
        rule = promotion(PercentOff(scope(), 1000), conditions=conditions, **(fields or {}))
        trace = shop(rule).trace(*(lines or [goods("tea", 3000, 2)]), **options)
        return trace.status, trace.reason, trace.seen, trace.needed

    return ask


FIRED = ("fired", "", "", "")


def test_every_condition_kind_has_its_check():
    assert set(CHECKS) == set(CONDITION_KINDS.values())


def test_quantity_counts_pieces_of_the_scope(verdict, scope, goods):
    assert verdict(ScopeQuantity(scope("tea"), 2)) == FIRED
    assert verdict(ScopeQuantity(scope("tea"), 3)) == ("not_met", "scope_quantity", "2", "3")
    kilo = goods("tea", 100, unit="кг", qty_milli=5000)
    assert verdict(ScopeQuantity(scope("tea"), 2), lines=[kilo])[2] == "1"


def test_value_is_inclusive_and_knows_its_basis(verdict, scope, goods, shop, promotion):
    assert verdict(ScopeValue(scope("tea"), 6000)) == FIRED
    assert verdict(ScopeValue(scope("tea"), 6001)) == ("not_met", "scope_value", "60.00", "60.01")
    assert verdict(ReceiptValue(6000)) == FIRED
    first = promotion(PercentOff(scope(), 1000), "first", priority=1)
    for basis, fires in (("gross", True), ("net", False)):
        second = promotion(
            PercentOff(scope(), 1000), "second", conditions=(ReceiptValue(6000, basis),)
        )
        trace = shop(first, second).price(goods("tea", 3000, 2)).traces[1]
        assert (trace.status == "fired") is fires
        assert trace.seen == ("" if fires else "54.00")


def test_store(verdict):
    assert verdict(StoreIn(frozenset({"S1"}))) == FIRED
    assert verdict(StoreIn(frozenset({"S2", "S3"}))) == ("not_met", "store", "S1", "S2, S3")
    assert verdict(fields={"stores": frozenset({"S9"})}) == ("not_met", "store", "S1", "S9")


@pytest.mark.parametrize(
    ("now", "fires"),
    [
        ("2026-11-30T23:59:59", False),
        ("2026-12-01T00:00", True),
        ("2026-12-24T23:59:59", True),
        ("2026-12-25T00:00", False),
    ],
)
def test_dates_are_half_open_local_days(verdict, now, fires):
    rule = DateRange(date(2026, 12, 1), date(2026, 12, 25))
    assert (verdict(rule, at=at(now))[0] == "fired") is fires


def test_validity_is_half_open_and_in_local_time(verdict):
    fields = {"valid_from": datetime(2026, 12, 1), "valid_until": datetime(2026, 12, 2)}
    utc = datetime(2026, 11, 30, 22, 0, tzinfo=UTC)  # midnight of 1 December in Kyiv
    assert verdict(fields=fields, at=utc) == FIRED
    assert verdict(fields=fields, at=at("2026-11-30T23:59"))[1] == "not_started"
    assert verdict(fields=fields, at=at("2026-12-02T00:00"))[1] == "ended"


def test_weekday(verdict):
    assert verdict(Weekday(frozenset({7}))) == FIRED
    assert verdict(Weekday(frozenset({1, 5}))) == ("not_met", "weekday", "7", "1,5")


@pytest.mark.parametrize(
    ("window", "clock", "fires"),
    [
        ((480, 720), "07:59", False),
        ((480, 720), "08:00", True),
        ((480, 720), "11:59", True),
        ((480, 720), "12:00", False),
        ((1320, 120), "21:59", False),
        ((1320, 120), "22:00", True),
        ((1320, 120), "00:00", True),
        ((1320, 120), "01:59", True),
        ((1320, 120), "02:00", False),
        ((0, 1440), "23:59", True),
    ],
)
def test_time_window_also_over_midnight(verdict, window, clock, fires):
    assert (verdict(TimeWindow(*window), at=at(f"2026-11-22T{clock}"))[0] == "fired") is fires


def test_time_follows_the_clock_change(verdict):
    window = TimeWindow(4 * 60, 5 * 60)
    before = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 03:30, summer time
    after = datetime(2026, 10, 25, 2, 30, tzinfo=UTC)  # 04:30, winter time
    assert verdict(window, at=before)[0] == "not_met"
    assert verdict(window, at=after)[0] == "fired"


@pytest.mark.parametrize(
    ("birthday", "today", "distance"),
    [
        ("11-22", date(2026, 11, 22), 0),
        ("11-25", date(2026, 11, 22), -3),
        ("01-02", date(2026, 12, 30), -3),
        ("12-30", date(2027, 1, 2), 3),
        ("02-29", date(2027, 2, 28), 0),
        ("02-29", date(2028, 2, 29), 0),
        ("02-29", date(2027, 3, 1), 1),
        ("13-40", date(2026, 11, 22), None),
        ("", date(2026, 11, 22), None),
    ],
)
def test_days_from_the_nearest_birthday(birthday, today, distance):
    assert days_from_birthday(today, birthday) == distance


def test_birthday_window_tells_no_birthday_in_its_trace(verdict):
    born = Member(1, "Олена К.", birthday="11-25")
    assert verdict(BirthdayWindow(3, 0), member=born) == FIRED
    assert verdict(BirthdayWindow(2, 7), member=born) == ("not_met", "birthday", "-3", "-2..+7")
    assert verdict(BirthdayWindow(2, 7), member=Member(1, "О."))[2] == "unknown"
    assert verdict(BirthdayWindow(2, 7), member=None)[1] == "member_known"


def test_member_known_and_group(verdict):
    vip = Member(1, "О.", groups=("vip",), tier="gold")
    assert verdict(MemberKnown()) == FIRED
    assert verdict(MemberKnown(), member=None)[1] == "member_known"
    assert verdict(MemberGroup(frozenset({"vip"})), member=vip) == FIRED
    assert verdict(MemberGroup(frozenset({"gold"})), member=vip) == FIRED
    wrong = verdict(MemberGroup(frozenset({"staff"})), member=vip)
    assert wrong == ("not_met", "member_group", "gold, vip", "staff")


def test_a_blocked_member_buys_like_a_stranger(verdict, shop, goods):
    blocked = Member(1, "О.", 9000, is_blocked=True)
    assert verdict(MemberKnown(), member=blocked)[1] == "member_blocked"
    quote = shop().price(goods("tea", 1000), member=blocked, redeem_points=100)
    assert (quote.redeemable_points, quote.redeemed_minor) == (0, 0)


def test_the_first_failing_condition_is_the_reason(verdict, scope):
    conditions = (Weekday(frozenset({1})), ScopeQuantity(scope("tea"), 9))
    assert verdict(*conditions)[1] == "weekday"
    assert verdict(*reversed(conditions))[1] == "scope_quantity"


def test_a_naive_time_is_refused(shop, goods):
    with pytest.raises(ValueError, match="aware"):
        shop().price(goods("tea", 1), at=datetime(2026, 11, 22))
