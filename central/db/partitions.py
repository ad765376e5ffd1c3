"""Monthly partitions of the tables that grow for ever.

Each has a default partition, so that no insert is ever refused; when a month's own partition is
made later, its rows are moved there first. Names are `TABLE_YYYY_MM`.
"""

from __future__ import annotations

import re
from datetime import date

from psycopg import sql

from central.db.bulk import Connection

PARTITIONED = {
    "fact_body": "received_on",
    "entry": "posted_on",
    "leg": "posted_on",
    "allocation": "posted_on",
}
MONTHS_AHEAD = 2
_LOCK = 5_260_871_004
_NAME = re.compile(r"(?P<table>[a-z_]+)_(?P<year>\d{4})_(?P<month>\d\d)")


def month_after(day: date, months: int = 1) -> date:
    """First day of the month that many months after the day's own."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def partitions(connection: Connection, table: str) -> dict[date, str]:
    """The table's partitions by their first day, oldest first; without the default one."""
    rows = connection.execute(
        "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
        " where i.inhparent = %s::regclass order by c.relname",
        [table],
    ).fetchall()
    found = {}
    for (name,) in rows:
        parsed = _NAME.fullmatch(name)
        if parsed and parsed["table"] == table:
            found[date(int(parsed["year"]), int(parsed["month"]), 1)] = name
    return found


def ensure_partitions(connection: Connection, today: date) -> list[str]:
    """Make this month's and the next months' partitions where they are missing; their names.

    Several processes may try at once: they take turns."""
    made = []
    for table, column in PARTITIONED.items():
        for months in range(MONTHS_AHEAD + 1):
            first = month_after(today, months)
            with connection.transaction():
                connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
                if first not in partitions(connection, table):
                    made.append(_make(connection, table, column, first))
    return made


def _make(connection: Connection, table: str, column: str, first: date) -> str:
    name = f"{table}_{first:%Y_%m}"
    parts = {
        "name": sql.Identifier(name),
        "table": sql.Identifier(table),
        "rest": sql.Identifier(f"{table}_rest"),
        "column": sql.Identifier(column),
        "first": sql.Literal(first),
        "end": sql.Literal(month_after(first)),
    }
    for statement in (
        "create table {name} (like {table} including defaults including constraints)",
        "with moved as (delete from {rest} where {column} >= {first} and {column} < {end}"
        " returning *) insert into {name} select * from moved",
        "alter table {table} attach partition {name} for values from ({first}) to ({end})",
    ):
        connection.execute(sql.SQL(statement).format(**parts))
    return name


def drop_partition(connection: Connection, table: str, name: str) -> None:
    """Take a partition off and delete it with its rows."""
    parts = {"table": sql.Identifier(table), "name": sql.Identifier(name)}
    with connection.transaction():
        connection.execute(sql.SQL("alter table {table} detach partition {name}").format(**parts))
        connection.execute(sql.SQL("drop table {name}").format(**parts))
