"""Checksums of what a register should hold, and one bucket of it, straight from the feed's table.

Made on one snapshot, when asked: a bucket is quiet when none of its rows lies above the caller's
cursor. `sync.contract.buckets` says what is summed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from central.changes import EVERYONE, register_scope
from central.db.bulk import Connection
from central.feed import incarnation_of, parse_cursor, serve_rows
from central.instants import to_text
from sync.contract.buckets import DEFAULT_BUCKETS, pack_bits, pack_sums
from sync.contract.feed import BucketSums, FeedBucket
from sync.serving.port import Caller

_ID = "substr(sha256(convert_to(kind || chr(31) || key, 'UTF8')), 1, 8)"
_LIVE = """
    scope = any(%(scopes)s) and kind = any(%(kinds)s) and not is_deleted
    and (kind <> 'lease' or (body ->> 'epoch')::integer = %(epoch)s)
    and (kind <> 'phone' or exists (
        select 1 from person where person.member_id = change.member_id and phone is not null))
"""
_SUMS = f"""
with named as (
    select {_ID} as id, case kind when 'phone' then xid::text::bigint else version end as version
    from change where {_LIVE}
), digested as (
    select ('x' || encode(id, 'hex'))::bit(64)::bigint & (%(buckets)s - 1) as bucket,
           ('x' || encode(substr(sha256(id || int8send(version)), 1, 8), 'hex'))::bit(64) as digest
    from named
)
select bucket, bit_xor(digest)::bigint from digested group by bucket
"""
_MOVED = f"""
select distinct ('x' || encode({_ID}, 'hex'))::bit(64)::bigint & (%(buckets)s - 1)
from change where scope = any(%(scopes)s) and (xid, id) > (%(xid)s::text::xid8, %(id)s)
"""
_BUCKET = f"""
select kind, key, version, is_deleted, body, xid::text::bigint, id, member_id
from change where {_LIVE}
and ('x' || encode({_ID}, 'hex'))::bit(64)::bigint & (%(buckets)s - 1) = %(number)s
"""


def _scope(caller: Caller, kinds: Sequence[str], buckets: int) -> dict[str, Any]:
    scopes = [EVERYONE, f"store:{caller.store_id}", register_scope(caller.register_id)]
    return {"scopes": scopes, "kinds": list(kinds), "epoch": caller.epoch, "buckets": buckets}


def bucket_sums(
    connection: Connection, caller: Caller, cursor_text: str, kinds: Sequence[str], now: datetime
) -> BucketSums:
    """Sums and quiet buckets for a register's cursor. One snapshot."""
    incarnation = incarnation_of(connection)
    cursor = parse_cursor(cursor_text, incarnation)
    buckets = DEFAULT_BUCKETS
    parameters = _scope(caller, kinds, buckets) | {"xid": cursor.xid, "id": cursor.id}
    sums = [0] * buckets
    for bucket, digest in connection.execute(_SUMS, parameters):
        sums[bucket] = digest % 2**64
    quiet = [True] * buckets
    for (bucket,) in connection.execute(_MOVED, parameters):
        quiet[bucket] = False
    return BucketSums(
        incarnation=incarnation,
        buckets=buckets,
        sums=pack_sums(sums),
        quiet=pack_bits(quiet),
        server_time=to_text(now),
        kinds=list(kinds),
    )


def read_bucket(
    connection: Connection,
    caller: Caller,
    number: int,
    buckets: int,
    kinds: Sequence[str],
    now: datetime,
) -> FeedBucket:
    """Live rows of one bucket as the feed would give them."""
    parameters = _scope(caller, kinds, buckets) | {"number": number}
    found = connection.execute(_BUCKET, parameters).fetchall()
    rows = [row for row in serve_rows(connection, caller, found) if not row.is_deleted]
    return FeedBucket(
        incarnation=incarnation_of(connection),
        number=number,
        buckets=buckets,
        rows=rows,
        server_time=to_text(now),
        kinds=list(kinds),
    )
