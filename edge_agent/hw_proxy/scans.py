"""Scans that wait for the long poll of a till: goods and unknown codes, never a member."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from threading import Condition

from edge_agent.identification import Identified

MAX_WAITING = 20
MAX_AGE_S = 10.0
PASSED_REASON = "unknown_code"
MAX_CODE = 64


class WaitingScans:
    """Codes on their way to the till, one a poll, the oldest first; none older than ten seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._now = monotonic
        self._changed = Condition()
        self._codes: deque[tuple[float, str]] = deque(maxlen=MAX_WAITING)
        self._is_over = False

    def heard(self, found: Identified, text: str) -> None:
        """A scan of the register's own reader; members, coupons and payment cards stay here."""
        is_good = found.kind == "product"
        is_unknown = found.kind == "unknown" and found.reason == PASSED_REASON
        if (is_good or is_unknown) and 0 < len(text) <= MAX_CODE and text.isprintable():
            with self._changed:
                self._codes.append((self._now(), text))
                self._changed.notify()

    def next(self, patience_s: float) -> str:
        """The next code, waiting for one; "" when none came."""
        ends = self._now() + patience_s
        with self._changed:
            while not self._is_over:
                while self._codes:
                    at, code = self._codes.popleft()
                    if self._now() - at <= MAX_AGE_S:
                        return code
                left = ends - self._now()
                if left <= 0:
                    break
                self._changed.wait(left)
        return ""

    def end(self) -> None:
        """Let every waiting poll go."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
