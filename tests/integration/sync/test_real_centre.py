"""A new register against the real centre: its snapshot, its checksums in SQL, its clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edge_agent.ledger.cache import Cache
from edge_agent.sync_feed import bucket_check
from sync.centre_client import CentreClient
from sync.downlink import Downlink
from sync.fresh_start import FreshStart
from tests.support.real_centre import MEMBERS, real_centre

pytestmark = pytest.mark.postgres


def stamp():
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def drained(downlink):
    results = [downlink.pull_once()]
    while results[-1].more:
        results.append(downlink.pull_once())
    return results


def test_a_new_register_is_filled_compared_and_mended(tmp_path):
    samples = []
    with real_centre(tmp_path) as centre:
        centre.shopper()
        identity = centre.identity()
        client = CentreClient(
            centre.url, identity.register_id, identity.private_key, None, stamp, samples.append
        )
        cache = Cache(tmp_path / "cache.db")
        fresh = FreshStart(client, cache, tmp_path)
        results = drained(Downlink(client, cache, fresh=fresh))
        assert sum(result.downloaded for result in results) > 0, "it came as a file"
        assert cache.stats().members == MEMBERS
        check = bucket_check(client, cache, identity, pause=lambda: None)
        first = check.run()
        assert (first.different, first.written) == (0, 0)
        assert first.compared > 0

        cache._writer.run(lambda c: c.execute("DELETE FROM member WHERE rowid % 10 = 0"))
        cache._writer.run(lambda c: c.execute("DELETE FROM token WHERE key % 7 = 0"))
        second = check.run()
        assert second.different > 0
        assert second.written >= second.different
        assert cache.stats().members == MEMBERS
        assert check.run().different == 0
        cache.close()
        client.close()
    assert abs(samples[-1].offset_ms) < 2_000
