"""When a register looks for news, reports, and sends what can wait. Pure but for its dice."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SyncTiming:
    """How often to look and how long to wait, in seconds. `retry_cap_s` bounds the jittered
    wait after a failure; a longer `Retry-After` is obeyed all the same. A report that is answered
    later than `slow_s` counts as no connection. The cache is compared with the centre every
    `compare_s` or so."""

    poll_min_s: float = 20.0
    poll_max_s: float = 40.0
    heartbeat_s: float = 15.0
    retry_cap_s: float = 300.0
    slow_s: float = 1.5
    compare_s: float = 3_600.0


FEW_ATTEMPTS = 4
CATCH_UP_SPANS = 3


class Pace:
    """The register's own rhythm, stretched to the pace that the centre asks for.

    One allowance serves everything that is routine: after each use the next is half to one and a
    half times the asked pace away, so that registers which came together drift apart. After a
    long outage a register may be one of thousands that come back, and the centre cannot know them
    yet: for a while it then keeps, between requests, the wait that it had between its attempts."""

    def __init__(
        self,
        timing: SyncTiming,
        dice: random.Random | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timing = timing
        self._dice = dice or random.Random()
        self._monotonic = monotonic
        self._asked_s = 0.0
        self._free_at = 0.0
        self._catch_up_s = 0.0
        self._catches_up_until = 0.0

    def returned(self, attempts: int) -> None:
        """The centre answers again after so many attempts that failed."""
        if attempts > FEW_ATTEMPTS:
            self._catch_up_s = min(self._timing.retry_cap_s, 2.0 ** min(attempts, 20))
            self._catches_up_until = self._monotonic() + CATCH_UP_SPANS * self._catch_up_s

    @property
    def catches_up(self) -> bool:
        """Shortly after a long outage: what spends points waits its turn as well."""
        return self._monotonic() < self._catches_up_until

    def asked(self, pace_s: float) -> None:
        """What the centre's last answer asked for."""
        self._asked_s = pace_s

    def used(self) -> None:
        """A routine request was made."""
        gap_s = max(self._asked_s, self._catch_up_s if self.catches_up else 0.0)
        self._free_at = self._monotonic() + gap_s * self._dice.uniform(0.5, 1.5)

    @property
    def wait_s(self) -> float:
        """Seconds until the next routine request may be made."""
        return max(0.0, self._free_at - self._monotonic())

    def poll_in_s(self) -> float:
        """Time to the next look for news when no hint comes."""
        return self._dice.uniform(self._timing.poll_min_s, self._timing.poll_max_s)

    def beat_in_s(self) -> float:
        """Time to the next report."""
        return self._timing.heartbeat_s * self._dice.uniform(0.8, 1.2)

    def compare_in_s(self) -> float:
        """Time to the next comparison of buckets."""
        return self._timing.compare_s * self._dice.uniform(0.5, 1.5)
