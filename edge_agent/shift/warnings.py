"""What the cashier is told before the device refuses to sell. Pure."""

from __future__ import annotations

from typing import Final

WARN_SHIFT_MIN: Final = 23 * 60
SHIFT_MIN: Final = 24 * 60
WARN_UNTRANSMITTED_MIN: Final = 60 * 60
UNTRANSMITTED_MIN: Final = 72 * 60
"""Law 265/95 and order 13: a shift lasts a day at most; documents that the tax service has not got
for 72 hours block the register."""


def warnings_of(age_min: int | None, untransmitted_min: int | None) -> tuple[str, ...]:
    """Codes of sentences, the most pressing first."""
    found = []
    if untransmitted_min is not None and untransmitted_min >= WARN_UNTRANSMITTED_MIN:
        over = untransmitted_min >= UNTRANSMITTED_MIN
        found.append("not_transmitted_72_hours" if over else "untransmitted_60_hours")
    if age_min is not None and age_min >= WARN_SHIFT_MIN:
        found.insert(0, "shift_over_24_hours" if age_min >= SHIFT_MIN else "shift_23_hours")
    return tuple(found)
