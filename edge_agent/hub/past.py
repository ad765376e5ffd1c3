"""Whether `hub.db` is the newest of its own past (condition B4 for a hub).

Each handing out is counted in the file and, before anybody is answered, in an anchor outside the
data folder that is bound to the machine. An image, or a copy on another machine, knows of fewer
than the anchor, or finds none of its own: it hands out nothing in this life of the register.
"""

from __future__ import annotations

import secrets
import threading

from edge_agent.anchor import Anchor
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.ledger.heads import HeadMark
from edge_agent.ledger.hub_file import HubFile, Rows
from edge_agent.ledger.hub_rights import Handed, count_handed, handed


class HubPast:
    """One start of one hub. Methods may be called from any thread."""

    def __init__(self, file: HubFile, anchor: Anchor, epoch: int) -> None:
        self._anchor = anchor
        self._epoch = epoch
        self._lock = threading.Lock()
        self._kept = 0
        self.is_newest = self._is_newest(file.read(lambda c: handed(c, epoch)))
        if not self.is_newest:
            emit(Event.HUB_FAILED, problem="hub.db is older than its own past, or of elsewhere")

    def _is_newest(self, known: Handed) -> bool:
        mark = self._anchor.read()
        if isinstance(mark, HeadMark) and mark.epoch == self._epoch:
            self._kept = mark.seq
            same = known.count > mark.seq or known.stamp == mark.hash.hex()
            return known.count >= mark.seq and same
        is_later_life = isinstance(mark, HeadMark) and mark.epoch < self._epoch
        if known.count == 0 and (mark == "no_anchor" or is_later_life):
            return self._write(known)
        return False

    def count(self, connection: Rows) -> Handed:
        """One more handing out, in its own transaction."""
        return count_handed(connection, self._epoch, secrets.token_hex(32))

    def keep(self, known: Handed) -> bool:
        """Write the anchor; False when the disk refuses: nothing may be answered then."""
        with self._lock:
            if known.count <= self._kept:
                return self.is_newest
            if self._write(known):
                self._kept = known.count
            else:
                self.is_newest = False
            return self.is_newest

    def _write(self, known: Handed) -> bool:
        try:
            self._anchor.write(HeadMark(self._epoch, known.count, bytes.fromhex(known.stamp)))
        except OSError as error:
            emit(Event.ANCHOR_FAILED, problem=str(error))
            return False
        return True
