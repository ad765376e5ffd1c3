"""A holder's log: facts by sequence, sent until they are acknowledged, pruned only then."""

from __future__ import annotations

from typing import Any

Fact = tuple[Any, ...]
BATCH = 20


class Log:
    """`base` is the sequence of the first fact kept, from 1; `head` that of the last written.

    `chain` stands for the hash chain over everything ever written: two logs of one length that
    parted on the way differ in it.
    """

    __slots__ = ("base", "chain", "facts")

    def __init__(self) -> None:
        self.base = 1
        self.chain = 0
        self.facts: list[Fact] = []

    @property
    def head(self) -> int:
        """Sequence of the newest fact; 0 when there was none."""
        return self.base + len(self.facts) - 1

    def append(self, fact: Fact) -> int:
        """Write a fact; its sequence."""
        self.facts.append(fact)
        self.chain = hash((self.chain, fact))
        return self.base + len(self.facts) - 1

    def waiting(self) -> tuple[int, tuple[Fact, ...]]:
        """The oldest unacknowledged facts and the sequence of the first."""
        return self.base, tuple(self.facts[:BATCH])

    def prune(self, acked: int) -> list[Fact]:
        """Drop what the centre has; what was dropped. An old or doubled answer drops nothing."""
        count = min(acked - self.base + 1, len(self.facts))
        if count <= 0:
            return []
        dropped = self.facts[:count]
        del self.facts[:count]
        self.base += count
        return dropped

    def copy(self) -> Log:
        """As a disk image takes it."""
        twin = Log()
        twin.base, twin.chain, twin.facts = self.base, self.chain, self.facts.copy()
        return twin
