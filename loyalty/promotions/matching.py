"""Which pieces fill which part of a set, when the scopes of the parts overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Given = dict[int, dict[int, int]]
"""Pieces by key for each part, the parts in the order in which they chose."""


def assign(
    needs: Sequence[int], wants: Sequence[Sequence[int]], free: Mapping[int, int]
) -> tuple[Given, list[tuple[int, int]]]:
    """Fill the parts of one set: (what each takes, [(part, pieces it lacks)]).

    `wants` are the keys a part may take, the preferred first; `free` is how many pieces each key
    has, and a piece fills one part only. The part with the fewest pieces chooses first; when a
    part finds too few, others give way where they can, so a set that can be filled is filled.
    """
    left = dict(free)
    given: Given = {}
    lacking = []
    for number in sorted(range(len(needs)), key=lambda n: sum([left[key] for key in wants[n]])):
        need = needs[number]
        taken = given[number] = {}
        for key in wants[number]:
            count = min(need, left[key])
            if count > 0:
                _take(taken, left, key, count)
                need -= count
        while need:
            moved = _find(number, need, wants, given, left, set())
            if not moved:
                lacking.append((number, need))
                break
            need -= moved
    return given, lacking


def _find(
    part: int,
    most: int,
    wants: Sequence[Sequence[int]],
    given: Given,
    left: dict[int, int],
    seen: set[int],
) -> int:
    """Get the part up to `most` more pieces, if need be by moving other parts; how many."""
    seen.add(part)
    for key in wants[part]:
        if left[key] > 0:
            count = min(most, left[key])
            _take(given[part], left, key, count)
            return count
    for key in wants[part]:
        for other, taken in given.items():
            held = taken.get(key, 0)
            if other in seen or not held:
                continue
            count = _find(other, min(most, held), wants, given, left, seen)
            if count:
                taken[key] -= count
                given[part][key] = given[part].get(key, 0) + count
                return count
    return 0


def _take(taken: dict[int, int], left: dict[int, int], key: int, count: int) -> None:
    left[key] -= count
    taken[key] = taken.get(key, 0) + count
