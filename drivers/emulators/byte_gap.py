"""The pause between bytes after which a device gives half a frame up."""

from __future__ import annotations

import time
from typing import Final

BYTE_TIMEOUT_S: Final = 0.05


class ByteGap:
    """Tells whether what arrives now comes too late to belong to what came before."""

    def __init__(self) -> None:
        self._fed_at = 0.0

    def passed(self) -> bool:
        """True when the pause since the last call was longer than a gap between bytes."""
        now = time.monotonic()
        late = now - self._fed_at > BYTE_TIMEOUT_S
        self._fed_at = now
        return late
