"""Which lines a scope holds: one line inside and one outside for every field."""

from __future__ import annotations

import pytest

from loyalty.promotions.conditions import ReceiptValue
from loyalty.promotions.effects import AccruePercent, PercentOff
from loyalty.promotions.scope import Scope


def one(name: str) -> frozenset[str]:
    return frozenset({name})


@pytest.mark.parametrize(
    ("scope", "inside", "outside"),
    [
        (Scope(skus=one("a")), {"sku": "a"}, {"sku": "b"}),
        (Scope(groups=one("dairy")), {"groups": ("dairy",)}, {"groups": ("bread",)}),
        (Scope(groups=one("dairy")), {"groups": ("hard_cheese",)}, {"groups": ()}),
        (Scope(groups=one("hard_cheese")), {"groups": ("hard_cheese",)}, {"groups": ("cheese",)}),
        (Scope(brands=one("Рошен")), {"brand": "Рошен"}, {"brand": "рошен"}),
        (Scope(tags=one("bio")), {"tags": ("new", "bio")}, {"tags": ("new",)}),
        (Scope(True, price_min_minor=1000), {"price": 1000}, {"price": 999}),
        (Scope(True, price_max_minor=1000), {"price": 1000}, {"price": 1001}),
        (
            Scope(True, price_min_minor=500, price_max_minor=1000),
            {"price": 500},
            {"price": 499},
        ),
        (Scope(True, only_reduced=True), {"price_kind": "reduced"}, {"price_kind": "shelf"}),
        (Scope(True, excludes_reduced=True), {"price_kind": "shelf"}, {"price_kind": "reduced"}),
        (Scope(True, excluded_skus=one("a")), {"sku": "b"}, {"sku": "a"}),
        (
            Scope(True, excluded_groups=one("cheese")),
            {"groups": ("dairy",)},
            {"groups": ("hard_cheese",)},
        ),
        (Scope(True, excluded_brands=one("Рошен")), {"brand": ""}, {"brand": "Рошен"}),
        (Scope(True, excluded_tags=one("bio")), {"tags": ("new",)}, {"tags": ("new", "bio")}),
        (
            Scope(groups=one("dairy"), excluded_skus=one("a")),
            {"groups": ("cheese",), "sku": "b"},
            {"groups": ("cheese",), "sku": "a"},
        ),
        (
            Scope(skus=one("a"), only_reduced=True),
            {"sku": "a", "price_kind": "reduced"},
            {"sku": "b", "price_kind": "reduced"},
        ),
        (Scope(True), {}, {"goods_class": "tobacco"}),
        (Scope(True), {"goods_class": "alcohol"}, {"uktzed": "2402200000"}),
        (Scope(True), {}, {"goods_class": "gift_card"}),
        (Scope(True), {}, {"price_kind": "override"}),
        (Scope(skus=one("a")), {"sku": "a"}, {"sku": "a", "uktzed": "8543400000"}),
    ],
)
def test_inside_and_outside(goods, shop, promotion, scope, inside, outside):
    def line(fields: dict[str, object]):
        values = {"groups": (), **fields}
        return goods(values.pop("sku", "x"), values.pop("price", 1000), **values)

    first, second = line(inside), line(outside)
    off = shop(promotion(PercentOff(scope, 1000))).off(first, second)
    assert off == [first.sum_minor // 10, 0]


def test_listed_in_one_way_is_enough(goods, shop, promotion):
    scope = Scope(skus=one("a"), groups=one("dairy"), brands=one("B"), tags=one("t"))
    lines = [
        goods("a", 1000),
        goods("x", 1000, groups=("cheese",)),
        goods("y", 1000, brand="B"),
        goods("z", 1000, tags=("t",)),
        goods("w", 1000),
    ]
    assert shop(promotion(PercentOff(scope, 1000))).off(*lines) == [100, 100, 100, 100, 0]


def test_the_price_band_is_of_the_shelf_price_of_one_unit(goods, shop, promotion):
    rule = promotion(PercentOff(Scope(True, price_max_minor=20_000), 1000))
    kilo = goods("cheese", 20_000, unit="кг", qty_milli=3000)
    assert shop(rule).off(kilo, goods("a", 20_001)) == [6_000, 0]


def test_what_the_programme_leaves_out_neither_triggers_nor_receives(goods, shop, promotion, scope):
    rule = promotion(PercentOff(scope(), 1000), conditions=(ReceiptValue(2000),))
    earn = promotion(AccruePercent(scope(), 1000), "earn")
    for fields, programme in (
        ({"groups": ("hard_cheese",)}, {"excluded_groups": one("cheese")}),
        ({"tags": ("bulk",)}, {"excluded_tags": one("bulk")}),
    ):
        left_out = goods("x", 1500, **fields)
        quote = shop(rule, earn, **programme).price(left_out, goods("tea", 1000))
        assert (quote.traces[0].reason, quote.traces[0].seen) == ("receipt_value", "10.00")
        assert [line.accrual_points for line in quote.lines] == [0, 100]
        more = shop(rule, earn, **programme).price(left_out, goods("tea", 2000))
        assert [line.discount_minor for line in more.lines] == [0, 200]


def test_equal_goods_at_two_prices_are_told_apart(goods, shop, promotion):
    """The memory of places must not mistake a reduced line for the same goods at their price."""
    rule = promotion(PercentOff(Scope(skus=one("a"), excludes_reduced=True), 1000))
    till = shop(rule)
    for _ in range(2):
        assert till.off(goods("a", 1000), goods("a", 1000, price_kind="reduced")) == [100, 0]
