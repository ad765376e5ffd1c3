"""Integer money: rounding with a named mode, exact splits, cash rounding.

All amounts are kopecks (hundredths of a hryvnia). No function accepts or returns a float.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

BASIS_POINTS = 10_000
CASH_STEPS = (0, 10, 50)

SplitMethod = Literal["largest_remainder", "last_line", "half_down_first"]
Tie = Literal["earlier", "later"]
ZeroWeights = Literal["equal", "none"]


def round_half_up(numerator: int, denominator: int) -> int:
    """Divide to the nearest integer, exact halves away from zero; `denominator` > 0."""
    if denominator <= 0:
        raise ValueError("denominator must be positive")
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude


def share_half_up(amount_minor: int, basis_points: int) -> int:
    """`basis_points` of an amount, half-up: discounts round in the buyer's favour."""
    return round_half_up(amount_minor * basis_points, BASIS_POINTS)


def share_down(amount: int, basis_points: int) -> int:
    """`basis_points` of a non-negative amount, rounded down: accruals and limits."""
    return amount * basis_points // BASIS_POINTS


def line_sum(unit_price_minor: int, qty_milli: int) -> int:
    """Price of a quantity in thousandths, half-up (129.99 × 0.345 = 44.85)."""
    return round_half_up(unit_price_minor * qty_milli, 1000)


def split_by_weight(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Split `amount` exactly by largest remainder; ties go to the earlier part.

    Zero weights get zero. A positive amount over weights that sum to zero is an error, for
    there is nobody to carry it.
    """
    if amount < 0 or (weights and min(weights) < 0):
        raise ValueError("amount and weights must not be negative")
    total = sum(weights)
    if amount == 0:
        return (0,) * len(weights)
    if total == 0:
        raise ValueError("cannot split over zero weights")
    products = [amount * weight for weight in weights]
    parts = [product // total for product in products]
    spare = amount - sum(parts)
    if spare == 1:
        rests = [product % total for product in products]
        parts[rests.index(max(rests))] += 1
    elif spare:
        rests = [product % total for product in products]
        # Sorting in reverse keeps equal remainders in their order, so ties go to the earlier part.
        for index in sorted(range(len(rests)), key=rests.__getitem__, reverse=True)[:spare]:
            parts[index] += 1
    return tuple(parts)


def split(
    amount: int,
    weights: Sequence[int],
    *,
    method: SplitMethod = "largest_remainder",
    tie: Tie = "earlier",
    zero_weights: ZeroWeights = "none",
) -> tuple[int, ...]:
    """Split `amount` exactly over `weights` (≥ 0) by a named method; Σ parts = amount.

    `largest_remainder`: rounded down, spare kopecks to the biggest remainders, ties to the
    `tie` line. `last_line`: rounded down, the rest on the last line with a weight.
    `half_down_first`: each part rounded half-down, spare kopecks one by one from the first line
    with a weight. A part never has another sign than the amount, a negative amount is split like
    its mirror, and weight zero gets zero. When all weights are zero, `equal` shares equally and
    `none` raises `ValueError` for an amount other than zero.
    """
    if amount < 0:
        mirror = split(-amount, weights, method=method, tie=tie, zero_weights=zero_weights)
        return tuple(-part for part in mirror)
    if zero_weights == "equal" and weights and not any(weights):
        weights = (1,) * len(weights)
    if method == "largest_remainder":
        if tie == "earlier":
            return split_by_weight(amount, weights)
        return split_by_weight(amount, weights[::-1])[::-1]
    if amount == 0 or any(weight < 0 for weight in weights) or not any(weights):
        return split_by_weight(amount, weights)
    return (_rest_on_last if method == "last_line" else _half_down_first)(amount, weights)


def _rest_on_last(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    total = sum(weights)
    parts = [amount * weight // total for weight in weights]
    last = max(index for index, weight in enumerate(weights) if weight)
    parts[last] += amount - sum(parts)
    return tuple(parts)


def _half_down_first(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    total = sum(weights)
    parts = [(2 * amount * weight + total - 1) // (2 * total) for weight in weights]
    spare = amount - sum(parts)
    step = 1 if spare > 0 else -1
    takers = [i for i, weight in enumerate(weights) if weight and (step > 0 or parts[i])]
    # Fewer than len(takers) kopecks are ever spare: each part is at most half a kopeck off.
    for index in takers[: abs(spare)]:
        parts[index] += step
    return tuple(parts)


def round_cash(amount_minor: int, step_minor: int) -> int:
    """Round the cash part of a total to `step_minor` kopecks; 0 means no rounding.

    Source: NBU Board resolutions 25 (2018) and 115 (2025): 10-kopeck scheme 1–4 down, 5–9 up;
    50-kopeck scheme 1–24 → 00, 25–74 → 50, 75–99 → next hryvnia.
    """
    if step_minor not in CASH_STEPS:
        raise ValueError(f"cash rounding step must be one of {CASH_STEPS}")
    if step_minor == 0:
        return amount_minor
    return round_half_up(amount_minor, step_minor) * step_minor


def format_minor(amount_minor: int) -> str:
    """Plain text of an amount with a dot and two digits: 123450 → "1234.50"."""
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{abs(amount_minor) // 100}.{abs(amount_minor) % 100:02d}"
