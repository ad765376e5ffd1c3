"""The centre's clock and the texts of its instants."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
KYIV = ZoneInfo("Europe/Kyiv")


def system_clock() -> datetime:
    """Now, aware, UTC."""
    return datetime.now(UTC)


def to_text(instant: datetime) -> str:
    """UTC ISO 8601 with milliseconds and `Z`."""
    text = instant.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def kyiv_date(instant: datetime) -> str:
    """The calendar day in Ukraine, ISO: what expiry of points goes by."""
    return instant.astimezone(KYIV).date().isoformat()
