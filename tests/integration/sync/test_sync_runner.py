"""The runner against a real server: what wakes it, what it survives, and that it never spins."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import threading
import time
from datetime import UTC, datetime

import pytest

from edge_agent.bundles import BundleStore
from edge_agent.ledger.cache import Cache
from edge_agent.sync_backoff import LEAST_WAIT_S
from edge_agent.sync_exchange import SyncCallbacks
from edge_agent.sync_pace import SyncTiming
from edge_agent.sync_runner import SyncRunner
from sync.bucket_check import Comparison
from sync.contract.bundle import seal
from sync.contract.feed import FeedPage
from sync.contract.signing import key_id, new_private_key, public_key_of
from sync.downlink import Downlink
from sync.uplink import Uplink

CREATED = "2026-01-01T00:00:00Z"
NEVER_S = 1_000.0
QUIET = {
    "poll_min_s": NEVER_S,
    "poll_max_s": NEVER_S,
    "heartbeat_s": NEVER_S,
    "retry_cap_s": 0.2,
}


class Register:
    """A register's whole register side of sync, running in a thread of its own."""

    def __init__(self, folder, client, outbox, centre):
        self.client, self.outbox, self.centre = client, outbox, centre
        self.cache = Cache(folder / "cache.db")
        public = public_key_of(centre.state.programme_key)
        self.bundles = BundleStore.open(folder / "bundles", {key_id(public): public})
        self.states, self.pushed, self.applied, self.bundle_news = [], [], [], []
        self.error = None
        self._thread = self._loop = self._stop = None

    def start(self, **timing):
        self.runner = SyncRunner(
            client=self.client,
            uplink=Uplink(self.client, self.outbox),
            downlink=Downlink(self.client, self.cache),
            bundles=self.bundles,
            wanted=self.cache.ruleset_wanted,
            report=self.outbox.report,
            now=lambda: datetime.now(UTC),
            timing=SyncTiming(**QUIET | timing),
            callbacks=SyncCallbacks(
                self.states.append,
                self.pushed.append,
                self.applied.append,
                lambda: self.bundle_news.append(self.bundles.refused),
            ),
        )
        ready = threading.Event()

        async def main():
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            ready.set()
            await self.runner.run(self._stop)

        def work():
            try:
                asyncio.run(main())
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - shown at the end
                self.error = error

        self._thread = threading.Thread(target=work, name="register")
        self._thread.start()
        assert ready.wait(10)

    def stop(self):
        if self._thread is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)
            assert not self._thread.is_alive(), "the runner does not stop"
            self._thread = None

    @property
    def is_online(self):
        return self.runner.state.online


@pytest.fixture
def register(tmp_path, client, outbox, centre):
    made = Register(tmp_path, client, outbox, centre)
    yield made
    made.stop()
    made.cache.close()
    assert made.error is None


def member(centre, number, points):
    body = {"member_id": number, "name": "О. К.", "balance_points": points}
    centre.state.publish("member", str(number), body)


def rules(sequence):
    return seal(json.dumps({"note": str(sequence)}).encode(), sequence, CREATED)


def test_the_first_exchange_brings_everything(register, centre, outbox, wait_until):
    for _ in range(250):
        outbox.append()
    for number in range(1, 1_501):
        member(centre, number, number)
    centre.state.publish_bundle(4, rules(4))
    register.start()
    wait_until(lambda: centre.state.beats and register.bundles.downloaded_sequence == 4)
    assert len(centre.state.facts) == 250
    assert register.cache.member(1_500).balance_points == 1_500
    assert register.bundles.active is None
    assert register.bundles.activate_pending().sequence == 4
    wait_until(lambda: register.runner.state.outbox_pending == 0 and register.is_online)
    assert register.runner.state.last_error == ""
    assert sum(result.sent for result in register.pushed) == 250
    assert sum(result.rows for result in register.applied) == 1_501


def test_a_new_fact_goes_up_at_once(register, centre, outbox, wait_until):
    register.start()
    wait_until(lambda: centre.board.streams == 1 and centre.state.pulls)
    # The stream has opened, so it looks once more.
    time.sleep(0.4)
    pulls = len(centre.state.pulls)
    outbox.append()
    register.runner.notify_outbox()
    wait_until(lambda: len(centre.state.facts) == 1)
    assert len(centre.state.pulls) == pulls


def test_a_hint_brings_the_row_down(register, centre, wait_until):
    register.start()
    wait_until(lambda: centre.board.streams == 1 and centre.state.beats)
    member(centre, 7, 700)
    centre.board.post()
    wait_until(lambda: register.cache.member(7) is not None)
    assert register.cache.member(7).balance_points == 700


def test_without_hints_the_poll_brings_it_and_heartbeats_do_not_put_it_off(
    register, centre, wait_until
):
    centre.board.close()
    register.start(poll_min_s=0.3, poll_max_s=0.5, heartbeat_s=0.01)
    wait_until(lambda: centre.state.beats)
    member(centre, 7, 700)
    wait_until(lambda: register.cache.member(7) is not None)


def test_heartbeats_come_by_time_and_on_change(register, centre, wait_until):
    register.start(heartbeat_s=0.1)
    wait_until(lambda: len(centre.state.beats) >= 4)


def test_a_change_is_reported_without_waiting(register, centre, wait_until):
    register.start()
    wait_until(lambda: len(centre.state.beats) == 1)
    register.runner.notify_change()
    wait_until(lambda: len(centre.state.beats) == 2)


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


def test_it_stops_in_the_middle_of_a_hung_call(register, centre, outbox, wait_until):
    outbox.append()
    centre.faults.mode = "hang"
    register.start()
    wait_until(lambda: centre.faults.requests >= 1)
    register.stop()
    assert register.error is None


def test_it_lets_go_of_its_threads_when_it_is_cancelled(register, centre, wait_until):
    register.start()
    wait_until(lambda: centre.board.streams == 1 and centre.state.beats)

    def cancel_all():
        for task in asyncio.all_tasks(register._loop):
            task.cancel()

    register._loop.call_soon_threadsafe(cancel_all)
    register._thread.join(10)
    assert not register._thread.is_alive()
    register._thread = None
    assert isinstance(register.error, asyncio.CancelledError)
    register.error = None


def test_it_stops_while_it_waits(register, centre, wait_until):
    register.start(retry_cap_s=NEVER_S)
    wait_until(lambda: centre.board.streams == 1 and centre.state.beats)
    register.stop()
    register.runner.notify_outbox()
    register.runner.notify_change()


def test_facts_written_meanwhile_overtake_a_long_download(register, centre, outbox, wait_until):
    for number in range(1, 3_001):
        member(centre, number, 1)
    order = []
    upload, feed = centre.state.upload, centre.state.feed

    def counting_upload(caller, batch):
        order.append("up")
        return upload(caller, batch)

    def slow_feed(caller, cursor, limit):
        order.append("down")
        if order.count("down") == 1:
            outbox.append()
            register.runner.notify_outbox()
        return feed(caller, cursor, limit)

    centre.state.upload, centre.state.feed = counting_upload, slow_feed
    register.start()
    wait_until(lambda: register.cache.member(3_000) is not None)
    assert order[:3] == ["down", "up", "down"]


def test_a_hung_centre_is_offline_before_a_sale_would_wait(register, centre, wait_until):
    """The report is still under way; its own time-out is ten seconds."""
    register.start(heartbeat_s=0.1, slow_s=0.3)
    wait_until(lambda: register.is_online)
    centre.faults.mode = "hang"
    wait_until(lambda: not register.is_online, 5)
    assert "slowly" in register.runner.state.last_error


def test_a_slow_centre_still_takes_facts_but_no_sale_waits_for_it(
    register, centre, outbox, wait_until
):
    beat = centre.state.heartbeat

    def slow_beat(caller, report):
        time.sleep(0.3)
        return beat(caller, report)

    centre.state.heartbeat = slow_beat
    outbox.append()
    register.start(slow_s=0.1)
    wait_until(lambda: outbox.waiting == set())
    assert not register.is_online
    assert "slowly" in register.runner.state.last_error


def test_facts_that_earn_keep_the_pace_and_those_that_spend_do_not(
    register, centre, outbox, wait_until
):
    centre.state.pace = "1000"
    register.start()
    wait_until(lambda: register.is_online)
    outbox.append('{"redemption":null}', "sale")
    register.runner.notify_outbox()
    time.sleep(0.5)
    assert centre.state.facts == {}
    outbox.append('{"redemption":{"points":5}}', "sale")
    register.runner.notify_outbox()
    wait_until(lambda: len(centre.state.facts) == 2)


def test_buckets_are_compared_by_time(register, centre, wait_until):
    found = []
    member(centre, 7, 700)
    register.start(compare_s=0.2)
    register.runner._compare = lambda: found.append(register.cache.cursor()) or Comparison()
    wait_until(lambda: len(found) >= 2)
    assert found[-1] == "first:1"
