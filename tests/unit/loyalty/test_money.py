"""Rounding, splits and cash schemes, with the vectors of the peers' public tests."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import loyalty
from loyalty.money import (
    format_minor,
    line_sum,
    round_cash,
    round_half_up,
    share_down,
    share_half_up,
    split,
    split_by_weight,
)
from loyalty.points import format_points, minor_to_points, points_to_minor


@pytest.mark.parametrize(
    ("price", "qty_milli", "total"), [(12_999, 345, 4_485), (9_990, 1_005, 10_040), (1, 500, 1)]
)
def test_line_sums_round_half_up(price, qty_milli, total):
    assert line_sum(price, qty_milli) == total


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (400, [200, 200, 200], (134, 133, 133)),
        (300, [4300, 1400, 2300], (161, 53, 86)),
        (300, [123], (300,)),
        (300, [4000, 2000, 2000], (150, 75, 75)),
        (299, [4300, 1400, 2300], (161, 52, 86)),
        (299, [1000, 1000, 1000], (100, 100, 99)),
        (40, [10, 0], (40, 0)),
        (0, [0, 0], (0, 0)),
        (1377, [3000, 1000], (1033, 344)),
        (2000, [3000, 1000], (1500, 500)),
    ],
)
def test_splits_by_largest_remainder(amount, weights, parts):
    assert split_by_weight(amount, weights) == parts


def test_a_split_that_nobody_can_carry_is_refused():
    with pytest.raises(ValueError, match="zero weights"):
        split_by_weight(10, [0, 0])
    with pytest.raises(ValueError, match="negative"):
        split_by_weight(-1, [1])


@pytest.mark.parametrize(
    ("amount", "weights", "options", "parts"),
    [
        (400, [200, 200, 200], {}, (134, 133, 133)),
        (400, [200, 200, 200], {"tie": "later"}, (133, 133, 134)),
        (301, [100, 50, 50, 100], {"tie": "later"}, (100, 50, 50, 101)),
        (400, [200, 200, 200], {"method": "last_line"}, (133, 133, 134)),
        (400, [200, 200, 200, 0], {"method": "last_line"}, (133, 133, 134, 0)),
        (300, [4300, 1400, 2300], {"method": "half_down_first"}, (162, 52, 86)),
        (299, [4300, 1400, 2300], {"method": "half_down_first"}, (161, 52, 86)),
        (-300, [4300, 1400, 2300], {"method": "half_down_first"}, (-162, -52, -86)),
        (1000, [1, 1, 1], {"method": "half_down_first"}, (334, 333, 333)),
        (2, [1, 1, 1], {"method": "half_down_first"}, (0, 1, 1)),
        (1, [0, 1, 1], {"method": "half_down_first"}, (0, 1, 0)),
        (1, [7, 1, 7], {"method": "half_down_first"}, (1, 0, 0)),
        (-20, [100, 100], {}, (-10, -10)),
        (10, [0, 0], {"zero_weights": "equal"}, (5, 5)),
        (10, [0, 0, 0], {"zero_weights": "equal"}, (4, 3, 3)),
        (10, [0, 0, 0], {"zero_weights": "equal", "method": "last_line"}, (3, 3, 4)),
        (0, [0, 0], {"method": "last_line"}, (0, 0)),
        (0, [], {"zero_weights": "equal"}, ()),
    ],
)
def test_splits_by_the_other_methods(amount, weights, options, parts):
    assert split(amount, weights, **options) == parts


@pytest.mark.parametrize("method", ["largest_remainder", "last_line", "half_down_first"])
def test_every_method_refuses_what_nobody_can_carry(method):
    with pytest.raises(ValueError, match="zero weights"):
        split(10, [0, 0], method=method)
    with pytest.raises(ValueError, match="zero weights"):
        split(10, [], method=method, zero_weights="equal")
    with pytest.raises(ValueError, match="negative"):
        split(10, [3, -1], method=method)


@pytest.mark.parametrize(
    ("total", "by_50", "by_10"),
    [
        (10_001, 10_000, 10_000),
        (10_005, 10_000, 10_010),
        (10_024, 10_000, 10_020),
        (10_025, 10_050, 10_030),
        (10_049, 10_050, 10_050),
        (10_051, 10_050, 10_050),
        (10_074, 10_050, 10_070),
        (10_075, 10_100, 10_080),
        (10_099, 10_100, 10_100),
    ],
)
def test_cash_schemes_of_the_national_bank(total, by_50, by_10):
    assert (round_cash(total, 50), round_cash(total, 10), round_cash(total, 0)) == (
        by_50,
        by_10,
        total,
    )
    with pytest.raises(ValueError, match="step"):
        round_cash(total, 5)


def test_percentages_round_half_up_for_discounts_and_down_for_points():
    assert (share_half_up(1_750, 300), share_down(1_750, 300)) == (53, 52)
    assert (round_half_up(-5, 10), round_half_up(5, 10), round_half_up(4, 10)) == (-1, 1, 0)


def test_points_and_money():
    assert (points_to_minor(777, 1), minor_to_points(7, 1)) == (7, 700)
    assert (points_to_minor(250, 100), minor_to_points(250, 100)) == (250, 250)
    assert (format_points(1250), format_points(-5)) == ("12.50", "-0.05")
    assert (format_minor(123_450), format_minor(-5)) == ("1234.50", "-0.05")


def test_the_core_knows_no_floats():
    """Money, points and quantities are integers: no float literal, name or true division."""
    for path in sorted(Path(loyalty.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            where = f"{path.name}:{getattr(node, 'lineno', 0)}"
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), where
            assert not (isinstance(node, ast.Name) and node.id == "float"), where
            assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)), where
