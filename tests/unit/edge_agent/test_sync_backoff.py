"""How long the runner waits between attempts."""

from __future__ import annotations

import asyncio

import pytest
from tenacity import Future, RetryCallState

from edge_agent.sync_backoff import LEAST_WAIT_S, JitteredWait, retrying, sleep_unless
from sync.errors import CentreUnavailable, SyncError


def after(attempt, error):
    state = RetryCallState(retrying(asyncio.Event(), 1.0), None, (), {})
    state.attempt_number = attempt
    state.outcome = Future(attempt)
    state.outcome.set_exception(error)
    return state


@pytest.mark.parametrize(("attempt", "most"), [(1, 1.0), (3, 4.0), (6, 30.0), (5_000, 30.0)])
def test_full_jitter_under_a_growing_bound(attempt, most):
    wait = JitteredWait(30.0)
    waits = [wait(after(attempt, SyncError())) for _ in range(500)]
    assert LEAST_WAIT_S <= min(waits) < most / 4
    assert most * 3 / 4 < max(waits) <= most


@pytest.mark.parametrize("cap_s", [0.0, 0.01, 0.05, 0.2])
def test_a_short_cap_still_does_not_spin(cap_s):
    wait = JitteredWait(cap_s)
    waits = [wait(after(attempt, SyncError())) for attempt in range(1, 50)]
    assert min(waits) >= LEAST_WAIT_S
    assert max(waits) <= max(cap_s, LEAST_WAIT_S)


def test_what_the_centre_asks_for_is_the_least():
    wait = JitteredWait(0.2)
    waits = [wait(after(3, CentreUnavailable("busy", retry_after_s=90.0))) for _ in range(200)]
    assert 90.0 < min(waits) < 90.1 < max(waits) <= 90.2
    assert wait(after(1, CentreUnavailable("busy", retry_after_s=0.0))) <= 0.2


def test_stop_ends_the_wait_and_the_attempts():
    tried = []

    async def fail():
        tried.append(1)
        raise SyncError("no")

    async def main():
        stop = asyncio.Event()
        task = asyncio.create_task(retrying(stop, 1_000.0)(fail))
        while not tried:
            await asyncio.sleep(0)
        stop.set()
        with pytest.raises(SyncError):
            await task
        await sleep_unless(stop, 1_000.0)

    asyncio.run(main())
    assert len(tried) in (1, 2)
