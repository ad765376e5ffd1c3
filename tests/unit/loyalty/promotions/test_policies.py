"""Every switch on which engines differ, with each engine's own figure."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from loyalty.promotions.effects import AccruePercent, AmountOff, GiftItem, PercentOff, Units
from loyalty.promotions.policies import Policies


def test_every_switch_is_tried_here_with_all_its_values():
    """The names and values this module speaks of are those that exist."""
    text = Path(__file__).read_text(encoding="utf-8")
    hints = get_type_hints(Policies)
    for field in fields(Policies):
        assert f"{field.name}=" in text or f'"{field.name}"' in text, field.name
        for value in get_args(hints[field.name]):
            assert f'"{value}"' in text, (field.name, value)


@pytest.fixture
def off(shop):
    """The discounts of lines under a policy."""

    def ask(rules, lines, **policy):
        return shop(*rules, policies=Policies(**policy)).off(*lines)

    return ask


@pytest.mark.parametrize(
    ("rounding", "of_1750", "of_1050", "of_150", "of_120"),
    [
        ("half_up", 53, 158, 2, 1),
        ("half_down", 52, 157, 1, 1),
        ("half_even", 52, 158, 2, 1),
        ("down", 52, 157, 1, 1),
        ("up", 53, 158, 2, 2),
    ],
)
def test_rounding(goods, off, promotion, scope, rounding, of_1750, of_1050, of_150, of_120):
    """3 % of 17.50, 15 % of 10.50, 1 % of 1.50 and 1 % of 1.20; half-down rounds the price."""
    for percent_bp, price, expected in (
        (300, 1750, of_1750),
        (1500, 1050, of_1050),
        (100, 150, of_150),
        (100, 120, of_120),
    ):
        rule = promotion(PercentOff(scope(), percent_bp))
        assert off([rule], [goods("a", price)], rounding=rounding) == [expected]


@pytest.mark.parametrize(("round_at", "total"), [("rule", 102), ("line", 104), ("unit", 104)])
def test_round_at_over_four_lines(goods, off, promotion, scope, round_at, total):
    lines = [goods(f"g{price}", price) for price in (106, 206, 306, 406)]
    assert sum(off([promotion(PercentOff(scope(), 1000))], lines, round_at=round_at)) == total
    own = promotion(PercentOff(scope(), 1000, round_at=round_at))
    assert sum(off([own], lines)) == total


@pytest.mark.parametrize(("round_at", "total"), [("rule", 32), ("line", 32), ("unit", 33)])
def test_round_at_over_three_pieces(goods, off, promotion, scope, round_at, total):
    rule = promotion(PercentOff(scope(), 1000))
    assert off([rule], [goods("a", 105, 3)], round_at=round_at) == [total]
    chosen = promotion(PercentOff(scope(), 1000, units=Units(at_most=3)))
    assert off([chosen], [goods("a", 105, 3)], round_at=round_at) == [total]


@pytest.mark.parametrize(
    ("split", "even", "uneven"),
    [
        ("largest_remainder", [134, 133, 133], [161, 53, 86]),
        ("last_line", [133, 133, 134], [161, 52, 87]),
        ("half_down_first", [134, 133, 133], [162, 52, 86]),
    ],
)
def test_split(goods, off, promotion, scope, split, even, uneven):
    """4.00 over three lines at 2.00, and 3.00 over 43.00, 14.00 and 23.00."""
    alike = [goods(f"g{n}", 200) for n in range(3)]
    assert off([promotion(AmountOff(scope(), 400, "receipt"))], alike, split=split) == even
    lines = [goods("a", 4300), goods("b", 1400), goods("c", 2300)]
    assert off([promotion(AmountOff(scope(), 300, "receipt"))], lines, split=split) == uneven


@pytest.mark.parametrize(
    ("tie", "one_spare", "two_spare"),
    [("earlier", [134, 133, 133], [167, 167, 166]), ("later", [133, 133, 134], [166, 167, 167])],
)
def test_tie(goods, off, promotion, scope, tie, one_spare, two_spare):
    lines = [goods(f"g{n}", 200) for n in range(3)]
    for amount, expected in ((400, one_spare), (500, two_spare)):
        assert off([promotion(AmountOff(scope(), amount, "receipt"))], lines, tie=tie) == expected


@pytest.mark.parametrize("zero_weights", ["none", "equal"])
def test_zero_weights_take_nothing_off_goods_without_a_price(
    goods, shop, promotion, scope, zero_weights
):
    rule = promotion(AmountOff(scope(), 400, "receipt"))
    till = shop(rule, policies=Policies(zero_weights=zero_weights), unit_floor_minor=0)
    trace = till.trace(goods("a", 0), goods("b", 0))
    assert (trace.status, trace.reason) == ("blocked", "floor")


@pytest.mark.parametrize(("pick", "expected"), [("cheapest", [0, 400]), ("dearest", [1000, 0])])
def test_pick(goods, off, promotion, scope, pick, expected):
    free = promotion(PercentOff(scope(), 10_000, units=Units(at_most=1)))
    lines = [goods("a", 1000, 2), goods("b", 400, 2)]
    assert off([free], lines, pick=pick) == expected


@pytest.mark.parametrize(("percent_basis", "total"), [("gross", 3000), ("net", 2800)])
def test_percent_basis_of_two_percentages(goods, off, promotion, scope, percent_basis, total):
    """10 % and 20 % of 100.00: both of the original price, or one after the other."""
    rules = [promotion(PercentOff(scope(), bp), f"p{bp}") for bp in (1000, 2000)]
    assert off(rules, [goods("a", 10_000)], percent_basis=percent_basis) == [total]
    own = [promotion(PercentOff(scope(), bp, basis=percent_basis), f"p{bp}") for bp in (1000, 2000)]
    assert off(own, [goods("a", 10_000)]) == [total]


@pytest.mark.parametrize(("overflow", "expected"), [("move", [0, 1400]), ("drop", [0, 900])])
@pytest.mark.parametrize("per", ["line", "receipt"])
def test_what_a_floor_refuses(goods, off, promotion, scope, per, overflow, expected):
    """10 % of 50.00 that may not fall and 90.00."""
    lines = [goods("wine", 5000, min_price_minor=5000), goods("tea", 9000)]
    switch = {"line": "line_overflow", "receipt": "receipt_overflow"}[per]
    other = {"line": "receipt_overflow", "receipt": "line_overflow"}[per]
    opposite = "drop" if overflow == "move" else "move"
    rule = promotion(PercentOff(scope(), 1000, per))
    assert off([rule], lines, **{switch: overflow, other: opposite}) == expected
    own = promotion(PercentOff(scope(), 1000, per, overflow=overflow))
    assert off([own], lines, **{switch: opposite}) == expected


@pytest.mark.parametrize(("sequencing", "total"), [("stages", 190), ("priority", 200)])
def test_sequencing(goods, off, promotion, scope, sequencing, total):
    """10 % of the receipt first by priority, 1.00 off the line first by stage."""
    rules = [
        promotion(PercentOff(scope(), 1000, "receipt"), "receipt", priority=9),
        promotion(AmountOff(scope(), 100, "line"), "line", priority=1),
    ]
    assert off(rules, [goods("a", 1000)], sequencing=sequencing) == [total]


@pytest.mark.parametrize(("choice", "winner"), [("priority", "five"), ("benefit", "ten")])
def test_exclusive_choice(goods, shop, promotion, scope, choice, winner):
    five = promotion(PercentOff(scope(), 500), "five", priority=9, is_exclusive=True)
    ten = promotion(PercentOff(scope(), 1000), "ten", is_exclusive=True)
    till = shop(five, ten, policies=Policies(exclusive_choice=choice))
    quote = till.price(goods("a", 1000))
    assert [applied.promotion_id for applied in quote.promotions] == [winner]


@pytest.mark.parametrize(("stops", "points"), [("prices", 95), ("everything", 0)])
def test_exclusive_stops(goods, shop, promotion, scope, stops, points):
    """Other discounts and gifts are stopped in both, accruals in one only."""
    rules = [
        promotion(PercentOff(scope(), 500), "five", is_exclusive=True),
        promotion(PercentOff(scope(), 5000), "half"),
        promotion(GiftItem("mug", (("uk", "Горнятко"),)), "gift"),
        promotion(AccruePercent(scope(), 1000), "earn"),
    ]
    quote = shop(*rules, policies=Policies(exclusive_stops=stops)).price(goods("a", 1000))
    assert (quote.discount_minor, quote.gifts, quote.accrual_points) == (50, (), points)


@pytest.mark.parametrize(("earn_base", "points"), [("money", 1650), ("before_redemption", 2650)])
def test_earn_base(goods, shop, promotion, scope, earn_base, points):
    """Of 265.00 bonuses pay 100.00: 10 % of the money part, or of all."""
    till = shop(promotion(AccruePercent(scope(), 1000)), policies=Policies(earn_base=earn_base))
    quote = till.price(goods("a", 26_500), redeem_points=10_000)
    assert (quote.redeemed_minor, quote.accrual_points) == (10_000, points)


@pytest.mark.parametrize(
    ("allocation", "expected"), [("in_order", [250, 625]), ("member_best", [500, 500])]
)
def test_allocation(goods, off, promotion, scope, allocation, expected):
    """5.00 off the receipt, then half of the tea: it may leave the tea at its full price."""
    rules = [
        promotion(AmountOff(scope(), 500, "receipt"), "amount", priority=9),
        promotion(PercentOff(scope("tea"), 5000, "receipt"), "half"),
    ]
    lines = [goods("bun", 1000), goods("tea", 1000)]
    assert off(rules, lines, allocation=allocation) == expected


def test_allocation_heeds_the_order_of_acting(goods, off, promotion, scope):
    """By priority alone a receipt amount acts before a line one, and leaves it its goods."""
    rules = [
        promotion(AmountOff(scope(), 500, "receipt"), "receipt", priority=9),
        promotion(AmountOff(scope("tea"), 1000, "line"), "line"),
    ]
    lines = [goods("tea", 600), goods("bun", 400)]
    switches = {"sequencing": "priority", "allocation": "member_best"}
    assert off(rules, lines, **switches)[1] == 399, "the bun keeps its kopeck"


@pytest.mark.parametrize(("takes_part", "expected"), [(False, [0, 100]), (True, [100, 100])])
def test_override_takes_part(goods, off, promotion, scope, takes_part, expected):
    lines = [goods("a", 1000, price_kind="override"), goods("b", 1000)]
    rule = promotion(PercentOff(scope(), 1000))
    assert off([rule], lines, override_takes_part=takes_part) == expected
