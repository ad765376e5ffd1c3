"""What every fiscal printer driver owes the agent, as checks on a bench."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from drivers.base import DeviceJournal, FiscalPrinter
from drivers.conformance.samples import MemoryJournal, sample_job
from loyalty.basket import Tender


class PrinterBench(Protocol):
    """A device to check a driver on."""

    def open(self) -> FiscalPrinter:
        """A new driver on the device, as after a restart of the agent; the caller closes it."""

    def fiscal_documents(self) -> int:
        """Fiscal receipts on paper so far, known without the driver."""

    def last_total_minor(self) -> int:
        """Sum of the newest fiscal receipt, known without the driver."""


def check_identifies_itself(bench: PrinterBench) -> None:
    """Model and fiscal number are given, the state is readable, and nothing is printed."""
    before = bench.fiscal_documents()
    printer = bench.open()
    try:
        info, status = printer.info(), printer.status()
    finally:
        printer.close()
    assert info.model, "no model"
    assert status.online, "answers, but is not online"
    assert not status.fiscal_open, "holds an open receipt"
    assert status.paper != "unknown", "paper state is unknown though the device answers"
    assert bench.fiscal_documents() == before, "asking printed something"


def check_prints_the_exact_sum(bench: PrinterBench) -> None:
    """One receipt, its sum to the kopeck, and a number to name it by."""
    before = bench.fiscal_documents()
    job = sample_job("conformance-sum", lines=5)
    outcome = _print(bench, MemoryJournal(), job.job_id, lines=5)
    assert outcome == "printed", f"verdict is {outcome}"
    assert bench.fiscal_documents() == before + 1, "not exactly one receipt"
    assert bench.last_total_minor() == job.document.payable_minor, "the sum on paper differs"


def check_prints_a_job_once(bench: PrinterBench) -> None:
    """The same job again, by the same driver and by a new one, prints nothing more."""
    before = bench.fiscal_documents()
    journal = MemoryJournal()
    verdicts = [_print(bench, journal, "conformance-once") for _ in range(3)]
    assert verdicts == ["printed"] * 3, f"verdicts are {verdicts}"
    assert bench.fiscal_documents() == before + 1, "the job was printed more than once"


def check_reconciles_what_was_never_sent(bench: PrinterBench) -> None:
    """A job the device never saw is `not_printed`, without asking anybody."""
    before = bench.fiscal_documents()
    printer = bench.open()
    try:
        outcome = printer.reconcile(sample_job("conformance-never"), MemoryJournal())
    finally:
        printer.close()
    assert outcome.verdict == "not_printed", f"verdict is {outcome.verdict}"
    assert bench.fiscal_documents() == before, "reconciling printed something"


def check_reconciles_what_was_printed(bench: PrinterBench) -> None:
    """A printed job stays printed, under its number."""
    journal = MemoryJournal()
    job = sample_job("conformance-printed")
    printer = bench.open()
    try:
        printed = printer.print_receipt(job, journal)
        again = printer.reconcile(job, journal)
    finally:
        printer.close()
    assert again.verdict == "printed", f"verdict is {again.verdict}"
    assert again.fiscal_number == printed.fiscal_number, "the number changed"


def check_refuses_sums_that_do_not_fit(bench: PrinterBench) -> None:
    """Tenders that do not cover the sum never reach the paper."""
    before = bench.fiscal_documents()
    printer = bench.open()
    try:
        job = sample_job("conformance-short", tenders=(Tender("cash", 1),))
        outcome = printer.print_receipt(job, MemoryJournal())
    finally:
        printer.close()
    assert outcome.verdict == "not_printed", f"verdict is {outcome.verdict}"
    assert outcome.reason == "document_mismatch", f"reason is {outcome.reason}"
    assert bench.fiscal_documents() == before, "a receipt that does not add up was printed"


def check_refuses_another_document_under_a_used_id(bench: PrinterBench) -> None:
    """One job id stands for one document."""
    journal = MemoryJournal()
    assert _print(bench, journal, "conformance-id", lines=2) == "printed"
    before = bench.fiscal_documents()
    printer = bench.open()
    try:
        outcome = printer.print_receipt(sample_job("conformance-id", lines=4), journal)
    finally:
        printer.close()
    assert (outcome.verdict, outcome.reason) == ("not_printed", "job_conflict"), str(outcome)
    assert bench.fiscal_documents() == before, "the other document was printed"


def _print(bench: PrinterBench, journal: DeviceJournal, job_id: str, lines: int = 3) -> str:
    printer = bench.open()
    try:
        return printer.print_receipt(sample_job(job_id, lines=lines), journal).verdict
    finally:
        printer.close()


FISCAL_PRINTER_CHECKS: Final[tuple[Callable[[PrinterBench], None], ...]] = (
    check_identifies_itself,
    check_prints_the_exact_sum,
    check_prints_a_job_once,
    check_reconciles_what_was_never_sent,
    check_reconciles_what_was_printed,
    check_refuses_sums_that_do_not_fit,
    check_refuses_another_document_under_a_used_id,
)
