"""The journal of what people did by hand."""

from __future__ import annotations

import uuid
from datetime import datetime

from central.db.bulk import Connection


def note_deed(
    connection: Connection, now: datetime, author: str, verb: str, subject: str, reason: str
) -> None:
    """Who did what to whom, and why."""
    connection.execute(
        "insert into deed (deed_id, done_at, author, verb, subject, reason)"
        " values (%s, %s, %s, %s, %s, %s)",
        [uuid.uuid4(), now, author, verb, subject, reason],
    )
