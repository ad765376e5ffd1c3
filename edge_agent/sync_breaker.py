"""A breaker in front of the questions a sale puts to the centre: it opens on failures and on
slowness, so that at most one sale in a while finds out that the centre hangs."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

SLOW_S = 1.0
FIRST_S = 2.0
CAP_S = 60.0


class Breaker:
    """Closed while answers come in time. One that fails or takes over `slow_s` opens it for half
    to the whole of 2, 4, 8 … 60 seconds; the first good answer after that closes it.

    Methods may be called from any thread."""

    def __init__(
        self,
        slow_s: float = SLOW_S,
        first_s: float = FIRST_S,
        cap_s: float = CAP_S,
        monotonic: Callable[[], float] = time.monotonic,
        dice: random.Random | None = None,
    ) -> None:
        self._slow_s = slow_s
        self._first_s = first_s
        self._cap_s = cap_s
        self._monotonic = monotonic
        self._dice = dice or random.Random()
        self._lock = threading.Lock()
        self._failures = 0
        self._opens_at = 0.0

    @property
    def is_closed(self) -> bool:
        """Questions may be asked."""
        with self._lock:
            return self._monotonic() >= self._opens_at

    def answered(self, took_s: float) -> None:
        """An answer came; a slow one counts as a failure."""
        if took_s > self._slow_s:
            self.failed()
        else:
            with self._lock:
                self._failures = 0
                self._opens_at = 0.0

    def failed(self) -> None:
        """No answer came in time."""
        with self._lock:
            span = min(self._cap_s, self._first_s * 2**self._failures)
            self._failures = min(self._failures + 1, 16)
            self._opens_at = self._monotonic() + span * self._dice.uniform(0.5, 1.0)
