"""Every sale that took from a purse, so that a second use of the same code is seen."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from central.db.bulk import Columns, Connection, Row, insert_rows
from central.member_state import MemberState

_SIGHTING: Columns = (
    *(("member_id", "bigint"), ("serial", "bigint"), ("sale_id", "uuid")),
    *(("register_id", "text"), ("store_id", "text"), ("epoch", "integer"), ("seq", "bigint")),
    *(("points", "bigint"), ("link_index", "integer"), ("occurred_at", "text")),
    ("seen_at", "timestamptz"),
)


def save(connection: Connection, members: Collection[MemberState], now: datetime) -> None:
    """Write what this transaction saw; a sale is applied once, so is its sighting."""
    rows: list[Row] = [
        (
            *(member.member_id, seen.serial, seen.sale_id, seen.register_id, seen.store_id),
            *(seen.epoch, seen.seq, seen.points, seen.link_index, seen.occurred_at, now),
        )
        for member in members
        for seen in member.sightings
    ]
    insert_rows(connection, "purse_sighting", _SIGHTING, rows)
