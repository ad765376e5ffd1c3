"""Wall clock, corrected by the last known offset to the centre, and monotonic time.

Rules run on corrected time in Europe/Kyiv; ledger amounts and authorisations never depend on it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

MAX_TRUSTED_ERROR_MS = 60_000


@dataclass(frozen=True, slots=True)
class ClockState:
    """Which clock stamps a sale, and its offset to the centre in milliseconds."""

    source: Literal["centre", "device", "unsure"]
    offset_ms: int


class Clock:
    """Time as the agent uses it; `wall` and `monotonic` can be replaced by a simulation."""

    def __init__(
        self,
        zone: str = "Europe/Kyiv",
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._zone = ZoneInfo(zone)
        self._wall = wall
        self.monotonic = monotonic
        self._lock = threading.Lock()
        self._state = ClockState("unsure", 0)

    def learn(self, offset_ms: int, error_ms: int) -> None:
        """Take a sample of (centre − here); samples with an error over a minute are ignored."""
        if error_ms <= MAX_TRUSTED_ERROR_MS:
            with self._lock:
                self._state = ClockState("centre", offset_ms)

    @property
    def state(self) -> ClockState:
        """Current source and offset."""
        with self._lock:
            return self._state

    def now(self) -> datetime:
        """Corrected instant, aware UTC."""
        return self._wall() + timedelta(milliseconds=self.state.offset_ms)

    def machine_stamp(self) -> str:
        """This machine's own, uncorrected instant."""
        return self._wall().isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def local(self) -> datetime:
        """Corrected instant in the rules' time zone."""
        return self.now().astimezone(self._zone)

    def stamp(self) -> str:
        """Corrected instant as ISO 8601 with `Z` and milliseconds."""
        return self.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
