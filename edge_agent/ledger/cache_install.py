"""A downloaded snapshot made the cache: looked at, given its position, put in place at once."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from edge_agent.ledger.cache_pages import set_meta
from edge_agent.ledger.damage import DamagedRow
from edge_agent.ledger.database import expected_schema, migrations_of, split_statements
from sync.contract.cache_format import FORMAT
from sync.durable_file import sync_folder


def prepare(file: Path, meta: Sequence[tuple[str, str]]) -> None:
    """Check a snapshot file and write its position into it; it is durable afterwards.

    Raises `DamagedRow` or SQLite's own errors when the file cannot be used."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("PRAGMA cell_size_check=ON")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version != FORMAT:
            raise DamagedRow(f"the snapshot has format {version}, not {FORMAT}")
        rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
        if dict(tuple(row) for row in rows) != snapshot_schema():
            raise DamagedRow("the snapshot's tables are not those of its format")
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise DamagedRow(f"the snapshot is damaged: {found}")
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("BEGIN")
        set_meta(connection, meta)
        for number, _, sql in later_migrations():
            for statement in split_statements(sql):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={number}")
        connection.execute("COMMIT")


def later_migrations() -> list[tuple[int, str, str]]:
    """Migrations of what only a register keeps, after those that make the snapshot's format."""
    return [step for step in migrations_of("cache") if step[0] > FORMAT]


def snapshot_schema() -> dict[str, str]:
    """The tables and indices that a snapshot file has."""
    own = "".join(sql for _, _, sql in later_migrations())
    return {
        name: sql
        for name, sql in expected_schema("cache").items()
        if not re.search(rf"\b(TABLE|INDEX) {name}\b", own)
    }


def swap(file: Path, path: Path) -> None:
    """Put `file` in the place of a closed cache.

    The old log goes first: SQLite would replay one that is left into the new file. After a power
    cut the old file stands without its log, or the new one does."""
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).unlink()
    sync_folder(path.parent)
    os.replace(file, path)
    sync_folder(path.parent)
