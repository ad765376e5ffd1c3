"""Many rows in one statement. Table and column names are constants of the callers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[tuple[Any, ...]]
Row = Sequence[Any]


def copy_rows(connection: Connection, table: str, columns: Sequence[str], rows: list[Row]) -> None:
    """COPY new rows in; a key that exists already is an error."""
    if not rows:
        return
    statement = sql.SQL("copy {} ({}) from stdin").format(_name(table), _names(columns))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def upsert_rows(
    connection: Connection,
    table: str,
    key: Sequence[tuple[str, str]],
    values: Sequence[tuple[str, str]],
    rows: list[Row],
) -> None:
    """Insert rows, or replace `values` where `key` exists; both are (column, type) pairs."""
    if not rows:
        return
    columns = [*key, *values]
    statement = sql.SQL(
        "insert into {} ({}) select * from {} on conflict ({}) do update set {}"
    ).format(
        _name(table),
        _names(column for column, _ in columns),
        _unnest(columns),
        _names(column for column, _ in key),
        sql.SQL(", ").join(
            sql.SQL("{0} = excluded.{0}").format(_name(column)) for column, _ in values
        ),
    )
    connection.execute(statement, _arrays(rows))


def delete_rows(
    connection: Connection, table: str, key: Sequence[tuple[str, str]], rows: list[Row]
) -> None:
    """Delete by key; `key` is (column, type) pairs."""
    if not rows:
        return
    statement = sql.SQL("delete from {} using {} as gone ({}) where {}").format(
        _name(table),
        _unnest(key),
        _names(column for column, _ in key),
        sql.SQL(" and ").join(
            sql.SQL("{0}.{1} = gone.{1}").format(_name(table), _name(column)) for column, _ in key
        ),
    )
    connection.execute(statement, _arrays(rows))


def _arrays(rows: list[Row]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _unnest(columns: Sequence[tuple[str, str]]) -> sql.Composed:
    arrays = (sql.SQL("%s::{}[]").format(sql.SQL(kind)) for _, kind in columns)
    return sql.SQL("unnest({})").format(sql.SQL(", ").join(arrays))


def _name(text: str) -> sql.Identifier:
    return sql.Identifier(text)


def _names(columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column) for column in columns)
