"""Time that nobody can set: anchored to the centre, kept across starts, unsure when in doubt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from edge_agent.clock import Clock, machine_boot, machine_monotonic

CENTRE = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
DAYS = timedelta(days=3)


class Machine:
    """A machine whose wall clock is wrong and can be set; its monotonic one only runs."""

    def __init__(self, wrong=timedelta(), boot="boot-1"):
        self.uptime = 1_000.0
        self.true = CENTRE
        self.wrong = wrong
        self.boot = boot

    def wall(self):
        return self.true + self.wrong

    def run(self, **delta):
        step = timedelta(**delta)
        self.true += step
        self.uptime += step.total_seconds()

    def clock(self, keep=None):
        return Clock(
            wall=self.wall, monotonic=lambda: self.uptime, boot=lambda: self.boot, keep=keep
        )

    def hears(self, clock, error_ms=5):
        clock.learn(round((self.true - self.wall()) / timedelta(milliseconds=1)), error_ms)


@pytest.mark.parametrize("wrong", [DAYS, -DAYS, timedelta(minutes=4)])
def test_a_wrong_wall_clock_is_corrected_and_said(wrong):
    machine = Machine(wrong)
    clock = machine.clock()
    assert (clock.state.source, clock.now()) == ("unsure", CENTRE + wrong)
    machine.hears(clock)
    assert clock.now() == CENTRE
    assert clock.state.source == "centre"
    assert clock.state.offset_ms == round(-wrong / timedelta(milliseconds=1))
    assert clock.state.is_off is (abs(wrong) > timedelta(minutes=5))


def test_a_wall_clock_that_jumps_changes_nothing_but_its_offset():
    machine = Machine()
    clock = machine.clock()
    machine.hears(clock)
    stamps = []
    for wrong in (timedelta(), -DAYS, DAYS, -timedelta(hours=1)):
        machine.wrong = wrong
        machine.run(seconds=10)
        stamps.append(clock.stamp())
        assert clock.now() == machine.true
    assert stamps == sorted(stamps)
    assert clock.state.offset_ms == 3_600_000
    assert clock.state.is_off


def test_the_most_exact_sample_counts_until_it_has_aged_or_is_contradicted():
    machine = Machine()
    clock = machine.clock()
    clock.learn(0, 5)
    clock.learn(40, 100)
    assert clock.now() == CENTRE
    assert clock.state.error_ms == 5
    clock.learn(60_000, 100)
    assert clock.now() == CENTRE + timedelta(minutes=1)
    clock.learn(60_010, 50)
    assert clock.state.error_ms == 50
    machine.run(hours=3)
    assert clock.state.error_ms == 50 + 1_080
    clock.learn(60_500, 200)
    assert clock.state.error_ms == 200
    clock.learn(0, 60_001)
    assert clock.state.error_ms == 200


def test_within_a_boot_a_new_start_goes_on_as_if_there_had_been_none(tmp_path):
    machine = Machine()
    keep = tmp_path / "clock.json"
    machine.hears(machine.clock(keep))
    machine.wrong = -DAYS
    machine.run(minutes=10)
    again = machine.clock(keep)
    assert again.now() == machine.true
    assert (again.state.source, again.state.is_off) == ("centre", True)


def test_after_a_boot_the_kept_offset_corrects_the_wall_clock(tmp_path):
    machine = Machine(DAYS)
    keep = tmp_path / "clock.json"
    machine.hears(machine.clock(keep))
    machine.run(hours=8)
    machine.boot, machine.uptime = "boot-2", 20.0
    again = machine.clock(keep)
    assert again.now() == machine.true
    assert again.state.source == "centre"


def test_a_wall_clock_behind_what_was_stamped_is_unsure(tmp_path):
    machine = Machine()
    keep = tmp_path / "clock.json"
    machine.hears(machine.clock(keep))
    machine.boot, machine.uptime, machine.wrong = "boot-2", 20.0, -DAYS
    again = machine.clock(keep)
    assert again.state.source == "unsure"
    machine.hears(again)
    assert (again.state.source, again.now()) == ("centre", machine.true)


def test_an_unknown_boot_never_counts_as_the_same(tmp_path):
    machine = Machine(boot="")
    keep = tmp_path / "clock.json"
    machine.hears(machine.clock(keep))
    machine.wrong = timedelta(hours=1)
    assert machine.clock(keep).now() == machine.true + timedelta(hours=1)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b'{"centre":"2026-11-22T09:00:00"}', b'{"centre":5}', b"\xff\xfe"],
)
def test_a_spoiled_file_is_as_none(tmp_path, content):
    keep = tmp_path / "clock.json"
    keep.write_bytes(content)
    assert Machine().clock(keep).state.source == "unsure"


def test_a_file_that_cannot_be_written_stops_nothing(tmp_path):
    machine = Machine(DAYS)
    clock = machine.clock(tmp_path / "missing" / "clock.json")
    machine.hears(clock)
    assert clock.now() == CENTRE


def test_the_machines_own():
    first = machine_monotonic()
    assert machine_monotonic() >= first > 0
    assert machine_boot() == machine_boot()
