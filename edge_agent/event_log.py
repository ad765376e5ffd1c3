"""Writing events: the one way the agent's own code logs."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from edge_agent.event_codes import Event

_LOGGER = logging.getLogger("edge_agent")


def emit(
    event: Event, *, sale_id: str = "", error: BaseException | None = None, **detail: Any
) -> None:
    """Log one event at its own level. `detail` holds plain JSON values, never member data;
    what looks like a phone, card or token is masked all the same."""
    if _LOGGER.isEnabledFor(event.level):
        _LOGGER.handle(event_record(event, detail, sale_id, error))


def event_record(
    event: Event,
    detail: Mapping[str, Any],
    sale_id: str = "",
    error: BaseException | None = None,
) -> logging.LogRecord:
    """The log record of one event, stamped now."""
    exc_info = (type(error), error, error.__traceback__) if error is not None else None
    record = _LOGGER.makeRecord(
        _LOGGER.name, event.level, "", 0, event.value, (), exc_info, extra={"event": event.value}
    )
    record.sale_id = sale_id
    record.detail = dict(detail)
    return record
