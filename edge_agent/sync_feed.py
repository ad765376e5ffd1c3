"""The cache and the ledger in the service of sync: rights told to a restored centre, and the
comparison of buckets in slices that leave the machine to the sale."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from edge_agent.ledger.cache import Cache
from edge_agent.ledger.cache_buckets import Holder
from edge_agent.ledger.ledger import Ledger
from sync.bucket_check import BucketCheck, SummingCentre
from sync.contract.live import HeldLease, RightsReport
from sync.enrolment import Identity

PAUSE_S = 0.004


def rights_of(
    cache: Cache, ledger: Ledger, identity: Identity
) -> Callable[[str], RightsReport | None]:
    """What this register holds, for a new incarnation of the centre; None when it holds nothing."""

    def rights(incarnation: str) -> RightsReport | None:
        who = (identity.register_id, identity.epoch)
        held = [*cache.leases(*who, "open"), *cache.leases(*who, "recalled")]
        if not held:
            return None
        spent = ledger.query(_spent)
        leases = [
            HeldLease(
                lease_id=lease.lease_id,
                member_id=lease.member_id,
                granted_points=lease.granted_points,
                spent_points=spent.get(lease.lease_id, 0),
                state="open" if lease.is_open else "recalled",
            )
            for lease in held
        ]
        return RightsReport(incarnation=incarnation, epoch=identity.epoch, leases=leases)

    return rights


def _spent(connection: Any) -> dict[str, int]:
    query = "SELECT lease_id, sum(points) FROM lease_burn GROUP BY lease_id"
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
        lambda buckets: cache.sums(holder, buckets, pause),
        lambda bucket: cache.put_right(holder, bucket),
    )
