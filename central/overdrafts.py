"""Where an overdraft came from: one row for each layer of each sale that spent too much.

The goods are gone when a register's fact arrives, so it is never refused; what nothing else covers
is booked on the member's account `overdraft` and kept here with register, store and layer. Rows
follow the account: what is repaid comes off the oldest, what a return takes back off its own. A
loss is what a person or time wrote off. `central.offline_loss` reports them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from central.db.bulk import Columns, Connection, Row, upsert_rows
from central.member_state import Cause, MemberState, Overdraft
from loyalty import lots
from loyalty.ledger import OVERDRAFT

RETURNED = "return"
"""Layer of an overdraft that no approval made: earned points were spent before a return took
them back."""

_KEY: Columns = (("member_id", "bigint"), ("overdraft_id", "text"))
_ROW: Columns = (
    *(("layer", "text"), ("register_id", "text"), ("store_id", "text"), ("subject_id", "uuid")),
    *(("points", "bigint"), ("left_points", "bigint"), ("lost_points", "bigint")),
    ("created_at", "timestamptz"),
)
_LOAD = """
select member_id, overdraft_id, layer, register_id, store_id, subject_id::text, points,
       left_points, lost_points, created_at
from overdraft
where member_id = any(%s) and (left_points > 0 or subject_id = any(%s::uuid[]))
order by created_at, overdraft_id
"""


def load(connection: Connection, members: Mapping[int, MemberState]) -> None:
    """The open rows of members who owe points, and the rows of sales that overdrew and may be
    undone now; most have none, and nothing is asked for them."""
    owing = {key for key, member in members.items() if member.books.balance(OVERDRAFT)}
    undone = [
        (key, sale.sale_id)
        for key, member in members.items()
        for sale in member.sales.values()
        if sale.redeemed > lots.total(member.spent.get(sale.redemption_entry or "", ()))
    ]
    ids = sorted(owing | {key for key, _ in undone})
    if ids:
        for row in connection.execute(_LOAD, [ids, [sale_id for _, sale_id in undone]]):
            members[row[0]].overdrafts[row[1]] = Overdraft(*row[1:])


def tag(member: MemberState, cause: Cause, parts: Iterable[tuple[str, int]]) -> None:
    """Note what each (layer, points) of one redemption spent too much."""
    for layer, points in parts:
        if points:
            _add(member, cause, layer, points)


def _add(member: MemberState, cause: Cause, layer: str, points: int) -> None:
    key = f"{cause.key}:{layer}"[:200]
    known = member.overdrafts.get(key)
    if known is None:
        where = (cause.register_id, cause.store_id, cause.subject_id)
        member.overdrafts[key] = Overdraft(key, layer, *where, points, points)
    else:
        known.points += points
        known.left += points
    member.touch("overdraft", key)


def take_back(member: MemberState, subject_id: str, points: int) -> int:
    """A return or void undid so much of what this sale had overdrawn: what is owed of it first,
    then what was written off; returns the latter."""
    own = [row for row in member.overdrafts.values() if row.subject_id == subject_id]
    points -= _reduce(member, points, own)
    lost = 0
    for row in own:
        part = min(points - lost, row.lost)
        if part:
            row.lost -= part
            lost += part
            member.touch("overdraft", row.overdraft_id)
    return lost


def write_off(member: MemberState, owed: Collection[Overdraft]) -> None:
    """These rows become a loss; the account is moved by the caller."""
    for row in owed:
        row.lost += row.left
        row.left = 0
        member.touch("overdraft", row.overdraft_id)


def reconcile(member: MemberState) -> None:
    """Make the rows say what the account says: oldest first off when it was repaid, a row more
    when something other than a redemption went below zero."""
    gap = sum(row.left for row in member.overdrafts.values()) + member.books.balance(OVERDRAFT)
    if gap > 0:
        _reduce(member, gap, list(member.overdrafts.values()))
    elif gap < 0:
        cause = member.postings[-1][1] if member.postings else Cause("unknown")
        _add(member, cause, RETURNED, -gap)


def _reduce(member: MemberState, points: int, rows: Iterable[Overdraft]) -> int:
    done = 0
    for row in rows:
        part = min(points - done, row.left)
        if part:
            row.left -= part
            done += part
            member.touch("overdraft", row.overdraft_id)
    return done


def save(connection: Connection, members: Collection[MemberState], now: datetime) -> None:
    """Write the rows that changed."""
    rows: list[Row] = []
    for member in members:
        if member.overdrafts or member.books.balance(OVERDRAFT):
            reconcile(member)
            for table, key in member.touched:
                if table == "overdraft":
                    o = member.overdrafts[key]
                    where = (o.layer, o.register_id, o.store_id, o.subject_id)
                    figures = (o.points, o.left, o.lost, o.created_at or now)
                    rows.append((member.member_id, key, *where, *figures))
    upsert_rows(connection, "overdraft", _KEY, _ROW, rows)
