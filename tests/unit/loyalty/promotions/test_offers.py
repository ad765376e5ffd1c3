"""What the cashier may tell a member before the first line is rung."""

from __future__ import annotations

from datetime import datetime

import pytest

from loyalty.member import HeldCoupon, Member
from loyalty.promotions.circumstances import Circumstances
from loyalty.promotions.conditions import (
    BirthdayWindow,
    CouponHeld,
    FirstPurchase,
    MemberGroup,
    MemberKnown,
    ReceiptValue,
    ScopeQuantity,
    TenderIn,
    Weekday,
)
from loyalty.promotions.effects import PercentOff
from loyalty.promotions.limits import Caps, Usage
from loyalty.promotions.offers import MAX_OFFERS, offers_for
from loyalty.promotions.ruleset import Pilot, Promotion
from loyalty.promotions.scope import EVERYTHING

OLENA = Member(
    1,
    "Олена К.",
    birthday="11-24",
    groups=("vip",),
    coupons=(HeldCoupon("TEA"),),
    purchases_count=3,
)
VIP = MemberGroup(frozenset({"vip"}))


@pytest.fixture
def offered(shop):
    """Names offered to Olena at noon of Sunday, 22 November, on register R1 of store S1."""

    def ask(*rules: Promotion, member: Member = OLENA, locale: str = "uk", **fields):
        noon = datetime.fromisoformat("2026-11-22T12:00+02:00")
        around = Circumstances(register_id="R1", **fields)
        return offers_for(shop(*rules).compiled, member, noon, "S1", locale, around)

    return ask


@pytest.mark.parametrize(
    ("conditions", "is_offered"),
    [
        ((VIP,), True),
        ((BirthdayWindow(3, 0),), True),
        ((CouponHeld(frozenset({"TEA"})),), True),
        ((VIP, ReceiptValue(99_999), ScopeQuantity(EVERYTHING, 9)), True),
        ((VIP, TenderIn(frozenset({"card"}))), True),
        ((VIP, Weekday(frozenset({7}))), True),
        ((VIP, Weekday(frozenset({1}))), False),
        ((BirthdayWindow(1, 0),), False),
        ((FirstPurchase(),), False),
        ((MemberKnown(),), False),
        ((), False),
    ],
)
def test_what_is_this_member_s_own_and_holds_now(promotion, offered, conditions, is_offered):
    rule = promotion(PercentOff(EVERYTHING, 1000), "own", conditions=conditions)
    assert offered(rule) == (("own",) if is_offered else ())


@pytest.mark.parametrize(
    ("fields", "is_offered"),
    [
        ({"stores": frozenset({"S1"})}, True),
        ({"stores": frozenset({"S2"})}, False),
        ({"valid_from": datetime(2026, 11, 23)}, False),
        ({"valid_until": datetime(2026, 11, 22, 12)}, False),
        ({"state": "shadow"}, False),
        ({"state": "draft"}, False),
        ({"state": "pilot", "pilot": Pilot(stores=frozenset({"S1"}))}, True),
        ({"state": "pilot", "pilot": Pilot(registers=frozenset({"R2"}))}, False),
        ({"caps": Caps(per_member=2)}, True),
        ({"caps": Caps(per_member=1)}, False),
        ({"caps": Caps(campaign_minor=100)}, False),
    ],
)
def test_where_and_while_it_runs(promotion, offered, fields, is_offered):
    rule = promotion(PercentOff(EVERYTHING, 1000), "own", conditions=(VIP,), **fields)
    usage = {"own": Usage(member_total=1, campaign_minor=100)}
    assert offered(rule, usage=usage) == (("own",) if is_offered else ())


def test_a_stopped_promotion_and_a_blocked_member(promotion, offered):
    rule = promotion(PercentOff(EVERYTHING, 1000), "own", conditions=(VIP,))
    assert offered(rule, stopped=frozenset({"own"})) == ()
    assert offered(rule, member=Member(1, "О.", groups=("vip",), is_blocked=True)) == ()


def test_a_few_names_once_each_in_the_locale(offered):
    def named(number: int, name: tuple[tuple[str, str], ...]) -> Promotion:
        effect = PercentOff(EVERYTHING, 1000)
        return Promotion(f"p{number}", name, effect, priority=-number, conditions=(VIP,))

    same = [named(n, (("uk", "Для своїх"), ("en", "For our own"))) for n in range(3)]
    assert offered(*same, locale="en") == ("For our own",)
    assert offered(*same, locale="pl") == ("Для своїх",)
    assert offered(named(0, ()), named(1, (("uk", ""), ("en", "Own")))) == ("p0", "Own")
    many = [named(n, (("uk", f"Акція {n}"),)) for n in range(9)]
    assert offered(*many) == tuple(f"Акція {n}" for n in range(MAX_OFFERS))
