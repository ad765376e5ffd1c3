"""SEQ numbers that two different commands in a row never share, not even across a restart.

A printer that gets the SEQ of the last frame again does not execute the frame but repeats its last
reply, so a restarted program that happens on that SEQ would lose its first command unnoticed. The
counter therefore reserves blocks in the journal, durably, before the first SEQ of a block is used.
"""

from __future__ import annotations

import secrets

from drivers.base import DeviceJournal
from drivers.fiscal.isl.frame import FIRST_SEQ, LAST_SEQ

JOURNAL_KEY = "isl.seq.ceiling"
BLOCK = 16


class SequenceCounter:
    """The next SEQ byte; unbound (no journal yet) it is only good for harmless commands.

    Any protocol with a running byte can use it under a `key` of its own."""

    def __init__(
        self, first: int = FIRST_SEQ, last: int = LAST_SEQ, key: str = JOURNAL_KEY
    ) -> None:
        self._first, self._span, self._key = first, last - first + 1, key
        self._journal: DeviceJournal | None = None
        self._value = secrets.randbelow(self._span)
        self._ceiling = 0
        self._last_byte = -1

    def bind(self, journal: DeviceJournal) -> None:
        """Continue after everything that was ever reserved in `journal`."""
        if journal is self._journal:
            return
        self._journal = journal
        stored = journal.get(self._key) or ""
        self._value = int(stored) if stored.isdecimal() else 0
        self._ceiling = self._value

    def next(self) -> int:
        """A byte from first to last, not the previous one; on disk before it is returned."""
        while True:
            byte = self._first + self._take() % self._span
            if byte != self._last_byte:
                self._last_byte = byte
                return byte

    def _take(self) -> int:
        if self._journal is not None and self._value >= self._ceiling:
            self._ceiling = self._value + BLOCK
            self._journal.put(self._key, str(self._ceiling))
        self._value += 1
        return self._value - 1
