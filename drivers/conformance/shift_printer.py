"""What a fiscal printer driver owes the agent about the shift, as checks on a bench.

They make Z reports: on a device only in training mode.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from drivers.base import DeviceJournal, PrintOutcome
from drivers.conformance.samples import MemoryJournal
from drivers.shift import OPENS_ITSELF, ShiftAction, ShiftJob, ShiftPrinter, ShiftState


class ShiftBench(Protocol):
    """A device to check a driver on."""

    def open(self) -> ShiftPrinter:
        """A new driver on the device, as after a restart of the agent; the caller closes it."""

    def papers(self, kind: str) -> int:
        """Reports of a kind (`x_report`, `z_report`, `cash_in`, `cash_out`) on paper so far,
        known without the driver."""

    def sell(self) -> None:
        """One receipt, so that a shift runs."""


def check_counts_a_z_once(bench: ShiftBench) -> None:
    """A Z comes out once under its number, whoever asks again; the next Z has the next number."""
    before, journal = bench.papers("z_report"), MemoryJournal()
    bench.sell()
    outcomes = [_run(bench, ShiftJob("conformance-z", "z"), journal) for _ in range(3)]
    assert [o.verdict for o in outcomes] == ["printed"] * 3, str(outcomes)
    assert bench.papers("z_report") == before + 1, "not exactly one Z"
    bench.sell()
    second = _run(bench, ShiftJob("conformance-z2", "z"), journal)
    assert int(second.fiscal_number) == int(outcomes[0].fiscal_number) + 1, str(second)


def check_moves_cash_once(bench: ShiftBench) -> None:
    """Service cash in and out, each once and to the kopeck."""
    journal = MemoryJournal()
    _open(bench, journal)
    before = _state(bench)
    moves: tuple[tuple[ShiftAction, int], ...] = (
        ("cash_in", 50_050),
        ("cash_in", 25),
        ("cash_out", 12_000),
    )
    for action, amount in moves:
        job = ShiftJob(f"conformance-{action}-{amount}", action, amount)
        verdicts = [_run(bench, job, journal).verdict for _ in range(2)]
        assert verdicts == ["printed"] * 2, f"{action}: {verdicts}"
    after = _state(bench)
    assert (bench.papers("cash_in"), bench.papers("cash_out")) == (2, 1), "not once each"
    if before.cash_minor is not None and after.cash_minor is not None:
        assert after.cash_minor - before.cash_minor == 38_075, str(after)


def check_refuses_more_than_the_drawer_holds(bench: ShiftBench) -> None:
    """Cash that is not there is refused, and nothing is printed."""
    journal = MemoryJournal()
    _open(bench, journal)
    outcome = _run(bench, ShiftJob("conformance-much", "cash_out", 99_000_000), journal)
    assert outcome.verdict == "not_printed", str(outcome)
    assert bench.papers("cash_out") == 0, "cash went that was not there"


def check_prints_an_x(bench: ShiftBench) -> None:
    """An X report changes nothing."""
    bench.sell()
    before = _state(bench)
    outcome = _run(bench, ShiftJob("conformance-x", "x"), MemoryJournal())
    assert outcome.verdict == "printed", str(outcome)
    assert bench.papers("x_report") == 1, "not exactly one X"
    assert _state(bench).z_reports == before.z_reports, "an X counted as a Z"


def check_refuses_another_act_under_a_used_id(bench: ShiftBench) -> None:
    """One id stands for one act."""
    journal = MemoryJournal()
    _open(bench, journal)
    assert _run(bench, ShiftJob("conformance-id", "cash_in", 100), journal).verdict == "printed"
    outcome = _run(bench, ShiftJob("conformance-id", "cash_in", 200), journal)
    assert (outcome.verdict, outcome.reason) == ("not_printed", "job_conflict"), str(outcome)
    assert bench.papers("cash_in") == 1, "the other act was done"


def check_refuses_sums_that_make_no_sense(bench: ShiftBench) -> None:
    """Service cash of nothing, and a report with a sum, never reach the device."""
    for job in (ShiftJob("conformance-0", "cash_in"), ShiftJob("conformance-1", "x", 5)):
        outcome = _run(bench, job, MemoryJournal())
        assert (outcome.verdict, outcome.reason) == ("not_printed", "bad_amount"), str(outcome)


def check_reconciles_what_was_never_done(bench: ShiftBench) -> None:
    """An act the device never saw is `not_printed`, and stays so."""
    printer = bench.open()
    try:
        outcome = printer.reconcile_shift(ShiftJob("conformance-never", "z"), MemoryJournal())
    finally:
        printer.close()
    assert outcome.verdict == "not_printed", str(outcome)
    assert bench.papers("z_report") == 0, "reconciling made a Z"


def _open(bench: ShiftBench, journal: DeviceJournal) -> None:
    outcome = _run(bench, ShiftJob("conformance-open", "open"), journal)
    assert outcome.verdict == "printed" or outcome.reason == OPENS_ITSELF, str(outcome)


def _state(bench: ShiftBench) -> ShiftState:
    printer = bench.open()
    try:
        return printer.shift_state()
    finally:
        printer.close()


def _run(bench: ShiftBench, job: ShiftJob, journal: DeviceJournal) -> PrintOutcome:
    printer = bench.open()
    try:
        return printer.run_shift(job, journal)
    finally:
        printer.close()


SHIFT_CHECKS: Final[tuple[Callable[[ShiftBench], None], ...]] = (
    check_counts_a_z_once,
    check_moves_cash_once,
    check_refuses_more_than_the_drawer_holds,
    check_prints_an_x,
    check_refuses_another_act_under_a_used_id,
    check_refuses_sums_that_make_no_sense,
    check_reconciles_what_was_never_done,
)
