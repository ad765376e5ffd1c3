"""The form of one log line: how a record is written, and how a line is read back for people.

Masking happens here, so no handler can write a line that has not passed it.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from edge_agent.event_codes import Event
from edge_agent.redaction import redact, redact_value

MAX_TEXT = 16_000
_JOURNAL_PRIORITY = {"DEBUG": 7, "INFO": 6, "WARNING": 4, "ERROR": 3, "CRITICAL": 2}


class JsonFormatter(logging.Formatter):
    """One masked JSON object a line: at, level, event, sale_id, logger, message, detail, error.

    `journal` puts the priority of sd-daemon(3) in front, so that journalctl knows the level."""

    def __init__(self, journal: bool = False) -> None:
        super().__init__()
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        """The line without its newline."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "at": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", Event.MESSAGE.value),
        }
        if sale_id := getattr(record, "sale_id", ""):
            line["sale_id"] = redact(str(sale_id))
        if not hasattr(record, "event"):
            line["logger"] = record.name
            line["message"] = redact(record.getMessage()[:MAX_TEXT])
        if detail := getattr(record, "detail", None):
            line["detail"] = redact_value(detail)
        if record.exc_info:
            line["error"] = redact(self.formatException(record.exc_info)[-MAX_TEXT:])
        text = json.dumps(line, ensure_ascii=False)
        return f"<{_JOURNAL_PRIORITY.get(record.levelname, 6)}>{text}" if self._journal else text


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a log. A line that is no JSON object has only `message`."""

    at: str = ""
    level: str = ""
    event: str = ""
    sale_id: str = ""
    message: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    error: str = ""

    @property
    def instant(self) -> datetime | None:
        """When it was written, aware; `None` when the line does not say."""
        try:
            at = datetime.fromisoformat(self.at)
        except ValueError:
            return None
        return at if at.tzinfo is not None else None


def parse(line: str) -> Entry:
    """One line as an entry."""
    line = line.rstrip("\n")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return Entry(message=line)
    if not isinstance(value, dict):
        return Entry(message=line)
    texts = {
        key: str(value.get(key, ""))
        for key in ("at", "level", "event", "sale_id", "message", "error")
    }
    detail = value.get("detail")
    return Entry(detail=detail if isinstance(detail, dict) else {}, **texts)


def human(entry: Entry) -> str:
    """A line for people, local time first; a traceback follows on its own lines."""
    at = entry.instant
    if at is None:
        return entry.message or entry.event
    parts = [f"{at.astimezone():%Y-%m-%d %H:%M:%S} {entry.level:<7} {entry.event}"]
    if entry.sale_id:
        parts.append(f"sale {entry.sale_id}")
    parts += [f"{key}={_shown(value)}" for key, value in entry.detail.items()]
    if entry.message:
        parts.append(entry.message)
    line = "  ".join(parts)
    return f"{line}\n{_indent(entry.error)}" if entry.error else line


class HumanFormatter(logging.Formatter):
    """The same masked line, readable, for a terminal."""

    def __init__(self) -> None:
        super().__init__()
        self._json = JsonFormatter()

    def format(self, record: logging.LogRecord) -> str:
        """The record as `edge-agent logs` would print it."""
        return human(parse(self._json.format(record)))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _indent(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
