"""The cache's rows by bucket: sums to compare with the centre's, and one bucket put right.

`sync.contract.buckets` says what is summed. Rows are read in slices, so that a sale which looks
something up meanwhile never waits for more than one of them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from edge_agent.ledger.cache_pages import insert_row
from edge_agent.ledger.cache_rights import put_rights, right_of
from edge_agent.ledger.cache_rows import check_row, owner_in, select
from edge_agent.ledger.damage import DamagedRow
from sync.contract.buckets import row_digest, row_id
from sync.contract.cache_format import COLUMNS, row_crc, stored
from sync.contract.feed import FIRST_SUMMED, SUMMED_KINDS, SUMMED_RIGHTS, FeedBucket, FeedRow

SLICE_ROWS = 500
_RIGHTS = "right_row"
_NEXT_RIGHTS = (
    "SELECT kind, key, version, name, body, crc FROM right_row WHERE (kind, key) > (?, ?)"
    f" ORDER BY kind, key LIMIT {SLICE_ROWS}"
)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose leases count, for the centre sums those of one register and epoch; and what kinds."""

    register_id: str
    epoch: int
    kinds: frozenset[str] = frozenset(SUMMED_KINDS)


@dataclass(frozen=True, slots=True)
class SummedRow:
    """A live row: its table and key there, its id among all rows, its version."""

    table: str
    key: Any
    id: int
    version: int


def live_rows(connection: sqlite3.Connection, holder: Holder) -> Iterator[list[SummedRow]]:
    """Slices of the live rows, in the order of tables and keys; raises `DamagedRow`."""
    for table in (kind for kind in FIRST_SUMMED if kind in holder.kinds):
        column = COLUMNS[table][0]
        first = select(table, f"ORDER BY {column} LIMIT {SLICE_ROWS}")
        following = select(table, f"WHERE {column} > ? ORDER BY {column} LIMIT {SLICE_ROWS}")
        found = connection.execute(first).fetchall()
        while found:
            yield [row for each in found if (row := _summed(table, each, holder)) is not None]
            found = connection.execute(following, (found[-1][0],)).fetchall()
    yield from _rights(connection, holder)


def _rights(connection: sqlite3.Connection, holder: Holder) -> Iterator[list[SummedRow]]:
    after = ("", "")
    kinds = holder.kinds.intersection(SUMMED_RIGHTS)
    while found := connection.execute(_NEXT_RIGHTS, after).fetchall():
        after = (found[-1][0], found[-1][1])
        rows = []
        for kind, key, version, name, body, crc in found:
            if row_crc((kind, key, version, name, body)) != crc:
                raise DamagedRow("a cached right does not fit its checksum")
            if kind in kinds and body is not None:
                rows.append(SummedRow(_RIGHTS, (kind, key), row_id(kind, key), version))
        yield rows


def _summed(table: str, row: Any, holder: Holder) -> SummedRow | None:
    key, version = row[0], row[1]
    if table in ("token", "phone"):
        owner = owner_in(row)
        if not owner:
            return None
        name = key if table == "token" else row_id("phone", str(owner))
        return SummedRow(table, key, name, version)
    check_row(table, row)
    is_live = row[2] is not None
    if table == "lease":
        is_live = is_live and (row[3], row[4]) == (holder.register_id, holder.epoch)
    return SummedRow(table, key, row_id(table, str(key)), version) if is_live else None


def add_up(slices: Iterator[list[SummedRow]], buckets: int, pause: Callable[[], None]) -> list[int]:
    """The sum of every bucket; `pause` comes between slices."""
    sums = [0] * buckets
    for rows in slices:
        for row in rows:
            sums[row.id % buckets] ^= row_digest(row.id, row.version)
        pause()
    return sums


def put_right(
    connection: sqlite3.Connection, slices: Iterator[list[SummedRow]], bucket: FeedBucket
) -> tuple[int, int]:
    """Make one bucket equal to the centre's: rows written, and rows dropped.

    A row of another version is taken as the centre has it, whichever is higher: within one
    incarnation a version has one content."""
    mine = {
        (row.table, row.key): row.version
        for rows in slices
        for row in rows
        if row.id % bucket.buckets == bucket.number
    }
    written = 0
    for feed_row in bucket.rows:
        written += _take(connection, feed_row, mine)
    for table, keys in groupby(sorted(mine, key=lambda each: each[0]), key=lambda each: each[0]):
        _drop(connection, table, [key for _, key in keys])
    return written, len(mine)


def _take(connection: sqlite3.Connection, feed_row: FeedRow, mine: dict[Any, int]) -> bool:
    """Have the row as the centre has it; whether it was another one here."""
    row, right = stored(feed_row), right_of(feed_row)
    if row is not None:
        table, key, version = row.table, row.values[0], row.values[1]
    elif right is not None:
        table, key, version = _RIGHTS, (right.kind, right.key), right.version
    else:
        return False
    if mine.pop((table, key), None) == version:
        return False
    _drop(connection, table, [key])
    if row is not None:
        insert_row(connection, row)
    if right is not None:
        # Of a lease: what is asked back of it.
        _drop(connection, _RIGHTS, [(right.kind, right.key)])
        put_rights(connection, [right])
    return True


def _drop(connection: sqlite3.Connection, table: str, keys: list[Any]) -> None:
    if table == _RIGHTS:
        connection.executemany("DELETE FROM right_row WHERE kind = ? AND key = ?", keys)
        return
    rows = [(key,) for key in keys]
    connection.executemany(f"DELETE FROM {table} WHERE {COLUMNS[table][0]} = ?", rows)
    if table == "good":
        connection.executemany("DELETE FROM barcode WHERE sku = ?", rows)
