"""An act on the shift killed at every point, and answers that are lost: done once or never."""

import pytest

from drivers.conformance.emulated import emulated_printer
from drivers.conformance.emulated_checkbox import emulated_checkbox
from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.emulators.dialects import DIALECTS
from drivers.shift import ShiftJob
from tests.support.inline_printer import InlineBench
from tests.support.mortal_printing import Fate, run

MANY = 120
PAPER = {"z": "z_report", "cash_in": "cash_in"}
Z_COMMANDS = {
    "datecs_ua": 69,
    "datecs_p": 69,
    "daisy": 69,
    "datecs_x": 69,
    "shtrih": 0x41,
    "maria": "NREP",
    "atol": 0x5A,
}


def papers(bench, kind):
    found = bench.emulator.documents()
    return sum(paper.kind == kind and paper.state == "closed" for paper in found)


def opened(dialect):
    """A bench whose shift runs, with one receipt in it."""
    bench = InlineBench(dialect)
    assert run(bench, sample_job("first", 1), MemoryJournal(), Fate()).verdict == "printed"
    return bench


def act(action, number):
    return ShiftJob(f"act-{number}", action, 700 if action == "cash_in" else 0, ("Наш рядок",))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("action", PAPER)
def test_a_kill_at_any_point_never_does_it_twice(dialect, action):
    fate, bench = Fate(), opened(dialect)
    assert run(bench, act(action, 0), MemoryJournal(), fate, "run_shift").verdict == "printed"
    decided = 0
    # The longest of them in strides, so that the whole stays short; each ends at another point.
    points = range(1, fate.points + 1, 1 if fate.points < MANY else 4)
    for deadly in points:
        bench, disk = opened(dialect), MemoryJournal()
        job = act(action, deadly)
        died = run(bench, job, disk, Fate(deadly), "run_shift")
        assert died is None or died.verdict == "printed", (dialect, deadly)
        outcome = run(bench, job, disk, Fate(), "reconcile_shift")
        on_paper = papers(bench, PAPER[action])
        truth = "printed" if on_paper else "not_printed"
        assert on_paper <= 1, (dialect, deadly)
        assert outcome.verdict in (truth, "unknown"), (dialect, deadly, outcome)
        decided += outcome.verdict == truth
        if outcome.verdict == "unknown":
            continue
        again = run(bench, job, disk, Fate(), "run_shift")
        assert again.verdict == "printed", (dialect, deadly, again)
        assert papers(bench, PAPER[action]) == 1, (dialect, deadly)
    # Where the device counts, nothing stays unknown; a MARIA tells no service cash.
    assert decided == len(points) or (dialect, action) == ("maria", "cash_in")
    assert decided > 0


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_z_whose_answers_are_lost_is_not_made_again(dialect, tmp_path):
    with emulated_printer(tmp_path, "tcp", dialect=dialect) as bench:
        printer, journal = bench.open(), MemoryJournal()
        assert printer.print_receipt(sample_job("first", 1), journal).verdict == "printed"
        bench.emulator.send(f"drop_reply 3 at {Z_COMMANDS[dialect]}")
        outcome = printer.run_shift(ShiftJob("z", "z"), journal)
        printer.close()
        assert outcome.verdict == "printed", outcome
        assert papers(bench, "z_report") == 1


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_z_cut_by_power_is_decided_by_its_counter(dialect):
    """The naive driver would make it again; this one asks the counter."""
    bench, journal, job = opened(dialect), MemoryJournal(), ShiftJob("z", "z")
    bench.emulator.send(f"power_off after {Z_COMMANDS[dialect]}")
    first = run(bench, job, journal, Fate(), "run_shift")
    assert (first.verdict, first.reason) == ("unknown", "no_link")
    bench.emulator.send("power_on")
    settled = run(bench, job, journal, Fate(), "reconcile_shift")
    again = run(bench, job, journal, Fate(), "run_shift")
    assert (settled.verdict, settled.fiscal_number) == ("printed", "1")
    assert again.verdict == "printed"
    assert papers(bench, "z_report") == 1


@pytest.mark.parametrize("fault", ["drop_reply", "corrupt", "nak"])
@pytest.mark.parametrize("operation", ["CLOS", "SERV"])
def test_checkbox_settles_a_lost_answer_by_its_id(fault, operation):
    with emulated_checkbox() as bench:
        printer, journal = bench.open(), MemoryJournal()
        assert printer.run_shift(ShiftJob("open", "open"), journal).verdict == "printed"
        job = ShiftJob("it", "z") if operation == "CLOS" else ShiftJob("it", "cash_in", 500)
        bench.emulator.send(f"{fault} at {operation}")
        outcome = printer.run_shift(job, journal)
        done = papers(bench, PAPER[job.action])
        assert outcome.verdict == ("printed" if done else "not_printed"), outcome
        again = printer.run_shift(job, journal)
        printer.close()
        assert again.verdict == "printed"
        assert papers(bench, PAPER[job.action]) == 1


@pytest.mark.parametrize("dialect", ["datecs_ua", "shtrih", "maria", "atol"])
def test_a_sale_refused_by_an_old_shift_says_so_and_a_z_lets_it_out(dialect):
    bench = opened(dialect)
    bench.device._core.memory.shift.opened_at -= 25 * 3600
    job, journal = sample_job("late", 1), MemoryJournal()
    refused = run(bench, job, journal, Fate())
    assert (refused.verdict, refused.reason) == ("not_printed", "shift_over_24_hours")
    assert run(bench, ShiftJob("z", "z"), journal, Fate(), "run_shift").verdict == "printed"
    assert run(bench, job, journal, Fate()).verdict == "printed"
