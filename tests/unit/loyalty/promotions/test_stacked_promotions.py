"""What one promotion leaves for the next: pieces at two prices, floors of single pieces."""

from __future__ import annotations

from typing import Any

from loyalty.promotions.effects import FixedPrice, NForM, PercentOff, SetPrice, Units
from loyalty.promotions.scope import SetPart


def test_a_fixed_price_after_a_set_is_put_on_the_right_lines(
    shop: Any, goods: Any, promotion: Any, scope: Any
) -> None:
    dear = goods("wine", 50_000)
    cheap = [goods("cheese", 300), goods("cheese", 300), goods("cheese", 300)]
    quote = shop(
        promotion(NForM(scope("cheese"), 3, 2), "set", priority=9),
        promotion(FixedPrice(scope("cheese", "wine"), 250), "price"),
    ).price(*cheap, dear)
    by_line = {line.line_id: line.net_minor for line in quote.lines}
    assert by_line["L1"] == 50_000 - 49_750
    assert sorted(by_line[line.line_id] for line in cheap) == [1, 250, 250]
    assert [applied.amount_minor for applied in quote.promotions] == [300, 49_849]


def test_a_whole_line_gets_cheaper_above_the_lawful_price_of_each_piece(
    shop: Any, goods: Any, promotion: Any, scope: Any
) -> None:
    one_cheapest, one_dearest = Units(at_most=1), Units(at_most=1, pick="dearest")
    quote = shop(
        promotion(PercentOff(scope(), 4_000, units=one_cheapest), "one", priority=3),
        promotion(PercentOff(scope(), 2_000), "all", priority=2),
        promotion(PercentOff(scope(), 1_000, units=one_dearest), "dearest", priority=1),
    ).price(goods("wine", 10_000, 2, min_price_minor=6_000, goods_class="alcohol"))
    # 100.00 and 100.00 → 60.00 and 100.00 → 60.00 and 68.00, for the first may not fall further.
    assert [applied.amount_minor for applied in quote.promotions] == [4_000, 3_200, 680]


def test_sets_of_one_promotion_together_keep_the_floor_of_a_line(
    shop: Any, goods: Any, promotion: Any, scope: Any
) -> None:
    parts = (SetPart(scope("cheese")), SetPart(scope("bread")))
    quote = shop(promotion(SetPrice(parts, 0), "pair"), unit_floor_minor=100).price(
        goods("cheese", 1_000, 3), goods("bread", 400), goods("bread", 500), goods("bread", 600)
    )
    assert quote.lines[0].net_minor == 300


def test_an_exclusive_promotion_that_could_not_act_alone_does_not_act_beside_others(
    shop: Any, goods: Any, promotion: Any, scope: Any
) -> None:
    free = Units(at_most=1, unused_only=True)
    quote = shop(
        promotion(NForM(scope("salt"), 1, 0), "salt", priority=2),
        promotion(PercentOff(scope(), 100, units=free), "alone", priority=1, is_exclusive=True),
    ).price(goods("salt", 20), goods("cheese", 9_000))
    assert [applied.promotion_id for applied in quote.promotions] == ["salt"]
    assert quote.traces[1].status == "blocked"


def test_what_cannot_act_does_not_pull_its_group_forward(
    shop: Any, goods: Any, promotion: Any, scope: Any
) -> None:
    late = promotion(PercentOff(scope(), 1_000, per="receipt"), "late", group="g")
    middle = promotion(PercentOff(scope("cheese"), 5_000), "middle")
    early = promotion(NForM(scope("cheese"), 9, 1), "early", group="g", priority=9)
    basket = [goods("cheese", 10_000, 2)]
    with_early = shop(late, middle, early, modes={"g": "best"}).price(*basket)
    without = shop(late, middle, modes={"g": "best"}).price(*basket)
    assert with_early.promotions == without.promotions
    assert [applied.amount_minor for applied in without.promotions] == [10_000, 1_000]


def test_of_equal_pieces_the_line_id_decides_and_not_the_order_of_scanning(
    shop: Any, goods: Any, promotion: Any, scope: Any
) -> None:
    first, second = goods("cheese", 10_000), goods("cheese", 10_000)
    free = shop(promotion(NForM(scope("cheese"), 2, 1), "pair"))
    for lines in ((first, second), (second, first)):
        shares = free.price(*lines).promotions[0].shares
        assert max(shares, key=lambda share: share.amount).line_id == first.line_id
