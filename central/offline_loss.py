"""What redemption offline has cost: overdrafts by layer, store, day and member, purses used twice,
and the point at which somebody should look."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from central import overdrafts
from central.apply import publish
from central.changes import Changes
from central.db.bulk import Connection
from central.instants import to_text
from central.member_state import Cause
from central.member_store import load_members
from loyalty import ledger
from loyalty.authorisation.policy import Policy

BY = ("layer", "store", "day", "member", "register")
WRITE_OFF_AFTER = timedelta(days=90)
AT_ONCE = 200
_COLUMNS = {
    "layer": "layer",
    "store": "store_id",
    "register": "register_id",
    "day": "to_char(created_at at time zone 'Europe/Kyiv', 'YYYY-MM-DD')",
    "member": "member_id",
}
_TWICE = """
select p.member_id, p.serial, p.points, p.is_moving, sum(s.points)::bigint,
       jsonb_agg(jsonb_build_object('sale_id', s.sale_id, 'store_id', s.store_id,
           'register_id', s.register_id, 'epoch', s.epoch, 'seq', s.seq, 'points', s.points,
           'link_index', s.link_index, 'occurred_at', s.occurred_at) order by s.seen_at, s.store_id,
           s.sale_id)
from purse_sighting s join purse p on p.member_id = s.member_id and p.serial = s.serial
group by p.member_id, p.serial, p.points, p.is_moving
having sum(s.points) > p.points
    or count(*) filter (where s.link_index < 0) > 1
order by max(s.seen_at) desc limit 1000
"""

_HOLDS_WAIT = """
select register_id, count(*), min(created_at) from hold
where state = 'open' and created_at < %s group by register_id order by register_id
"""
_PURSES_WAIT = """
select r.register_id, count(distinct (p.member_id, p.serial)) from purse p
join register r on cardinality(p.stores) = 0 or r.store_id = any(p.stores)
join register_epoch e on e.register_id = r.register_id
left join purse_floor f on f.register_id = e.register_id and f.epoch = e.epoch
where p.state = 'open' and p.not_after_min < %s and coalesce(f.floor_min, 0) < p.not_after_min
group by r.register_id order by r.register_id
"""


def report(
    connection: Connection, by: tuple[str, ...], since: datetime | None = None
) -> list[dict[str, Any]]:
    """Sums over the overdrafts since an instant, grouped by any of `BY`; points in hundredths.

    `open_points` are still owed, `lost_points` were written off, the rest was repaid or undone."""
    columns = [_COLUMNS[name] for name in by]
    shown = "".join(f"{column}, " for column in columns)
    grouped = f"group by {', '.join(columns)} order by {', '.join(columns)}" if columns else ""
    query = (
        f"select {shown}count(*), coalesce(sum(points), 0)::bigint,"
        " coalesce(sum(left_points), 0)::bigint, coalesce(sum(lost_points), 0)::bigint"
        f" from overdraft where created_at >= %s {grouped}"
    )
    names = (*by, "overdrafts", "points", "open_points", "lost_points")
    rows = connection.execute(query.encode(), [since or "-infinity"]).fetchall()
    return [dict(zip(names, row, strict=True)) for row in rows]


def receipts(connection: Connection, member_id: int) -> list[dict[str, Any]]:
    """Every overdraft of a member with the sale, register, epoch and number of its fact."""
    rows = connection.execute(
        "select o.layer, o.store_id, o.register_id, e.epoch, e.seq, o.subject_id::text, o.points,"
        " o.left_points, o.lost_points, o.created_at from overdraft o"
        " left join entry e on e.member_id = o.member_id and e.subject_id = o.subject_id"
        " and e.kind = 'redemption'"
        " where o.member_id = %s order by o.created_at, o.overdraft_id",
        [member_id],
    ).fetchall()
    names = ("layer", "store_id", "register_id", "epoch", "seq", "sale_id", "points")
    return [
        {
            **dict(zip(names, row[:7], strict=True)),
            "open_points": row[7],
            "lost_points": row[8],
            "at": to_text(row[9]),
        }
        for row in rows
    ]


def purses_used_twice(connection: Connection) -> list[dict[str, Any]]:
    """Purses of which more was taken than they held, or whose still code was used twice, each with
    all its receipts; the newest first."""
    names = ("member_id", "serial", "points", "is_moving", "taken_points", "receipts")
    return [dict(zip(names, row, strict=True)) for row in connection.execute(_TWICE)]


def write_off(connection: Connection, now: datetime, after: timedelta = WRITE_OFF_AFTER) -> int:
    """Book overdrafts that are older as the programme's loss; how many members. One transaction,
    some members at a time; repeating it changes nothing."""
    before = now - after
    ids = connection.execute(
        "select distinct member_id from overdraft where left_points > 0 and created_at < %s"
        " limit %s",
        [before, AT_ONCE],
    ).fetchall()
    members = load_members(connection, {row[0] for row in ids})
    for member in members.values():
        old = [
            row for row in member.overdrafts.values() if row.created_at and row.created_at < before
        ]
        points = sum(row.left for row in old)
        cause = Cause(f"write_off:{now.isoformat()}")
        member.post(ledger.write_off(member.books, member.next_id(cause), points), cause)
        overdrafts.write_off(member, old)
    changes = Changes()
    publish(connection, members.values(), now, changes)
    changes.flush(connection)
    return len(members)


def findings(connection: Connection, policy: Policy, now: datetime) -> list[dict[str, str]]:
    """What a person should look at: half a store's cache budget lost within a day, points lost by
    a layer that cannot lose any, a purse used twice within a week."""
    needs = []
    half = policy.cache_budget_points // 2
    for row in report(connection, ("store", "layer", "day"), now - timedelta(days=1)):
        where = f"store {row['store']}, {row['day']}: {row['points'] / 100:.2f} bonuses"
        if row["layer"] == "cache" and half and row["points"] >= half:
            text = f"{where} of a budget of {policy.cache_budget_points / 100:.2f}"
            needs.append({"what": "offline_budget_half", "register_id": "", "detail": text})
        elif row["layer"] in ("lease", "online"):
            text = f"{where} over what the layer {row['layer']} may give"
            needs.append({"what": "bound_broken", "register_id": "", "detail": text})
    week = connection.execute(
        "select distinct member_id, serial from purse_sighting where seen_at > %s",
        [now - timedelta(days=7)],
    ).fetchall()
    twice = [p for p in purses_used_twice(connection) if (p["member_id"], p["serial"]) in week]
    if twice:
        text = f"{len(twice)} purses, the newest serial {twice[0]['serial']}: see offline-loss"
        needs.append({"what": "purse_twice", "register_id": "", "detail": text})
    return needs


def waiting(connection: Connection, now: datetime) -> list[dict[str, str]]:
    """Rights that have waited for a register's log for over a day: holds, and ended purses whose
    stores have a life that has not closed them."""
    day_ago = now - timedelta(days=1)
    found = connection.execute(_HOLDS_WAIT, [day_ago]).fetchall()
    needs = [
        {
            "what": "holds_wait",
            "register_id": name,
            "detail": f"{count} holds since {since:%Y-%m-%d %H:%M} UTC",
        }
        for name, count, since in found
    ]
    minute = int(day_ago.timestamp()) // 60
    for name, count in connection.execute(_PURSES_WAIT, [minute]).fetchall():
        text = f"{count} ended purses are not credited back before its log closes them"
        needs.append({"what": "purses_wait", "register_id": name, "detail": text})
    return needs
