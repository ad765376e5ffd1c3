"""Numbered SQL migrations: `schema/NNNN_name.sql`, each with its record in one transaction.

yoyo-migrations was weighed and left out: its lock is a row that a killed process leaves behind
and a person must break; an advisory lock goes with its session.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import resources

from central.db.partitions import ensure_partitions
from central.db.session import connect
from central.errors import SchemaTooNew

_LOCK = 5_260_871_001


def migrations() -> list[tuple[int, str, str]]:
    """(number, name, SQL) in order."""
    folder = resources.files("central.db") / "schema"
    found = []
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".sql"):
            number, _, name = entry.name.removesuffix(".sql").partition("_")
            found.append((int(number), name, entry.read_text(encoding="utf-8")))
    return found


def migrate(url: str) -> int:
    """Apply what is pending, one process at a time; returns how many.

    Raises `SchemaTooNew`, and `DatabaseUnavailable` when nobody answers."""
    steps = migrations()
    with connect(url) as connection:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        connection.execute(
            "create table if not exists migration"
            " (number integer primary key, name text not null, applied_at timestamptz not null)"
        )
        row = connection.execute("select coalesce(max(number), 0) from migration").fetchone()
        current = row[0] if row else 0
        if current > steps[-1][0]:
            raise SchemaTooNew(f"the database is at {current}, this version knows {steps[-1][0]}")
        pending = [step for step in steps if step[0] > current]
        for number, name, text in pending:
            with connection.transaction():
                connection.execute(text.encode())
                connection.execute("insert into migration values (%s, %s, now())", [number, name])
        if pending:
            ensure_partitions(connection, datetime.now(UTC).date())
    return len(pending)
