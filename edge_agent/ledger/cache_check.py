"""A look at every row of `cache.db`, a few at a time; what is damaged is downloaded again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

from edge_agent.ledger.cache_rows import check_row, select
from edge_agent.ledger.damage import DamagedRow
from edge_agent.ledger.database import expected_schema
from sync.contract.cache_format import COLUMNS

SLICE_ROWS = 200


def slices(connection: sqlite3.Connection) -> Iterator[None]:
    """Check file, tables, seals and the index of barcodes; raises `DamagedRow` or SQLite's own
    errors at the first damage."""
    found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise DamagedRow(f"integrity_check: {found}")
    rows = connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL "
        "AND tbl_name NOT LIKE '\\_%' ESCAPE '\\'"
    )
    if dict(tuple(row) for row in rows) != expected_schema("cache"):
        raise DamagedRow("the tables are not those of this schema")
    yield
    for table in COLUMNS:
        yield from _rows_of(connection, table)
    yield from _barcodes(connection)


def _rows_of(connection: sqlite3.Connection, table: str) -> Iterator[None]:
    key = COLUMNS[table][0]
    rows = connection.execute(select(table, f"ORDER BY {key} LIMIT {SLICE_ROWS}")).fetchall()
    after = select(table, f"WHERE {key} > ? ORDER BY {key} LIMIT {SLICE_ROWS}")
    while rows:
        for row in rows:
            check_row(table, row)
        yield
        last = rows[-1][0]
        rows = connection.execute(after, (last,)).fetchall()
        if rows and rows[0][0] <= last:
            raise DamagedRow("rows out of order")


def _barcodes(connection: sqlite3.Connection) -> Iterator[None]:
    """Every good is found by each of its barcodes, and by nothing else."""
    expected, sku = 0, ""
    while rows := connection.execute(
        f"SELECT sku, body FROM good WHERE sku > ? ORDER BY sku LIMIT {SLICE_ROWS}", (sku,)
    ).fetchall():
        for sku, body in rows:
            codes = set(json.loads(body).get("barcodes", ())) if body is not None else set()
            stored = connection.execute("SELECT barcode FROM barcode WHERE sku = ?", (sku,))
            if {code for (code,) in stored} != codes:
                raise DamagedRow("the index of barcodes does not fit the good")
            expected += len(codes)
        yield
    if connection.execute("SELECT count(*) FROM barcode").fetchone()[0] != expected:
        raise DamagedRow("a barcode belongs to no good")
