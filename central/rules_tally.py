"""Sums of a dry run: added receipt by receipt, and process by process."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

MAX_NAMED = 20


@dataclass(slots=True)
class Figures:
    """One side of a comparison: kopecks and hundredths of a bonus."""

    discount_minor: int = 0
    payable_minor: int = 0
    points: int = 0

    def add(self, other: Figures) -> None:
        """Sum up."""
        self.discount_minor += other.discount_minor
        self.payable_minor += other.payable_minor
        self.points += other.points


@dataclass(slots=True)
class Part:
    """Receipts of one store, or of all. `acted`: a promotion acted on it; `changed`: its price or
    its bonuses differ between the two sides."""

    receipts: int = 0
    acted: int = 0
    changed: int = 0
    gross_minor: int = 0
    before: Figures = field(default_factory=Figures)
    after: Figures = field(default_factory=Figures)

    def add(self, other: Part) -> None:
        """Sum up."""
        self.receipts += other.receipts
        self.acted += other.acted
        self.changed += other.changed
        self.gross_minor += other.gross_minor
        self.before.add(other.before)
        self.after.add(other.after)


@dataclass(slots=True)
class Given:
    """What one promotion gave on one side; `trial` counts receipts where it was a shadow."""

    receipts: int = 0
    amount_minor: int = 0
    points: int = 0
    capped: int = 0
    floored: int = 0
    trial: int = 0

    def add(self, other: Given) -> None:
        """Sum up."""
        self.receipts += other.receipts
        self.amount_minor += other.amount_minor
        self.points += other.points
        self.capped += other.capped
        self.floored += other.floored
        self.trial += other.trial


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """A receipt whose price or bonuses differ; they sort by how much, then by id."""

    size: int
    sale_id: str
    store_id: str
    occurred_at: str
    payable_before: int
    payable_after: int
    points_before: int
    points_after: int


@dataclass(slots=True)
class Named:
    """A count, and the first few of what was counted."""

    count: int = 0
    first: list[dict[str, Any]] = field(default_factory=list)

    def note(self, **what: Any) -> None:
        """One more."""
        self.count += 1
        if len(self.first) < MAX_NAMED:
            self.first.append(what)

    def add(self, other: Named) -> None:
        """Sum up; what came first stays first."""
        self.count += other.count
        self.first = (self.first + other.first)[:MAX_NAMED]


@dataclass(slots=True)
class Tally:
    """Everything a dry run counts; `top` biggest changes are kept."""

    top: int = 10
    skipped: int = 0
    stores: dict[str, Part] = field(default_factory=dict)
    given: dict[str, Given] = field(default_factory=dict)
    given_before: dict[str, Given] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    broken: Named = field(default_factory=Named)
    below_floor: Named = field(default_factory=Named)
    below_floor_before: Named = field(default_factory=Named)

    def note_change(self, change: Change) -> None:
        """Keep it when it is among the biggest."""
        if len(self.changes) < self.top:
            heapq.heappush(self.changes, change)
        else:
            heapq.heappushpop(self.changes, change)

    def add(self, other: Tally) -> None:
        """Take over what another process counted."""
        self.skipped += other.skipped
        for name, part in other.stores.items():
            self.stores.setdefault(name, Part()).add(part)
        for mine, theirs in (
            (self.given, other.given),
            (self.given_before, other.given_before),
        ):
            for name, given in theirs.items():
                mine.setdefault(name, Given()).add(given)
        for change in other.changes:
            self.note_change(change)
        self.broken.add(other.broken)
        self.below_floor.add(other.below_floor)
        self.below_floor_before.add(other.below_floor_before)

    def total(self) -> Part:
        """All stores together."""
        return summed(self.stores.values())


def summed(parts: Iterable[Part]) -> Part:
    """One part of many."""
    total = Part()
    for part in parts:
        total.add(part)
    return total
