"""Deciding an interrupted job, and clearing away what it left in the printer."""

from __future__ import annotations

from itertools import accumulate

from drivers.base import PrintOutcome, Verdict
from drivers.errors import DeviceRefused
from drivers.fiscal.datecs_ua.commands import Transaction
from drivers.fiscal.datecs_ua.job_record import LEFT_OPEN, JobRecord
from drivers.fiscal.datecs_ua.printing import Press
from drivers.fiscal.datecs_ua.receipt_plan import Payment, ReceiptPlan
from drivers.fiscal.datecs_ua.verdict import Finding, decide


def settle(press: Press, record: JobRecord, plan: ReceiptPlan | None) -> PrintOutcome:
    """The verdict of a job without an end, stored; our own open receipt is cancelled.

    A receipt that already has a payment on it cannot be cancelled any more (the printer refuses
    57). Then the remaining payments, known from `plan`, and 56 are sent: the paper the sale was
    waiting for. Raises `DeviceUnavailable` or `FrameError` when the printer cannot be asked."""
    session = press.session
    session.refresh()
    counters = session.counters()
    transaction = session.transaction()
    status = session.status
    found = decide(record, status, counters, transaction, press.options.port_exclusive)
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
        press.session.cancel_receipt()
    except DeviceRefused as refusal:
        if transaction.paid_minor > 0:
            return _complete(press, record, transaction, plan, evidence)
        return _left_open(press, record, refusal, evidence, "not_printed")
    after = press.session.counters()
    evidence["counters_after"] = str(after)
    if press.session.status.fiscal_open or not after.same_fiscal(record.baseline):
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
        if transaction.paid_minor < record.total_minor:
            if plan is None:
                raise DeviceRefused("payment_unfinished", "the receipt is paid in part")
            evidence |= press.pay(_payments_left(plan, transaction.paid_minor), plan.change_minor)
        press.session.close_receipt()
    except DeviceRefused as refusal:
        return _left_open(press, record, refusal, evidence, "unknown")
    evidence["completed"] = "closed after an interruption"
    return press.confirm(record, evidence)


def _payments_left(plan: ReceiptPlan, paid_minor: int) -> tuple[Payment, ...]:
    sums = list(accumulate((payment.amount_minor for payment in plan.payments), initial=0))
    if paid_minor not in sums:
        raise DeviceRefused("payment_differs", f"{paid_minor} kopecks paid are none of ours")
    return plan.payments[sums.index(paid_minor) :]


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
