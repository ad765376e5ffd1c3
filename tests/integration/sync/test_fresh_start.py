"""Snapshots over HTTP into a real cache; buckets compared with a real server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge_agent.ledger.cache import Cache
from edge_agent.ledger.cache_buckets import Holder
from sync.bucket_check import MAX_REPAIRS, BucketCheck, Comparison
from sync.contract.feed import FIRST_SUMMED, FeedRow
from sync.contract.live import HeldLease, RightsReport
from sync.downlink import Downlink
from sync.errors import CentreUnavailable, LocalStoreFailed
from sync.fresh_start import FreshStart
from sync.serving.port import Refused
from tests.support.snapshot_file import described, write_snapshot

HOLDER = Holder("r1", 1)


@pytest.fixture
def cache(tmp_path):
    made = Cache(tmp_path / "cache.db")
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "down"
    made.mkdir()
    return made


def fill(centre, first, last, points=0):
    for number in range(first, last + 1):
        body = {"member_id": number, "name": f"М. {number}", "balance_points": number + points}
        centre.state.publish("member", str(number), body)
        centre.state.publish("token", f"card:{number}", {"member_id": number})
        centre.state.publish("token", f"phone:{number:064x}", {"member_id": number})


def offer(centre, tmp_path, name="a"):
    """A snapshot of what the centre has now."""
    state = centre.state
    newest = {(row.kind, row.key): row for row in state.rows}
    path = tmp_path / f"{name}.snapshot"
    rows = [row for row in newest.values() if not row.is_deleted]
    count = write_snapshot(path, rows)
    info = described(path, state.incarnation, f"{state.incarnation}:{len(state.rows)}", count)
    state.snapshot_info, state.snapshots = info, {info.snapshot_id: path}
    return info


def drain(downlink, limit=50):
    results = [downlink.pull_once()]
    while results[-1].more:
        results.append(downlink.pull_once())
        assert len(results) < limit
    return results


def test_a_new_register_starts_from_the_file_and_goes_on_with_the_feed(
    centre, client, cache, folder, tmp_path
):
    fill(centre, 1, 500)
    info = offer(centre, tmp_path)
    fill(centre, 501, 502)
    results = drain(Downlink(client, cache, fresh=FreshStart(client, cache, folder)))
    assert sum(result.downloaded for result in results) == info.size
    assert sum(result.rows for result in results) == 6
    assert cache.find_member_by_token("card:500").balance_points == 500
    assert cache.find_member_by_token(f"phone:{502:064x}").member_id == 502
    assert list(folder.iterdir()) == []
    assert centre.state.rights == []


def test_a_cut_download_goes_on_where_it_was_cut(centre, client, cache, folder, tmp_path):
    fill(centre, 1, 3_000)
    info = offer(centre, tmp_path)
    part = folder / f"snapshot-{info.snapshot_id}.part"
    part.write_bytes((tmp_path / "a.snapshot").read_bytes()[:100_000])
    (folder / "snapshot-older.part").write_bytes(b"x" * 10)
    results = drain(Downlink(client, cache, fresh=FreshStart(client, cache, folder)))
    assert sum(result.downloaded for result in results) == info.size - 100_000
    assert cache.member(3_000).balance_points == 3_000
    assert list(folder.iterdir()) == []


def test_pieces_leave_room_for_facts(centre, client, cache, folder, tmp_path):
    """Every step is bounded in time, so a slow line never holds the register's facts."""
    fill(centre, 1, 3_000)
    info = offer(centre, tmp_path)
    ticks = iter(range(0, 100_000, 3))
    fresh = FreshStart(client, cache, folder, monotonic=lambda: float(next(ticks)))
    results = drain(Downlink(client, cache, fresh=fresh), limit=5_000)
    assert len([result for result in results if result.downloaded]) >= info.size // 65_536
    assert cache.member(7).member_id == 7


def test_bytes_that_do_not_fit_the_hash_are_thrown_away(centre, client, cache, folder, tmp_path):
    fill(centre, 1, 100)
    info = offer(centre, tmp_path)
    part = folder / f"snapshot-{info.snapshot_id}.part"
    part.write_bytes(b"\xff" * 4_096)
    downlink = Downlink(client, cache, fresh=FreshStart(client, cache, folder))
    with pytest.raises(CentreUnavailable, match="do not fit its hash"):
        drain(downlink)
    assert cache.member(1) is None
    assert not part.exists()
    drain(downlink)
    assert cache.member(1).member_id == 1


def test_a_file_that_is_gone_is_asked_for_anew(centre, client, cache, folder, tmp_path):
    fill(centre, 1, 100)
    offer(centre, tmp_path)
    downlink = Downlink(client, cache, fresh=FreshStart(client, cache, folder))
    downlink.pull_once()
    fill(centre, 101, 101)
    offer(centre, tmp_path, "b")
    with pytest.raises(CentreUnavailable, match="is gone"):
        downlink.pull_once()
    drain(downlink)
    assert cache.member(101).member_id == 101


def test_a_centre_without_snapshots_gets_an_empty_cursor(centre, client, cache, folder):
    fill(centre, 1, 5)
    results = drain(Downlink(client, cache, fresh=FreshStart(client, cache, folder)))
    assert sum(result.rows for result in results) == 15
    assert cache.incarnation() == "first"


def test_a_snapshot_that_is_being_made_is_waited_for(centre, client, cache, folder):
    centre.faults.mode = "later"
    centre.faults.retry_after = "7"
    downlink = Downlink(client, cache, fresh=FreshStart(client, cache, folder))
    with pytest.raises(CentreUnavailable):
        downlink.pull_once()
    centre.faults.body = b'{"title":"","status":503,"code":"snapshot_not_ready"}'
    result = downlink.pull_once()
    assert (result.wait_s, result.more, result.was_reset) == (7.0, False, False)


def test_a_lost_cursor_keeps_the_rows_until_the_file_stands(
    centre, client, cache, folder, tmp_path
):
    fill(centre, 1, 10)
    downlink = Downlink(client, cache, fresh=FreshStart(client, cache, folder, report))
    drain(downlink)
    centre.state.restore("second", 0)
    centre.state.rows = []
    fill(centre, 1, 4, points=100)
    offer(centre, tmp_path)
    first = downlink.pull_once()
    assert (first.restored, first.more) == (1, True)
    assert cache.member(10).balance_points == 10
    assert [told.incarnation for told in centre.state.rights] == ["first", "second"]
    drain(downlink)
    assert cache.member(10) is None
    assert cache.member(4).balance_points == 104
    assert (cache.incarnation(), len(centre.state.rights)) == ("second", 2)


def test_rights_are_told_before_rows_are_forgotten(centre, client, cache, folder):
    fill(centre, 1, 3)
    downlink = Downlink(client, cache, fresh=FreshStart(client, cache, folder, report))
    drain(downlink)
    centre.state.restore("second", 0)

    def refuse(*_):
        raise Refused(503, "busy")

    centre.state.report_rights, real = refuse, centre.state.report_rights
    with pytest.raises(CentreUnavailable):
        downlink.pull_once()
    assert cache.member(3).member_id == 3
    centre.state.report_rights = real
    drain(downlink)
    assert [told.incarnation for told in centre.state.rights] == ["first", "second"]
    assert [told.leases[0].lease_id for told in centre.state.rights] == ["L1", "L1"]


def test_a_full_disk_is_named(centre, client, cache, folder, tmp_path):
    fill(centre, 1, 100)
    offer(centre, tmp_path)
    folder.rmdir()
    with pytest.raises(LocalStoreFailed, match="cannot be stored"):
        drain(Downlink(client, cache, fresh=FreshStart(client, cache, folder)))


def report(incarnation):
    lease = HeldLease(lease_id="L1", member_id=1, granted_points=50, spent_points=20, state="open")
    return RightsReport(incarnation=incarnation, epoch=1, leases=[lease])


# --- buckets ------------------------------------------------------------------------------------


def check_of(client, cache):
    return BucketCheck(
        client,
        cache.cursor,
        cache.incarnation,
        lambda buckets, kinds: cache.sums(replace(HOLDER, kinds=frozenset(kinds)), buckets),
        lambda bucket: cache.put_right(HOLDER, bucket),
    )


def test_equal_caches_have_equal_sums(centre, client, cache):
    fill(centre, 1, 200)
    drain(Downlink(client, cache))
    assert check_of(client, cache).run() == Comparison(compared=16)


def test_a_row_that_never_came_is_found_and_only_its_bucket_is_fetched(centre, client, cache):
    fill(centre, 1, 200)
    drain(Downlink(client, cache))
    spoil(cache, "DELETE FROM member WHERE member_id = 77")
    found = check_of(client, cache).run()
    assert (found.different, found.written, found.dropped) == (1, 1, 0)
    assert len(centre.state.bucket_calls) == 1
    assert cache.member(77).balance_points == 77
    assert check_of(client, cache).run().different == 0


def test_a_row_too_many_and_one_that_stayed_behind_are_put_right(centre, client, cache):
    fill(centre, 1, 200)
    drain(Downlink(client, cache))
    ghost = {"member_id": 999, "name": "П. Р.", "balance_points": 1}
    cache.apply_rows([FeedRow(kind="member", key="999", version=1, body=ghost)])
    spoil(cache, "UPDATE token SET owner = owner, version = version WHERE 0")
    spoil(cache, "DELETE FROM phone WHERE key IN (SELECT key FROM phone LIMIT 3)")
    found = check_of(client, cache).run()
    assert (found.written, found.dropped) == (3, 1)
    assert cache.member(999) is None
    assert cache.find_member_by_token(f"phone:{200:064x}").member_id == 200


def test_rows_on_their_way_are_no_difference(centre, client, cache):
    fill(centre, 1, 200)
    drain(Downlink(client, cache))
    fill(centre, 1, 50, points=1)
    found = check_of(client, cache).run()
    assert found.different == 0
    assert found.compared < 16
    assert centre.state.bucket_calls == []


def test_one_comparison_fetches_a_bounded_number_of_buckets(centre, client, cache):
    centre.state.buckets = 1_024
    fill(centre, 1, 500)
    drain(Downlink(client, cache))
    spoil(cache, "DELETE FROM member")
    found = check_of(client, cache).run()
    assert len(centre.state.bucket_calls) == MAX_REPAIRS
    assert found.left == found.different - MAX_REPAIRS > 0


def test_an_empty_cache_and_an_older_centre_have_nothing_to_compare(centre, client, cache):
    assert check_of(client, cache).run() == Comparison()
    fill(centre, 1, 3)
    drain(Downlink(client, cache))
    centre.faults.mode = "no_route"
    assert check_of(client, cache).run() == Comparison()


def spoil(cache, statement):
    cache._writer.run(lambda connection: connection.execute(statement))


def test_a_register_without_a_cache_or_a_right_speaks_too(centre, client, cache, folder, tmp_path):
    """A restored centre waits for each of them."""
    fill(centre, 1, 10)
    offer(centre, tmp_path)

    def nothing(incarnation):
        return RightsReport(incarnation=incarnation, epoch=1, leases=[])

    assert cache.incarnation() == ""
    fresh = FreshStart(client, cache, folder, nothing)
    drain(Downlink(client, cache, fresh=fresh))
    assert [(each.incarnation, each.leases) for each in centre.state.rights] == [
        (centre.state.incarnation, [])
    ]


# --- rights -------------------------------------------------------------------------------------


DENIED = {"member_id": 7, "reason": "overdraft", "since": "2026-11-22T09:00:00Z"}
COUNTER = {
    "counter_id": "r1.1.0.campaign_limit:spring:",
    "kind": "campaign_limit",
    "key": "spring",
    "register_id": "r1",
    "epoch": 1,
    "granted_units": 8,
    "state": "open",
}


def tell_rights(centre):
    """A row of each summed kind of right."""
    state = centre.state
    state.publish("deny", "7", DENIED)
    state.publish("counter_lease", COUNTER["counter_id"], COUNTER)
    state.publish("offline_policy", "active", {"purse_max_points": 700})
    state.publish("purse_floor", "s1", {"floor_min": 29_000_000})
    state.publish(
        "purse_key", "k1", {"key_id": "k1", "public_key": "", "signature": "", "signed_by": ""}
    )


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM right_row WHERE kind = 'deny'",
        "DELETE FROM right_row WHERE kind = 'counter_lease'",
        "DELETE FROM right_row WHERE kind IN ('offline_policy', 'purse_floor')",
        "DELETE FROM right_row",
    ],
    ids=["deny", "counter", "policy", "all"],
)
def test_a_right_that_never_came_is_found_and_fetched(centre, client, cache, damage):
    fill(centre, 1, 20)
    tell_rights(centre)
    drain(Downlink(client, cache))
    assert check_of(client, cache).run() == Comparison(compared=16)
    spoil(cache, damage)
    assert check_of(client, cache).run().written > 0
    assert cache.is_denied(7)
    assert cache.offline_policy().purse_max_points == 700
    assert cache.purse_floor_wanted("s1") == 29_000_000
    assert cache.counters(["spring"])[0].granted_units == 8
    assert check_of(client, cache).run().different == 0


def test_a_denial_that_the_centre_does_not_have_is_lifted(centre, client, cache):
    tell_rights(centre)
    drain(Downlink(client, cache))
    ghost = {**DENIED, "member_id": 8}
    cache.apply_rows([FeedRow(kind="deny", key="8", version=3, body=ghost)])
    assert cache.is_denied(8)
    found = check_of(client, cache).run()
    assert (found.written, found.dropped) == (0, 1)
    assert (cache.is_denied(8), cache.is_denied(7)) == (False, True)


def test_a_centre_that_does_not_sum_rights_takes_none_away(centre, client, cache):
    fill(centre, 1, 20)
    tell_rights(centre)
    drain(Downlink(client, cache))
    state = centre.state
    sums, bucket = state.bucket_sums, state.bucket

    def first(kinds):
        return [kind for kind in kinds if kind in FIRST_SUMMED]

    # As a centre of the time before says it: no word of kinds.
    state.bucket_sums = lambda caller, cursor, kinds: sums(caller, cursor, first(kinds)).model_copy(
        update={"kinds": list(FIRST_SUMMED)}
    )
    state.bucket = lambda caller, number, of, kinds: bucket(
        caller, number, of, first(kinds)
    ).model_copy(update={"kinds": list(FIRST_SUMMED)})
    spoil(cache, "DELETE FROM member")
    found = check_of(client, cache).run()
    assert (found.written, found.dropped) == (20, 0)
    assert cache.is_denied(7)
    assert check_of(client, cache).run().different == 0


def test_what_is_asked_back_of_a_lease_comes_with_its_row(centre, client, cache):
    body = {
        "lease_id": "r1.1.3",
        "member_id": 3,
        "register_id": "r1",
        "epoch": 1,
        "granted_points": 500,
        "state": "open",
        "recall_id": "ask:1",
        "recall_points": 200,
    }
    centre.state.publish("lease", "r1.1.3", body)
    drain(Downlink(client, cache))
    spoil(cache, "DELETE FROM lease")
    spoil(cache, "DELETE FROM right_row")
    assert cache.lease_recalls("r1", 1) == []
    assert check_of(client, cache).run().written == 1
    (recall,) = cache.lease_recalls("r1", 1)
    assert (recall.recall_id, recall.recall_points) == ("ask:1", 200)
