"""The register's rhythm and the breaker of its live questions, on virtual time."""

from __future__ import annotations

import random

import pytest

from edge_agent.sync_breaker import CAP_S, FIRST_S, Breaker
from edge_agent.sync_pace import Pace, SyncTiming

SEED = 4


class Time:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def pace(time):
    return Pace(SyncTiming(), random.Random(SEED), time)


def test_without_a_pace_nothing_waits(pace):
    pace.used()
    assert pace.wait_s == 0


def test_an_asked_pace_is_kept_and_spread(pace):
    waits = []
    for _ in range(200):
        pace.asked(60)
        pace.used()
        waits.append(pace.wait_s)
    assert 30 <= min(waits) < 35
    assert 85 < max(waits) <= 90


def test_after_a_long_outage_the_register_holds_back_by_itself(pace, time):
    pace.returned(2)
    pace.used()
    assert (pace.wait_s, pace.catches_up) == (0, False)
    pace.returned(12)
    pace.used()
    assert pace.wait_s >= 150
    assert pace.catches_up
    time.now = 1_000.0
    pace.used()
    assert (pace.wait_s, pace.catches_up) == (0, False)


def test_rhythms_are_spread(pace):
    polls = {pace.poll_in_s() for _ in range(50)}
    assert 20 <= min(polls) < max(polls) <= 40
    assert 12 <= pace.beat_in_s() <= 18
    assert 1_800 <= pace.compare_in_s() <= 5_400


def test_the_breaker_opens_on_failure_and_on_slowness_and_closes_on_an_answer(time):
    breaker = Breaker(slow_s=1.0, monotonic=time, dice=random.Random(SEED))
    breaker.answered(0.2)
    assert breaker.is_closed
    breaker.failed()
    assert not breaker.is_closed
    time.now += FIRST_S
    assert breaker.is_closed
    breaker.answered(1.1)
    assert not breaker.is_closed
    time.now += 2 * FIRST_S
    breaker.answered(0.1)
    breaker.failed()
    time.now += FIRST_S
    assert breaker.is_closed, "a good answer starts the spans anew"


def test_a_breaker_that_fails_again_and_again_opens_for_longer_up_to_its_cap(time):
    breaker = Breaker(monotonic=time, dice=random.Random(SEED))
    spans = []
    for _ in range(12):
        breaker.failed()
        start = time.now
        while not breaker.is_closed:
            time.now += 0.5
        spans.append(time.now - start)
    assert spans[0] <= FIRST_S + 0.5
    assert min(spans[-4:]) >= CAP_S / 2
    assert max(spans) <= CAP_S + 0.5
