"""Leases: how much of a member's points each register may spend while it is cut off.

Conditions of the bound (overspend 0): the debit of a grant commits with, and so never after, the
row that tells the register; only the register's own facts give points back, never a timer; an
epoch's leases stay debited when the epoch is replaced, until its log or a person says otherwise.

Sizes follow where members shop: the store with most visits holds the home share of what can be
lent, the next one the second share, others nothing. A store's share goes to its hub, or in equal
parts to its registers. What a store holds over its share is asked back when another store is short.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from central.changes import Changes, register_scope
from central.db.bulk import Connection
from central.member_state import Cause, Lease, MemberState
from loyalty import ledger
from loyalty.authorisation.conditions import b1_debited
from loyalty.authorisation.policy import Policy, lease_value
from loyalty.ledger import AVAILABLE, OVERDRAFT, lease_place
from sync.contract.feed import FeedLease

VISITS_KEPT = 64


@dataclass(frozen=True, slots=True)
class Till:
    """A register that can be lent to: enrolled, not revoked, in its current epoch. `is_away`: the
    silent hub that another one stands in for; what it holds counts not for its store's share."""

    register_id: str
    epoch: int
    is_hub: bool = False
    is_away: bool = False


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
        "select r.register_id, r.epoch, coalesce(t.register_id = r.register_id, false),"
        " coalesce(t.content::jsonb ->> 'stands_for' = r.register_id, false) from register r"
        " left join hub_term t on t.store_id = r.store_id"
        " where r.store_id = %s and r.epoch > 0 and r.revoked_at is null order by r.register_id"
    )
    return [Till(*row) for row in connection.execute(query, [store_id])]


def lives_of(connection: Connection, stores: Collection[str]) -> dict[str, set[tuple[str, int]]]:
    """(register, epoch) of every life of these stores' registers."""
    found: dict[str, set[tuple[str, int]]] = {store: set() for store in stores}
    query = (
        "select r.store_id, e.register_id, e.epoch from register_epoch e"
        " join register r using (register_id) where r.store_id = any(%s)"
    )
    for store_id, register_id, epoch in connection.execute(query, [sorted(stores)]):
        found[store_id].add((register_id, epoch))
    return found


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


def rank_of(member: MemberState, store_id: str) -> int:
    """0 for the store where the member shops most, 1 for the second; a new one comes last."""
    stores = sorted(
        member.visits, key=lambda each: (-member.visits[each], each != member.home_store, each)
    )
    return stores.index(store_id) if store_id in member.visits else len(stores)


def count_visit(member: MemberState, store_id: str) -> None:
    """One more visit; all are halved when they are many, so that the newer ones weigh more."""
    member.visits[store_id] = member.visits.get(store_id, 0) + 1
    if sum(member.visits.values()) >= VISITS_KEPT:
        halved = {store: count // 2 for store, count in member.visits.items()}
        member.visits = {store: count for store, count in halved.items() if count}
    member.touch("member")


def lent_points(member: MemberState, store_id: str | None = None) -> int:
    """Points that leases hold: everywhere, or of one store, ended lives included."""
    return sum(
        member.books.balance(lease_place(lease.lease_id))
        for lease in member.leases.values()
        if store_id in (None, lease.store_id)
    )


def _held_by(member: MemberState, tills: Sequence[Till]) -> int:
    """Points that rest at these registers in their present lives."""
    lives = {(till.register_id, till.epoch) for till in tills if not till.is_away}
    return sum(
        member.books.balance(lease_place(lease.lease_id))
        for lease in member.leases.values()
        if (lease.register_id, lease.epoch) in lives
    )


def top_ups(
    available: int,
    share: int,
    store_held: int,
    open_leases: Sequence[int],
    least: int,
    *,
    is_rounded_up: bool = False,
) -> list[int]:
    """Points (or units of a counter) to add to each of a store's leases (one per till, in order).

    `share` is what the store may hold, `store_held` what its leases hold in all. Equal parts,
    rounded up as long as the share lasts where a single unit is to lie somewhere; a till that is
    short by less than the least amount gets nothing. Pure.
    """
    tills = len(open_leases)
    wanted = (share + (tills - 1 if is_rounded_up else 0)) // tills if tills else 0
    room = min(available, share - store_held)
    grants = []
    for held in open_leases:
        shortfall = min(wanted - held, room)
        grant = shortfall if shortfall >= least else 0
        room -= grant
        grants.append(grant)
    return grants


def ensure_leases(
    member: MemberState,
    store_id: str,
    tills: Sequence[Till],
    cause: Cause,
    policy: Policy,
    kept_back: int = 0,
) -> None:
    """Top up the store's leases of a member who shops or is asked for there. A blocked member
    or one in overdraft gets nothing. `kept_back` available points are not lent."""
    if member.is_blocked or member.books.balance(OVERDRAFT) or not tills:
        return
    targets = [till for till in tills if till.is_hub] or tills
    leases = [_open_lease(member, till, store_id) for till in targets]
    held = [member.books.balance(lease_place(lease.lease_id)) for lease in leases]
    available = member.free_points(kept_back)
    store_held = _held_by(member, tills)
    total = available + lent_points(member)
    share = lease_value(policy, total, rank_of(member, store_id))
    grants = top_ups(available, share, store_held, held, policy.lease_least_points)
    for lease, points in zip(leases, grants, strict=True):
        if points:
            entry_id = member.next_id(cause)
            before = member.books.balance(lease_place(lease.lease_id))
            member.post(ledger.grant(member.books, entry_id, lease.lease_id, points), cause)
            lease.granted += points
            b1_debited(before + points, member.books.balance(lease_place(lease.lease_id)))
            member.leases[lease.lease_id] = lease
            member.touch("lease", lease.lease_id)
    short = share - _held_by(member, tills)
    if short >= policy.lease_least_points:
        _ask_surplus_back(member, store_id, short, total, policy, cause)


def _ask_surplus_back(
    member: MemberState, store_id: str, short: int, total: int, policy: Policy, cause: Cause
) -> None:
    """What other stores hold over their own shares is asked for; it is lent here when it came."""
    for other in sorted({lease.store_id for lease in member.leases.values()} - {store_id}):
        share = lease_value(policy, total, rank_of(member, other))
        surplus = min(short, lent_points(member, other) - share)
        if surplus >= policy.lease_least_points:
            own = [lease for lease in member.leases.values() if lease.store_id == other]
            ask_back(member, own, surplus, f"move:{cause.key}")


def ask_back(
    member: MemberState, leases: Iterable[Lease], points: int, recall_id: str
) -> list[Lease]:
    """Ask holders for up to so many points, the fullest lease first; the leases that were asked.

    Nothing is credited by asking. A lease that is being asked already is left out."""
    asked = []
    by_size = sorted(
        leases, key=lambda each: (-member.books.balance(lease_place(each.lease_id)), each.lease_id)
    )
    for lease in by_size:
        part = min(points, member.books.balance(lease_place(lease.lease_id)))
        if part > 0 and lease.state == "open" and not lease.recall_id:
            lease.recall_id, lease.recall_points = recall_id[:64], part
            member.touch("lease", lease.lease_id)
            asked.append(lease)
            points -= part
    return asked


def may_use(lease: Lease, register_id: str, store_id: str, epoch: int) -> bool:
    """Whether a register's fact may spend or give back of a lease: its own one of this life, or
    the one of its store's hub, which hands out parts."""
    if lease.is_hub:
        return lease.store_id == store_id
    return (lease.register_id, lease.epoch) == (register_id, epoch)


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
    return Lease(lease_id, till.register_id, store_id, till.epoch, 0, "open", is_hub=till.is_hub)


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
                recall_id=lease.recall_id,
                recall_points=lease.recall_points,
            )
            changes.put_message(
                "lease",
                lease.lease_id,
                row,
                scope=register_scope(lease.register_id),
                member_id=member.member_id,
            )
