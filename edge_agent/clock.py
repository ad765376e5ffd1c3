"""Wall clock, corrected by the last known offset to the centre, and monotonic time.

Once the centre has told its time, this clock runs on the machine's monotonic one from there: a
wall clock that somebody sets, or that jumps, changes nothing until the next start. What was learnt
is kept in a file with the boot it belongs to; after another boot the wall clock is corrected by
the kept offset, and is "unsure" when that leads behind what was already stamped.

Rules run on corrected time in Europe/Kyiv; ledger amounts and authorisations never depend on it.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from sync.durable_file import write_durably

MAX_TRUSTED_ERROR_MS = 60_000
OFF_MS = 5 * 60 * 1_000
DRIFT_PPM = 100
KEEP_EVERY_S = 300.0
_MS = timedelta(milliseconds=1)
_BOOT_FILE = Path("/proc/sys/kernel/random/boot_id")


def machine_monotonic() -> float:
    """Seconds that no setting of the clock changes; on Linux they count while it sleeps, too."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def machine_boot() -> str:
    """A name of this run of the machine, within which monotonic time goes on; "" when unknown."""
    try:
        return _BOOT_FILE.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


@dataclass(frozen=True, slots=True)
class ClockState:
    """Which clock stamps a sale, the machine's offset to the centre and how wrong that may be,
    both in milliseconds. The offset is centre less machine."""

    source: Literal["centre", "device", "unsure"]
    offset_ms: int
    error_ms: int = 0

    @property
    def is_off(self) -> bool:
        """The machine's clock is over five minutes away from the centre's."""
        return abs(self.offset_ms) > OFF_MS


@dataclass(frozen=True, slots=True)
class _Anchor:
    """The centre's time at an instant of the monotonic clock, and its error then."""

    at: datetime
    monotonic: float
    error_ms: int

    def now(self, monotonic: float) -> datetime:
        return self.at + timedelta(seconds=monotonic - self.monotonic)

    def error_at(self, monotonic: float) -> int:
        """The error grows with the drift of a cheap crystal."""
        return self.error_ms + int(abs(monotonic - self.monotonic) * DRIFT_PPM / 1_000)


class Clock:
    """Time as the agent uses it; `wall`, `monotonic` and `boot` can be replaced by a simulation.

    `keep` is the file that remembers across starts; methods may be called from any thread."""

    def __init__(
        self,
        zone: str = "Europe/Kyiv",
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = machine_monotonic,
        boot: Callable[[], str] = machine_boot,
        keep: Path | None = None,
    ) -> None:
        self._zone = ZoneInfo(zone)
        self._wall = wall
        self.monotonic = monotonic
        self._boot = boot()
        self._keep = keep
        self._kept_at: float | None = None
        self._lock = threading.Lock()
        self._anchor: _Anchor | None = None
        self._last_offset = timedelta()
        self._is_sure = False
        if keep is not None:
            self._remember(keep)

    def learn(self, offset_ms: int, error_ms: int) -> None:
        """Take a sample of (centre − here). One with an error over a minute is ignored, and so is
        one that is less exact than what is known, unless it contradicts it."""
        if error_ms > MAX_TRUSTED_ERROR_MS:
            return
        here = self.monotonic()
        fresh = _Anchor(self._wall() + offset_ms * _MS, here, error_ms)
        with self._lock:
            known = self._anchor
            if known is not None:
                apart_ms = abs((fresh.at - known.now(here)) / _MS)
                agrees = apart_ms <= known.error_at(here) + error_ms
                if agrees and known.error_at(here) < error_ms:
                    return
            self._anchor, self._is_sure = fresh, True
        self._write_down(here)

    @property
    def state(self) -> ClockState:
        """Current source, offset and error."""
        here, wall = self.monotonic(), self._wall()
        with self._lock:
            if self._anchor is not None:
                offset_ms = round((self._anchor.now(here) - wall) / _MS)
                return ClockState("centre", offset_ms, self._anchor.error_at(here))
            source: Literal["centre", "unsure"] = "centre" if self._is_sure else "unsure"
            return ClockState(source, round(self._last_offset / _MS))

    def now(self) -> datetime:
        """Corrected instant, aware UTC."""
        with self._lock:
            if self._anchor is not None:
                return self._anchor.now(self.monotonic())
            return self._wall() + self._last_offset

    def machine_stamp(self) -> str:
        """This machine's own, uncorrected instant."""
        return _text(self._wall())

    def local(self) -> datetime:
        """Corrected instant in the rules' time zone."""
        return self.now().astimezone(self._zone)

    def stamp(self) -> str:
        """Corrected instant as ISO 8601 with `Z` and milliseconds."""
        return _text(self.now())

    # --- what is kept -------------------------------------------------------------------------

    def _write_down(self, here: float) -> None:
        """Keep what is known, now and then. A disk that refuses costs exactness, no sale."""
        due = self._kept_at is None or here - self._kept_at >= KEEP_EVERY_S
        anchor = self._anchor
        if self._keep is None or anchor is None or not due:
            return
        self._kept_at = here
        now = anchor.now(here)
        kept = {
            "boot": self._boot,
            "monotonic": here,
            "centre": _text(now),
            "error_ms": anchor.error_at(here),
            "offset_ms": round((now - self._wall()) / _MS),
        }
        with suppress(OSError):
            write_durably(self._keep, json.dumps(kept).encode())

    def _remember(self, keep: Path) -> None:
        try:
            kept = json.loads(keep.read_bytes())
            centre = datetime.fromisoformat(kept["centre"])
            monotonic, error_ms = float(kept["monotonic"]), int(kept["error_ms"])
            offset = int(kept["offset_ms"]) * _MS
        except (OSError, ValueError, TypeError, KeyError, OverflowError):
            return
        if centre.tzinfo is None:
            return
        if self._boot and kept.get("boot") == self._boot and monotonic <= self.monotonic():
            self._anchor, self._is_sure = _Anchor(centre, monotonic, error_ms), True
            return
        self._last_offset = offset
        # Behind what was stamped before: the wall clock was set back, or its battery is flat.
        self._is_sure = self._wall() + offset >= centre


def _text(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")
