"""Which pieces an effect takes, and what it takes off each of them."""

from __future__ import annotations

import pytest

from loyalty.promotions.effects import AmountOff, FixedPrice, NForM, PercentOff, Units
from loyalty.promotions.policies import Policies


@pytest.fixture
def trio(goods):
    """Two pieces at 10.00, one at 6.00, one at 4.00."""
    return goods("a", 1000, 2), goods("b", 600), goods("c", 400)


@pytest.mark.parametrize(
    ("units", "off", "pieces"),
    [
        (Units(), [1000, 300, 200], 4),
        (Units(at_most=1), [0, 0, 200], 1),
        (Units(at_most=3), [500, 300, 200], 3),
        (Units(at_most=1, pick="dearest"), [500, 0, 0], 1),
        (Units(at_most=3, pick="dearest"), [1000, 300, 0], 3),
        (Units(at_most_per_line=1), [500, 300, 200], 3),
        (Units(at_most=2, at_most_per_line=1, pick="dearest"), [500, 300, 0], 2),
        (Units(needed=4), [1000, 300, 200], 4),
        (Units(at_most=9), [1000, 300, 200], 4),
    ],
)
def test_half_price_on_chosen_pieces(shop, promotion, scope, trio, units, off, pieces):
    rule = promotion(PercentOff(scope(), 5000, units=units))
    assert shop(rule).off(*trio) == off
    assert shop(rule).trace(*trio).units == pieces


def test_fewer_pieces_than_needed(shop, promotion, scope, trio):
    trace = shop(promotion(PercentOff(scope(), 5000, units=Units(needed=5)))).trace(*trio)
    assert (trace.status, trace.reason) == ("not_met", "set_quantity")
    assert (trace.seen, trace.needed) == ("4", "5")


def test_the_programme_says_which_pieces_where_the_rule_does_not(shop, promotion, scope, trio):
    rule = promotion(PercentOff(scope(), 5000, units=Units(at_most=1)))
    assert shop(rule, policies=Policies(pick="dearest")).off(*trio) == [500, 0, 0]


def test_pieces_of_a_set_are_left_out(goods, shop, promotion, scope):
    used = promotion(NForM(scope("tea"), 3, 2), "set", priority=1)
    rest = promotion(PercentOff(scope(), 1000, units=Units(unused_only=True)), "rest")
    traces = shop(used, rest).traces(goods("tea", 1000, 4), goods("bun", 500))
    assert (traces["rest"].amount_minor, traces["rest"].units) == (150, 2)
    none = shop(used, rest).traces(goods("tea", 1000, 3))["rest"]
    assert (none.reason, none.seen, none.needed) == ("set_quantity", "0", "1")


@pytest.mark.parametrize(
    ("per", "units", "off"),
    [
        ("unit", Units(), [600, 300, 300]),
        ("unit", Units(at_most=2), [0, 300, 300]),
        ("unit", Units(at_most_per_line=1), [300, 300, 300]),
        ("line", Units(), [300, 300, 300]),
        ("line", Units(at_most=1, pick="dearest"), [300, 0, 0]),
        ("line", Units(at_most=3, pick="dearest"), [300, 300, 0]),
        ("receipt", Units(), [200, 60, 40]),
        ("receipt", Units(at_most=2), [0, 180, 120]),
    ],
)
def test_three_hryvnia_off(shop, promotion, scope, trio, per, units, off):
    assert shop(promotion(AmountOff(scope(), 300, per, units=units))).off(*trio) == off


def test_an_amount_for_a_line_comes_once_though_a_set_cut_the_line(goods, shop, promotion, scope):
    """Of four pieces a set freed one; the others lie in two heaps and are still one line."""
    free = promotion(NForM(scope(), 3, 2), "free", priority=1)
    for units in (Units(), Units(at_most=9)):
        line = promotion(AmountOff(scope(), 500, "line", units=units), "line")
        assert shop(free, line).traces(goods("tea", 1000, 4))["line"].amount_minor == 500
    unit = promotion(AmountOff(scope(), 100, "unit"), "unit")
    assert shop(free, unit).traces(goods("tea", 1000, 4))["unit"].amount_minor == 300


def test_a_weighed_line_is_one_piece_for_an_amount_and_kilograms_for_a_price(
    goods, shop, promotion, scope
):
    cheese = [goods("cheese", 30_000, unit="кг", qty_milli=qty) for qty in (500, 1250)]
    assert shop(promotion(AmountOff(scope(), 500, "unit"))).off(*cheese) == [500, 500]
    assert shop(promotion(FixedPrice(scope(), 24_000))).off(*cheese) == [3_000, 7_500]
    half = promotion(PercentOff(scope(), 5000, units=Units(at_most=1)))
    assert shop(half).off(*cheese) == [7_500, 0]


def test_a_part_of_a_piece_is_one_piece(goods, shop, promotion, scope):
    rope = goods("rope", 1000, qty_milli=2500)
    assert shop(promotion(AmountOff(scope(), 300, "unit"))).off(rope) == [300]
    assert shop(promotion(FixedPrice(scope(), 800))).off(rope) == [500]


@pytest.mark.parametrize(
    ("price", "units", "off"),
    [
        (500, Units(), [1000, 100, 0]),
        (0, Units(), [1998, 599, 399]),
        (500, Units(at_most=1), [500, 0, 0]),
        (500, Units(at_most=3), [1000, 100, 0]),
        (500, Units(at_most=1, pick="cheapest"), [0, 0, 0]),
        (1000, Units(), [0, 0, 0]),
    ],
)
def test_a_fixed_price_never_makes_dearer(shop, promotion, scope, trio, price, units, off):
    rule = promotion(FixedPrice(scope(), price, units))
    assert shop(rule).off(*trio) == off
    if not any(off):
        assert shop(rule).trace(*trio).status == "blocked"


def test_a_fixed_price_over_the_price_says_that_it_is_cheaper_already(
    goods, shop, promotion, scope
):
    trace = shop(promotion(FixedPrice(scope(), 1500))).trace(goods("tea", 1000, 3))
    assert (trace.reason, trace.seen, trace.needed) == ("already_cheaper", "10.00", "15.00")
    floored = goods("wine", 20_000, min_price_minor=20_000)
    assert shop(promotion(FixedPrice(scope(), 15_000))).trace(floored).reason == "floor"


def test_the_till_s_own_sum_counts_and_not_price_times_quantity(goods, shop, promotion, scope):
    odd = goods("tea", 999, 3, sum_minor=3000)
    assert shop(promotion(PercentOff(scope(), 1000))).off(odd) == [300]
    assert shop(promotion(FixedPrice(scope(), 900))).off(odd) == [300]


def test_goods_without_a_price_get_nothing_and_break_nothing(goods, shop, promotion, scope):
    bag, tea = goods("bag", 0), goods("tea", 1000)
    for effect in (
        PercentOff(scope(), 5000),
        PercentOff(scope(), 5000, units=Units(at_most=1)),
        AmountOff(scope(), 500, "receipt"),
        AmountOff(scope(), 500, "line"),
        AmountOff(scope(), 500, "unit", units=Units(at_most=1)),
        FixedPrice(scope(), 500),
    ):
        assert shop(promotion(effect)).off(bag, tea) == [0, 500]
        assert shop(promotion(effect)).trace(bag).status == "blocked"


def test_a_hundred_thousand_pieces(goods, shop, promotion, scope):
    sack = goods("nail", 10, 100_000)
    assert shop(promotion(PercentOff(scope(), 1050))).off(sack) == [105_000]
    assert shop(promotion(AmountOff(scope(), 1, "unit"))).off(sack) == [100_000]
    assert shop(promotion(FixedPrice(scope(), 7))).off(sack) == [300_000]
    most = promotion(PercentOff(scope(), 10_000, units=Units(at_most=9_999)))
    assert shop(most).off(sack) == [99_990]
    assert shop(promotion(PercentOff(scope(), 10_000))).price(sack).payable_minor == 100_000


def test_the_order_of_choice_holds_also_where_all_pieces_are_taken(goods, shop, promotion, scope):
    """One piece costs 1.00 already; 23.54 off each piece takes it first, as the rule says."""
    one_at_a_hryvnia = promotion(
        FixedPrice(scope(), 100, Units(at_most=1, pick="dearest")), "one", priority=9
    )
    off_each = promotion(
        AmountOff(scope(), 2354, "unit", overflow="drop", units=Units(pick="cheapest")), "each"
    )
    store = shop(one_at_a_hryvnia, off_each, unit_floor_minor=1, policies=Policies(pick="dearest"))
    line = goods("a", 23925, 2, sum_minor=47852)
    quote = store.price(line)
    assert [applied.amount_minor for applied in quote.promotions] == [23826, 2454]
