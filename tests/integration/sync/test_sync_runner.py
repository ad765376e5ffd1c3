"""The runner against a real server: what wakes it, and that it stops."""

from __future__ import annotations

import asyncio
import time

from sync.bucket_check import Comparison
from tests.integration.sync.running_register import NEVER_S, member, rules


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
