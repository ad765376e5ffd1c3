"""A reader in keyboard mode as a `drivers.base.Scanner`: `evdev:PATH` or `rawinput:TEXT`."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from drivers.base import Scan, ScanSignal
from drivers.errors import BadDeviceUrl, DeviceUnavailable
from drivers.registry import BadDriverOption, DriverSpec, Options
from drivers.scanner.evdev_keys import open_evdev
from drivers.scanner.framer import FramerCounters
from drivers.scanner.raw_input import open_raw_input
from drivers.scanner.speaker import Speaker
from drivers.scanner.wedge import READER_GAP_MS, Key, WedgeFramer

SUFFIXES = ("any", "none")
SILENCE_S = 0.3
"""Longer than any reader's pause between two keys."""


class Keys(Protocol):
    """Where keys come from."""

    def read(self, timeout_s: float) -> list[Key]:
        """Keys in order, [] after `timeout_s`; `DeviceUnavailable` when the device is gone."""

    def close(self) -> None:
        """Let the device go."""


class WedgeScanner:
    """Scans of one keyboard device. It cannot beep: only the register's speaker can."""

    def __init__(
        self,
        source: Keys,
        *,
        is_shared: bool = False,
        by_silence: bool = False,
        speaker: Speaker | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._framer = WedgeFramer(READER_GAP_MS if is_shared else None)
        self._by_silence = by_silence
        self._speaker = speaker
        self._clock = clock
        self._heard_at = clock()
        self._ready: deque[Scan] = deque()

    @property
    def counters(self) -> FramerCounters:
        """What was dropped since the device was opened."""
        return self._framer.counters

    @property
    def gap_ms(self) -> int:
        """Median pause between keys."""
        return self._framer.gap_ms

    @property
    def is_unfinished(self) -> bool:
        """A code has begun that no key has ended."""
        return self._framer.has_pending

    def read_scan(self, timeout_s: float) -> Scan | None:
        """Next scan, or `None` after `timeout_s`; `DeviceUnavailable` once the reader is gone."""
        deadline = self._clock() + timeout_s
        while not self._ready:
            left = deadline - self._clock()
            try:
                pressed = self._source.read(max(0.0, min(left, self._patience())))
            except DeviceUnavailable:
                self._framer.reset()
                raise
            self._take(pressed)
            if not pressed and left <= 0:
                break
        return self._ready.popleft() if self._ready else None

    def signal(self, kind: ScanSignal) -> bool:
        """Sound it on the register's speaker, where there is one."""
        return self._speaker is not None and self._speaker.play(kind)

    def close(self) -> None:
        """Let the device go."""
        self._source.close()

    def _patience(self) -> float:
        if not self._by_silence or not self._framer.has_pending:
            return float("inf")
        return max(0.0, self._heard_at + SILENCE_S - self._clock())

    def _take(self, pressed: list[Key]) -> None:
        if pressed:
            self._heard_at = self._clock()
        found = [self._framer.feed(key) for key in pressed]
        if not pressed and self._by_silence and self._framer.has_pending and self._patience() <= 0:
            found.append(self._framer.silence())
        self._ready.extend(scan for scan in found if scan is not None)


def open_wedge_scanner(url: str, options: Options) -> WedgeScanner:
    """Open the device at `url`.

    Options: `shared`, true for a keyboard that people type on as well; `suffix`, "none" for a
    reader that ends its codes by silence alone; `speaker` as of `scanner.serial`."""
    suffix = str(options["suffix"])
    if suffix not in SUFFIXES:
        raise BadDriverOption("bad_option", f"suffix must be one of {', '.join(SUFFIXES)}")
    scheme, _, place = url.partition(":")
    source: Keys
    if scheme == "evdev" and place:
        source = open_evdev(place)
    elif scheme == "rawinput" and place:
        source = open_raw_input(place)
    else:
        raise BadDeviceUrl("bad_device_url", f"{url[:80]!r} must be evdev:PATH or rawinput:TEXT")
    speaker = str(options["speaker"])
    return WedgeScanner(
        source,
        is_shared=bool(options["shared"]),
        by_silence=suffix == "none",
        speaker=Speaker(speaker) if speaker else None,
    )


DRIVER = DriverSpec(
    name="scanner.wedge",
    kind="scanner",
    open=open_wedge_scanner,
    options={"shared": False, "suffix": "any", "speaker": ""},
)
