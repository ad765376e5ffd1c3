"""The cache and the ledger in the service of sync: rights told to a restored centre, and the
comparison of buckets in slices that leave the machine to the sale."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from edge_agent.ledger.cache import Cache
from edge_agent.ledger.cache_buckets import Holder
from edge_agent.ledger.ledger import Ledger
from sync.bucket_check import BucketCheck, SummingCentre
from sync.contract.live import HeldCounter, HeldHold, HeldLease, RightsReport
from sync.enrolment import Identity

PAUSE_S = 0.004
MAX_HOLDS = 10_000


def rights_of(
    cache: Cache,
    ledger: Ledger,
    identity: Identity,
    lends: Callable[[str], bool] = lambda _lease_id: False,
) -> Callable[[str], RightsReport]:
    """What this register holds, for a new incarnation of the centre, which waits for the word of
    each register, also of one that holds nothing. `lends`: the lease is the store's, as its hub."""

    def rights(incarnation: str) -> RightsReport:
        who = (identity.register_id, identity.epoch)
        held = [*cache.leases(*who, "open"), *cache.leases(*who, "recalled")]
        spent = ledger.query(_spent)
        leases = [
            HeldLease(
                lease_id=lease.lease_id,
                member_id=lease.member_id,
                granted_points=lease.granted_points,
                spent_points=spent.get(lease.lease_id, 0),
                state="open" if lease.is_open else "recalled",
                is_hub=lends(lease.lease_id),
            )
            for lease in held
        ]
        counted = ledger.query(_counted)
        counters = [
            HeldCounter(
                counter_id=each.counter_id,
                granted_units=each.granted_units,
                used_units=counted.get(each.counter_id, 0),
                state="open" if each.state == "open" else "recalled",
            )
            for each in cache.counter_leases(*who)
            if each.state != "closed"
        ]
        return RightsReport(
            incarnation=incarnation,
            epoch=identity.epoch,
            leases=leases,
            counters=counters,
            holds=ledger.query(lambda c: _holds(c, identity.epoch)),
        )

    return rights


def _holds(connection: Any, epoch: int) -> list[HeldHold]:
    """Points that the centre has approved for sales which are still open."""
    rows = connection.execute(
        "SELECT a.auth_id, a.sale_id, a.member_id, a.hold_points, a.number FROM authorisation a"
        " JOIN sale s USING (sale_id) WHERE a.epoch = ? AND a.state = 'decided'"
        " AND s.state = 'open' AND a.hold_points > 0 ORDER BY a.number LIMIT ?",
        (epoch, MAX_HOLDS),
    )
    return [
        HeldHold(auth_id=r[0], sale_id=r[1], member_id=r[2], points=r[3], number=r[4]) for r in rows
    ]


def _spent(connection: Any) -> dict[str, int]:
    query = "SELECT lease_id, sum(points) FROM lease_burn GROUP BY lease_id"
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def _counted(connection: Any) -> dict[str, int]:
    query = "SELECT counter_id, sum(units) FROM counter_burn GROUP BY counter_id"
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def bucket_check(
    client: SummingCentre,
    cache: Cache,
    identity: Identity,
    pause: Callable[[], None] = lambda: time.sleep(PAUSE_S),
) -> BucketCheck:
    """The comparison over a register's own cache."""
    holder = Holder(identity.register_id, identity.epoch)
    return BucketCheck(
        client,
        cache.cursor,
        cache.incarnation,
        lambda buckets, kinds: cache.sums(replace(holder, kinds=frozenset(kinds)), buckets, pause),
        lambda bucket: cache.put_right(holder, bucket),
    )
