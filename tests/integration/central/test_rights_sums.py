"""Rights take part in the comparison of buckets, with the centre's own SQL and a real cache."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from central import counters, policies, purse_keys
from central.changes import Changes
from central.people import block
from edge_agent.ledger.cache import Cache
from edge_agent.ledger.cache_buckets import Holder
from edge_agent.ledger.database import connect_writer
from loyalty.authorisation.policy import Policy
from sync.bucket_check import BucketCheck, Comparison
from sync.centre_client import CentreClient
from sync.contract.feed import SUMMED_RIGHTS
from sync.downlink import Downlink

pytestmark = pytest.mark.postgres


@pytest.fixture
def register(centre, tmp_path):
    """A register's cache, its client, and the comparison of both."""
    till = centre.till()
    client = CentreClient(
        centre.url, till.register_id, till.private_key, None, lambda: "2026-11-22T09:00:00Z"
    )
    cache = Cache(tmp_path / "cache.db")
    holder = Holder(till.register_id, till.epoch)
    check = BucketCheck(
        client,
        cache.cursor,
        cache.incarnation,
        lambda buckets, kinds: cache.sums(replace(holder, kinds=frozenset(kinds)), buckets),
        lambda bucket: cache.put_right(holder, bucket),
    )
    yield till, cache, Downlink(client, cache), check
    cache.close()
    client.close()


def spoil(cache, statement):
    with closing(connect_writer(cache.path, "cache")) as connection:
        connection.execute(statement)


def give_rights(centre, db, members):
    """Rows of each kind; the second member's denial has ended."""
    now = centre.clock()
    with db.transaction():
        policies.put(db, Policy(purse_max_points=700), now, "olena", "small")
        purse_keys.create(db, centre.data_dir, now, "olena", "first")
        counters.define(db, "campaign_limit", "spring", 100, now, "olena", "plan")
        for member in members:
            block(db, member, now, "iryna", "lost card", on=True)
        block(db, members[1], now, "iryna", "found", on=False)
        changes = Changes()
        changes.put("purse_floor", "S1", {"floor_min": 29_000_000}, scope="store:S1")
        changes.put("purse_floor", "S2", {"floor_min": 1}, scope="store:S2")
        changes.flush(db)


def pull(downlink):
    while downlink.pull_once().more:
        pass


@pytest.mark.parametrize("kind", [*SUMMED_RIGHTS, "%"])
def test_a_right_that_was_lost_here_is_found_and_fetched(centre, register, add_member, db, kind):
    _, cache, downlink, check = register
    members = add_member("10"), add_member("10")
    give_rights(centre, db, members)
    pull(downlink)
    kinds = {row[0] for row in rights(cache)}
    assert kinds >= set(SUMMED_RIGHTS)
    held = rights(cache)
    equal = check.run()
    assert (equal.different, equal.compared > 0) == (0, True)

    spoil(cache, f"DELETE FROM right_row WHERE kind LIKE '{kind}' AND body IS NOT NULL")
    assert rights(cache) != held
    assert check.run().written > 0
    assert rights(cache) == held
    assert cache.is_denied(members[0])
    assert not cache.is_denied(members[1])
    assert replace(check.run(), compared=0) == Comparison()


def rights(cache):
    """Live rights here, but for those that another part keeps."""
    with closing(connect_writer(cache.path, "cache")) as connection:
        marks = ",".join("?" * len(SUMMED_RIGHTS))
        rows = connection.execute(
            "SELECT kind, key, version, name, body FROM right_row WHERE body IS NOT NULL"
            f" AND kind IN ({marks}) ORDER BY kind, key",
            SUMMED_RIGHTS,
        )
        return [tuple(row) for row in rows]
