"""Rows that do not wait their turn: who is denied, the policy, the keys of purses.

A register that is far behind, or starts from a snapshot file, learns them first. They come again
in their own place; a row's version says that it is known.
"""

from __future__ import annotations

from typing import Any

from central.db.bulk import Connection

AT_ONCE = 200
_AHEAD = """
select kind, key, version, is_deleted, body, xid::text::bigint, id, member_id from change
where kind in ('deny', 'offline_policy', 'purse_key') and scope = '*'
  and (xid, id) > (%s::text::xid8, %s) and xid < pg_snapshot_xmin(pg_current_snapshot())
order by xid desc, id desc limit %s
"""


def rows_ahead(
    connection: Connection, xid: int, last: int, limit: int | None = AT_ONCE
) -> list[tuple[Any, ...]]:
    """Such rows above a position, the newest first; None is all of them."""
    return connection.execute(_AHEAD, [xid, last, limit]).fetchall()
