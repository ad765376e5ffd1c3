"""The cache's file: opened, checked, moved aside when damaged; one reader per thread."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_agent.ledger.cache_rows import select
from edge_agent.ledger.damage import is_damage, sqlite_code
from edge_agent.ledger.database import Writer, connect_reader
from sync.contract.cache_format import COLUMNS

CHECK_BUDGET_S = 0.1
KEPT_BROKEN = 2
_SUFFIXES = ("", "-wal", "-shm")
SQLITE_FAILURES = (sqlite3.Error, UnicodeDecodeError)
"""What a call may raise: a message that quotes a damaged file is not always UTF-8."""


def open_writer(path: Path) -> tuple[Writer, Path | None]:
    """The writer of a sound file; a damaged one is moved aside and named in the answer.

    Raises `sqlite3.Error` or `OSError` when no file can be opened at all."""
    try:
        return _checked_writer(path), None
    except SQLITE_FAILURES as error:
        # At open a missing table (plain SQLITE_ERROR) is damage as well.
        if not is_damage(error) and sqlite_code(error) != sqlite3.SQLITE_ERROR:
            raise
    broken = move_aside(path)
    return _checked_writer(path), broken


def _checked_writer(path: Path) -> Writer:
    writer = Writer(path, "cache", "cache")
    try:
        writer.run(_check, durable=False)
    except BaseException:
        writer.close()
        raise
    return writer


def _check(connection: sqlite3.Connection) -> None:
    """Look at every table, then as far as the time allows at every page."""
    for table in COLUMNS:
        connection.execute(select(table, "LIMIT 1")).fetchone()
    connection.execute("SELECT barcode, sku FROM barcode LIMIT 1").fetchone()
    end = time.monotonic() + CHECK_BUDGET_S
    connection.set_progress_handler(lambda: time.monotonic() > end, 10_000)
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if sqlite_code(error) != sqlite3.SQLITE_INTERRUPT:
            raise
        found = "ok"
    finally:
        connection.set_progress_handler(None, 0)
    if found != "ok":
        raise sqlite3.DatabaseError(f"quick_check: {found}")


def broken_files(path: Path) -> list[Path]:
    """Files moved aside, oldest first."""
    pattern = re.compile(re.escape(path.name) + r"\.broken-(\d+)")
    found = [
        (int(match[1]), entry)
        for entry in path.parent.iterdir()
        if (match := pattern.fullmatch(entry.name))
    ]
    return [entry for _, entry in sorted(found)]


def move_aside(path: Path) -> Path:
    """Rename the file and its log to the next `.broken-<n>`; the two newest are kept."""
    earlier = broken_files(path)
    number = int(earlier[-1].name.rpartition("-")[2]) + 1 if earlier else 1
    broken = path.with_name(f"{path.name}.broken-{number}")
    for suffix in _SUFFIXES:
        source = path.with_name(path.name + suffix)
        if source.exists():
            source.replace(broken.with_name(broken.name + suffix))
    for old in broken_files(path)[:-KEPT_BROKEN]:
        drop_broken(old)
    return broken


def drop_broken(file: Path) -> None:
    """Delete a file that was moved aside, with its log."""
    for suffix in _SUFFIXES:
        file.with_name(file.name + suffix).unlink(missing_ok=True)


class Readers:
    """A `query_only` connection for each thread, all closable while nobody reads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._idle = threading.Condition()
        self._active = 0
        self._open: dict[threading.Thread, sqlite3.Connection] = {}
        self._is_closed = False
        self.generation = 0

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection; raises `sqlite3.ProgrammingError` after `close`."""
        with self._idle:
            if self._is_closed:
                raise sqlite3.ProgrammingError("the cache is closed")
            self._active += 1
        try:
            yield self._mine()
        finally:
            with self._idle:
                self._active -= 1
                self._idle.notify_all()

    @contextmanager
    def exclusive(self) -> Iterator[int]:
        """Wait until nobody reads, close every connection and keep readers out meanwhile.

        Yields the generation that was current before; readers get new connections after."""
        with self._idle:
            self._idle.wait_for(lambda: self._active == 0)
            for connection in self._open.values():
                connection.close()
            self._open.clear()
            found = self.generation
            self.generation += 1
            yield found

    def close(self) -> None:
        """Close every connection for good; safe to call twice."""
        with self.exclusive():
            self._is_closed = True

    def _mine(self) -> sqlite3.Connection:
        known: tuple[int, sqlite3.Connection] | None = getattr(self._local, "held", None)
        if known is not None and known[0] == self.generation:
            return known[1]
        connection = connect_reader(self._path)
        with self._idle:
            for thread in [thread for thread in self._open if not thread.is_alive()]:
                self._open.pop(thread).close()
            self._open[threading.current_thread()] = connection
        self._local.held = (self.generation, connection)
        return connection
