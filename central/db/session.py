"""Connections of the centre: a pool for the service, one connection for a command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from central.db.bulk import Connection
from central.errors import DatabaseUnavailable

T = TypeVar("T")
_ATTEMPTS = 4
_WAIT_S = 5.0
_RECONNECT_S = 2.0
WRITE_S = 5
"""No transaction of the service lives longer, in seconds."""
READ_S = 60
_HAS_TRANSACTION_TIMEOUT = 17_00_00


def _configure(connection: Connection) -> None:
    connection.execute("set timezone to 'UTC'")
    # A writing transaction holds the feed back, so none may stay open: every wait has an end.
    connection.execute(f"set statement_timeout to '{WRITE_S}s'")
    connection.execute(f"set lock_timeout to '{WRITE_S}s'")
    connection.execute(f"set idle_in_transaction_session_timeout to '{WRITE_S}s'")
    if connection.info.server_version >= _HAS_TRANSACTION_TIMEOUT:
        connection.execute(f"set transaction_timeout to '{WRITE_S}s'")
    connection.commit()


def open_pool(
    url: str,
    size: int = 12,
    connection_class: type[Connection] = psycopg.Connection,
    cursor_class: type[psycopg.Cursor[Any]] = psycopg.Cursor,
) -> ConnectionPool[Connection]:
    """A pool that is ready for work, or `DatabaseUnavailable`."""
    pool: ConnectionPool[Connection] = ConnectionPool(
        url,
        min_size=2,
        max_size=size,
        timeout=_WAIT_S,
        reconnect_timeout=_RECONNECT_S,
        configure=_configure,
        connection_class=connection_class,
        kwargs={"cursor_factory": cursor_class},
        open=False,
    )
    try:
        pool.open(wait=True, timeout=15.0)
    except PoolTimeout as error:
        pool.close()
        raise DatabaseUnavailable(f"the database does not answer: {error}") from None
    return pool


@contextmanager
def connect(url: str) -> Iterator[Connection]:
    """One autocommit connection for a command; transactions are opened where they are needed."""
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=15)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"the database does not answer: {error}") from None
    with connection:
        connection.execute("set timezone to 'UTC'")
        yield connection


_NO_ANSWER = (
    psycopg.OperationalError,
    psycopg.errors.TransactionTimeout,
    psycopg.errors.IdleInTransactionSessionTimeout,
)


def transact(pool: ConnectionPool[Connection], work: Callable[[Connection], T]) -> T:
    """Run `work` in one transaction; a deadlock or serialization failure is tried again.

    Raises `DatabaseUnavailable` when no connection can be had or it breaks."""
    try:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with pool.connection() as connection:
                    return work(connection)
            except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
                if attempt == _ATTEMPTS:
                    raise
    except (*_NO_ANSWER, PoolTimeout) as error:
        if not isinstance(error, PoolTimeout) and not pool.closed:
            pool.check()  # others are broken too when the server went away
        raise DatabaseUnavailable(f"the database does not answer: {error}") from error
    raise AssertionError("unreachable")


def _allow(connection: Connection, seconds: int) -> None:
    """Let this transaction take longer: reading holds nobody back."""
    connection.execute(f"set local statement_timeout to '{seconds}s'")
    if connection.info.server_version >= _HAS_TRANSACTION_TIMEOUT:
        connection.execute(f"set local transaction_timeout to '{seconds}s'")


def snapshot(pool: ConnectionPool[Connection], work: Callable[[Connection], T]) -> T:
    """Run read-only `work` on one snapshot."""

    def reading(connection: Connection) -> T:
        connection.execute("set transaction isolation level repeatable read, read only")
        _allow(connection, READ_S)
        return work(connection)

    return transact(pool, reading)
