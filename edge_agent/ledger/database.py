"""Opening, migrating and writing SQLite files: one writing connection per file, always.

SQLite before 3.51.3 can corrupt a WAL when two connections write or checkpoint at once, so the
one writer also does every checkpoint and all other connections are `query_only`.
Source: sqlite.org, release notes of 3.51.3 (WAL reset bug).
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from edge_agent.ledger import row_seals

T = TypeVar("T")

BUSY_MS = 2_000
_PRAGMAS = (
    f"PRAGMA busy_timeout={BUSY_MS}",
    "PRAGMA journal_mode=WAL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA cell_size_check=ON",
    "PRAGMA journal_size_limit=8388608",
    # An erased person is overwritten, whatever this SQLite was compiled with.
    "PRAGMA secure_delete=ON",
)


FOLD_AT = 100
"""Changed rows after which the log is folded into the file: two megabytes of a till's log."""
FOLD_LATEST = 4
QUIET_S = 0.05
_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})


def is_full(error: Exception) -> bool:
    """The disk has no room (also not for the index of the log)."""
    return getattr(error, "sqlite_errorcode", None) in _FULL


def is_io_failure(error: Exception) -> bool:
    """The disk itself failed a read, a write or a sync."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_IOERR and code not in _FULL


class DatabaseClosed(RuntimeError):
    """Work was handed to a writer that has stopped."""


def migrations_of(schema: str) -> list[tuple[int, str, str]]:
    """(number, name, SQL) of each `schema/<schema>/NNNN_name.sql`, in order."""
    folder = resources.files("edge_agent.ledger") / "schema" / schema
    found = []
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".sql"):
            number, _, name = entry.name.removesuffix(".sql").partition("_")
            found.append((int(number), name, entry.read_text(encoding="utf-8")))
    return found


@cache
def latest_migration(schema: str) -> int:
    """Number of the newest migration."""
    return migrations_of(schema)[-1][0]


@cache
def expected_schema(schema: str) -> dict[str, str]:
    """SQL by name of every table and index that all migrations together make."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        row_seals.teach(connection)
        for _, _, sql in migrations_of(schema):
            for statement in split_statements(sql):
                connection.execute(statement)
        rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
        return dict(rows.fetchall())


def migrate(connection: sqlite3.Connection, schema: str) -> None:
    """Apply the pending numbered migrations; `user_version` remembers the last one.

    Each migration and its record are one transaction. A file from a newer agent is refused.
    """
    steps = migrations_of(schema)
    current = connection.execute("PRAGMA user_version").fetchone()[0]
    latest = steps[-1][0] if steps else 0
    if current > latest:
        raise sqlite3.DatabaseError(
            f"{schema} schema {current} is newer than this agent knows ({latest})"
        )
    if current == latest:
        return
    # sqlite-utils costs 40 ms to import; an up-to-date file never pays for it.
    from sqlite_utils import Database, Migrations

    plan = Migrations(f"loyalty-edge-{schema}")
    for number, name, sql in steps:
        if number > current:
            plan(name=f"{number:04d}_{name}")(_step(number, sql))
    plan.apply(Database(connection))


def _step(number: int, sql: str) -> Callable[[Any], None]:
    def apply(database: Any) -> None:
        for statement in split_statements(sql):
            database.conn.execute(statement)
        database.conn.execute(f"PRAGMA user_version={number}")

    return apply


def split_statements(sql: str) -> list[str]:
    """Split a script at complete statements, so that each runs inside one transaction."""
    statements, pending = [], ""
    for line in sql.splitlines():
        pending += line + "\n"
        if sqlite3.complete_statement(pending):
            statements.append(pending.strip())
            pending = ""
    if pending.strip():
        statements.append(pending.strip())
    return statements


def connect_writer(path: Path, schema: str) -> sqlite3.Connection:
    """The one writing connection of a file, migrated, WAL and `synchronous=FULL`."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        connection.execute("PRAGMA synchronous=FULL")
        connection.row_factory = sqlite3.Row
        row_seals.teach(connection)
        migrate(connection, schema)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that cannot write and never checkpoints, not even as the last to close: the
    log of a killed agent is left as it was found."""
    # `as_uri` quotes what a URI must not hold; a writable handle would fold the log at its close.
    address = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    connection.execute("PRAGMA query_only=ON")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.row_factory = sqlite3.Row
    return connection


class Writer:
    """Owns a file's one writing connection; work arrives as functions, one at a time.

    Work runs on its caller's thread: handing it to another costs a sale two switches of threads.
    `durable=False` commits without waiting for the disk: such a transaction may be lost in a
    power cut but never torn, and the next durable commit makes it durable too (WAL is one log).
    The log is folded into the file in quiet moments, so that nobody waits for it.

    `make_room` is asked once when the disk is full, and the work is then tried once more. After a
    failed read or write of the disk the file is opened anew, and `on_reopened` may look at it:
    what a failed sync has left in memory is never built upon.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        name: str,
        make_room: Callable[[], bool] = lambda: False,
        on_reopened: Callable[[sqlite3.Connection], None] = lambda _: None,
    ) -> None:
        self.path = path
        self._schema = schema
        self._make_room = make_room
        self._on_reopened = on_reopened
        self._connection: sqlite3.Connection | None = self._opened()
        self._full = True
        self._unfolded = 0
        self._last_work = 0.0
        self._closed = False
        self._mine = threading.Lock()
        self._worker = 0
        self._due, self._ended = threading.Event(), threading.Event()
        self._folder = threading.Thread(target=self._fold_when_quiet, name=name, daemon=True)
        self._folder.start()

    def run(self, work: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> T:
        """Run `work` inside `BEGIN IMMEDIATE`, rolled back if it raises; committed at return.

        Raises `RuntimeError` for work inside work of the same thread, which would wait for ever.
        """
        if self._worker == threading.get_ident():
            raise RuntimeError(f"{self.path.name}: work inside work; pass the connection on")
        with self._mine:
            if self._closed:
                raise DatabaseClosed(str(self.path))
            self._worker = threading.get_ident()
            try:
                return self._attempt(work, durable)
            finally:
                self._worker = 0
                if self._unfolded >= FOLD_AT:
                    self._last_work = time.monotonic()
                    self._due.set()

    def close(self) -> None:
        """Let work at hand finish, checkpoint and close; safe to call twice."""
        with self._mine:
            if self._closed:
                return
            self._closed = True
        self._ended.set()
        self._due.set()
        self._folder.join()
        if self._connection is not None:
            self._connection.close()

    def fold(self) -> None:
        """Write the log into the file now, as far as readers allow."""
        with self._mine:
            self._fold()

    def empty_log(self) -> bool:
        """Fold the whole log and cut its file to nothing: what was overwritten in the database
        then stands nowhere. False while a reader needs the log, or when the disk refuses."""
        self.fold()
        with self._mine:
            if self._closed or self._connection is None:
                return False
            try:
                # Nobody waits: a reader in the way is asked again later.
                self._connection.execute("PRAGMA busy_timeout=0")
                found = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                return not found[0]
            except sqlite3.Error as error:
                if is_io_failure(error):
                    self._drop()
                return False
            finally:
                if self._connection is not None:
                    self._connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")

    def _opened(self) -> sqlite3.Connection:
        try:
            connection = connect_writer(self.path, self._schema)
        except sqlite3.Error as error:
            if not (is_full(error) and self._make_room()):
                raise
            connection = connect_writer(self.path, self._schema)
        connection.execute("PRAGMA wal_autocheckpoint=0")
        return connection

    def _fold_when_quiet(self) -> None:
        """Its own thread: a due checkpoint waits for a quiet moment, but not for ever."""
        while not self._ended.is_set():
            self._due.wait()
            if self._ended.wait(QUIET_S):
                return
            quiet = time.monotonic() - self._last_work >= QUIET_S
            if quiet or self._unfolded >= FOLD_AT * FOLD_LATEST:
                self._due.clear()
                self.fold()

    def _fold(self) -> None:
        self._unfolded = 0
        if self._connection is None:
            return
        try:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:
            # The log keeps everything; the next turn tries again.
            if is_full(error):
                self._make_room()
            elif is_io_failure(error):
                self._drop()

    def _attempt(self, work: Callable[[sqlite3.Connection], T], durable: bool) -> T:
        try:
            return self._transact(work, durable)
        except sqlite3.Error as error:
            if is_io_failure(error):
                self._drop()
            if not (is_full(error) and self._make_room()):
                raise
        return self._transact(work, durable)

    def _drop(self) -> None:
        """Let go of a connection whose disk has failed; the next work opens the file anew."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _reopened(self) -> sqlite3.Connection:
        """The file again after a failure of its disk, with an empty log: a sync that has failed
        once leaves holes in a log which no later sync can close."""
        connection = self._opened()
        try:
            if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                raise sqlite3.OperationalError("the log cannot be folded now")
            self._on_reopened(connection)
        except BaseException:
            connection.close()
            raise
        self._connection, self._full, self._unfolded = connection, True, 0
        return connection

    def _transact(self, work: Callable[[sqlite3.Connection], T], durable: bool) -> T:
        connection = self._connection or self._reopened()
        if durable != self._full:
            connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._full = durable
        before = connection.total_changes
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._unfolded += min(connection.total_changes - before, 4 * FOLD_AT)
        return result
