"""Snapshot files: every row a new register would else pull page by page, in the cache's own form.

A file is made from one database snapshot by streaming, at most once an hour for a store, and
shared by all its registers and by all service processes of the data folder. It is a store's,
because phones are tokens under the store's own key and purchases are shown at home only.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import shutil
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from fasteners import InterProcessLock
from psycopg_pool import ConnectionPool

from central.changes import EVERYONE
from central.db.bulk import Connection
from central.errors import DatabaseUnavailable
from central.feed import incarnation_of, store_phone_key
from central.instants import Clock, to_text
from sync.contract import cache_format
from sync.contract.cache_format import FORMAT, PAGE_BYTES, SCHEMA, SEALS, StoredRow, stored
from sync.contract.cursor import Cursor
from sync.contract.feed import FeedRow, SnapshotInfo
from sync.contract.tokens import phone_token
from sync.serving.port import Caller, Refused

log = logging.getLogger("central.snapshots")
SNAPSHOT_DIR = "snapshots"
"""In the data folder."""
FRESH = timedelta(hours=1)
KEPT = timedelta(hours=6)
_RETRY_S = 3
_PATIENCE_S = 2.0
_AT_ONCE = 2_000
_END = 10**17
_CHUNK = 1024 * 1024

_EVERYBODYS = """
select kind, key, version, body from change
where scope = %s and not is_deleted and kind in ('member', 'token', 'good', 'ruleset')
"""
_PHONES = """
select c.member_id, c.xid::text::bigint, p.phone from change c
join person p on p.member_id = c.member_id
where c.kind = 'phone' and not c.is_deleted and p.phone is not null
"""
_AT_HOME = """
select c.key, c.version, c.body from change c join member m on m.member_id = c.member_id
where c.kind = 'member' and not c.is_deleted and m.home_store = %s
  and c.body -> 'purchases' <> '[]'::jsonb
"""


class Snapshots:
    """Makes files in the background, one at a time, and hands them out."""

    def __init__(self, pool: ConnectionPool[Connection], folder: Path, clock: Clock) -> None:
        self._pool = pool
        self._folder = folder
        self._clock = clock
        self._guard = threading.Lock()
        self._making: dict[str, threading.Thread] = {}

    def newest(self, caller: Caller, format_number: int) -> SnapshotInfo:
        """The store's file, or 503 while it is being made; 404 for a format not made here."""
        if format_number != FORMAT:
            raise Refused(404, "no_such_format", f"snapshots are made in format {FORMAT}")
        found = self._read(caller.store_id)
        if found is not None:
            return found
        self._start(caller.store_id).join(_PATIENCE_S)
        found = self._read(caller.store_id)
        if found is None:
            raise Refused(503, "snapshot_not_ready", "it is being made", _RETRY_S)
        return found

    def file(self, caller: Caller, snapshot_id: str) -> Path:
        """A file handed out before to this store."""
        path = self._folder / f"{_name(caller.store_id)}.{snapshot_id}.db"
        if not path.is_file():
            raise Refused(404, "no_such_snapshot", "this file is gone; ask for a newer one")
        return path

    def stop(self) -> None:
        """Wait for the file under way."""
        for thread in list(self._making.values()):
            thread.join()

    # --- making -------------------------------------------------------------------------------

    def _read(self, store_id: str) -> SnapshotInfo | None:
        """The newest file that is fresh and of this life of the database."""
        about = self._folder / f"{_name(store_id)}.json"
        try:
            info = SnapshotInfo.model_validate_json(about.read_bytes())
        except (OSError, ValueError):
            return None
        now = self._clock()
        made_at = datetime.fromisoformat(info.made_at)
        path = self._folder / f"{_name(store_id)}.{info.snapshot_id}.db"
        if not timedelta(0) <= now - made_at < FRESH or not path.is_file():
            return None
        with self._pool.connection() as connection:
            if incarnation_of(connection) != info.incarnation:
                return None
        return info.model_copy(update={"server_time": to_text(now)})

    def _start(self, store_id: str) -> threading.Thread:
        with self._guard:
            thread = self._making.get(store_id)
            if thread is None or not thread.is_alive():
                thread = threading.Thread(target=self._work, args=(store_id,), name="snapshot")
                self._making[store_id] = thread
                thread.start()
            return thread

    def _work(self, store_id: str) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One at a time in all processes: the disk and the database have other work as well.
        with InterProcessLock(self._folder / "making.lock"):
            try:
                if self._read(store_id) is None:
                    self._make(store_id)
                    self._forget_old()
            except (psycopg.Error, DatabaseUnavailable, sqlite3.Error, OSError) as error:
                log.error("no snapshot for a store: %s", type(error).__name__)

    def _make(self, store_id: str) -> None:
        part = self._folder / f"{_name(store_id)}.part"
        with self._pool.connection() as connection:
            connection.execute("set transaction isolation level repeatable read, read only")
            connection.execute("set local statement_timeout to 0")
            connection.execute("set local idle_in_transaction_session_timeout to 0")
            if connection.info.server_version >= 17_00_00:
                connection.execute("set local transaction_timeout to 0")
            cursor = _position(connection)
            with closing(_new_file(part)) as out:
                rows = _write(out, _everybodys(connection))
                rows += _write(out, _phones(connection, store_id))
                _write(out, _purchases(connection, store_id))
                out.execute("VACUUM")
        snapshot_id = secrets.token_hex(12)
        now = to_text(self._clock())
        info = SnapshotInfo(
            snapshot_id=snapshot_id,
            format=FORMAT,
            sha256=_digest(part),
            size=part.stat().st_size,
            rows=rows,
            incarnation=cursor.incarnation,
            cursor=str(cursor),
            made_at=now,
            server_time=now,
        )
        part.replace(self._folder / f"{_name(store_id)}.{snapshot_id}.db")
        about = self._folder / f"{_name(store_id)}.json"
        fresh = about.with_suffix(".json.part")
        fresh.write_text(json.dumps(info.model_dump()), encoding="utf-8")
        fresh.replace(about)
        log.info("snapshot of %s rows, %s bytes", info.rows, info.size)

    def _forget_old(self) -> None:
        end = self._clock().timestamp() - KEPT.total_seconds()
        for path in self._folder.glob("*.db"):
            with suppress(OSError):
                if path.stat().st_mtime < end:
                    path.unlink()


def drop_files(folder: Path) -> None:
    """Delete every file: somebody was erased. Registers that are downloading one start over."""
    shutil.rmtree(folder, ignore_errors=True)


def _name(store_id: str) -> str:
    return hashlib.sha256(store_id.encode()).hexdigest()[:24]


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


# --- rows -------------------------------------------------------------------------------------


def _position(connection: Connection) -> Cursor:
    """The end of what this database snapshot shows: everything below its oldest transaction."""
    row = connection.execute(
        "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
    ).fetchone()
    assert row is not None
    return Cursor(incarnation_of(connection), row[0] - 1, _END, 0, near=(0, 0))


def _stream(connection: Connection, query: str, parameters: list[Any]) -> Iterator[tuple[Any, ...]]:
    with connection.cursor("snapshot") as cursor:
        cursor.itersize = _AT_ONCE
        cursor.execute(query.encode(), parameters)
        yield from cursor


def _everybodys(connection: Connection) -> Iterator[FeedRow]:
    for kind, key, version, body in _stream(connection, _EVERYBODYS, [EVERYONE]):
        body.pop("purchases", None)
        yield FeedRow(kind=kind, key=key, version=version, body=body)


def _phones(connection: Connection, store_id: str) -> Iterator[FeedRow]:
    store_key = store_phone_key(connection, store_id)
    for member_id, version, phone in _stream(connection, _PHONES, []):
        key = phone_token(store_key, phone)
        yield FeedRow(kind="token", key=key, version=version, body={"member_id": member_id})


def _purchases(connection: Connection, store_id: str) -> Iterator[FeedRow]:
    for key, version, body in _stream(connection, _AT_HOME, [store_id]):
        yield FeedRow(kind="member", key=key, version=version, body=body)


# --- the file ---------------------------------------------------------------------------------


def _new_file(path: Path) -> sqlite3.Connection:
    path.unlink(missing_ok=True)
    out = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    out.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    out.execute("PRAGMA journal_mode = OFF")
    out.execute("PRAGMA synchronous = OFF")
    out.executescript(SCHEMA)
    out.execute(f"PRAGMA user_version = {FORMAT}")
    return out


def _write(out: sqlite3.Connection, rows: Iterable[FeedRow]) -> int:
    """Rows into their tables, a later one in the place of an earlier; how many."""
    count = 0
    portion: dict[str, list[tuple[Any, ...]]] = {}
    barcodes: list[tuple[str, str]] = []
    out.execute("BEGIN")
    for row in rows:
        made: StoredRow | None = stored(row)
        if made is None:
            continue
        portion.setdefault(made.table, []).append(made.values)
        barcodes += [(code, str(made.values[0])) for code in made.barcodes or ()]
        count += 1
        if count % _AT_ONCE == 0:
            _flush(out, portion, barcodes)
    _flush(out, portion, barcodes)
    out.execute("COMMIT")
    return count


def _flush(
    out: sqlite3.Connection,
    portion: dict[str, list[tuple[Any, ...]]],
    barcodes: list[tuple[str, str]],
) -> None:
    for table, values in portion.items():
        width = len(cache_format.COLUMNS[table]) + bool(SEALS[table])
        marks = ",".join("?" * width)
        out.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", values)
    out.executemany("INSERT OR IGNORE INTO barcode (barcode, sku) VALUES (?, ?)", barcodes)
    portion.clear()
    barcodes.clear()
