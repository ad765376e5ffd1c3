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


class Pace:
    """The register's own rhythm, stretched to the pace that the centre asks for.

    One allowance serves everything that is routine: after each use the next is half to one and a
    half times the asked pace away, so that registers which came together drift apart."""

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

    def asked(self, pace_s: float) -> None:
        """What the centre's last answer asked for."""
        self._asked_s = pace_s

    def used(self) -> None:
        """A routine request was made."""
        self._free_at = self._monotonic() + self._asked_s * self._dice.uniform(0.5, 1.5)

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
