"""Redemption, accrual and the guards of law around them."""

from __future__ import annotations

import pytest

from loyalty.promotions.acting import ACTS
from loyalty.promotions.conditions import MemberGroup, ReceiptValue
from loyalty.promotions.effects import (
    EFFECT_KINDS,
    AccruePercent,
    AmountOff,
    Message,
    NForM,
    PercentOff,
    RedeemAllowance,
)


def test_every_effect_kind_is_acted_on():
    assert set(EFFECT_KINDS.values()) == set(ACTS)


def cigarettes(goods, price=6500):
    return goods("cigarettes", price, goods_class="tobacco", uktzed="2402209000")


def test_the_worked_example_of_share_tobacco_and_money_part(goods, shop, promotion, scope):
    """Net 265.00 with 65.00 of tobacco, share 50 %: 100.00 at most, 10 % of 100.00 earned."""
    earn = promotion(AccruePercent(scope(), 1000))
    lines = goods("food", 20_000), cigarettes(goods)
    quote = shop(earn).price(*lines, redeem_points=12_000)
    assert (quote.redeemable_points, quote.redeemed_points, quote.redeemed_minor) == (10_000,) * 3
    assert [line.redeemed_minor for line in quote.lines] == [10_000, 0]
    assert quote.accrual_points == 1000
    assert [line.accrual_points for line in quote.lines] == [1000, 0]
    assert quote.payable_minor == 16_500


def test_what_is_asked_is_lowered_to_balance_share_and_floors(goods, shop):
    ask = {"redeem_points": 50_000}
    food = goods("food", 20_000)
    assert shop().price(food, spendable_points=1_234, **ask).redeemed_points == 1_234
    assert shop().price(food, **ask).redeemed_points == 10_000
    assert shop().price(food, redeem_points=1).redeemed_points == 1
    assert shop().price(food).redeemed_points == 0
    all_in = shop(redeem_max_share_bp=10_000)
    assert all_in.price(food, **ask).payable_minor == 1
    floored = goods("cognac", 20_000, min_price_minor=19_000)
    assert all_in.price(floored, **ask).redeemed_minor == 1_000
    kept = shop(redeem_max_share_bp=10_000, redeem_min_money_minor=5_000)
    assert kept.price(food, **ask).payable_minor == 5_000


def test_the_basket_s_limit_does_not_depend_on_the_balance(goods, shop):
    quote = shop().price(goods("food", 20_000), spendable_points=300)
    assert (quote.redeemable_points, quote.basket_limit_points) == (300, 10_000)
    stranger = shop().price(goods("food", 20_000), member=None)
    assert (stranger.redeemable_points, stranger.basket_limit_points) == (0, 10_000)


def test_excluded_groups_are_not_paid_with_bonuses(goods, shop):
    quote = shop(redeem_excluded_groups=frozenset({"dairy"})).price(
        goods("hard_cheese", 10_000), goods("bread", 3_001), redeem_points=99_999
    )
    assert [line.redeemed_minor for line in quote.lines] == [0, 1500]


def test_a_manual_discount_lowers_what_bonuses_may_pay_and_what_is_earned(
    goods, shop, promotion, scope
):
    manual = goods("manual", -4_000, price_kind="manual_discount")
    earn = promotion(AccruePercent(scope(), 1000))
    quote = shop(earn).price(goods("food", 10_000), manual, redeem_points=99_999)
    assert quote.redeemed_minor == 3_000
    assert quote.payable_minor == 3_000
    assert quote.accrual_points == 300


@pytest.mark.parametrize(
    ("rate", "asked", "points", "minor"),
    [
        (100, 777, 777, 777),
        (1, 777, 700, 7),  # a hundred points pay one kopeck; the odd 77 stay
        (1_000, 777, 777, 7_770),
        (30, 10, 10, 3),
        (30, 9, 7, 2),
    ],
)
def test_points_that_pay_no_whole_kopeck_are_not_taken(goods, shop, rate, asked, points, minor):
    quote = shop(minor_per_bonus=rate).price(goods("food", 20_000), redeem_points=asked)
    assert (quote.redeemed_points, quote.redeemed_minor) == (points, minor)


def test_the_limit_in_points_pays_no_more_than_the_limit_in_money(goods, shop):
    quote = shop(minor_per_bonus=1_000).price(goods("food", 20_011), redeem_points=99_999)
    assert (quote.basket_limit_points, quote.redeemed_minor) == (1000, 10_000)


def test_an_allowance_replaces_the_share_and_only_the_first_counts(goods, shop, promotion):
    all_in = promotion(RedeemAllowance(8_000), "vip", priority=1)
    never = promotion(RedeemAllowance(0), "never")
    quote = shop(all_in, never).price(goods("food", 10_000), redeem_points=99_999)
    assert quote.redeemed_minor == 8_000
    assert [t.status for t in quote.traces] == ["fired", "lost"]
    assert shop(never).price(goods("food", 10_000)).redeemable_points == 0


def test_accrual_is_rounded_down_once_for_the_rule(goods, shop, promotion, scope):
    earn = promotion(AccruePercent(scope(), 500))
    quote = shop(earn).price(goods("a", 119), goods("b", 119))
    assert quote.accruals[0].points == 11
    assert [share.amount for share in quote.accruals[0].shares] == [6, 5]
    assert shop(earn, minor_per_bonus=10).price(goods("a", 1000)).accrual_points == 500


def test_accrual_rules_add_up_and_leave_out_what_the_programme_excludes(
    goods, shop, promotion, scope
):
    base = promotion(AccruePercent(scope(), 100), "base")
    more = promotion(AccruePercent(scope("cheese"), 1000), "more")
    quote = shop(
        base, more, accrual_excluded_groups=frozenset({"bread"}), accrual_excludes_reduced=True
    ).price(
        goods("cheese", 10_000),
        goods("bread", 10_000),
        goods("cheese", 10_000, price_kind="reduced"),
    )
    assert [(a.promotion_id, a.points) for a in quote.accruals] == [("base", 100), ("more", 1000)]
    assert [line.accrual_points for line in quote.lines] == [1100, 0, 0]


def test_a_stranger_earns_nothing(goods, shop, promotion, scope):
    quote = shop(promotion(AccruePercent(scope(), 500))).price(goods("a", 10_000), member=None)
    assert (quote.accruals, quote.traces[0].reason) == ((), "member_known")


def test_tobacco_is_neither_trigger_nor_target(goods, shop, promotion, scope):
    rules = [
        promotion(PercentOff(scope(), 1000), "percent"),
        promotion(AmountOff(scope("cigarettes"), 100, "line"), "amount"),
        promotion(NForM(scope("cigarettes"), 2, 1), "set"),
        promotion(AccruePercent(scope("cigarettes"), 1000), "earn"),
        promotion(PercentOff(scope("tea"), 5000), "t", conditions=(ReceiptValue(7_000),)),
    ]
    quote = shop(*rules, redeem_max_share_bp=10_000).price(
        goods("tea", 1000), cigarettes(goods), cigarettes(goods), redeem_points=99_999
    )
    tobacco = quote.lines[1]
    assert (tobacco.discount_minor, tobacco.redeemed_minor, tobacco.accrual_points) == (0, 0, 0)
    assert [(t.status, t.reason) for t in quote.traces] == [
        ("fired", ""),
        ("blocked", "law_tobacco"),
        ("blocked", "law_tobacco"),
        ("blocked", "law_tobacco"),
        ("not_met", "receipt_value"),
    ]
    assert quote.traces[4].seen == "10.00"


def test_tobacco_entered_under_a_wrong_class_is_known_by_its_customs_code(
    goods, shop, promotion, scope
):
    quote = shop(promotion(PercentOff(scope(), 1000))).price(
        goods("sticks", 9_000, uktzed="2404110000")
    )
    assert quote.discount_minor == 0


def test_alcohol_keeps_its_lowest_price_after_discounts_and_bonuses(goods, shop, promotion, scope):
    quote = shop(promotion(PercentOff(scope(), 1000)), redeem_max_share_bp=10_000).price(
        goods("vodka", 20_000, 2, goods_class="alcohol", min_price_minor=17_000),
        redeem_points=99_999,
    )
    assert (quote.discount_minor, quote.redeemed_minor) == (4_000, 2_000)
    assert quote.payable_minor == 34_000


def test_messages_of_what_acts_are_shown_once_in_the_locale(goods, shop, promotion, scope):
    thanks = Message("receipt", (("uk", "Дякуємо"), ("en", "Thank you")))
    percent = promotion(PercentOff(scope(), 1000), "a", messages=(thanks,))
    talk = promotion(thanks, "b")
    screen = promotion(
        Message("screen", (("uk", "Запропонуйте каву"),)),
        "c",
        conditions=(MemberGroup(frozenset({"vip"})),),
    )
    tea = goods("tea", 1000)
    quote = shop(percent, talk, screen).price(tea)
    assert quote.messages == (("receipt", "Дякуємо"),)
    assert shop(talk).price(tea, locale="en").messages == (("receipt", "Thank you"),)
    assert [t.status for t in quote.traces] == ["fired", "fired", "not_met"]


def test_negative_points_are_refused(goods, shop):
    with pytest.raises(ValueError, match="negative"):
        shop().price(goods("tea", 100), redeem_points=-1)
