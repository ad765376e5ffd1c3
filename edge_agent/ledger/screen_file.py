"""`screen.db`: what the cashier's screen cost in keys and time, outside of the sacred file.

It can be deleted at any time. Rows hold counts, names of verbs and milliseconds; never a text that
was typed, a member or a sum."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from edge_agent.ledger.database import connect_reader, connect_writer

FILE: Final = "screen.db"
KEPT_DAYS: Final = 90
KEPT_ROWS: Final = 50_000
_INSERT = "INSERT INTO sale_pace VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sale_id) DO NOTHING"
_OLD = "DELETE FROM sale_pace WHERE at < ?"
_MANY = (
    "DELETE FROM sale_pace WHERE at < (SELECT at FROM sale_pace ORDER BY at DESC LIMIT 1 OFFSET ?)"
)


@dataclass(frozen=True, slots=True)
class Pace:
    """One sale on the screen: `way` is how the member was identified, `verbs` how often each act
    was done; `ms` from its first key or scan to its payment."""

    sale_id: str
    at: str
    way: str
    lines: int
    keys: int
    ms: int
    verbs: Mapping[str, int]


class ScreenFile:
    """The one writer of the file; opened with the first sale that is told."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def keep(self, pace: Pace, now: datetime) -> None:
        """Keep one sale; the first account of it stands, old ones go. A full or broken disk costs
        the row and nothing else."""
        values = (pace.sale_id, pace.at, pace.way, pace.lines, pace.keys, pace.ms)
        before = (now - timedelta(days=KEPT_DAYS)).isoformat(timespec="milliseconds")
        with self._lock, suppress(sqlite3.Error):
            if self._connection is None:
                self._connection = connect_writer(self._path, "screen")
            self._connection.execute(_INSERT, (*values, json.dumps(dict(pace.verbs))))
            self._connection.execute(_OLD, (before,))
            self._connection.execute(_MANY, (KEPT_ROWS - 1,))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


def paces(folder: Path) -> list[Pace]:
    """Everything that is kept, oldest first; empty when nothing was told yet."""
    path = folder / FILE
    if not path.is_file():
        return []
    with closing(connect_reader(path)) as connection:
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            return []  # It is being made at this moment.
        rows = connection.execute("SELECT * FROM sale_pace ORDER BY at, sale_id").fetchall()
    return [
        Pace(sale_id, at, way, lines, keys, ms, json.loads(verbs))
        for sale_id, at, way, lines, keys, ms, verbs in rows
    ]
