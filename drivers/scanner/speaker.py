"""The register's own speaker, for readers that cannot be told anything.

Linux: the PC speaker is an input device that takes tones as events (`EV_SND`, `SND_TONE`, hertz;
linux/input.h). Windows: `winsound.Beep`, not yet run on Windows.
"""

from __future__ import annotations

import os
import struct
import sys
import time
from collections.abc import Callable, Mapping
from typing import Final

from drivers.base import ScanSignal

EV_SND: Final = 0x12
SND_TONE: Final = 0x02
_EVENT: Final = struct.Struct("llHHi")

TONES: Final[Mapping[ScanSignal, tuple[tuple[int, int], ...]]] = {
    "found": ((2400, 80),),
    "unknown": ((400, 250),),
    "expired": ((1200, 90), (600, 90)),
}
"""(hertz, milliseconds) one after the other."""


class Speaker:
    """Plays one signal; blocks for its length, at most a quarter of a second.

    `path` is the speaker's event device, usually
    `/dev/input/by-path/platform-pcspkr-event-spkr`; "windows" uses the system's beep."""

    def __init__(self, path: str, pause: Callable[[float], None] = time.sleep) -> None:
        self._path = path
        self._pause = pause

    def play(self, signal: ScanSignal) -> bool:
        """True when it was played; a speaker that is not there is silence, not an error."""
        if sys.platform == "win32":
            import winsound

            for hertz, millis in TONES[signal]:
                winsound.Beep(hertz, millis)
            return True
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            for hertz, millis in TONES[signal]:
                os.write(handle, _EVENT.pack(0, 0, EV_SND, SND_TONE, hertz))
                self._pause(millis / 1000)
            os.write(handle, _EVENT.pack(0, 0, EV_SND, SND_TONE, 0))
        except OSError:
            return False
        finally:
            os.close(handle)
        return True
