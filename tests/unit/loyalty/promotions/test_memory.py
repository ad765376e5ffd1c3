"""A quote with the memory of the last one: the same quote, with less decided anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty.promotions.circumstances import Circumstances
from loyalty.promotions.conditions import CodeEntered, ReceiptValue
from loyalty.promotions.effects import AccruePercent, AmountOff, PercentOff
from loyalty.promotions.memory import Memory
from tests.support.pricing.laws import as_bytes


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def rules(promotion, scope):
    """One rule on cheese, one on bread, and one that asks for the whole receipt."""
    return (
        promotion(PercentOff(scope("cheese"), 1000), "cheese"),
        promotion(PercentOff(scope("bread"), 500), "bread"),
        promotion(
            AmountOff(scope("bread"), 100, "receipt"), "rich", conditions=(ReceiptValue(30_000),)
        ),
    )


def kept(memory: Memory, before: dict[int, object]) -> set[int]:
    """Places of the promotions whose decision is the one of the quote before."""
    return {place for place, known in before.items() if memory.decisions.get(place) is known}


def test_one_more_line_decides_only_what_looks_at_it(shop, rules, goods, memory):
    store, cheese = shop(*rules), goods("cheese", 10_000)
    store.price(cheese, memory=memory)
    before = dict(memory.decisions)
    bread = goods("bread", 2_000)
    quote = store.price(cheese, bread, memory=memory)
    assert kept(memory, before) == {0}
    assert as_bytes(quote) == as_bytes(store.price(cheese, bread))
    assert [line.discount_minor for line in quote.lines] == [1_000, 100]


def test_a_rule_about_the_receipt_sees_what_was_added(shop, rules, goods, memory):
    store, bread = shop(*rules), goods("bread", 2_000)
    store.price(bread, memory=memory)
    quote = store.price(bread, goods("cheese", 40_000), memory=memory)
    assert quote.lines[0].discount_minor == 100 + 100


def test_goods_that_changed_at_their_place_are_priced_anew(shop, rules, goods, memory):
    store, cheese = shop(*rules), goods("cheese", 10_000)
    store.price(cheese, memory=memory)
    two = replace(cheese, qty_milli=2_000, sum_minor=20_000)
    assert store.price(two, memory=memory).lines[0].discount_minor == 2_000


def test_a_voided_line_leaves_nothing_behind(shop, rules, goods, memory):
    store, cheese, bread = shop(*rules), goods("cheese", 10_000), goods("bread", 2_000)
    store.price(cheese, bread, memory=memory)
    assert as_bytes(store.price(bread, memory=memory)) == as_bytes(store.price(bread))


def test_points_follow_the_bonuses_that_pay(shop, promotion, scope, goods, memory):
    store = shop(promotion(AccruePercent(scope("cheese"), 1000)))
    cheese = goods("cheese", 10_000)
    whole = store.price(cheese, memory=memory)
    paid = store.price(cheese, memory=memory, redeem_points=2_000)
    assert whole.lines[0].accrual_points == 1_000
    assert paid.redeemed_minor == 2_000
    assert paid.lines[0].accrual_points == 800


def test_the_best_of_a_group_is_weighed_again_when_one_of_it_changes(
    shop, promotion, scope, goods, memory
):
    store = shop(
        promotion(PercentOff(scope("cheese"), 1000), "cheese", group="g"),
        promotion(PercentOff(scope("bread"), 1000), "bread", group="g"),
        modes={"g": "best"},
    )
    cheese = goods("cheese", 10_000)
    assert store.off(cheese, memory=memory) == [1_000]
    assert store.off(cheese, goods("bread", 20_000), memory=memory) == [0, 2_000]


@pytest.mark.parametrize(
    "other",
    [
        {"member": None, "spendable_points": 0},
        {"store_id": "S2"},
        {"locale": "en"},
        {"at": timedelta(minutes=1)},
    ],
)
def test_a_memory_counts_for_its_own_sale_and_minute_only(shop, rules, goods, memory, other):
    store, cheese = shop(*rules), goods("cheese", 10_000)
    store.price(cheese, memory=memory)
    before = dict(memory.decisions)
    if "at" in other:
        other = {"at": memory.facts.local.astimezone() + other["at"]}
    quote = store.price(cheese, memory=memory, **other)
    assert kept(memory, before) == set()
    assert as_bytes(quote) == as_bytes(store.price(cheese, **other))


def test_a_quote_that_failed_leaves_the_memory_empty(shop, promotion, scope, goods, memory):
    coded = promotion(
        PercentOff(scope("cheese"), 1000), conditions=(CodeEntered(frozenset({"KAVA"})),)
    )
    store, cheese = shop(coded), goods("cheese", 10_000)
    store.price(cheese, memory=memory)
    with pytest.raises(TypeError):
        store.price(cheese, memory=memory, around=Circumstances(codes=None))
    assert not memory.decisions
    entered = Circumstances(codes=frozenset({"KAVA"}))
    assert store.off(cheese, memory=memory, around=entered) == [1_000]


def test_a_discount_of_the_till_is_never_remembered(shop, rules, goods, memory):
    store, cheese = shop(*rules), goods("cheese", 10_000)
    manual = goods("manual", -1_000, price_kind="manual_discount")
    store.price(cheese, manual, memory=memory)
    assert not memory.decisions
