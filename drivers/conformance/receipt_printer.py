"""What every receipt printer driver owes the agent, as checks on a bench."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from drivers.base import PrintJob, PrintOutcome, ReceiptPrinter
from drivers.conformance.samples import MemoryJournal, sample_job
from loyalty.receipt import ReceiptText, SlipRow

T = TypeVar("T")


class SlipBench(Protocol):
    """A device to check a driver on."""

    def open(self) -> ReceiptPrinter:
        """A new driver on the device, as after a restart of the agent; the caller closes it."""

    def slips(self) -> int:
        """Slips cut off so far, known without the driver."""

    def last_lines(self) -> list[str]:
        """Text of the newest slip, known without the driver; empty when nobody can read it."""


def slip_job(job_id: str, *lines: str) -> PrintJob:
    """A slip of these lines."""
    rows = tuple(SlipRow("text", line) for line in lines or ("Баланс: 345,50 бонуса",))
    return sample_job(job_id, text=ReceiptText(slip=rows))


def check_says_how_it_stands(bench: SlipBench) -> None:
    """The state is readable, paper is known, and nothing is printed."""
    before = bench.slips()
    status = _with(bench, lambda printer: printer.status())
    assert status.online, "answers, but is not online"
    assert status.paper != "unknown", "paper state is unknown though the device answers"
    assert bench.slips() == before, "asking printed something"


def check_prints_ukrainian(bench: SlipBench) -> None:
    """Every letter comes out; ґ and і at least as their fixed substitutes."""
    line = "Їжак ґанок Євро іній Щур"
    outcome = _print(bench, MemoryJournal(), slip_job("conformance-letters", line))
    assert outcome.verdict == "printed", str(outcome)
    lines = bench.last_lines()
    assert not lines or lines[0] in (line, "Їжак ганок Євро iнiй Щур"), f"paper says {lines}"


def check_prints_a_slip_once(bench: SlipBench) -> None:
    """The same job again, by the same driver and by a new one, prints nothing more."""
    before = bench.slips()
    journal = MemoryJournal()
    verdicts = [_print(bench, journal, slip_job("conformance-once")).verdict for _ in range(3)]
    assert verdicts == ["printed"] * 3, f"verdicts are {verdicts}"
    assert bench.slips() == before + 1, "the slip was printed more than once"


def check_reconciles_what_was_never_sent(bench: SlipBench) -> None:
    """A job the device never saw is `not_printed`."""
    before = bench.slips()
    job = slip_job("conformance-never")
    outcome = _with(bench, lambda printer: printer.reconcile(job, MemoryJournal()))
    assert outcome.verdict == "not_printed", f"verdict is {outcome.verdict}"
    assert bench.slips() == before, "reconciling printed something"


def check_refuses_another_slip_under_a_used_id(bench: SlipBench) -> None:
    """One job id stands for one slip."""
    journal = MemoryJournal()
    assert _print(bench, journal, slip_job("conformance-id", "один")).verdict == "printed"
    before = bench.slips()
    outcome = _print(bench, journal, slip_job("conformance-id", "два"))
    assert (outcome.verdict, outcome.reason) == ("not_printed", "job_conflict"), str(outcome)
    assert bench.slips() == before, "the other slip was printed"


def _print(bench: SlipBench, journal: MemoryJournal, job: PrintJob) -> PrintOutcome:
    return _with(bench, lambda printer: printer.print_receipt(job, journal))


def _with(bench: SlipBench, work: Callable[[ReceiptPrinter], T]) -> T:
    printer = bench.open()
    try:
        return work(printer)
    finally:
        printer.close()


RECEIPT_PRINTER_CHECKS: Final[tuple[Callable[[SlipBench], None], ...]] = (
    check_says_how_it_stands,
    check_prints_ukrainian,
    check_prints_a_slip_once,
    check_reconciles_what_was_never_sent,
    check_refuses_another_slip_under_a_used_id,
)
