"""What is earned, on which money, and what bonuses and gift cards do to it."""

from __future__ import annotations

import pytest

from loyalty.promotions.circumstances import Circumstances
from loyalty.promotions.effects import (
    AccrueFixed,
    AccrueMultiplier,
    AccruePerAmount,
    AccruePercent,
    AccruePerUnit,
    PercentOff,
    RedeemAllowance,
)
from loyalty.promotions.scope import Scope

ALL = Scope(is_all=True)
TEA = Scope(groups=frozenset({"tea"}))


@pytest.mark.parametrize(
    ("effect", "points"),
    [
        (AccruePercent(ALL, 333), 832),
        (AccruePercent(TEA, 1000), 2000),
        (AccruePerAmount(ALL, 100, 10_000), 200),
        (AccruePerAmount(ALL, 100, 10_000, in_steps=False), 250),
        (AccruePerAmount(TEA, 150, 6_000), 450),
        (AccruePerUnit(TEA, 200), 400),
        (AccruePerUnit(ALL, 50), 150),
        (AccrueFixed(ALL, 777), 777),
        (AccrueFixed(TEA, 5), 5),
    ],
)
def test_every_way_to_earn(goods, shop, promotion, effect, points):
    """Two teas for 200.00 and a bun for 50.00."""
    quote = shop(promotion(effect)).price(goods("tea", 10_000, 2), goods("bun", 5_000))
    assert quote.accrual_points == points
    assert sum(line.accrual_points for line in quote.lines) == points
    if effect.target == TEA:
        assert quote.lines[1].accrual_points == 0


@pytest.mark.parametrize(
    ("effect", "status", "reason", "seen"),
    [
        (AccruePercent(ALL, 1), "blocked", "earns_nothing", "0.00"),
        (AccruePerAmount(ALL, 100, 100), "not_met", "scope_value", "0.99"),
        (AccruePerAmount(ALL, 1, 1000, in_steps=False), "not_met", "scope_value", "0.99"),
        (AccrueMultiplier(ALL, 20_000), "blocked", "earns_nothing", "0.00"),
        (AccruePerUnit(TEA, 100), "not_met", "no_goods", "0"),
    ],
)
def test_too_little_to_earn(goods, shop, promotion, effect, status, reason, seen):
    trace = shop(promotion(effect)).trace(goods("bun", 99))
    assert (trace.status, trace.reason, trace.seen) == (status, reason, seen)


def test_pieces_that_earn_are_told(goods, shop, promotion):
    weighed = goods("tea", 900, unit="кг", qty_milli=2500, price_kind="reduced")
    rule = promotion(AccruePerUnit(TEA, 100))
    trace = shop(rule).trace(goods("tea", 900, 3), weighed)
    assert (trace.points, trace.units) == (400, 4)
    fewer = shop(rule, accrual_excludes_reduced=True).trace(goods("tea", 900, 3), weighed)
    assert (fewer.points, fewer.units) == (300, 3)


def test_multipliers_multiply_what_was_earned_before_them(goods, shop, promotion, scope):
    base = promotion(AccruePercent(scope(), 1000), "base")
    double = promotion(AccrueMultiplier(TEA, 20_000), "double", priority=9)
    half_more = promotion(AccrueMultiplier(scope(), 15_000), "half_more")
    quote = shop(double, half_more, base).price(goods("tea", 1000), goods("bun", 1000))
    assert {a.promotion_id: a.points for a in quote.accruals} == {
        "base": 200,
        "double": 100,
        "half_more": 150,
    }
    assert [line.accrual_points for line in quote.lines] == [300, 150]


@pytest.mark.parametrize(
    ("rate", "percent", "amount", "fixed_worth"),
    [(100, 1000, 200, 100), (10, 10_000, 200, 10), (50, 2000, 200, 50), (1000, 100, 200, 1000)],
)
def test_a_rate_of_money_to_bonuses(
    goods, shop, promotion, scope, rate, percent, amount, fixed_worth
):
    """10 % of 100.00 is 10.00 in money, whatever a bonus is worth; fixed points stay points."""
    tea = goods("tea", 10_000)
    till = shop(promotion(AccruePercent(scope(), 1000)), minor_per_bonus=rate)
    assert till.price(tea).accrual_points == percent
    till = shop(promotion(AccruePerAmount(scope(), 100, 5_000)), minor_per_bonus=rate)
    assert till.price(tea).accrual_points == amount
    best = (
        promotion(AccrueFixed(scope(), 100), "fixed", group="g"),
        promotion(PercentOff(scope(), 100), "percent", group="h"),
    )
    quote = shop(*best, minor_per_bonus=rate, modes={"g": "best"}).price(tea, redeem_points=100)
    assert quote.redeemed_minor == fixed_worth


def test_points_are_of_the_price_after_discounts(goods, shop, promotion, scope):
    cut = promotion(PercentOff(scope(), 5000), "cut")
    earn = promotion(AccruePercent(scope(), 1000), "earn")
    assert shop(cut, earn).price(goods("tea", 10_000)).accrual_points == 500


@pytest.mark.parametrize(
    ("earns", "paid", "points"), [(True, 4_000, 1000), (False, 4_000, 600), (False, 99_999, 0)]
)
def test_the_part_that_a_gift_card_pays(goods, shop, promotion, scope, earns, paid, points):
    till = shop(promotion(AccruePercent(scope(), 1000)), gift_card_earns=earns)
    around = Circumstances(gift_card_minor=paid)
    quote = till.price(goods("tea", 6_000), goods("bun", 4_000), around=around)
    assert (quote.accrual_points, quote.payable_minor) == (points, 10_000)


def test_a_gift_card_pays_after_bonuses(goods, shop, promotion, scope):
    """Bonuses pay 50.00 of 100.00, the card 20.00: 30.00 earn."""
    till = shop(promotion(AccruePercent(scope(), 1000)), gift_card_earns=False)
    around = Circumstances(gift_card_minor=2_000)
    quote = till.price(goods("tea", 10_000), around=around, redeem_points=5_000)
    assert (quote.redeemed_minor, quote.accrual_points) == (5_000, 300)


@pytest.mark.parametrize(
    ("allowance", "programme", "most"),
    [
        (RedeemAllowance(), {}, 5_000),
        (RedeemAllowance(max_share_bp=10_000), {}, 9_999),
        (RedeemAllowance(max_share_bp=2_000), {}, 2_000),
        (RedeemAllowance(cap_minor=700), {}, 700),
        (RedeemAllowance(cap_minor=3_000), {"redeem_cap_minor": 500}, 3_000),
        (RedeemAllowance(max_share_bp=10_000), {"redeem_cap_minor": 500}, 500),
        (RedeemAllowance(max_share_bp=10_000, min_money_minor=4_000), {}, 6_000),
        (RedeemAllowance(min_money_minor=0), {"redeem_min_money_minor": 9_000}, 5_000),
        (RedeemAllowance(min_money_minor=9_500), {}, 500),
        (RedeemAllowance(min_money_minor=10_500), {}, 0),
    ],
)
def test_an_allowance_sets_share_cap_and_least_money(
    goods, shop, promotion, allowance, programme, most
):
    """Of a receipt of 100.00, where the programme lets bonuses pay half."""
    quote = shop(promotion(allowance), **programme).price(
        goods("tea", 10_000), redeem_points=99_999
    )
    assert (quote.redeemed_minor, quote.basket_limit_points) == (most, most)


def test_an_allowance_is_for_members_and_a_trial_changes_nothing(goods, shop, promotion):
    allowance = RedeemAllowance(10_000)
    tea = goods("tea", 10_000)
    assert shop(promotion(allowance)).price(tea, member=None).basket_limit_points == 5_000
    trial = shop(promotion(allowance, state="shadow")).price(tea)
    assert (trial.basket_limit_points, trial.traces[0].reason) == (5_000, "shadow")


def test_a_second_allowance_says_which_one_counts(goods, shop, promotion):
    first = promotion(RedeemAllowance(1_000), "first", priority=9)
    second = promotion(RedeemAllowance(9_000), "second")
    trace = shop(first, second).traces(goods("tea", 10_000))["second"]
    assert (trace.status, trace.reason, trace.winner) == ("lost", "allowance_taken", "first")


def test_what_an_override_price_may_do(goods, shop, promotion, scope):
    """A price typed by hand is in no promotion and earns nothing; bonuses may pay it."""
    rules = [
        promotion(PercentOff(scope(), 1000), "cut"),
        promotion(AccruePercent(scope(), 1000), "earn"),
    ]
    quote = shop(*rules).price(goods("tea", 1000, price_kind="override"), redeem_points=99_999)
    assert (quote.discount_minor, quote.accrual_points, quote.redeemed_minor) == (0, 0, 500)
    assert [trace.reason for trace in quote.traces] == ["no_goods", "no_goods"]


def test_goods_without_a_price_earn_by_pieces_only(goods, shop, promotion, scope):
    bag = goods("bag", 0)
    assert shop(promotion(AccruePercent(scope(), 1000))).trace(bag).reason == "earns_nothing"
    assert shop(promotion(AccruePerUnit(scope(), 100))).trace(bag).points == 100
    assert shop(promotion(AccrueFixed(scope(), 100))).trace(bag).points == 100
