"""A snapshot file made of feed rows, and what a centre says of it."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from sync.contract.cache_format import FORMAT, PAGE_BYTES, SCHEMA, Values, stored
from sync.contract.feed import FeedRow, SnapshotInfo

NOW = "2026-11-22T09:00:00.000Z"


def write_snapshot(path: Path, rows: Iterable[FeedRow]) -> int:
    """Write the file; how many rows it holds."""
    tables: dict[str, list[Values]] = defaultdict(list)
    for row in rows:
        ready = stored(row)
        assert ready is not None
        tables[ready.table].append(ready.values)
        for code in ready.barcodes or ():
            tables["barcode"].append((code, ready.values[0]))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("PRAGMA synchronous=OFF")
        connection.executescript(f"{SCHEMA}; PRAGMA user_version={FORMAT}; BEGIN")
        for table, values in tables.items():
            marks = ",".join("?" * len(values[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", sorted(values))
        connection.execute("COMMIT")
    return sum(map(len, tables.values()))


def described(path: Path, incarnation: str, cursor: str, rows: int = 0) -> SnapshotInfo:
    """The answer that hands the file out."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return SnapshotInfo(
        snapshot_id=digest[:16],
        format=FORMAT,
        sha256=digest,
        size=path.stat().st_size,
        rows=rows,
        incarnation=incarnation,
        cursor=cursor,
        made_at=NOW,
        server_time=NOW,
    )
