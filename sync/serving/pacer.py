"""How often a register may come by routine, so that any number of them stays within a rate.

Every answer carries the pace (`X-Loyalty-Pace`, seconds between two routine requests of one
register; 0 when there is room). Routine are polls, reports, comparisons and facts that only earn;
a sale's question and facts that spend are never held back. After an outage the registers that
come back first are told to go slowly while the others still arrive.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

LIMIT_PER_S = 300.0
FORGET_S = 900.0
LEAST_SHARE = 0.15
_ARRIVALS_S = 10.0
_MAX_PACE_S = 1_800


class Pacer:
    """Counts the registers of one process; `limit_per_s` is what it shall answer at most.

    `seen` may be called from any thread."""

    def __init__(
        self, limit_per_s: float = LIMIT_PER_S, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit_per_s
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._last: OrderedDict[str, float] = OrderedDict()
        self._arrivals: deque[float] = deque()

    def seen(self, register_id: str) -> None:
        """An authenticated request of this register."""
        now = self._monotonic()
        with self._lock:
            if register_id not in self._last:
                self._arrivals.append(now)
            self._last[register_id] = now
            self._last.move_to_end(register_id)
            self._forget(now)

    @property
    def pace_s(self) -> int:
        """Whole seconds between two routine requests of one register, at most half an hour."""
        with self._lock:
            self._forget(self._monotonic())
            arriving = len(self._arrivals) / _ARRIVALS_S
            free = max(self._limit * LEAST_SHARE, self._limit - 1.25 * arriving)
            pace = len(self._last) / free
        return 0 if pace < 1 else min(_MAX_PACE_S, math.ceil(pace))

    def _forget(self, now: float) -> None:
        while self._arrivals and now - self._arrivals[0] > _ARRIVALS_S:
            self._arrivals.popleft()
        while self._last:
            oldest, at = next(iter(self._last.items()))
            if now - at <= max(FORGET_S, 2 * _MAX_PACE_S):
                break
            del self._last[oldest]
