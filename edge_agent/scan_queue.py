"""Scans that have to wait: the queue that UnifiedPOS asks of a scanner. Pure; time is passed in.

While a question stands on the screen, scans are kept in order and delivered one by one when it is
answered. A scan is for the buyer in front of it: once another sale has begun, or the one it was
made in is over, it is dropped and the cashier is told. What could have been delivered and was not
is dropped after five seconds; a question that nobody closes holds scans for a minute at most.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from loyalty.member import ScanSource

MAX_AGE_S = 5.0
MAX_HOLD_S = 60.0
LIMIT = 16


@dataclass(frozen=True, slots=True)
class HeldScan:
    """A scan, the sale that was open at it ("" for none), and when, on a monotonic clock."""

    text: str
    symbology: str
    sale_id: str
    at_s: float
    source: ScanSource = "scanner"


class ScanQueue:
    """The scans of one register. Not thread safe: its owner has a lock."""

    def __init__(self) -> None:
        self._waiting: deque[HeldScan] = deque()
        self._held_at: float | None = None
        self._free_at = 0.0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def hold(self, now_s: float) -> None:
        """A question opened."""
        self._held_at = now_s

    def release(self, now_s: float) -> None:
        """It is closed: what waits may be taken."""
        self._held_at, self._free_at = None, now_s

    def must_wait(self, now_s: float) -> bool:
        """A scan made now has to wait, for the question or behind others."""
        self._expire(now_s)
        return self._held_at is not None or bool(self._waiting)

    def put(self, scan: HeldScan) -> None:
        """Keep a scan; the oldest goes when there are too many."""
        if len(self._waiting) >= LIMIT:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(scan)

    def take(self, now_s: float, sale_id: str) -> HeldScan | None:
        """The next scan of the buyer whose sale is `sale_id`; nothing while a question stands."""
        self._expire(now_s)
        if self._held_at is not None:
            return None
        while self._waiting:
            scan = self._waiting.popleft()
            age_s = now_s - max(scan.at_s, self._free_at)
            if scan.sale_id == sale_id and age_s <= MAX_AGE_S:
                return scan
            self.dropped += 1
        return None

    def clear(self) -> None:
        """A new sale: nothing of the last buyer is left."""
        self.dropped += len(self._waiting)
        self._waiting.clear()

    def told(self) -> int:
        """How many were dropped since this was last asked."""
        dropped, self.dropped = self.dropped, 0
        return dropped

    def _expire(self, now_s: float) -> None:
        if self._held_at is not None and now_s - self._held_at > MAX_HOLD_S:
            self.release(self._held_at + MAX_HOLD_S)
