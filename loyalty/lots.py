"""Lots: points with a last day of validity, and the pure ways to take them and give them back.

A `Slice` is the part of one lot that rests in one place (available, a hold, a lease). The same
lot may rest in several places, and one place holds at most one slice per (lot, expiry).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from loyalty.errors import InvalidEntry

NEVER = "9999-12-31"
"""Expiry of points that do not expire; ISO dates compare as text, so this one is always last."""


class Slice(NamedTuple):
    """Points (hundredths of a bonus, over 0) of one lot; `expires_on` is the last valid day."""

    lot_id: str
    points: int
    expires_on: str = NEVER

    @property
    def key(self) -> tuple[str, str]:
        """Nearest expiry first, then by lot: the order in which points are spent."""
        return (self.expires_on, self.lot_id)


Slices = tuple[Slice, ...]


def total(slices: Iterable[Slice]) -> int:
    """Sum of points."""
    return sum(part.points for part in slices)


def take(slices: Slices, points: int) -> Slices:
    """Slices that make up `points`, nearest expiry first; `InvalidEntry` when there are fewer."""
    if points < 0:
        raise InvalidEntry("negative_points", "points to take must not be negative")
    taken: list[Slice] = []
    missing = points
    for part in sorted(slices, key=lambda each: each.key):
        if missing == 0:
            break
        share = min(missing, part.points)
        taken.append(Slice(part.lot_id, share, part.expires_on))
        missing -= share
    if missing:
        raise InvalidEntry("not_enough", f"{points} points wanted, {points - missing} there")
    return tuple(taken)


def take_up_to(slices: Slices, points: int) -> Slices:
    """Like `take`, but never more than there is."""
    return take(slices, min(points, total(slices)))


def add(slices: Slices, more: Iterable[Slice]) -> Slices:
    """Both together, one slice per (expiry, lot), in spending order."""
    sums: dict[tuple[str, str], int] = {}
    for lot, points, until in (*slices, *more):
        if points <= 0:
            raise InvalidEntry("empty_slice", f"a slice of lot {lot} has no points")
        sums[until, lot] = sums.get((until, lot), 0) + points
    return tuple([Slice(lot, points, until) for (until, lot), points in sorted(sums.items())])


def subtract(slices: Slices, less: Iterable[Slice]) -> Slices:
    """What stays after exactly these slices left; `InvalidEntry` when one is not there."""
    sums = {part.key: part.points for part in slices}
    for part in less:
        left = sums.get(part.key, 0) - part.points
        if left < 0 or part.points <= 0:
            raise InvalidEntry("not_enough", f"lot {part.lot_id} does not hold {part.points}")
        sums[part.key] = left
    return tuple(
        [Slice(lot, points, until) for (until, lot), points in sorted(sums.items()) if points]
    )


def last_first(spent: Slices, skip: int, points: int) -> Slices:
    """`points` of what was spent, undone from the end: those spent last come first, and `skip`
    points of that order are passed over, for they came back before."""
    found: list[Slice] = []
    for part in sorted(spent, key=lambda each: each.key, reverse=True):
        passed = min(skip, part.points)
        share = min(points, part.points - passed)
        skip -= passed
        points -= share
        if share:
            found.append(Slice(part.lot_id, share, part.expires_on))
    return add((), found)


def of_lot(slices: Slices, lot_id: str) -> Slices:
    """The slices of one lot."""
    return tuple(part for part in slices if part.lot_id == lot_id)


def expired(slices: Slices, today: str) -> Slices:
    """Slices whose last valid day is before `today` (ISO date)."""
    return tuple(part for part in slices if part.expires_on < today)


def reopened(slices: Iterable[Slice], today: str, grace_days: int) -> Slices:
    """The same lots, valid at least `grace_days` days from `today`; no grace keeps the original."""
    if grace_days == 0:
        return add((), slices)
    least = (date.fromisoformat(today) + timedelta(days=grace_days)).isoformat()
    return add((), (Slice(s.lot_id, s.points, max(s.expires_on, least)) for s in slices))
