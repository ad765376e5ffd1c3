"""Writing the rows that registers download."""

from __future__ import annotations

import json
from typing import Any

from central.db.bulk import Connection
from sync.contract.messages import WireModel

CHANNEL = "edge_change"
EVERYONE = "*"
_as_text = json.JSONEncoder(ensure_ascii=False).encode

_UPSERT = """
insert into change (member_id, kind, key, scope, version, is_deleted, body, xid, id)
select member_id, kind, key, scope, 1, is_deleted, body, pg_current_xact_id(), id
from unnest(%b::bigint[], %b::text[], %b::text[], %b::text[], %b::boolean[], %b::jsonb[],
            %b::bigint[]) as fresh (member_id, kind, key, scope, is_deleted, body, id)
on conflict (member_id, kind, key) do update
set scope = excluded.scope, version = change.version + 1, is_deleted = excluded.is_deleted,
    body = excluded.body, xid = excluded.xid, id = excluded.id
where (change.scope, change.is_deleted, change.body)
   is distinct from (excluded.scope, excluded.is_deleted, excluded.body)
"""


def register_scope(register_id: str) -> str:
    """Only this register sees the row."""
    return f"register:{register_id}"


class Changes:
    """Rows to be delivered, gathered within one transaction; the last state of a row counts.

    A row that says what it said before keeps its version and place. Registers see a row only
    once its transaction has committed.
    """

    def __init__(self) -> None:
        self._rows: dict[tuple[int, str, str], tuple[str, bool, str]] = {}
        self._written = 0

    def part(self) -> Changes:
        """Rows of a savepoint of the same transaction; `take_over` brings them in."""
        part = Changes()
        part._written = self._written
        return part

    def put(
        self,
        kind: str,
        key: str,
        body: dict[str, Any],
        *,
        scope: str = EVERYONE,
        member_id: int = 0,
        is_deleted: bool = False,
    ) -> None:
        """State of one row; `member_id` 0 for rows about no member."""
        self._put((member_id, kind, key), (scope, is_deleted, _as_text(body)))

    def put_message(
        self, kind: str, key: str, row: WireModel, *, scope: str = EVERYONE, member_id: int = 0
    ) -> None:
        """State of one row, as the contract's own message."""
        self._put((member_id, kind, key), (scope, False, row.model_dump_json()))

    def _put(self, key: tuple[int, str, str], row: tuple[str, bool, str]) -> None:
        self._rows.pop(key, None)
        self._rows[key] = row

    def take_over(self, other: Changes) -> None:
        """Put what a `part` gathered; used when a savepoint held."""
        self._written = other._written
        for key, row in other._rows.items():
            self._rows.pop(key, None)
            self._rows[key] = row

    def flush(self, connection: Connection) -> None:
        """Write what was put; listeners hear of it at commit."""
        if not self._rows and not self._written:
            return
        with connection.pipeline():
            self.write(connection)
            connection.execute("select pg_notify(%s, '')", [CHANNEL])

    def write(self, connection: Connection) -> None:
        """Write what was put so far, for the database to work on meanwhile; nobody hears of it
        before `flush`."""
        if not self._rows:
            return
        columns: list[list[Any]] = [[] for _ in range(7)]
        for (member_id, kind, key), (scope, is_deleted, body) in self._rows.items():
            row = (member_id, kind, key, scope, is_deleted, body, self._written)
            for column, value in zip(columns, row, strict=True):
                column.append(value)
            self._written += 1
        connection.execute(_UPSERT, columns)
        self._rows.clear()
