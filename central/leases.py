"""Leases: how much of a member's points each register may spend while it is cut off.

Conditions of the bound (overspend 0): the debit of a grant commits with, and so never after, the
row that tells the register; only the register's own close gives points back, never a timer; an
epoch's leases stay debited when the epoch is replaced, until its log or a person says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from central.changes import Changes, register_scope
from central.db.bulk import Connection
from central.member_state import Cause, Lease, MemberState
from loyalty import ledger
from loyalty.ledger import AVAILABLE, OVERDRAFT, lease_place
from loyalty.money import share_down
from sync.contract.feed import FeedLease


@dataclass(frozen=True, slots=True)
class LeasePolicy:
    """Programme data: the share of the points that a store may hold (basis points), and the
    least amount worth a top-up (hundredths of a bonus)."""

    store_share_bp: int = 4_000
    least_top_up_points: int = 100


@dataclass(frozen=True, slots=True)
class Till:
    """A register that can be lent to: enrolled, not revoked, in its current epoch."""

    register_id: str
    epoch: int


def is_restoring(connection: Connection, now: datetime) -> bool:
    """Whether rights may be out that a restored database does not know (see `central.lives`)."""
    row = connection.execute(
        "select exists (select 1 from awaited where settled_at is null)"
        " or exists (select 1 from meta where name = 'quiet_until' and value::timestamptz > %s)",
        [now],
    ).fetchone()
    return row is not None and bool(row[0])


def tills_of(connection: Connection, store_id: str, now: datetime) -> list[Till]:
    """The store's registers that may get leases now; none while the centre is restoring."""
    if is_restoring(connection, now):
        return []
    query = (
        "select register_id, epoch from register"
        " where store_id = %s and epoch > 0 and revoked_at is null order by register_id"
    )
    return [Till(*row) for row in connection.execute(query, [store_id])]


def own_lease(lease_id: str, register_id: str, epoch: int, member_id: int) -> bool:
    """Whether an id is one that `ensure_leases` gives for this till and member."""
    base = f"{register_id}.{epoch}.{member_id}"
    return lease_id == base or (
        lease_id.startswith(f"{base}.") and lease_id[len(base) + 1 :].isdecimal()
    )


def honour_claims(member: MemberState, cause: Cause) -> None:
    """Debit what registers were granted before a restore, as far as points are available."""
    for lease in member.leases.values():
        missing = min(lease.claimed - lease.granted, member.books.balance(AVAILABLE))
        if missing > 0 and lease.state != "closed":
            entry_id = member.next_id(cause)
            member.post(ledger.grant(member.books, entry_id, lease.lease_id, missing), cause)
            lease.granted += missing
            member.touch("lease", lease.lease_id)


def top_ups(available: int, open_leases: Sequence[int], policy: LeasePolicy) -> list[int]:
    """Points to add to each of a store's leases (one figure per register, in order).

    The store's share is taken of what is available and what it holds already, split equally;
    a register that is short by less than the least amount gets nothing. Pure.
    """
    share = share_down(available + sum(open_leases), policy.store_share_bp)
    wanted = share // len(open_leases) if open_leases else 0
    grants = []
    for held in open_leases:
        shortfall = min(wanted - held, available)
        grant = shortfall if shortfall >= policy.least_top_up_points else 0
        available -= grant
        grants.append(grant)
    return grants


def ensure_leases(
    member: MemberState, store_id: str, tills: Sequence[Till], cause: Cause, policy: LeasePolicy
) -> None:
    """Top up the store's leases of a member who shops or is asked for there. A blocked member
    or one in overdraft gets nothing."""
    if member.is_blocked or member.books.balance(OVERDRAFT) or not tills:
        return
    leases = [_open_lease(member, till, store_id) for till in tills]
    held = [member.books.balance(lease_place(lease.lease_id)) for lease in leases]
    available = member.books.balance(AVAILABLE)
    for lease, points in zip(leases, top_ups(available, held, policy), strict=True):
        if points:
            entry_id = member.next_id(cause)
            member.post(ledger.grant(member.books, entry_id, lease.lease_id, points), cause)
            lease.granted += points
            member.leases[lease.lease_id] = lease
            member.touch("lease", lease.lease_id)


def _open_lease(member: MemberState, till: Till, store_id: str) -> Lease:
    """The till's open lease, or a new one. A closed lease is never opened again: its id gets a
    number behind it."""
    base = f"{till.register_id}.{till.epoch}.{member.member_id}"
    number, lease_id = 1, base
    while (known := member.leases.get(lease_id)) is not None:
        if known.state == "open":
            return known
        number += 1
        lease_id = f"{base}.{number}"
    return Lease(lease_id, till.register_id, store_id, till.epoch, 0, "open")


def put_leases(changes: Changes, member: MemberState) -> None:
    """Feed rows of the leases that this transaction changed."""
    for table, key in sorted(member.touched):
        if table == "lease":
            lease = member.leases[key]
            row = FeedLease(
                lease_id=lease.lease_id,
                member_id=member.member_id,
                register_id=lease.register_id,
                epoch=lease.epoch,
                granted_points=lease.granted,
                state=lease.state,
            )
            changes.put_message(
                "lease",
                lease.lease_id,
                row,
                scope=register_scope(lease.register_id),
                member_id=member.member_id,
            )
