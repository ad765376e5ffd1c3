"""The lives of the database: what a restore takes away, and how it is found again.

A restored database has forgotten what happened since its backup: facts, leases, holds. It gets a
new incarnation; registers then resend their facts from its head, and report the leases they hold,
which are debited again. Until every register that may hold a forgotten lease has reported, no
member gets a new right: no lease is topped up and no online redemption approved, for the points
may be lent already. Holds that wait for an open sale are reported too; the quiet time is for
older registers, which do not tell them. Purses: `central.forgotten_purses`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from central import forgotten_purses, holds
from central.apply import load_or_make, publish
from central.changes import Changes
from central.db.bulk import Connection
from central.deeds import note_deed
from central.errors import BadInput
from central.leases import honour_claims
from central.member_state import Cause, Hold, Lease, MemberState
from central.member_store import load_members
from central.purse_floors import NEVER_AGAIN, raise_floor
from loyalty import ledger
from loyalty.ledger import AVAILABLE, lease_place
from loyalty.purse import MAX_LIFE_MIN
from sync.contract.live import HeldHold, HeldLease, RightsReport
from sync.serving.port import Caller, Refused

QUIET = timedelta(minutes=15)
SPARE_EPOCHS = 100
SPARE_SERIALS = 10_000_000
"""Purses that may have been issued since the backup: their serials are not given again."""
SPARE_TERMS = 100
REPORT_AT_ONCE = 500

_ENDED_HOLDS = """
select h.member_id, h.auth_id::text from hold h join register r on r.register_id = h.register_id
where h.register_id = %s and h.state = 'open'
  and (h.epoch < r.epoch or r.revoked_at is not null or (h.number = 0 and h.created_at < %s))
"""
_ENDED_LEASES = """
select l.member_id, l.lease_id from lease l join register r on r.register_id = l.register_id
where l.register_id = %s and l.state <> 'closed'
  and (l.epoch < r.epoch or r.revoked_at is not null)
order by l.member_id, l.lease_id
"""
_ENDED_LIVES = """
select e.epoch from register_epoch e join register r on r.register_id = e.register_id
left join purse_floor f on f.register_id = e.register_id and f.epoch = e.epoch
where e.register_id = %s and (e.epoch < r.epoch or r.revoked_at is not null)
  and coalesce(f.floor_min, 0) < 4294967295
"""
_RECLAIM_COUNTERS = """
update counter_lease l set returned = granted - used, state = 'closed' from register r
where l.register_id = %s and r.register_id = l.register_id and l.granted > l.used + l.returned
  and (l.epoch < r.epoch or r.revoked_at is not null)
"""
_FRESH_POSITIONS = """
with numbered as (
    select member_id, kind, key, row_number() over (order by xid, id) as place from change)
update change set xid = pg_current_xact_id(), id = numbered.place
from numbered
where change.member_id = numbered.member_id and change.kind = numbered.kind
  and change.key = numbered.key
"""


def begin_new_life(connection: Connection, now: datetime) -> str:
    """Make restored rows the centre's present; returns the incarnation. One transaction.

    Positions of the feed are written anew, because transaction numbers of another server may lie
    above this one's. Codes that were open may have been used since the backup: they are void.
    """
    incarnation = uuid.uuid4().hex
    for name, value in (
        ("incarnation", incarnation),
        ("feed_floor", "0"),
        ("quiet_until", (now + QUIET).isoformat()),
    ):
        connection.execute(
            "insert into meta values (%s, %s) on conflict (name) do update"
            " set value = excluded.value",
            [name, value],
        )
    connection.execute(
        "update meta set value = (value::bigint + %s)::text where name = 'purse_serial'",
        [SPARE_SERIALS],
    )
    # A page may have renewed them since the backup.
    latest = int(now.timestamp()) // 60 + MAX_LIFE_MIN
    connection.execute(
        "update purse set not_after_min = greatest(not_after_min, %s) where state = 'open'",
        [latest],
    )
    forgotten_purses.expect(connection, now)
    _skip_terms(connection)
    connection.execute("delete from feed_day")
    connection.execute(_FRESH_POSITIONS)
    connection.execute("update enrol_code set used_at = %s where used_at is null", [now])
    connection.execute("update register set skipped_epochs = %s", [SPARE_EPOCHS])
    connection.execute("delete from awaited")
    connection.execute(
        "insert into awaited (register_id, since) select register_id, %s from register"
        " where epoch > 0 and revoked_at is null",
        [now],
    )
    return incarnation


def _skip_terms(connection: Connection) -> None:
    """Terms of hubs may have been signed since the backup: their numbers are not given again."""
    connection.execute(
        "insert into meta select 'hub_term_floor', (%s + greatest("
        " (select coalesce(max(term), 0) from hub_term),"
        " (select coalesce(max(version), 0) from change where kind = 'hub_term'),"
        " (select coalesce(max(value::bigint), 0) from meta where name = 'hub_term_floor')))::text"
        " on conflict (name) do update set value = excluded.value",
        [SPARE_TERMS],
    )


def awaited_registers(connection: Connection) -> list[str]:
    """Registers that may hold forgotten rights."""
    rows = connection.execute(
        "select register_id from awaited where settled_at is null order by register_id"
    )
    return [row[0] for row in rows]


@dataclass(frozen=True, slots=True)
class Settled:
    """What a person's word ended: holds with their points, leases of ended lives, lives that
    purses waited for, and counter leases. Should their log come in after all, it is taken in, and
    what it spent of this is the person's risk."""

    was_awaited: bool
    holds: int
    held_points: int
    leases: int
    lent_points: int
    lives: int
    counters: int


_NOTHING = Settled(False, 0, 0, 0, 0, 0, 0)


def _close_for_purses(connection: Connection, register_id: str) -> int:
    """No purse waits for the ended lives of this register any more; how many there were."""
    rows = connection.execute(_ENDED_LIVES, [register_id]).fetchall()
    for (epoch,) in rows:
        raise_floor(connection, register_id, epoch, NEVER_AGAIN)
    return len(rows)


def settle(
    connection: Connection, register_id: str, author: str, reason: str, now: datetime
) -> Settled:
    """A person decides not to wait for a register: after a restore for its report, and for the
    logs of its ended lives (revoked, or enrolled anew since), whose holds and leases come back.
    Holds of a register that does not count its questions are settled after a day.

    `BadInput` (`nothing_to_settle`) when there is nothing of all that. One transaction."""
    awaited = connection.execute(
        "update awaited set settled_at = %s, settled_by = %s"
        " where register_id = %s and settled_at is null returning 1",
        [now, author, register_id],
    ).fetchone()
    day_ago = now - timedelta(days=1)
    open_holds = connection.execute(_ENDED_HOLDS, [register_id, day_ago]).fetchall()
    ended = holds.release_all(connection, open_holds, "settled", now)
    leases = connection.execute(_ENDED_LEASES, [register_id]).fetchall()
    points = leases_of_ended(connection, leases, register_id, now)
    done = Settled(
        awaited is not None,
        len(ended),
        sum(hold.approved for hold in ended),
        len(leases),
        points,
        _close_for_purses(connection, register_id),
        connection.execute(_RECLAIM_COUNTERS, [register_id]).rowcount,
    )
    if done == _NOTHING:
        raise BadInput("nothing_to_settle", f"nothing waits for register {register_id}")
    note_deed(connection, now, author, "settle", f"register:{register_id}", reason)
    return done


def leases_of_ended(
    connection: Connection, leases: Sequence[tuple[int, str]], register_id: str, now: datetime
) -> int:
    """Forced reclaim: close leases of ended lives; returns the points that come back."""
    points = 0
    members = load_members(connection, {member_id for member_id, _ in leases})
    cause = Cause(f"reclaim:{uuid.uuid4()}", register_id)
    for member_id, lease_id in leases:
        member = members[member_id]
        place = lease_place(lease_id)
        points += member.books.balance(place)
        member.post(ledger.give_back(member.books, member.next_id(cause), place), cause)
        member.post(ledger.repay(member.books, member.next_id(cause)), cause)
        member.leases[lease_id].state = "closed"
        member.touch("lease", lease_id)
    changes = Changes()
    publish(connection, members.values(), now, changes)
    changes.flush(connection)
    return points


# --- reports of registers ---------------------------------------------------------------------


def check_report(connection: Connection, caller: Caller, report: RightsReport) -> bool:
    """Whether this register's report is waited for. 409 for another incarnation, 403 for another
    epoch, 503 while facts that it has sent are still to be applied."""
    row = connection.execute("select value from meta where name = 'incarnation'").fetchone()
    if row is None or row[0] != report.incarnation:
        raise Refused(
            409, "other_incarnation", "the report is meant for another life of the centre"
        )
    if report.epoch != caller.epoch:
        raise Refused(403, "not_yours", f"this key does not write epoch {report.epoch}")
    behind = connection.execute(
        "select 1 from register_epoch e join applied a"
        " on a.register_id = e.register_id and a.epoch = e.epoch"
        " where e.register_id = %s and e.head_seq > a.seq limit 1",
        [caller.register_id],
    ).fetchone()
    if behind:
        raise Refused(503, "facts_first", "earlier facts are still being applied", 1)
    waiting = connection.execute(
        "select 1 from awaited where register_id = %s and settled_at is null",
        [caller.register_id],
    ).fetchone()
    return waiting is not None


def portions(leases: Sequence[HeldLease]) -> Iterable[list[HeldLease]]:
    """Leases in portions of one transaction, by member, so that locks are taken in order."""
    ordered = sorted(leases, key=lambda held: (held.member_id, held.lease_id))
    for start in range(0, len(ordered), REPORT_AT_ONCE):
        yield ordered[start : start + REPORT_AT_ONCE]


def take_report(
    connection: Connection, caller: Caller, held: Sequence[HeldLease], now: datetime
) -> int:
    """Debit again what the register holds and the centre has forgotten; how many leases."""
    members = load_or_make(connection, {each.member_id for each in held}, now)
    restored = 0
    cause = Cause(f"report:{uuid.uuid4()}", caller.register_id, caller.store_id)
    for each in held:
        restored += _claim(members[each.member_id], each, caller, cause)
    changes = Changes()
    publish(connection, members.values(), now, changes)
    changes.flush(connection)
    return restored


def _claim(member: MemberState, held: HeldLease, caller: Caller, cause: Cause) -> bool:
    lease = member.leases.get(held.lease_id)
    if lease is None:
        lease = Lease(held.lease_id, caller.register_id, caller.store_id, caller.epoch, 0, "open")
        member.leases[held.lease_id] = lease
    if (lease.register_id, lease.epoch) != (caller.register_id, caller.epoch):
        return False
    if held.is_hub and not lease.is_hub:
        lease.is_hub = True
        member.touch("lease", lease.lease_id)
    if lease.state == "closed" or held.granted_points <= max(lease.granted, lease.claimed):
        return False
    lease.claimed = held.granted_points
    member.touch("lease", lease.lease_id)
    honour_claims(member, cause)
    return True


def take_holds(
    connection: Connection, caller: Caller, held: Sequence[HeldHold], now: datetime
) -> int:
    """Set aside again what was approved for sales that are still open; how many holds. A sale
    that has come meanwhile, a void and a hold that is known stand as they are. One transaction."""
    members = load_members(
        connection, {each.member_id for each in held}, auth_ids=[each.auth_id for each in held]
    )
    restored = 0
    for each in held:
        member = members.get(each.member_id)
        if member and each.auth_id not in member.holds and _is_open(connection, caller, each):
            _set_aside(member, each, caller, now)
            restored += 1
    changes = Changes()
    publish(connection, members.values(), now, changes)
    changes.flush(connection)
    return restored


def _is_open(connection: Connection, caller: Caller, held: HeldHold) -> bool:
    row = connection.execute(
        "select 1 from sale where member_id = %s and sale_id = %s union all"
        " select 1 from voided_authorisation where register_id = %s and auth_id = %s union all"
        " select 1 from hold where auth_id = %s limit 1",
        [held.member_id, held.sale_id, caller.register_id, held.auth_id, held.auth_id],
    ).fetchone()
    return row is None and not holds.is_over(
        connection, caller.register_id, caller.epoch, held.number
    )


def _set_aside(member: MemberState, held: HeldHold, caller: Caller, now: datetime) -> None:
    points = min(held.points, member.books.balance(AVAILABLE))
    if points:
        cause = Cause(
            f"hold:{held.auth_id}", caller.register_id, caller.store_id, subject_id=held.sale_id
        )
        entry_id = member.next_id(cause)
        member.post(ledger.hold(member.books, entry_id, held.auth_id, points), cause)
    member.holds[held.auth_id] = Hold(
        held.auth_id,
        held.sale_id,
        caller.register_id,
        held.points,
        points,
        "" if points == held.points else "insufficient",
        "open" if points else "refused",
        now,
        caller.epoch,
        held.number,
    )
    member.touch("hold", held.auth_id)


def finish_report(connection: Connection, register_id: str, now: datetime) -> None:
    """The register holds nothing that the centre does not know."""
    connection.execute(
        "update awaited set settled_at = %s, settled_by = 'report'"
        " where register_id = %s and settled_at is null",
        [now, register_id],
    )
