"""`store-feed.db`: what a hub has read of the feed, kept for the tills of its store.

Rows lie at the position of the page that brought them. A till that stands inside a page gets that
page again: a row's version says that it is known.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from edge_agent.ledger.database import Writer
from sync.contract.feed import FeedRow

T = TypeVar("T")
At = tuple[int, int]
FILE_NAME = "store-feed.db"
MAX_ROWS = 200_000
IN_SNAPSHOT = ("member", "token", "good", "ruleset")
"""Kinds that a snapshot file holds; there are many of them, so the oldest are let go."""
StoreFeedFailed = sqlite3.Error
_SUFFIXES = ("", "-wal", "-shm")
_TO_GO = (
    "SELECT xid, id FROM feed_row WHERE kind IN ('member', 'token', 'good', 'ruleset')"
    " ORDER BY xid DESC, id DESC LIMIT 1 OFFSET ?"
)
_PUT = (
    "INSERT INTO feed_row VALUES (?,?,?,?,?,?,?) ON CONFLICT (kind, key) DO UPDATE SET"
    " version = excluded.version, is_deleted = excluded.is_deleted, body = excluded.body,"
    " xid = excluded.xid, id = excluded.id WHERE excluded.version > feed_row.version"
)
_COLUMNS = "kind, key, version, is_deleted, body"


@dataclass(frozen=True, slots=True)
class Kept:
    """What the file holds: every row above `floor` up to `at`, of this incarnation ("": nothing).

    `heads` is the mark for the next question for heads."""

    incarnation: str = ""
    floor: At = (0, 0)
    at: At = (0, 0)
    heads: int = 0


class StoreFeedFile:
    """One writing connection. Methods may be called from any thread and raise `StoreFeedFailed`;
    a file that cannot be opened is started anew."""

    def __init__(self, path: Path, max_rows: int = MAX_ROWS) -> None:
        self._max_rows = max_rows
        try:
            self._writer = Writer(path, "store_feed", "store-feed")
        except sqlite3.DatabaseError:
            for suffix in _SUFFIXES:
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            self._writer = Writer(path, "store_feed", "store-feed")
        self._since_trim = max_rows
        self._kept = self._run(_read_kept)

    @property
    def kept(self) -> Kept:
        """Where it begins and ends; from memory."""
        return self._kept

    def begin(self, incarnation: str, at: At, rows: Iterable[FeedRow]) -> None:
        """Forget everything; begin after a position with the few rows that are known of before."""

        def work(connection: sqlite3.Connection) -> Kept:
            connection.execute("DELETE FROM feed_row")
            _put(connection, rows, at)
            return _note(connection, Kept(incarnation, at, at, 0))

        self._kept = self._run(work)

    def keep(self, rows: list[FeedRow], at: At, heads: int | None) -> None:
        """Rows of a page that ends at a position."""

        def work(connection: sqlite3.Connection) -> Kept:
            _put(connection, rows, at)
            known = self._kept
            floor = max(known.floor, self._trimmed(connection, len(rows)))
            mark = known.heads if heads is None else heads
            return _note(connection, Kept(known.incarnation, floor, max(at, known.at), mark))

        self._kept = self._run(work)

    def page(self, after: At, limit: int) -> tuple[list[FeedRow], At]:
        """Rows after a position, whole pages as they came, and the position they end at."""

        def work(connection: sqlite3.Connection) -> tuple[list[FeedRow], At]:
            found = connection.execute(
                "SELECT xid, id FROM feed_row WHERE (xid, id) > (?, ?) ORDER BY xid, id"
                " LIMIT 1 OFFSET ?",
                (*after, limit - 1),
            ).fetchone()
            end = (int(found[0]), int(found[1])) if found else self._kept.at
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM feed_row WHERE (xid, id) > (?, ?)"
                " AND (xid, id) <= (?, ?) ORDER BY xid, id",
                (*after, *end),
            ).fetchall()
            return [_row(each) for each in rows], end

        return self._run(work)

    def beside_snapshot(self) -> list[FeedRow]:
        """Every row of the kinds that a snapshot file leaves out."""
        marks = ",".join("?" * len(IN_SNAPSHOT))
        rows = self._run(
            lambda c: c.execute(
                f"SELECT {_COLUMNS} FROM feed_row WHERE kind NOT IN ({marks})", IN_SNAPSHOT
            ).fetchall()
        )
        return [_row(each) for each in rows]

    def close(self) -> None:
        """Finish and close."""
        self._writer.close()

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return self._writer.run(work, durable=False)

    def _trimmed(self, connection: sqlite3.Connection, fresh: int) -> At:
        """Let the oldest rows go when there are too many; everything up to there is forgotten."""
        self._since_trim += fresh
        if self._since_trim < self._max_rows // 10:
            return (0, 0)
        self._since_trim = 0
        found = connection.execute(_TO_GO, (self._max_rows,)).fetchone()
        if found is None:
            return (0, 0)
        marks = ",".join("?" * len(IN_SNAPSHOT))
        connection.execute(
            f"DELETE FROM feed_row WHERE (xid, id) <= (?, ?) AND kind IN ({marks})",
            (*found, *IN_SNAPSHOT),
        )
        return (int(found[0]), int(found[1]))


def _put(connection: sqlite3.Connection, rows: Iterable[FeedRow], at: At) -> None:
    connection.executemany(
        _PUT,
        [
            (row.kind, row.key, row.version, row.is_deleted, _text(row), *at)
            for row in rows
            if 0 <= row.version < 2**63
        ],
    )


def _text(row: FeedRow) -> str:
    return json.dumps(row.body, ensure_ascii=False, separators=(",", ":"))


def _row(values: sqlite3.Row) -> FeedRow:
    kind, key, version, is_deleted, body = values
    return FeedRow(
        kind=kind, key=key, version=version, is_deleted=bool(is_deleted), body=json.loads(body)
    )


def _read_kept(connection: sqlite3.Connection) -> Kept:
    row = connection.execute("SELECT value FROM meta WHERE key = 'kept'").fetchone()
    if row is None:
        return Kept()
    incarnation, *numbers = str(row[0]).split(" ")
    floor_xid, floor_id, xid, row_id, heads = map(int, numbers)
    return Kept(incarnation, (floor_xid, floor_id), (xid, row_id), heads)


def _note(connection: sqlite3.Connection, kept: Kept) -> Kept:
    numbers = (*kept.floor, *kept.at, kept.heads)
    connection.execute(
        "INSERT INTO meta VALUES ('kept', ?) ON CONFLICT DO UPDATE SET value = excluded.value",
        (" ".join((kept.incarnation, *map(str, numbers))),),
    )
    return kept
