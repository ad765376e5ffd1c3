"""The runner against a real server in trouble: what it survives, and that it never spins."""

from __future__ import annotations

import sqlite3
import time

import pytest

from edge_agent.sync_backoff import LEAST_WAIT_S
from sync.contract.feed import FeedPage
from sync.contract.signing import new_private_key
from sync.uplink import Uplink
from tests.integration.sync.running_register import member, rules


def test_the_network_comes_back_without_anybodys_help(register, centre, outbox, wait_until):
    # A stream that was opened to a dying centre may hang: then the poll brings the row.
    register.start(heartbeat_s=0.1, poll_min_s=2.0, poll_max_s=4.0)
    wait_until(lambda: register.is_online)
    since_online = register.runner.state.since
    centre.stop()
    wait_until(lambda: not register.is_online)
    assert "reached" in register.runner.state.last_error
    assert register.runner.state.since > since_online
    for _ in range(40):
        outbox.append()
        register.runner.notify_outbox()
    wait_until(lambda: register.runner.state.outbox_pending == 40)
    member(centre, 9, 900)
    centre.start()
    wait_until(lambda: register.is_online and len(centre.state.facts) == 40)
    wait_until(lambda: register.cache.member(9) is not None)
    wait_until(lambda: register.runner.state.last_error == "")
    seen = [state.online for state in register.states]
    assert [seen[0], seen[-1]] == [True, True]
    assert False in seen


@pytest.mark.parametrize("mode", ["error", "html", "garbage", "cut", "wrong", "moved"])
def test_a_centre_out_of_its_mind_is_offline_and_not_hammered(
    register, centre, outbox, wait_until, mode
):
    outbox.append()
    centre.faults.mode = mode
    register.start(retry_cap_s=LEAST_WAIT_S)
    wait_until(lambda: register.runner.state.last_error != "")
    before, watched_s = centre.faults.requests, 0.5
    time.sleep(watched_s)
    # Only reports try while there is no way, at least LEAST_WAIT_S apart.
    assert centre.faults.requests - before <= watched_s / LEAST_WAIT_S + 2
    assert not register.is_online
    assert outbox.waiting == {1}
    centre.faults.mode = "ok"
    wait_until(lambda: register.is_online and outbox.waiting == set())


def test_retry_after_is_obeyed_beyond_the_cap(register, centre, outbox, wait_until):
    outbox.append()
    centre.faults.mode = "later"
    centre.faults.retry_after = "3000"
    register.start(retry_cap_s=LEAST_WAIT_S)
    wait_until(lambda: register.runner.state.last_error != "")
    centre.faults.mode = "ok"
    time.sleep(10 * LEAST_WAIT_S)
    assert centre.faults.requests == 1
    assert centre.state.facts == {}


def test_a_refused_bundle_is_fetched_once_and_the_next_one_is_taken(register, centre, wait_until):
    centre.state.publish_bundle(5, rules(5), signer=new_private_key())
    register.start(poll_min_s=0.1, poll_max_s=0.2)
    wait_until(lambda: register.bundle_news)
    assert register.bundle_news[0].code == "unknown_key"
    assert register.bundle_news[0].sequence == 5
    looked = len(centre.state.pulls)
    wait_until(lambda: len(centre.state.pulls) >= looked + 3)
    assert centre.state.bundle_calls == [5]
    assert register.is_online
    centre.state.publish_bundle(6, rules(6))
    wait_until(lambda: register.bundles.downloaded_sequence == 6)
    assert centre.state.bundle_calls == [5, 6]
    assert register.bundles.refused is None


def test_bytes_that_never_fit_the_feeds_digest_are_given_up(register, centre, wait_until):
    centre.state.publish_bundle(5, rules(5))
    other = centre.state.bundles[5]
    centre.state.bundles[5] = type(other)(other.content + b" ", other.signature, other.key_id)
    register.start(poll_min_s=0.1, poll_max_s=0.2)
    wait_until(lambda: register.bundle_news)
    assert centre.state.bundle_calls == [5, 5, 5]
    assert register.bundles.is_refused(5)
    looked = len(centre.state.pulls)
    wait_until(lambda: len(centre.state.pulls) >= looked + 3)
    assert centre.state.bundle_calls == [5, 5, 5]
    assert register.is_online


def test_a_restored_centre_gets_its_facts_again(register, centre, outbox, wait_until):
    for _ in range(10):
        outbox.append()
    register.start(heartbeat_s=0.1)
    wait_until(lambda: len(centre.state.facts) == 10 and register.is_online)
    centre.state.restore("second", head_seq=4)
    wait_until(lambda: len(centre.state.facts) == 10)
    assert outbox.rewinds
    assert set(outbox.rewinds) == {4}


def test_a_restored_centre_refills_the_cache(register, centre, wait_until):
    member(centre, 1, 100)
    register.start(poll_min_s=0.1, poll_max_s=0.2)
    wait_until(lambda: register.cache.member(1) is not None)
    centre.state.incarnation = "second"
    centre.state.rows = []
    member(centre, 2, 200)
    wait_until(lambda: register.cache.member(2) is not None)
    assert register.cache.member(1) is None
    assert any(result.was_reset for result in register.applied)


@pytest.mark.parametrize("gone", [True, False])
def test_a_feed_that_goes_nowhere_is_not_chased(register, centre, wait_until, gone):
    if gone:
        centre.faults.mode = "gone"
    else:
        page = FeedPage(
            incarnation="x", cursor="c", rows=[], more=True, server_time="2026-01-01T00:00:00Z"
        )
        centre.faults.mode = "canned"
        centre.faults.canned = (page.model_dump_json().encode(), {})
    centre.faults.only = "/v1/feed"
    register.start(retry_cap_s=0.2)
    wait_until(lambda: "no progress" in register.runner.state.last_error)
    before = centre.faults.requests
    time.sleep(0.5)
    # A failed look costs at most five requests and a report, and looks are LEAST_WAIT_S apart.
    assert centre.faults.requests - before <= 7 * (0.5 / LEAST_WAIT_S + 2)
    assert register.is_online, "a sale's question would be answered"


def test_a_revoked_register_is_offline_and_says_why(register, centre, outbox, wait_until):
    outbox.append()
    centre.state.is_revoked = True
    register.start()
    wait_until(lambda: "register_revoked" in register.runner.state.last_error)
    assert not register.is_online
    assert outbox.waiting == {1}
    centre.state.is_revoked = False
    wait_until(lambda: register.is_online and outbox.waiting == set())


def test_a_cloned_register_is_reported_and_rows_still_come(register, centre, outbox, wait_until):
    twin = type(outbox)()
    twin.append('{"twin":1}')
    Uplink(register.client, twin).push_once()
    outbox.append('{"own":1}')
    member(centre, 3, 30)
    register.start()
    wait_until(lambda: register.cache.member(3) is not None)
    assert register.pushed[0].fork.seq == 1
    assert outbox.waiting == {1}


def test_a_cache_that_cannot_be_written_does_not_stop_the_facts(
    register, centre, outbox, wait_until
):
    register.cache.close()
    outbox.append()
    register.start()
    wait_until(lambda: "cache" in register.runner.state.last_error)
    assert len(centre.state.facts) == 1
    assert register.is_online
    outbox.append()
    wait_until(lambda: len(centre.state.facts) == 2)


def test_a_ledger_that_cannot_be_written_is_outlived(register, outbox, wait_until):
    acknowledge, report, broken = outbox.acknowledge, outbox.report, True

    def refusing(call):
        def work(*args):
            if broken:
                raise sqlite3.OperationalError("database or disk is full")
            return call(*args)

        return work

    outbox.acknowledge, outbox.report = refusing(acknowledge), refusing(report)
    outbox.append()
    register.start()
    wait_until(lambda: "disk is full" in register.runner.state.last_error)
    assert outbox.waiting == {1}
    broken = False
    wait_until(lambda: outbox.waiting == set() and register.is_online)
    assert register.pushed[-1].duplicates == 1


def test_a_hung_centre_is_offline_before_a_sale_would_wait(register, centre, wait_until):
    """The report is still under way; its own time-out is ten seconds."""
    register.start(heartbeat_s=0.1, slow_s=0.3)
    wait_until(lambda: register.is_online)
    centre.faults.mode = "hang"
    wait_until(lambda: not register.is_online, 5)
    assert "slowly" in register.runner.state.last_error
