"""Pages of the feed as changes on `cache.db`: every row checked, then applied by version."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from edge_agent.ledger.cache_rights import LEASE_RECALL, RightRow, put_rights, right_of
from edge_agent.ledger.cache_rows import checked, select, upsert
from sync.contract.cache_format import COLUMNS, StoredRow, row_crc, stored
from sync.contract.feed import FeedRow

_UPSERTS: Final = {table: upsert(table) for table in COLUMNS if table != "meta"}
_META: Final = select("meta", "WHERE key = ?")
_DROP_BARCODES: Final = "DELETE FROM barcode WHERE sku = ?"
_ADD_BARCODE: Final = "INSERT OR IGNORE INTO barcode (barcode, sku) VALUES (?, ?)"


@dataclass(slots=True)
class Changes:
    """Rows of a page made ready. `unknown` counts kinds this agent does not know."""

    rows: list[StoredRow] = field(default_factory=list)
    rights: list[RightRow] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    has_head: bool = False

    @property
    def count(self) -> int:
        """Rows of the page that have a place here."""
        return len(self.rows) + sum(right.kind != LEASE_RECALL for right in self.rights)


def prepare(rows: Iterable[FeedRow]) -> Changes:
    """Check every row; one that cannot be used is counted and the rest still applies."""
    changes = Changes()
    for row in rows:
        try:
            ready, right = stored(row), right_of(row)
        except ValueError:
            changes.rejected += 1
            continue
        if right is not None:
            changes.rights.append(right)
        if ready is None and right is not None:
            continue
        if ready is None:
            changes.unknown[row.kind[:32]] += 1
            continue
        changes.rows.append(ready)
        changes.has_head = changes.has_head or row.kind == "head"
    return changes


def insert_row(connection: sqlite3.Connection, row: StoredRow) -> None:
    """Write a row whose key is free."""
    connection.execute(_UPSERTS[row.table], row.values)
    _index_barcodes(connection, row)


def apply_row(connection: sqlite3.Connection, row: StoredRow) -> bool:
    """A guarded upsert; False when the stored row is as new."""
    if connection.execute(_UPSERTS[row.table], row.values).rowcount == 0:
        return False
    _index_barcodes(connection, row)
    return True


def _index_barcodes(connection: sqlite3.Connection, row: StoredRow) -> None:
    if row.barcodes is not None:
        sku = row.values[0]
        connection.execute(_DROP_BARCODES, (sku,))
        connection.executemany(_ADD_BARCODE, [(code, sku) for code in row.barcodes])


class Part:
    """One transaction's share of a page: from `start` until its bounds are reached."""

    def __init__(
        self,
        changes: Changes,
        start: int,
        meta: Sequence[tuple[str, str]],
        max_rows: int | None,
        budget_s: float | None,
    ) -> None:
        self._rows = changes.rows
        self._rights = changes.rights
        self._start = start
        self._meta = dict(meta)
        self._stop = len(self._rows) if max_rows is None else start + max_rows
        self._budget_s = budget_s
        self.applied = 0
        self.end = start

    def run(self, connection: sqlite3.Connection) -> None:
        """Apply rows; the last part also writes the cursor."""
        known = get_meta(connection, "incarnation")
        if known and self._meta.get("incarnation", known) != known:
            raise ValueError("a page of another incarnation: reset the cache first")
        began = time.monotonic()
        if self._start == 0:
            self.applied += put_rights(connection, self._rights)
        for row in self._rows[self._start : self._stop]:
            self.applied += apply_row(connection, row)
            self.end += 1
            if self._budget_s is not None and time.monotonic() - began > self._budget_s:
                break
        if self.end >= len(self._rows):
            set_meta(connection, self._meta.items())


def get_meta(connection: sqlite3.Connection, key: str) -> str:
    """A position, "" when it was never set; raises `DamagedRow`."""
    row = connection.execute(_META, (key,)).fetchone()
    return "" if row is None else str(checked(row)[1])


def set_meta(connection: sqlite3.Connection, values: Iterable[tuple[str, str]]) -> None:
    """Write positions: the incarnation, the cursor, the time of the balances."""
    connection.executemany(
        "INSERT INTO meta (key, value, crc) VALUES (?, ?, ?) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value, crc = excluded.crc",
        [(*pair, row_crc(pair)) for pair in values],
    )
