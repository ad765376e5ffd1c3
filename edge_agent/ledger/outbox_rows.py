"""The rows of the outbox that are not with the centre: for people."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from edge_agent.ledger import row_seals
from edge_agent.ledger.database import connect_reader

MAX_ROWS = 1_000
_RETRY = row_seals.update("outbox", {"state": "'pending'"}, "state = 'quarantined'")


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A fact that waits, or that the centre has stored without taking it into its books."""

    epoch: int
    seq: int
    kind: str
    state: str
    created_at: str
    body_bytes: int


def open_rows(path: Path, state: str = "", limit: int = MAX_ROWS) -> list[OutboxRow]:
    """Facts not acknowledged, oldest first; `state` pending or quarantined alone, "" for both."""
    states = (state,) if state else ("pending", "quarantined")
    with closing(connect_reader(path)) as connection:
        rows = connection.execute(
            "SELECT epoch, seq, kind, state, created_at, length(body) FROM outbox "
            f"WHERE state IN ({', '.join('?' * len(states))}) ORDER BY epoch, seq LIMIT ?",
            (*states, limit),
        ).fetchall()
    return [OutboxRow(*row) for row in rows]


def retry_quarantined(connection: sqlite3.Connection) -> int:
    """Offer every quarantined fact to the centre again; how many."""
    return connection.execute(_RETRY).rowcount
