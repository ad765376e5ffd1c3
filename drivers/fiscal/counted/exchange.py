"""How far a fiscal storage is with sending, as a Shtrih-M and an ATOL hand it on. Pure.

    state, reading, count 2, number of the first that waits 4, its year month day hour minute

Numbers are little-endian. The layout is that of command FF39h in pyshtrih 2.0.6, and of command
A4h 20h in github.com/Unact/kkm as far as the number. The age is by the device's own clock, so a
clock that is wrong on either side changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

LENGTH: Final = 13
COUNT: Final = slice(2, 4)
FIRST_AT: Final = 8


def untransmitted_min(data: bytes, now: datetime | None) -> int | None:
    """Minutes since the oldest document that waits was made, 0 when none waits, `None` when the
    answer or the device's clock (`now`) cannot be read."""
    if len(data) < LENGTH:
        return None
    if int.from_bytes(data[COUNT], "little") == 0:
        return 0
    first = moment(data[FIRST_AT:LENGTH])
    if first is None or now is None:
        return None
    return max(0, int((now - first).total_seconds() // 60))


def moment(parts: Sequence[int]) -> datetime | None:
    """Year of this century, month, day, hour, minute and, if there, second; no zone is told."""
    if len(parts) not in (5, 6):
        return None
    year, month, day, hour, minute, second = (*parts, 0)[:6]
    try:
        return datetime(2000 + year, month, day, hour, minute, second)
    except ValueError:
        return None
