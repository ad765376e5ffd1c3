"""Exact splitting of an amount over lines that can each take only so much."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty.money import split_by_weight


def spread(
    amount: int, weights: Sequence[int], rooms: Sequence[int], *, moves_overflow: bool
) -> list[int]:
    """Parts of `amount` by weight, none over its room.

    What a full line refuses is dropped, or moves to the lines that have room left until nothing
    moves any more. Lines of weight zero get nothing.
    """
    if amount <= 0 or not any(weights):
        return [0] * len(weights)
    if len(weights) == 1:
        return [min(amount, rooms[0])]
    parts = [
        min(part, room) for part, room in zip(split_by_weight(amount, weights), rooms, strict=True)
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
