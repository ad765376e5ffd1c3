"""The time a driver lives in: the machine's own, or one that a test or a soak moves itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Pace:
    """A clock in seconds and a way to let some pass."""

    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep


REAL_TIME: Final = Pace()
