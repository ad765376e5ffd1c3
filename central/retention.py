"""What is forgotten, and when: bodies of facts, ended holds, used codes, old deletions.

Keys, hashes and the ledger stay for ever, so that nothing is ever applied twice. A month's bodies
go only when every fact of it has been applied.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from central.db.bulk import Connection
from central.db.partitions import drop_partition, ensure_partitions, month_after, partitions


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept: whole months of bodies, days of the rest."""

    body_months: int = 13
    hold_days: int = 90
    code_days: int = 30
    deletion_days: int = 90


@dataclass(slots=True)
class Retired:
    """What one run forgot. `held_back` names months whose bodies a person must look at first."""

    months: list[str]
    held_back: list[str]
    holds: int = 0
    codes: int = 0
    deletions: int = 0


def retire(connection: Connection, now: datetime, keep: Retention) -> Retired:
    """Forget what is old enough. The connection is in autocommit: each step commits alone."""
    today = now.astimezone(UTC).date()
    ensure_partitions(connection, today)
    done = _retire_bodies(connection, month_after(today, -keep.body_months))
    done.holds = connection.execute(
        "delete from hold where state in ('voided', 'expired', 'refused') and created_at < %s",
        [now - timedelta(days=keep.hold_days)],
    ).rowcount
    connection.execute(
        "delete from voided_authorisation where voided_at < %s",
        [now - timedelta(days=keep.hold_days)],
    )
    done.codes = connection.execute(
        "delete from enrol_code where expires_at < %s", [now - timedelta(days=keep.code_days)]
    ).rowcount
    done.deletions = _retire_deletions(connection, today, keep.deletion_days)
    return done


def _retire_bodies(connection: Connection, before: date) -> Retired:
    done = Retired([], [])
    for first, name in partitions(connection, "fact_body").items():
        if first >= before:
            break
        unfinished = connection.execute(
            "select 1 from fact f join applied a"
            " on a.register_id = f.register_id and a.epoch = f.epoch"
            " where f.received_on >= %s and f.received_on < %s"
            " and (f.state <> 'applied' or f.seq > a.seq) limit 1",
            [first, month_after(first)],
        ).fetchone()
        if unfinished:
            done.held_back.append(name)
        else:
            drop_partition(connection, "fact_body", name)
            done.months.append(name)
    return done


def _retire_deletions(connection: Connection, today: date, days: int) -> int:
    """Deleted rows of the feed that every register has had months to fetch. A cursor that stands
    below the floor is refused from now on, and its register starts over."""
    with connection.transaction():
        connection.execute(
            "insert into feed_day (day, xid) values (%s, pg_snapshot_xmin(pg_current_snapshot()))"
            " on conflict do nothing",
            [today],
        )
        row = connection.execute(
            "select max(xid::text::bigint) from feed_day where day <= %s",
            [today - timedelta(days=days)],
        ).fetchone()
        floor = row[0] if row else None
        if floor is None:
            return 0
        gone = connection.execute(
            "delete from change where is_deleted and xid < %s::text::xid8", [floor]
        ).rowcount
        connection.execute(
            "update meta set value = %s where name = 'feed_floor' and value::bigint < %s",
            [str(floor), floor],
        )
        connection.execute(
            "delete from feed_day where day < %s", [today - timedelta(days=days + 7)]
        )
    return gone


def take_daily_turn(connection: Connection, today: date) -> bool:
    """Whether this process does today's round; only one of all processes is told so."""
    with connection.transaction():
        row = connection.execute(
            "insert into meta values ('retired_on', %s) on conflict (name) do update"
            " set value = excluded.value where meta.value < excluded.value returning 1",
            [today.isoformat()],
        ).fetchone()
    return row is not None
