"""Purses of the rows that a restore replaces, while those rows can still be read."""

from __future__ import annotations

from datetime import datetime

from psycopg import sql

from central.apply import publish
from central.changes import Changes
from central.db.bulk import Connection
from central.member_state import Cause
from central.member_store import load_members
from loyalty import ledger
from loyalty.ledger import AVAILABLE

_FORGOTTEN = """
select old.member_id, old.serial, old.points from {before}.purse old
where old.state = 'open' and not exists (
    select 1 from public.purse p where p.member_id = old.member_id and p.serial = old.serial)
order by old.member_id, old.serial
"""
_ROWS = """
insert into public.purse select old.* from {before}.purse old
join public.member using (member_id) where old.state = 'open' on conflict do nothing
"""


def carry_purses(connection: Connection, before: str, now: datetime) -> bool:
    """Debit again every open purse that the backup does not know, whole: the sales that took from
    it come again. False when a member has less now: what is missing may have been earned in facts
    that come only later.

    `before` is the schema of the replaced rows, of the same migration. One transaction."""
    name = sql.Identifier(before)
    rows = connection.execute(sql.SQL(_FORGOTTEN).format(before=name)).fetchall()
    connection.execute(sql.SQL(_ROWS).format(before=name))
    members = load_members(connection, {row[0] for row in rows})
    is_whole = True
    for member_id, serial, points in rows:
        member = members.get(member_id)
        part = min(points, member.books.balance(AVAILABLE)) if member else 0
        is_whole = is_whole and part == points
        if member and part > 0:
            cause = Cause(f"purse:{serial}")
            entry_id = member.next_id(cause)
            member.post(ledger.fill_purse(member.books, entry_id, serial, part), cause)
    changes = Changes()
    publish(connection, members.values(), now, changes)
    changes.flush(connection)
    return is_whole
