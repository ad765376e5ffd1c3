"""The cache's tables as migrations make them are those that a snapshot file brings."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from edge_agent.ledger.database import connect_writer
from sync.contract.cache_format import SCHEMA


def _tables(connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    return {name: " ".join(sql.split()) for name, sql in rows}


def test_migrations_and_snapshots_make_the_same_tables(tmp_path: Path) -> None:
    with closing(connect_writer(tmp_path / "cache.db", "cache")) as migrated:
        own = _tables(migrated)
    with closing(sqlite3.connect(":memory:")) as snapshot:
        snapshot.executescript(SCHEMA)
        brought = _tables(snapshot)
    assert brought
    assert {name: own.get(name) for name in brought} == brought
