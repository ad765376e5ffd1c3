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
_SPAN = LAST_SEQ - FIRST_SEQ + 1


class SequenceCounter:
    """The next SEQ byte; unbound (no journal yet) it is only good for harmless commands."""

    def __init__(self) -> None:
        self._journal: DeviceJournal | None = None
        self._value = secrets.randbelow(_SPAN)
        self._ceiling = 0
        self._last_byte = -1

    def bind(self, journal: DeviceJournal) -> None:
        """Continue after everything that was ever reserved in `journal`."""
        if journal is self._journal:
            return
        self._journal = journal
        stored = journal.get(JOURNAL_KEY) or ""
        self._value = int(stored) if stored.isdecimal() else 0
        self._ceiling = self._value

    def next(self) -> int:
        """A SEQ byte 20h..7Fh that is not the previous one; on disk before it is returned."""
        while True:
            byte = FIRST_SEQ + self._take() % _SPAN
            if byte != self._last_byte:
                self._last_byte = byte
                return byte

    def _take(self) -> int:
        if self._journal is not None and self._value >= self._ceiling:
            self._ceiling = self._value + BLOCK
            self._journal.put(JOURNAL_KEY, str(self._ceiling))
        self._value += 1
        return self._value - 1
