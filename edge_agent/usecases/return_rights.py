"""What the centre asks back, and what this register states for good: each answered by a fact.

Nothing that an open sale was promised is given back, and nothing at all before the head is
confirmed: an old image would give back what it has long spent (B3, B4).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge_agent.ports import UnitOfWork
from edge_agent.usecases.context import RegisterContext
from sync.contract.feed import FeedLease
from sync.contract.rights import FeedCounterLease


@dataclass(frozen=True, slots=True)
class AskedBack:
    """What the centre's rows ask of this life of the register."""

    leases: Sequence[FeedLease] = ()
    counters: Sequence[FeedCounterLease] = ()
    floor_min: int = 0

    def __bool__(self) -> bool:
        return bool(self.leases or self.counters or self.floor_min)


def give_back_rights(uow: UnitOfWork, ctx: RegisterContext, asked: AskedBack) -> int:
    """Answer everything in one transaction; the number of facts written."""
    return (
        return_leases(uow, ctx, asked.leases)
        + return_counters(uow, ctx, asked.counters)
        + raise_floor(uow, ctx, asked.floor_min)
    )


def may_give_back(uow: UnitOfWork, ctx: RegisterContext) -> bool:
    """Whether this log is known to be the newest of its life."""
    return ctx.is_head_confirmed and not uow.is_fenced()


def _held(ctx: RegisterContext, lease: FeedLease) -> int:
    """Points of a lease that are this till's to spend or give back: all that was granted, or of a
    store's lease what the hub has lent to its own till. What peers were lent stays theirs."""
    if not ctx.hub.lends(lease.lease_id):
        return lease.granted_points
    lent = ctx.hub.lease(lease.member_id)
    return lent.granted_points if lent and lent.lease_id == lease.lease_id else 0


def return_leases(uow: UnitOfWork, ctx: RegisterContext, recalls: Iterable[FeedLease]) -> int:
    """Answer each recall once, with what is left of its lease; how many were answered."""
    answered = 0
    for lease in recalls:
        if not may_give_back(uow, ctx) or uow.is_returned(lease.lease_id, lease.recall_id):
            continue
        left = max(0, _held(ctx, lease) - uow.lease_spent(lease.lease_id))
        points = min(left, lease.recall_points)
        now = ctx.clock.stamp()
        body = {
            "version": 1,
            "lease_id": lease.lease_id,
            "member_id": lease.member_id,
            "points": points,
            "recall_id": lease.recall_id,
            "returned_at": now,
        }
        uow.append_fact("lease_returned", body, now)
        uow.return_lease(lease.lease_id, lease.recall_id, points)
        answered += 1
    return answered


def return_counters(
    uow: UnitOfWork, ctx: RegisterContext, recalls: Iterable[FeedCounterLease]
) -> int:
    """The same for countable rights."""
    answered = 0
    for counter in recalls:
        subject = f"return:{counter.recall_id}"
        if not may_give_back(uow, ctx) or uow.has_counted(counter.counter_id, subject):
            continue
        left = max(0, counter.granted_units - uow.counter_spent(counter.counter_id))
        units = min(left, counter.recall_units)
        now = ctx.clock.stamp()
        body = {
            "version": 1,
            "counter_id": counter.counter_id,
            "member_id": counter.member_id,
            "units": units,
            "recall_id": counter.recall_id,
            "closes": False,
            "returned_at": now,
        }
        uow.append_fact("counter_lease_returned", body, now)
        uow.burn_counter(counter.counter_id, subject, units)
        answered += 1
    return answered


def raise_floor(uow: UnitOfWork, ctx: RegisterContext, wanted_min: int) -> int:
    """Take no purse that ended at or before `wanted_min` any more, and say so; 1 when it is new."""
    if wanted_min <= uow.purse_floor() or not may_give_back(uow, ctx):
        return 0
    now = ctx.clock.stamp()
    uow.put_purse_floor(wanted_min)
    body = {"version": 1, "floor_min": wanted_min, "stated_at": now}
    uow.append_fact("purse_floor", body, now)
    return 1
