"""The feed of a store that has a hub: the hub reads it for all, and each till its own rows alone.

What a till reads for itself are the kinds that a hub is not believed in
(`sync.contract.feed.OWN_KINDS`): rights and who may do what. The hub gets the heads of its store's
registers, each with the balances that contain it.
"""

from __future__ import annotations

from datetime import datetime

from central.changes import register_scope
from central.db.bulk import Connection
from central.feed import HEAD, floor_of, parse_cursor, serve_rows
from central.instants import to_text
from sync.contract.cursor import Cursor
from sync.contract.feed import FeedPage, FeedRow
from sync.serving.port import Caller, Refused

_END = 10**17
_COLUMNS = "kind, key, version, is_deleted, body, xid::text::bigint, id, member_id"
_ABOVE = (
    "(xid, id) > (%(xid)s::text::xid8, %(id)s) and xid < pg_snapshot_xmin(pg_current_snapshot())"
    " order by xid, id limit %(limit)s"
)
_OWN = f"""
select * from (
    (select {_COLUMNS} from change
     where kind in ('deny', 'offline_policy', 'purse_key') and scope = '*' and {_ABOVE})
    union all
    (select {_COLUMNS} from change
     where member_id = 0 and kind = 'staff' and scope = '*' and {_ABOVE})
    union all
    (select {_COLUMNS} from change where scope = %(store)s and {_ABOVE})
    union all
    (select {_COLUMNS} from change where scope = %(register)s and kind <> 'head' and {_ABOVE})
) as rows order by xid, id limit %(limit)s
"""
_HORIZON = "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1"
_HEADS = """
select key, version, body from change where member_id = 0 and kind = 'head' and key = any(%s)
  and xid > %s::text::xid8 and xid < pg_snapshot_xmin(pg_current_snapshot())
"""


def own_page(
    connection: Connection, caller: Caller, cursor_text: str, limit: int, now: datetime
) -> FeedPage:
    """A page of the rows that a register behind a hub reads for itself, after a cursor of any
    page of its feed. The transaction must be REPEATABLE READ."""
    incarnation, floor = floor_of(connection)
    cursor = parse_cursor(cursor_text, incarnation)
    if cursor_text and cursor.xid < floor:
        raise Refused(410, "cursor_gone", "deletions since this cursor have been forgotten")
    found = connection.execute(
        _OWN,
        {
            "store": f"store:{caller.store_id}",
            "register": register_scope(caller.register_id),
            "xid": cursor.xid,
            "id": cursor.id,
            "limit": limit,
        },
    ).fetchall()
    more = len(found) == limit
    # At the end the cursor goes on to where readers may see, or it would fall under the floor.
    xid, last = max(cursor.xid, _horizon(connection)), _END
    if more:
        xid, last = found[-1][5], found[-1][6]
    return FeedPage(
        incarnation=incarnation,
        cursor=str(Cursor(incarnation, xid, last, cursor.head_version)),
        rows=serve_rows(connection, caller, found),
        more=more,
        server_time=to_text(now),
    )


def with_heads(connection: Connection, caller: Caller, page: FeedPage, after: int) -> FeedPage:
    """The page, and at the end of what there is the heads of the store's other registers that
    are newer than the mark `after`: all, or none while a balance under one is on its way."""
    if page.more:
        return page
    rows = connection.execute(
        "select register_id from register where store_id = %s and register_id <> %s",
        [caller.store_id, caller.register_id],
    ).fetchall()
    names = [row[0] for row in rows]
    if not names or _is_on_its_way(connection, names):
        return page
    found = connection.execute(_HEADS, [names, after]).fetchall()
    heads = [
        FeedRow(kind=HEAD, key=key, version=version, body=body) for key, version, body in found
    ]
    mark = _horizon(connection) if heads else after
    return page.model_copy(update={"rows": [*page.rows, *heads], "heads": mark})


def _horizon(connection: Connection) -> int:
    row = connection.execute(_HORIZON).fetchone()
    assert row is not None
    return int(row[0])


def _is_on_its_way(connection: Connection, registers: list[str]) -> bool:
    """Whether a balance that facts of these registers went into was moved on by a transaction
    which readers may not see yet."""
    above = connection.execute(
        "select member_id from change where scope = '*' and kind = 'member'"
        " and xid >= pg_snapshot_xmin(pg_current_snapshot())"
    ).fetchall()
    if not above:
        return False
    found = connection.execute(
        "select 1 from subject where register_id = any(%s) and member_id = any(%s) limit 1",
        [registers, [row[0] for row in above]],
    )
    return found.fetchone() is not None
