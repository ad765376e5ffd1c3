"""A third of a chain returns after an outage; the whole chain runs in `bench.soak`."""

from __future__ import annotations

import pytest

from bench.soak.herd import Simulation
from edge_agent.sync_pace import SyncTiming
from sync.serving.pacer import LIMIT_PER_S, Pacer

SEED = 20_261_122
PART = 3
REGISTERS = 45_000 // PART
MOST_PER_S = 450 / PART
WATCH_S = 900


def herd(**options):
    base = {"registers": REGISTERS, "outage_s": 900.0, "limit_per_s": LIMIT_PER_S / PART}
    return Simulation(SEED, **base | options).run(WATCH_S)


def test_the_return_stays_within_the_centres_rate():
    seen = herd()
    assert seen.peak <= MOST_PER_S, SEED
    assert seen.returned == REGISTERS
    assert seen.attempts_before > 5 * REGISTERS


@pytest.mark.parametrize(
    "without",
    [
        {"jitter": False},
        {"paced": False},
        {"timing": SyncTiming(retry_cap_s=30.0)},
    ],
)
def test_each_part_of_the_waiting_is_needed(without):
    seen = Simulation(
        SEED, registers=REGISTERS // 3, outage_s=600.0, limit_per_s=LIMIT_PER_S / 9, **without
    ).run(400)
    assert seen.peak > MOST_PER_S / 3, without


def test_the_pace_follows_the_registers_and_their_arrival():
    now = 0.0
    pacer = Pacer(100.0, lambda: now)
    assert pacer.pace_s == 0
    for number in range(1_000):
        pacer.seen(str(number))
    # A hundred arrive each second: what is left for routine is the least share.
    assert pacer.pace_s == 67
    now = 60.0
    assert pacer.pace_s == 10
    now = 10_000.0
    assert pacer.pace_s == 0
