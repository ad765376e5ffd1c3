"""The centre's statements over two PostgreSQL servers, each with a part of the rows.

A small stand-in for a Citus coordinator, to see that the statements of the centre can be routed:
rows lie by `central.db.placement` on the server that the hash of their distribution column names;
reference tables are on both; the feed (`change`) and everything else is on the first. How a
statement goes:

* new rows go to the server of their distribution value, which must be a parameter;
* changes, and reads that lock, go to both, each with its own rows; one statement may touch tables
  of one distribution only, else `CannotRoute`;
* other reads of several rows go over all rows of both, gathered within the two transactions;
* a transaction that wrote on the second server is committed in two phases.
"""

from __future__ import annotations

import re
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from central.db import session
from central.db.embedded import embedded
from central.db.placement import DISTRIBUTION
from tests.support.routed_statements import NEAR_ONLY, CannotRoute, Statement, known, node_of, split

_far_urls: dict[str, str] = {}


class RoutedCursor(psycopg.Cursor[Any]):
    """Sends each statement where it belongs and gives the rows of both servers."""

    itersize = 2_000
    _rows: deque[Any] | None = None
    _shown: Any = None
    _conn: Any

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        """Route."""
        self._rows = self._shown = None
        connection: RoutedConnection = self._conn
        text = query.as_string(connection) if isinstance(query, sql.Composable) else query
        text = text.decode() if isinstance(text, bytes) else text
        statement = known(text)
        goes = statement.goes
        if goes == "near":
            return super().execute(query, params, **options)
        if goes == "gather":
            rows, self._shown = connection.gather(statement, query, params)
            self._rows = deque(rows)
            return self
        parts = split(statement, params) if goes == "insert" else [(0, params), (1, params)]
        alone = connection.autocommit and connection.is_idle and statement.is_write
        with connection.transaction() if alone else nullcontext():
            self._run(connection, statement, query, parts, goes)
        return self

    def _run(
        self,
        connection: RoutedConnection,
        statement: Statement,
        query: Any,
        parts: list[tuple[int, Any]],
        goes: str,
    ) -> None:
        rows: deque[Any] = deque()
        count = 0
        for node, own in parts:
            if node == 0:
                done = super().execute(query, own)
            else:
                done = connection.far(statement.is_write or goes == "both").execute(query, own)
            count += max(0, done.rowcount)
            if done.description is not None and (node == 0 or goes != "both"):
                rows.extend(psycopg.Cursor.fetchall(done) if node == 0 else done.fetchall())
        self._rows, self._rowcount = rows, count

    @property
    def description(self) -> Any:
        """Columns of the rows."""
        return self._shown if self._shown is not None else super().description

    def executemany(self, query: Any, params_seq: Any, **_: Any) -> None:
        """One by one."""
        for params in params_seq:
            self.execute(query, params)

    def fetchone(self) -> Any:
        """The next row."""
        if self._rows is None:
            return super().fetchone()
        return self._rows.popleft() if self._rows else None

    def fetchall(self) -> list[Any]:
        """The rows left."""
        if self._rows is None:
            return super().fetchall()
        rows, self._rows = list(self._rows), deque()
        return rows

    def fetchmany(self, size: int = 1) -> list[Any]:
        """The next rows."""
        if self._rows is None:
            return super().fetchmany(size)
        return [self._rows.popleft() for _ in range(min(size, len(self._rows)))]

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> Any:
        row = self.fetchone()
        if row is None:
            raise StopIteration
        return row

    @contextmanager
    def copy(self, statement: Any, *_args: Any, **_: Any) -> Iterator[Any]:
        """COPY of new rows into one table, row by row."""
        connection: RoutedConnection = self._conn
        text = statement.as_string(connection)
        found = re.match(r'copy "?([a-z_]+)"? \(([^)]*)\) from stdin', text)
        if found is None or found[1] not in DISTRIBUTION:
            raise CannotRoute(text)
        columns = [name.strip(' "') for name in found[2].split(",")]
        place = columns.index(DISTRIBUTION[found[1]])
        far = connection.far(True).cursor()
        with super().copy(statement) as near_copy, far.copy(statement) as far_copy:
            yield _TwoCopies((near_copy, far_copy), place)


class _TwoCopies:
    def __init__(self, copies: tuple[Any, Any], place: int) -> None:
        self._copies = copies
        self._place = place

    def write_row(self, row: Any) -> None:
        self._copies[node_of(row[self._place])].write_row(row)


class RoutedConnection(psycopg.Connection[Any]):
    """A connection to the first server that brings one to the second with it."""

    _far: psycopg.Connection[Any]
    _scratch: psycopg.Connection[Any] | None = None
    _url = ""
    _has_written = False
    _second_phase = ""
    _marks_set = 0

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> Any:
        """Routed when the server has a second one, else plain."""
        if conninfo not in _far_urls:
            return psycopg.Connection.connect(conninfo, **options)
        options["cursor_factory"] = RoutedCursor
        made = super().connect(conninfo, **options)
        made._far = psycopg.Connection.connect(_far_urls[conninfo], autocommit=True)
        made._url = conninfo
        return made

    @property
    def is_idle(self) -> bool:
        """No transaction is open."""
        return self.info.transaction_status == TransactionStatus.IDLE

    def far(self, writes: bool) -> psycopg.Connection[Any]:
        """The second server's connection, in a transaction when this one is (or will be)."""
        is_far_idle = self._far.info.transaction_status == TransactionStatus.IDLE
        if is_far_idle and not (self.autocommit and self.is_idle):
            self._far.execute("begin")
        self._has_written = self._has_written or writes
        return self._far

    def cursor(self, *_names: Any, **_options: Any) -> Any:
        """Also in the place of a server-side one."""
        return super().cursor()

    @contextmanager
    def pipeline(self) -> Iterator[Any]:
        """Two servers cannot share one; each statement waits."""
        yield None

    @contextmanager
    def transaction(
        self, savepoint_name: str | None = None, force_rollback: bool = False
    ) -> Iterator[Any]:
        """On both servers: a savepoint inside another, else committed in two phases."""
        options = (savepoint_name, force_rollback)
        if self.is_idle:
            try:
                with super().transaction(*options) as made:
                    yield made
                    if not force_rollback:
                        self._prepare()
            except BaseException:
                self._undo_far()
                raise
            if force_rollback:
                self._undo_far()
            self._commit_far()
            return
        self._marks_set += 1
        name = f"s{self._marks_set}"
        far = self.far(False)
        far.execute(f"savepoint {name}")
        try:
            with super().transaction(*options) as made:
                yield made
        except BaseException:
            far.execute(f"rollback to savepoint {name}")
            raise
        far.execute(f"{'rollback to' if force_rollback else 'release'} savepoint {name}")

    def commit(self) -> None:
        """In two phases."""
        self._prepare()
        try:
            super().commit()
        except BaseException:
            self._undo_far()
            raise
        self._commit_far()

    def rollback(self) -> None:
        """On both."""
        super().rollback()
        self._undo_far()

    def close(self) -> None:
        """All connections."""
        super().close()
        self._far.close()
        if self._scratch is not None:
            self._scratch.close()

    def _prepare(self) -> None:
        status = self._far.info.transaction_status
        if status == TransactionStatus.IDLE:
            return
        assert status == TransactionStatus.INTRANS, status
        if self._has_written:
            self._second_phase = uuid.uuid4().hex
            self._far.execute(f"prepare transaction '{self._second_phase}'")
        else:
            self._far.execute("commit")

    def _commit_far(self) -> None:
        if self._second_phase:
            self._far.execute(f"commit prepared '{self._second_phase}'")
        self._second_phase, self._has_written = "", False

    def _undo_far(self) -> None:
        if self._second_phase:
            self._far.execute(f"rollback prepared '{self._second_phase}'")
        elif not self._far.closed and self._far.info.transaction_status != TransactionStatus.IDLE:
            self._far.execute("rollback")
        self._second_phase, self._has_written = "", False

    # --- reads over both ------------------------------------------------------------------------

    def gather(self, statement: Statement, query: Any, params: Any) -> tuple[list[Any], Any]:
        """All rows of the tables, as the two transactions see them, in one place; then the read's
        rows and columns."""
        if self._scratch is None:
            self._scratch = psycopg.Connection.connect(self._url)
        scratch = self._scratch
        tables = sorted(statement.tables | statement.all_tables)
        with scratch.transaction(force_rollback=True):
            scratch.execute("set timezone to 'UTC'")
            for table in tables:
                definition = f"create temp table {table} (like public.{table})"
                scratch.execute(definition.encode())
                sources = [psycopg.Connection.cursor(self)]
                if table != NEAR_ONLY:
                    sources.append(self.far(False).cursor())
                for source in sources:
                    self._carry(source, scratch, table)
            for view in statement.views:
                row = scratch.execute("select pg_get_viewdef(%s::regclass)", [f"public.{view}"])
                body = row.fetchone()[0].replace("public.", "")  # type: ignore[index]
                scratch.execute(f"create temp view {view} as {body}".encode())
            done = scratch.execute(query, params)
            return done.fetchall(), done.description

    @staticmethod
    def _carry(source: Any, scratch: psycopg.Connection[Any], table: str) -> None:
        out = f"copy (select * from public.{table}) to stdout (format binary)".encode()
        into = f"copy pg_temp.{table} from stdin (format binary)".encode()
        with (
            scratch.cursor() as target,
            psycopg.Cursor.copy(source, out) as read,
            target.copy(into) as write,
        ):
            for piece in read:
                write.write(piece)


def servers_of(url: str) -> list[str]:
    """URLs of all servers that hold rows of a database."""
    return [url, _far_urls[url]] if url in _far_urls else [url]


@contextmanager
def second_node(url: str, folder: Path, programs: Path | None) -> Iterator[None]:
    """Start a second server; connections to `url` are routed over both from now on."""
    with embedded(folder, programs) as far_url:
        superuser = far_url.replace("//edge_central:", "//postgres:").replace(
            "/edge_central?", "/?"
        )
        with psycopg.connect(superuser, autocommit=True, dbname="postgres") as connection:
            for setting in ("fsync = off", "full_page_writes = off", "synchronous_commit = off"):
                connection.execute(f"alter system set {setting}".encode())
            connection.execute("alter system set max_prepared_transactions = 100")
    with embedded(folder, programs) as far_url:
        plain, defaults = psycopg.connect, session.open_pool.__defaults__
        assert defaults is not None
        _far_urls[url] = far_url
        psycopg.connect = RoutedConnection.connect
        session.open_pool.__defaults__ = (defaults[0], RoutedConnection, *defaults[2:])
        try:
            yield
        finally:
            psycopg.connect = plain
            session.open_pool.__defaults__ = defaults
            del _far_urls[url]
