"""What one promotion leaves for the next: pieces at two prices, floors of single pieces."""

from __future__ import annotations

from typing import Any

from loyalty.promotions.effects import FixedPrice, NForM


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
