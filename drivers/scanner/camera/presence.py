"""One event per presentation. Pure: no picture, no clock.

A code held before the camera is one event however long it is held. It counts as gone when it was
not read for `GONE_S` and in at least `GONE_LOOKS` frames that were looked at; a camera that stood
still proves nothing. Another code counts at once.
"""

from __future__ import annotations

from dataclasses import dataclass

GONE_S = 0.8
GONE_LOOKS = 8
MAX_PRESENT = 64


@dataclass(slots=True)
class _Seen:
    last_at_s: float
    looks_since: int = 0


class Presence:
    """Codes now before the camera."""

    def __init__(self) -> None:
        self._present: dict[tuple[str, str], _Seen] = {}

    def looked(self, seen: set[tuple[str, str]], now_s: float) -> None:
        """One frame was looked at and held `seen`, whether new or not."""
        for key in list(self._present):
            state = self._present[key]
            if key in seen:
                state.last_at_s, state.looks_since = now_s, 0
                continue
            state.looks_since += 1
            if state.looks_since >= GONE_LOOKS and now_s - state.last_at_s >= GONE_S:
                del self._present[key]

    def arrived(self, key: tuple[str, str], now_s: float) -> bool:
        """Whether this believed code is a new presentation."""
        is_new = key not in self._present
        if is_new and len(self._present) >= MAX_PRESENT:
            del self._present[min(self._present, key=lambda k: self._present[k].last_at_s)]
        self._present[key] = _Seen(now_s)
        return is_new

    @property
    def keys(self) -> list[tuple[str, str]]:
        """What is before the camera."""
        return list(self._present)

    @property
    def is_empty(self) -> bool:
        """Nothing is before the camera."""
        return not self._present

    def forget(self) -> None:
        """The same code may be told again at once: "scan again"."""
        self._present.clear()
