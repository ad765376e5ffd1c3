"""The pause between bytes after which a device gives half a frame up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

BYTE_TIMEOUT_S: Final = 0.05


class ByteGap:
    """Tells whether what arrives now comes too late to belong to what came before."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._fed_at = clock() - 2 * BYTE_TIMEOUT_S

    def passed(self) -> bool:
        """True when the pause since the last call was longer than a gap between bytes."""
        now = self._clock()
        late = now - self._fed_at > BYTE_TIMEOUT_S
        self._fed_at = now
        return late
