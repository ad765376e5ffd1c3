"""Effects on prices: amounts, exact shares, floors, order and consumption."""

from __future__ import annotations

import pytest

from loyalty.promotions.effects import AmountOff, NForM, PercentOff
from loyalty.quote import Quote


def discounts(quote: Quote) -> list[int]:
    return [line.discount_minor for line in quote.lines]


def test_without_rules_the_till_s_sums_stand(goods, shop):
    quote = shop().price(goods("tea", 9990, unit="кг", qty_milli=1005, sum_minor=10041))
    assert (quote.gross_minor, quote.discount_minor, quote.payable_minor) == (10041, 0, 10041)
    assert quote.ruleset_sequence == 5


def test_a_percentage_is_rounded_half_up_once_for_the_rule(goods, shop, promotion, scope):
    rule = promotion(PercentOff(scope(), 1000))
    quote = shop(rule).price(
        *(goods(f"g{i}", price) for i, price in enumerate((106, 206, 306, 406)))
    )
    assert quote.discount_minor == 102
    assert sum(share.amount for share in quote.promotions[0].shares) == 102
    half = shop(promotion(PercentOff(scope(), 300))).price(goods("wine", 1750))
    assert half.discount_minor == 53


def test_shares_go_by_largest_remainder_with_ties_to_the_earlier_line(
    goods, shop, promotion, scope
):
    rule = promotion(AmountOff(scope(), 400, "receipt"))
    assert discounts(shop(rule).price(*(goods(f"g{i}", 200) for i in range(3)))) == [134, 133, 133]
    rule = promotion(AmountOff(scope(), 300, "receipt"))
    priced = shop(rule).price(goods("a", 4300), goods("b", 1400), goods("c", 2300))
    assert discounts(priced) == [161, 53, 86]


@pytest.mark.parametrize(
    ("per", "expected"),
    [("line", [500, 500]), ("unit", [1500, 500]), ("receipt", [375, 125])],
)
def test_a_fixed_amount_per_line_piece_or_receipt(goods, shop, promotion, scope, per, expected):
    rule = promotion(AmountOff(scope("cheese"), 500, per))
    quote = shop(rule).price(goods("cheese", 1000, 3), goods("cheese", 1000), goods("bread", 900))
    assert discounts(quote) == [*expected, 0]


def test_a_group_scope_reaches_the_groups_below_it(goods, shop, promotion, scope):
    rule = promotion(PercentOff(scope("dairy", excluded_groups=frozenset({"hard_cheese"})), 1000))
    quote = shop(rule).price(
        goods("cheese", 1000), goods("hard_cheese", 1000), goods("bread", 1000)
    )
    assert discounts(quote) == [100, 0, 0]


def test_scopes_name_skus_and_tags_and_leave_out_reduced_goods(goods, shop, promotion, scope):
    wanted = scope(
        "none",
        skus=frozenset({"a"}),
        tags=frozenset({"new"}),
        excluded_skus=frozenset({"c"}),
        excluded_tags=frozenset({"bulk"}),
        excludes_reduced=True,
    )
    quote = shop(promotion(PercentOff(wanted, 1000))).price(
        goods("a", 1000),
        goods("b", 1000, tags=("new",)),
        goods("c", 1000, tags=("new",)),
        goods("d", 1000, tags=("new", "bulk")),
        goods("a", 1000, price_kind="reduced"),
        goods("e", 1000),
    )
    assert discounts(quote) == [100, 100, 0, 0, 0, 0]


def test_line_promotions_act_before_receipt_promotions_and_by_priority(
    goods, shop, promotion, scope
):
    quote = shop(
        promotion(PercentOff(scope(), 1000, "receipt"), "whole"),
        promotion(AmountOff(scope(), 100, "line"), "late", priority=1),
        promotion(PercentOff(scope(), 5000), "early", priority=2),
    ).price(goods("tea", 1000))
    assert [(p.promotion_id, p.amount_minor) for p in quote.promotions] == [
        ("early", 500),
        ("late", 100),
        ("whole", 40),
    ]
    assert quote.payable_minor == 360


def test_of_a_group_only_the_first_that_can_act_does(goods, shop, promotion, scope):
    ten = promotion(PercentOff(scope("bread"), 1000), "ten", group="g", priority=9)
    five = promotion(PercentOff(scope(), 500), "five", group="g", priority=5)
    last = promotion(PercentOff(scope(), 100), "last", group="g")
    quote = shop(ten, five, last).price(goods("tea", 1000))
    assert [p.promotion_id for p in quote.promotions] == ["five"]
    assert [(t.status, t.reason) for t in quote.traces] == [
        ("not_met", "no_goods"),
        ("fired", ""),
        ("lost", "group_taken"),
    ]


def test_the_cheapest_of_three_is_free(goods, shop, promotion, scope):
    rule = promotion(NForM(scope(), 3, 2))
    quote = shop(rule).price(goods("a", 1000), goods("b", 600, 2), goods("c", 800))
    assert discounts(quote) == [0, 600, 0]
    six = shop(rule).price(goods("a", 1000, 4), goods("b", 300, 3))
    assert discounts(six) == [0, 600]


def test_a_set_over_single_pieces_costs_exactly_what_is_paid(goods, shop, promotion, scope):
    """The floor keeps a kopeck on the free piece, so that kopeck comes off the paid ones."""
    quote = shop(promotion(NForM(scope(), 3, 2))).price(*(goods(f"g{i}", 1000) for i in range(3)))
    assert quote.discount_minor == 1000
    assert all(line.paid_minor >= 1 for line in quote.lines)


def test_a_weighed_line_is_one_piece(goods, shop, promotion, scope):
    rule = promotion(NForM(scope(), 3, 2))
    weighed = [goods("cheese", 10_000, unit="кг", qty_milli=1500 + n) for n in range(2)]
    assert shop(rule).price(*weighed).discount_minor == 0
    third = goods("cheese", 10_000, unit="кг", qty_milli=300)
    assert shop(rule).price(*weighed, third).discount_minor == 3000


def test_a_piece_is_used_by_one_set_only(goods, shop, promotion, scope):
    first = promotion(NForM(scope(), 3, 2), "first", priority=1)
    second = promotion(NForM(scope(), 2, 1), "second")
    quote = shop(first, second).price(goods("tea", 1000, 4))
    assert [p.amount_minor for p in quote.promotions] == [1000]
    assert (quote.traces[1].reason, quote.traces[1].seen) == ("set_quantity", "1")
    five = shop(first, second).price(goods("tea", 1000, 5))
    assert [p.amount_minor for p in five.promotions] == [1000, 1000]


def test_a_set_after_a_percentage_frees_a_piece_at_its_lower_price(goods, shop, promotion, scope):
    quote = shop(
        promotion(PercentOff(scope(), 2000), "percent", priority=1),
        promotion(NForM(scope(), 3, 2), "set"),
    ).price(goods("tea", 1000, 3))
    assert [p.amount_minor for p in quote.promotions] == [600, 800]


def test_no_line_falls_under_its_lowest_price(goods, shop, promotion, scope):
    rule = promotion(PercentOff(scope(), 5000))
    quote = shop(rule).price(goods("cognac", 10_000, 2, min_price_minor=8_000), goods("tea", 1000))
    assert discounts(quote) == [4000, 500]
    whole = shop(promotion(PercentOff(scope(), 10_000))).price(goods("tea", 1000, 3))
    assert whole.payable_minor == 3
    free = shop(promotion(PercentOff(scope(), 10_000)), unit_floor_minor=0).price(
        goods("tea", 1000)
    )
    assert free.payable_minor == 0


def test_what_a_floor_refuses_moves_only_in_receipt_promotions(goods, shop, promotion, scope):
    lines = [("cognac", 10_000, 9_500), ("tea", 10_000, 0)]
    for per, expected in (("line", [500, 1000]), ("receipt", [500, 1500])):
        quote = shop(promotion(PercentOff(scope(), 1000, per))).price(
            *(goods(sku, price, min_price_minor=floor) for sku, price, floor in lines)
        )
        assert discounts(quote) == expected


def test_a_weighed_floor_is_rounded_up(goods, shop, promotion, scope):
    rule = promotion(PercentOff(scope(), 9000))
    quote = shop(rule).price(goods("wine", 10_000, unit="л", qty_milli=333, min_price_minor=9_000))
    assert quote.payable_minor == 2997
    assert quote.traces[0].status == "fired"


def test_a_promotion_that_floors_refuse_is_blocked_with_its_reason(goods, shop, promotion, scope):
    trace = shop(promotion(PercentOff(scope(), 1000))).trace(
        goods("cognac", 10_000, min_price_minor=10_000)
    )
    assert (trace.status, trace.reason) == ("blocked", "floor")


def test_a_manual_discount_is_seen_by_no_rule_and_keeps_the_total_exact(
    goods, shop, promotion, scope
):
    manual = goods("manual", -800, price_kind="manual_discount")
    quote = shop(promotion(PercentOff(scope(), 5000))).price(goods("tea", 1000), manual)
    assert discounts(quote) == [199, 0]
    assert quote.payable_minor == 1
    small = goods("manual", -100, price_kind="manual_discount")
    quote = shop(promotion(PercentOff(scope(), 5000))).price(goods("tea", 1000), small)
    assert quote.payable_minor == 400


def test_a_shadow_promotion_is_computed_and_gives_nothing(goods, shop, promotion, scope):
    rule = promotion(PercentOff(scope(), 1000), state="shadow", group="g")
    other = promotion(PercentOff(scope(), 500), "other", group="g")
    quote = shop(rule, other).price(goods("tea", 1000))
    assert [p.promotion_id for p in quote.promotions] == ["other"]
    trace = quote.traces[0]
    assert (trace.status, trace.reason, trace.amount_minor) == ("blocked", "shadow", 100)


def test_an_empty_basket_costs_nothing(shop, promotion, scope):
    quote = shop(promotion(PercentOff(scope(), 1000))).price()
    assert (quote.payable_minor, quote.traces[0].reason) == (0, "no_goods")
