"""Deciding an interrupted job, and clearing away what it left in the printer."""

from __future__ import annotations

from drivers.base import PrintOutcome, Verdict
from drivers.errors import DeviceRefused
from drivers.fiscal.counted.job_record import LEFT_OPEN, JobRecord
from drivers.fiscal.counted.machine import Transaction
from drivers.fiscal.counted.press import Press
from drivers.fiscal.counted.receipt_plan import ReceiptPlan
from drivers.fiscal.counted.verdict import Finding, decide


def settle(press: Press, record: JobRecord, plan: ReceiptPlan | None) -> PrintOutcome:
    """The verdict of a job without an end, stored; our own open receipt is cancelled.

    A receipt that already has a payment on it cannot be cancelled any more (the printer refuses
    57). Then the remaining payments, known from `plan`, and 56 are sent: the paper the sale was
    waiting for. Raises `DeviceUnavailable` or `FrameError` when the printer cannot be asked."""
    machine = press.machine
    machine.refresh()
    counters = machine.counters()
    transaction = machine.transaction()
    status = machine.status
    found = decide(record, status, counters, transaction, press.port_exclusive)
    evidence = {
        "counters_before": str(record.baseline),
        "counters_after": str(counters),
        "status": status.raw,
        "stage": record.stage,
        "last_sum_minor": str(transaction.amount_minor),
    }
    if found.finding is Finding.OURS_OPEN:
        return _clear(press, record, transaction, plan, evidence)
    if found.finding is Finding.PRINTED:
        number = str(record.baseline.documents + 1)
        outcome = PrintOutcome("printed", number, evidence=evidence)
    elif found.finding is Finding.NOT_PRINTED:
        outcome = PrintOutcome("not_printed", "", found.reason, evidence=evidence)
    elif record.verdict == "not_printed":
        # It was never paid, so whatever stands in the printer now, this job did not come out.
        return record.outcome
    else:
        outcome = PrintOutcome("unknown", "", found.reason, evidence=evidence)
    return press.book.end(record, outcome)


def _clear(
    press: Press,
    record: JobRecord,
    transaction: Transaction,
    plan: ReceiptPlan | None,
    evidence: dict[str, str],
) -> PrintOutcome:
    try:
        press.machine.cancel_receipt()
    except DeviceRefused as refusal:
        if transaction.paid_minor > 0:
            return _complete(press, record, transaction, plan, evidence)
        return _left_open(press, record, refusal, evidence, "not_printed")
    after = press.machine.counters()
    evidence["counters_after"] = str(after)
    if press.machine.status.fiscal_open or not after.same_fiscal(record.baseline, 1):
        return press.book.end(
            record, PrintOutcome("unknown", "", "counters_disagree", evidence=evidence)
        )
    return press.book.end(record, PrintOutcome("not_printed", "", "cancelled", evidence=evidence))


def _complete(
    press: Press,
    record: JobRecord,
    transaction: Transaction,
    plan: ReceiptPlan | None,
    evidence: dict[str, str],
) -> PrintOutcome:
    """Pay what is left of a receipt that can only go forward, and close it."""
    try:
        if plan is None and transaction.paid_minor < record.total_minor:
            raise DeviceRefused("payment_unfinished", "the receipt is paid in part")
        evidence |= press.machine.finish(plan, transaction.paid_minor)
    except DeviceRefused as refusal:
        return _left_open(press, record, refusal, evidence, "unknown")
    evidence["completed"] = "closed after an interruption"
    return press.confirm(record, evidence)


def _left_open(
    press: Press,
    record: JobRecord,
    refusal: DeviceRefused,
    evidence: dict[str, str],
    verdict: Verdict,
) -> PrintOutcome:
    """Our receipt cannot be cleared now. Without a payment on it, it can never come out."""
    evidence |= {LEFT_OPEN: refusal.code, "refusal": str(refusal)}
    return press.book.end(
        record, PrintOutcome(verdict, "", refusal.code, refusal.vendor_code, evidence)
    )
