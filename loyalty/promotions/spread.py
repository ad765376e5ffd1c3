"""Exact splitting of an amount over lines that can each take only so much."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty.money import split, split_by_weight
from loyalty.promotions.policies import DEFAULT_POLICIES, Policies


def parts_of(amount: int, weights: Sequence[int], policies: Policies) -> Sequence[int]:
    """Split by the programme's method; weights that are all zero give zeros when refused."""
    if policies.split == "largest_remainder" and policies.tie == "earlier":
        if any(weights) or policies.zero_weights == "none":
            return split_by_weight(amount, weights) if any(weights) else [0] * len(weights)
    elif not any(weights) and policies.zero_weights == "none":
        return [0] * len(weights)
    return split(
        amount,
        weights,
        method=policies.split,
        tie=policies.tie,
        zero_weights=policies.zero_weights,
    )


def spread(
    amount: int,
    weights: Sequence[int],
    rooms: Sequence[int],
    *,
    moves_overflow: bool,
    policies: Policies = DEFAULT_POLICIES,
) -> list[int]:
    """Parts of `amount` by weight, none over its room.

    What a full line refuses is dropped, or moves to the lines that have room left until nothing
    moves any more. Lines of weight zero get nothing.
    """
    if amount <= 0:
        return [0] * len(weights)
    if len(weights) == 1:
        return [min(amount, rooms[0]) if weights[0] else 0]
    parts = [
        min(part, room)
        for part, room in zip(parts_of(amount, weights, policies), rooms, strict=True)
    ]
    while moves_overflow:
        left = amount - sum(parts)
        open_lines = [i for i, room in enumerate(rooms) if weights[i] and parts[i] < room]
        if not left or not open_lines:
            break
        extra = split_by_weight(left, [weights[i] for i in open_lines])
        for index, more in zip(open_lines, extra, strict=True):
            parts[index] = min(parts[index] + more, rooms[index])
    return parts
