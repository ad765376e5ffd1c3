"""`hub.db`: the file of the hub role, and of what a hub has lent to this register."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from edge_agent.ledger.database import Writer

T = TypeVar("T")
Rows = sqlite3.Connection
"""One transaction of the file, as `write` and `read` hand it to their work."""
HubFileFailed = sqlite3.Error
FILE_NAME = "hub.db"


class HubFile:
    """One writing connection; every write is on the disk before the call returns.

    Raises `HubFileFailed` when the disk refuses: nothing of the call is then promised."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer = Writer(path, "hub", "hub")

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in one durable transaction."""
        return self._writer.run(work)

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work`, which changes nothing that was promised."""
        return self._writer.run(work, durable=False)

    def note(self, key: str, value: str) -> None:
        """Keep one of the file's own notes."""
        self.write(
            lambda c: c.execute(
                "INSERT INTO meta VALUES (?,?) ON CONFLICT DO UPDATE SET value = excluded.value",
                (key, value),
            )
        )

    def noted(self, key: str) -> str:
        """A note, "" when there is none."""

        def look(connection: sqlite3.Connection) -> str:
            row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
            return str(row[0]) if row else ""

        return self.read(look)

    def sub_leases(self, epoch: int) -> dict[int, tuple[str, int]]:
        """By member: the lease and the sum that was lent to this life; the newest lease counts."""
        rows = self.read(
            lambda c: c.execute(
                "SELECT member_id, lease_id, points FROM sub_lease WHERE epoch = ?", (epoch,)
            ).fetchall()
        )
        return {row[0]: (row[1], int(row[2])) for row in rows}

    def lent_leases(self) -> frozenset[str]:
        """Own leases of which something was ever handed out here."""
        rows = self.read(lambda c: c.execute("SELECT lease_id FROM lease_given").fetchall())
        return frozenset(row[0] for row in rows)

    def keep_sub_lease(self, epoch: int, member_id: int, lease_id: str, points: int) -> None:
        """A sum only rises; losing it loses no more than a question."""
        self.read(
            lambda c: c.execute(
                "INSERT INTO sub_lease VALUES (?,?,?,?) ON CONFLICT DO UPDATE"
                " SET points = max(points, excluded.points)",
                (epoch, member_id, lease_id, points),
            )
        )

    def close(self) -> None:
        """Finish and close."""
        self._writer.close()
