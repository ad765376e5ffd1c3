"""Sets of goods: N for M, every Nth piece and set prices, over the pieces they use up."""

from __future__ import annotations

import pytest

from loyalty.promotions.conditions import CompleteSet, ScopeQuantity
from loyalty.promotions.effects import (
    AmountOff,
    NForM,
    NthUnitPercent,
    PercentOff,
    SetPrice,
    Units,
)
from loyalty.promotions.policies import Policies
from loyalty.promotions.scope import Scope, SetPart


def skus(*names: str) -> Scope:
    return Scope(skus=frozenset(names))


def parts(*wanted: tuple[Scope, int]) -> tuple[SetPart, ...]:
    return tuple(SetPart(scope, quantity) for scope, quantity in wanted)


@pytest.mark.parametrize(
    ("effect", "pieces", "off"),
    [
        (NForM(skus("a"), 3, 2), 2, 0),
        (NForM(skus("a"), 3, 2), 3, 1000),
        (NForM(skus("a"), 3, 2), 8, 2000),
        (NForM(skus("a"), 3, 1), 3, 2000),
        (NForM(skus("a"), 3, 2, max_sets=1), 9, 1000),
        (NForM(skus("a"), 2, 1, 5000), 4, 1000),
        (NForM(skus("a"), 2, 0), 4, 3996),
        (NthUnitPercent(skus("a"), 2, 5000), 1, 0),
        (NthUnitPercent(skus("a"), 2, 5000), 5, 1000),
        (NthUnitPercent(skus("a"), 2, 5000, max_units=1), 5, 500),
        (NthUnitPercent(skus("a"), 1, 5000), 3, 1500),
        (SetPrice(parts((skus("a"), 2)), 1500), 1, 0),
        (SetPrice(parts((skus("a"), 2)), 1500), 5, 1000),
        (SetPrice(parts((skus("a"), 2)), 1500, max_sets=1), 5, 500),
        (SetPrice(parts((skus("a"), 2)), 2000), 5, 0),
        (NForM(skus("a"), 3, 2), 100_000, 33_333_000),
        (SetPrice(parts((skus("a"), 3)), 2500), 100_000, 33_333 * 500),
        (NthUnitPercent(skus("a"), 3, 10_000), 100_000, 33_333_000),
    ],
)
def test_how_much_pieces_of_ten_hryvnia_cost_less(goods, shop, promotion, effect, pieces, off):
    assert sum(shop(promotion(effect)).off(goods("a", 1000, pieces))) == off


def test_the_programme_and_the_rule_say_which_piece_is_free(goods, shop, promotion, scope):
    basket = goods("a", 1000), goods("b", 700), goods("c", 400)
    for pick, policy, off in (
        (None, "cheapest", [0, 0, 400]),
        (None, "dearest", [1000, 0, 0]),
        ("dearest", "cheapest", [1000, 0, 0]),
        ("cheapest", "dearest", [0, 0, 400]),
    ):
        rule = promotion(NForM(scope(), 3, 2, pick=pick))
        priced = shop(rule, policies=Policies(pick=policy), unit_floor_minor=0)
        assert priced.off(*basket) == off


def test_every_second_piece_counts_from_the_dearest(goods, shop, promotion, scope):
    rule = promotion(NthUnitPercent(scope(), 2, 5000))
    assert shop(rule).off(goods("a", 1000), goods("b", 900), goods("c", 200), goods("d", 100)) == [
        *(0, 450),
        *(0, 50),
    ]


def test_a_set_takes_its_parts_and_shares_by_value(goods, shop, promotion):
    rule = promotion(SetPrice(parts((skus("coffee"), 1), (skus("bun"), 2)), 6900))
    assert shop(rule).off(goods("coffee", 5500), goods("bun", 1500, 2)) == [1035, 565]
    assert shop(rule).off(goods("coffee", 5500, 2), goods("bun", 1500, 4)) == [2071, 1129]
    assert shop(rule).off(goods("coffee", 5500), goods("bun", 1500)) == [0, 0]


@pytest.mark.parametrize("turn", [1, -1])
def test_parts_that_overlap_give_way_to_each_other(goods, shop, promotion, turn):
    """Coffee fits both parts, and only one of the two ways fills the set."""
    wanted = parts((skus("tea", "coffee"), 1), (skus("coffee", "cocoa"), 2))[::turn]
    basket = goods("coffee", 3000), goods("tea", 3000), goods("cocoa", 3000)
    assert sum(shop(promotion(SetPrice(wanted, 5000))).off(*basket)) == 4000
    effect = AmountOff(Scope(is_all=True), 100, "receipt")
    gift = promotion(effect, conditions=(CompleteSet(wanted),))
    assert sum(shop(gift).off(*basket)) == 100
    assert sum(shop(gift).off(*basket[:2])) == 0


def test_three_parts_in_a_ring_are_filled(goods, shop, promotion):
    wanted = parts((skus("a", "b"), 1), (skus("a", "c"), 1), (skus("c", "a"), 1))
    basket = goods("a", 1000), goods("b", 1000), goods("c", 1000)
    assert sum(shop(promotion(SetPrice(wanted, 2000))).off(*basket)) == 1000
    assert shop(promotion(SetPrice(wanted, 2000))).trace(*basket[:2]).reason == "complete_set"


def test_a_cheap_piece_does_not_keep_dear_ones_from_their_set(goods, shop, promotion, scope):
    """Two for 50: pieces at 10, 40 and 45 make a set of 40 and 45."""
    pair = promotion(SetPrice(parts((scope(), 2)), 5000))
    assert sum(shop(pair).off(goods("a", 1000), goods("b", 4000), goods("c", 4500))) == 3500
    one = promotion(SetPrice(parts((scope(), 2)), 5000, max_sets=1))
    assert sum(shop(one).off(goods("a", 1000, 2), goods("b", 4000, 2))) == 3000
    breakfast = promotion(SetPrice(parts((skus("c1", "c2"), 1), (skus("bun"), 1)), 6900))
    assert sum(shop(breakfast).off(goods("c1", 6000), goods("c2", 7000), goods("bun", 500))) == 600


def test_a_set_of_what_is_cheaper_already_says_so(goods, shop, promotion, scope):
    trace = shop(promotion(SetPrice(parts((scope(), 2)), 5000))).trace(goods("a", 1000, 4))
    assert (trace.status, trace.reason) == ("blocked", "already_cheaper")
    assert (trace.seen, trace.needed) == ("20.00", "50.00")


def test_a_second_set_finds_only_what_the_first_left(goods, shop, promotion, scope):
    first = promotion(SetPrice(parts((skus("a"), 1), (skus("b"), 1)), 1500), "pair", priority=2)
    second = promotion(NForM(scope(), 3, 2), "three")
    traces = shop(first, second).traces(goods("a", 1000, 2), goods("b", 1000), goods("c", 1000))
    assert traces["pair"].amount_minor == 500
    assert (traces["three"].reason, traces["three"].seen) == ("set_quantity", "2")
    traces = shop(first, second).traces(goods("a", 1000, 2), goods("b", 1000), goods("c", 700, 2))
    assert traces["three"].amount_minor == 700


def test_a_percentage_after_a_set_is_of_what_is_still_paid(goods, shop, promotion, scope):
    free = promotion(NForM(scope("tea"), 3, 2), "free", priority=2)
    tenth = promotion(PercentOff(scope(), 1000), "tenth")
    quote = shop(free, tenth).price(goods("tea", 1000, 3), goods("bun", 500))
    assert [applied.amount_minor for applied in quote.promotions] == [1000, 250]
    assert [line.net_minor for line in quote.lines] == [1800, 450]


def test_tobacco_in_the_middle_of_a_set_is_no_piece_of_it(goods, shop, promotion, scope):
    smoke = goods("smoke", 800, goods_class="tobacco")
    rule = promotion(NForM(scope(), 3, 2))
    assert shop(rule).off(goods("a", 1000), smoke, goods("b", 900)) == [0, 0, 0]
    assert shop(rule).off(goods("a", 1000), smoke, goods("b", 900, 2)) == [0, 0, 900]


def test_alcohol_three_for_two_stops_at_the_lowest_price(goods, shop, promotion, scope):
    """What the floor of the free bottle refuses comes off the others, to their floors."""
    rule = promotion(NForM(scope(), 3, 2))
    wine = goods("wine", 20_000, 3, goods_class="alcohol", min_price_minor=17_000)
    assert shop(rule).off(wine) == [9_000]
    mixed = [wine, goods("cheese", 30_000, 3)]
    assert shop(rule).off(*mixed) == [9_000, 31_000]


def test_pieces_without_a_price_stand_in_sets_and_make_them_worthless(
    goods, shop, promotion, scope
):
    trace = shop(promotion(NForM(scope(), 3, 2))).trace(goods("a", 1000, 2), goods("bag", 0))
    assert (trace.status, trace.reason) == ("blocked", "floor")


def test_a_pair_that_is_used_up_takes_its_trigger_too(goods, shop, promotion, scope):
    """Coffee makes one bun half price and both are used; the second bun stays free."""
    pair = promotion(
        PercentOff(scope("bun"), 5000, units=Units(at_most=1)),
        "pair",
        priority=2,
        consume_units=2,
        conditions=(ScopeQuantity(scope("coffee"), 1),),
    )
    cake = promotion(
        PercentOff(scope("cake"), 5000),
        "cake",
        conditions=(ScopeQuantity(scope("coffee"), 1, unused_only=True),),
    )
    bun = promotion(PercentOff(scope("bun"), 1000, units=Units(unused_only=True)), "bun")
    traces = shop(pair, cake, bun).traces(
        goods("coffee", 5000), goods("bun", 2000, 2), goods("cake", 3000)
    )
    assert (traces["cake"].reason, traces["cake"].seen) == ("scope_quantity", "0")
    assert (traces["bun"].amount_minor, traces["bun"].units) == (200, 1)
