"""Many rows in one statement. Table and column names are constants of the callers.

Rows travel as one binary array per column: one round trip, and inside a pipeline not even that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[tuple[Any, ...]]
Row = Sequence[Any]
Columns = tuple[tuple[str, str], ...]
"""(name, type) pairs in the order of a row's values."""


def insert_rows(connection: Connection, table: str, columns: Columns, rows: list[Row]) -> None:
    """Insert new rows; a key that exists already is an error. No column may be an array."""
    if rows:
        connection.execute(_insert(table, columns, ()), _arrays(rows))


def upsert_rows(
    connection: Connection, table: str, key: Columns, values: Columns, rows: list[Row]
) -> None:
    """Insert rows, or replace `values` where `key` exists."""
    if rows:
        connection.execute(_insert(table, (*key, *values), key), _arrays(rows))


def delete_rows(connection: Connection, table: str, key: Columns, rows: list[Row]) -> None:
    """Delete by key."""
    if rows:
        connection.execute(_delete(table, key), _arrays(rows))


def copy_rows(connection: Connection, table: str, columns: Sequence[str], rows: list[Row]) -> None:
    """COPY new rows in; for columns that are arrays themselves."""
    if not rows:
        return
    statement = sql.SQL("copy {} ({}) from stdin").format(_name(table), _names(columns))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


@lru_cache(maxsize=64)
def _insert(table: str, columns: Columns, key: Columns) -> bytes:
    statement = sql.SQL("insert into {} ({}) select * from {}").format(
        _name(table), _names(column for column, _ in columns), _unnest(columns)
    )
    if key:
        replaced = [column for column in columns if column not in key]
        statement += sql.SQL(" on conflict ({}) do update set {}").format(
            _names(column for column, _ in key),
            sql.SQL(", ").join(
                sql.SQL("{0} = excluded.{0}").format(_name(column)) for column, _ in replaced
            ),
        )
    return statement.as_bytes()


@lru_cache(maxsize=16)
def _delete(table: str, key: Columns) -> bytes:
    statement = sql.SQL("delete from {} using {} as gone ({}) where {}").format(
        _name(table),
        _unnest(key),
        _names(column for column, _ in key),
        sql.SQL(" and ").join(
            sql.SQL("{0}.{1} = gone.{1}").format(_name(table), _name(column)) for column, _ in key
        ),
    )
    return statement.as_bytes()


def _arrays(rows: list[Row]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _unnest(columns: Columns) -> sql.Composed:
    arrays = (sql.SQL("%b::{}[]").format(sql.SQL(kind)) for _, kind in columns)
    return sql.SQL("unnest({})").format(sql.SQL(", ").join(arrays))


def _name(text: str) -> sql.Identifier:
    return sql.Identifier(text)


def _names(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column) for column in columns)
