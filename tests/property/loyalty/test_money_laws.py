"""Splits and rounding for all amounts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from loyalty.money import CASH_STEPS, round_cash, round_half_up, split, split_by_weight
from loyalty.promotions.spread import spread

weights = st.lists(st.integers(0, 10**7), min_size=1, max_size=20)


@given(st.integers(0, 10**9), weights)
def test_a_split_is_exact_and_fair(amount: int, parts_by: list[int]) -> None:
    total = sum(parts_by)
    if total == 0:
        return
    parts = split_by_weight(amount, parts_by)
    assert sum(parts) == amount
    for part, weight in zip(parts, parts_by, strict=True):
        assert amount * weight // total <= part <= -(-amount * weight // total)


@given(
    st.integers(-(10**9), 10**9),
    weights,
    st.sampled_from(["largest_remainder", "last_line", "half_down_first"]),
    st.sampled_from(["earlier", "later"]),
    st.sampled_from(["equal", "none"]),
)
def test_every_method_splits_exactly(amount, parts_by, method, tie, zero_weights) -> None:
    if not any(parts_by) and zero_weights == "none":
        return
    parts = split(amount, parts_by, method=method, tie=tie, zero_weights=zero_weights)
    assert sum(parts) == amount
    by = parts_by if any(parts_by) else [1] * len(parts_by)
    total, bound = sum(by), {"largest_remainder": 1, "half_down_first": 2, "last_line": len(by)}
    for part, weight in zip(parts, by, strict=True):
        assert part * amount >= 0
        assert part == 0 or weight
        assert abs(part * total - amount * weight) < bound[method] * total
    mirror = split(-amount, parts_by, method=method, tie=tie, zero_weights=zero_weights)
    assert mirror == tuple(-part for part in parts)


@given(st.integers(0, 10**7), st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6))))
def test_a_spread_fills_all_room_there_is(amount: int, pairs: list[tuple[int, int]]) -> None:
    by, rooms = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    parts = spread(amount, by, rooms, moves_overflow=True)
    assert all(0 <= part <= room for part, room in zip(parts, rooms, strict=True))
    open_room = sum(room for weight, room in pairs if weight)
    assert sum(parts) == min(amount, open_room)
    dropped = spread(amount, by, rooms, moves_overflow=False)
    assert all(less <= more for less, more in zip(dropped, parts, strict=True))


@given(st.integers(-(10**9), 10**9), st.sampled_from(CASH_STEPS))
def test_cash_rounding_goes_to_the_nearest_step(amount: int, step: int) -> None:
    rounded = round_cash(amount, step)
    if step:
        assert rounded % step == 0
        assert 2 * abs(rounded - amount) <= step
    else:
        assert rounded == amount


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**6))
def test_half_up_is_symmetric_and_nearest(numerator: int, denominator: int) -> None:
    rounded = round_half_up(numerator, denominator)
    assert rounded == -round_half_up(-numerator, denominator)
    assert 2 * abs(rounded * denominator - numerator) <= denominator
