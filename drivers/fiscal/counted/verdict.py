"""Did the job come out? Decided from the printer's own counters and the journal. Pure.

Only `counter + 1, closed, same sum, and we had begun to pay` proves a print; only `counter unmoved`
proves that there was none. A sum alone proves nothing, and everything else is for a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from drivers.fiscal.counted.job_record import JobRecord
from drivers.fiscal.counted.machine import Counters, MachineStatus, Transaction


class Finding(Enum):
    """What the counters say."""

    PRINTED = auto()
    NOT_PRINTED = auto()
    OURS_OPEN = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Decision:
    """A finding and its stable reason code."""

    finding: Finding
    reason: str = ""


def decide(
    record: JobRecord,
    status: MachineStatus,
    counters: Counters,
    transaction: Transaction,
    port_exclusive: bool,
) -> Decision:
    """The truth about one job whose receipt may be closed, open or never begun."""
    moved = counters.of_kind(record.kind) - record.baseline.of_kind(record.kind)
    if moved == 0:
        if not status.fiscal_open:
            return Decision(Finding.NOT_PRINTED, "interrupted")
        return _whose_receipt(record, status, counters, transaction, port_exclusive)
    if moved != 1 or status.fiscal_open or counters.other_moved(record.kind, record.baseline):
        return Decision(Finding.UNKNOWN, "counters_moved")
    if counters.counts_cancelled and transaction.paid_minor == 0 and port_exclusive:
        # Only a receipt without a payment can be cancelled, and this one has none.
        return Decision(Finding.NOT_PRINTED, "cancelled")
    if record.stage != "closing":
        return Decision(Finding.UNKNOWN, "foreign_document")
    if not transaction.closed_last:
        return Decision(Finding.UNKNOWN, "foreign_document")
    summed = counters.sum_since(record.kind, record.baseline)
    total = transaction.amount_minor if summed is None else summed
    # Where nobody tells a sum, only a printer that nobody else uses proves that it was ours.
    if total != record.total_minor and not (total is None and port_exclusive):
        return Decision(Finding.UNKNOWN, "sum_differs")
    if status.halted:
        return Decision(Finding.UNKNOWN, "paper_out")
    return Decision(Finding.PRINTED)


def _whose_receipt(
    record: JobRecord,
    status: MachineStatus,
    counters: Counters,
    transaction: Transaction,
    port_exclusive: bool,
) -> Decision:
    """An open receipt is ours only if nothing at all contradicts it."""
    if record.stage == "opening" and not port_exclusive:
        return Decision(Finding.UNKNOWN, "open_receipt_not_proven_ours")
    unmoved = counters == record.baseline
    same_kind = status.return_open == (record.kind == "return")
    if transaction.amount_minor is None:
        fits = port_exclusive
    elif record.stage == "closing":
        fits = transaction.amount_minor == record.total_minor
    else:
        fits = transaction.amount_minor in record.running_minor and transaction.paid_minor == 0
    if unmoved and same_kind and fits:
        return Decision(Finding.OURS_OPEN)
    return Decision(Finding.UNKNOWN, "foreign_receipt_open")
