"""Serving the feed: state rows after a cursor, complete in spite of transactions in flight.

A row's position is (xid, id) of its writing transaction. A reader stops below
`pg_snapshot_xmin`, the oldest transaction still running, because a position under it can no
longer appear; `id > last` over a sequence loses rows that commit late.

The `head` row promises that the register's facts up to it are inside the balances delivered. It
is therefore given only at the end of what there is, and only when none of the members who
shopped at this register has a newer row still waiting above the horizon.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from central.changes import EVERYONE, register_scope
from central.db.bulk import Connection
from central.feed_ahead import rows_ahead
from central.instants import to_text
from sync.contract.cursor import Cursor, read_cursor
from sync.contract.feed import FeedPage, FeedRow
from sync.contract.tokens import phone_token
from sync.serving.port import Caller, Refused

PHONE = "phone"
HEAD = "head"
_SCAN = """
select kind, key, version, is_deleted, body, xid::text::bigint, id, member_id from (
    {branches}
) as rows order by xid, id limit %(limit)s
"""
_BRANCH = """
    (select * from change
     where scope = %(scope_{n})s and (xid, id) > (%(xid)s::text::xid8, %(id)s)
       and xid < pg_snapshot_xmin(pg_current_snapshot()) and kind <> 'head'
     order by xid, id limit %(limit)s)
"""
_QUERY = _SCAN.format(branches=" union all ".join(_BRANCH.format(n=n) for n in range(3)))
_NEAR = """
select kind, key, version, is_deleted, body, xid::text::bigint, id, member_id from change
where scope = any(%(scopes)s) and (xid, id) > (%(xid)s::text::xid8, %(id)s)
  and (xid, id) <= (%(to_xid)s::text::xid8, %(to_id)s) and kind <> 'head'
order by xid, id limit %(limit)s
"""


def parse_cursor(text: str, incarnation: str) -> Cursor:
    """The cursor, from the start when empty; 410 `cursor_gone` when it is not of this database."""
    if not text:
        return Cursor(incarnation)
    found = read_cursor(text)
    if found is None or found.incarnation != incarnation:
        raise Refused(410, "cursor_gone", "start over with an empty cursor")
    return found


def incarnation_of(connection: Connection) -> str:
    """Id of this life of the database."""
    row = connection.execute("select value from meta where name = 'incarnation'").fetchone()
    assert row is not None
    return str(row[0])


def floor_of(connection: Connection) -> tuple[str, int]:
    """Incarnation, and the position below which deletions have been forgotten."""
    query = "select name, value from meta where name in ('incarnation', 'feed_floor')"
    values: dict[str, str] = dict(connection.execute(query).fetchall())
    return values["incarnation"], int(values["feed_floor"])


def read_page(
    connection: Connection, caller: Caller, cursor_text: str, limit: int, now: datetime
) -> FeedPage:
    """One page for a register. The transaction must be REPEATABLE READ: one snapshot."""
    incarnation, floor = floor_of(connection)
    cursor = parse_cursor(cursor_text, incarnation)
    if cursor_text and cursor.xid < floor:
        raise Refused(410, "cursor_gone", "deletions since this cursor have been forgotten")
    if cursor.near is not None:
        return _near_page(connection, caller, cursor, limit, now)
    scopes = (EVERYONE, f"store:{caller.store_id}", register_scope(caller.register_id))
    parameters = {f"scope_{n}": scope for n, scope in enumerate(scopes)}
    position: dict[str, Any] = {"xid": cursor.xid, "id": cursor.id, "limit": limit}
    found = connection.execute(_QUERY, {**parameters, **position}).fetchall()
    more = len(found) == limit
    xid, last = (found[-1][5], found[-1][6]) if found else (cursor.xid, cursor.id)
    rows = serve_rows(connection, caller, found)
    if more:
        rows = serve_rows(connection, caller, rows_ahead(connection, xid, last)) + rows
    head_version = cursor.head_version
    if not more and (head := _head_row(connection, caller, cursor.head_version)):
        rows.append(head)
        head_version = head.version
    return FeedPage(
        incarnation=incarnation,
        cursor=str(Cursor(incarnation, xid, last, head_version)),
        rows=rows,
        more=more,
        server_time=to_text(now),
    )


def _near_page(
    connection: Connection, caller: Caller, cursor: Cursor, limit: int, now: datetime
) -> FeedPage:
    """What a snapshot file leaves out: rows of the register's store and of itself."""
    assert cursor.near is not None
    xid, last = cursor.near
    found = connection.execute(
        _NEAR,
        {
            "scopes": [f"store:{caller.store_id}", register_scope(caller.register_id)],
            "xid": xid,
            "id": last,
            "to_xid": cursor.xid,
            "to_id": cursor.id,
            "limit": limit,
        },
    ).fetchall()
    near = (found[-1][5], found[-1][6]) if len(found) == limit else None
    if near is None:
        found = rows_ahead(connection, 0, 0, limit=None) + found
    return FeedPage(
        incarnation=cursor.incarnation,
        cursor=str(replace(cursor, near=near)),
        rows=serve_rows(connection, caller, found),
        more=True,
        server_time=to_text(now),
    )


def _head_row(connection: Connection, caller: Caller, known_version: int) -> FeedRow | None:
    row = connection.execute(
        "select version, body from change where member_id = 0 and kind = 'head' and key = %s"
        " and version > %s and xid < pg_snapshot_xmin(pg_current_snapshot())",
        [caller.register_id, known_version],
    ).fetchone()
    if row is None or _has_rows_above_horizon(connection, caller):
        return None
    return FeedRow(kind=HEAD, key=caller.register_id, version=row[0], body=row[1])


def _has_rows_above_horizon(connection: Connection, caller: Caller) -> bool:
    """Whether a balance that a fact of this register went into was moved on by a transaction
    which readers may not see yet. Two statements: each stays within its own distribution."""
    above = connection.execute(
        "select member_id from change where scope = '*' and kind = 'member'"
        " and xid >= pg_snapshot_xmin(pg_current_snapshot())"
    ).fetchall()
    if not above:
        return False
    found = connection.execute(
        "select 1 from subject where register_id = %s and member_id = any(%s) limit 1",
        [caller.register_id, [row[0] for row in above]],
    )
    return found.fetchone() is not None


# --- rows as a register may see them --------------------------------------------------------------


def serve_rows(
    connection: Connection, caller: Caller, found: list[tuple[Any, ...]]
) -> list[FeedRow]:
    """Feed rows of (kind, key, version, is_deleted, body, xid, id, member_id) tuples.

    Leases of an earlier epoch are left out; purchases are shown at home only; phones become
    tokens under the store's own key."""
    tokens = _phone_tokens(connection, caller, [row for row in found if row[0] == PHONE])
    shoppers = [row[7] for row in found if row[0] == "member" and row[4].get("purchases")]
    at_home = _members_at_home(connection, caller.store_id, shoppers)
    rows: list[FeedRow] = []
    for kind, key, version, is_deleted, body, _xid, _id, member_id in found:
        if kind == PHONE:
            rows.extend(tokens.get(key, ()))
        elif kind == "member" and body.get("purchases") and member_id not in at_home:
            shown = {name: value for name, value in body.items() if name != "purchases"}
            rows.append(
                FeedRow(kind=kind, key=key, version=version, is_deleted=is_deleted, body=shown)
            )
        elif kind != "lease" or body.get("epoch") == caller.epoch:
            rows.append(
                FeedRow(kind=kind, key=key, version=version, is_deleted=is_deleted, body=body)
            )
    return rows


def _members_at_home(connection: Connection, store_id: str, member_ids: list[int]) -> set[int]:
    if not member_ids:
        return set()
    rows = connection.execute(
        "select member_id from member where member_id = any(%s) and home_store = %s",
        [member_ids, store_id],
    )
    return {row[0] for row in rows}


def _phone_tokens(
    connection: Connection, caller: Caller, found: list[tuple[Any, ...]]
) -> dict[str, list[FeedRow]]:
    if not found:
        return {}
    store_key = store_phone_key(connection, caller.store_id)
    versions = {row[7]: row[5] for row in found}
    people = connection.execute(
        "select member_id, phone, former_phones from person where member_id = any(%s)",
        [list(versions)],
    ).fetchall()
    former = [phone for _, _, phones in people for phone in phones]
    taken = _owners_of(connection, former)
    tokens: dict[str, list[FeedRow]] = {}
    for member_id, phone, phones in people:
        version = versions[member_id]
        rows = [
            FeedRow(kind="token", key=phone_token(store_key, old), version=version, is_deleted=True)
            for old in phones
            if old not in taken
        ]
        if phone:
            body = {"member_id": member_id}
            key = phone_token(store_key, phone)
            rows.append(FeedRow(kind="token", key=key, version=version, body=body))
        tokens[str(member_id)] = rows
    return tokens


def _owners_of(connection: Connection, phones: list[str]) -> set[str]:
    if not phones:
        return set()
    query = "select phone from person where phone = any(%s)"
    return {row[0] for row in connection.execute(query, [phones])}


def store_phone_key(connection: Connection, store_id: str) -> bytes:
    """The store's HMAC key; the store exists, for a register of it asked."""
    row = connection.execute(
        "select phone_key from store where store_id = %s", [store_id]
    ).fetchone()
    assert row is not None
    return bytes(row[0])
