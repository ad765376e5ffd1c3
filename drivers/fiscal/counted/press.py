"""Carrying a plan out on an open session: the receipt, its payments, and what a refusal means."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.base import DeviceJournal, PrintOutcome, Verdict
from drivers.errors import DeviceError, DeviceRefused
from drivers.fiscal.counted.job_record import LEFT_OPEN, JobBook, JobRecord
from drivers.fiscal.counted.machine import Machine
from drivers.fiscal.counted.receipt_plan import ReceiptPlan

VAGUE = frozenset({"not_allowed", "device_error"})


@dataclass(slots=True)
class Press:
    """One printer with its journal, for the length of one job."""

    machine: Machine
    journal: DeviceJournal
    book: JobBook
    port_exclusive: bool

    def print_receipt(self, plan: ReceiptPlan, record: JobRecord) -> PrintOutcome:
        """Open, sell, pay and close; `record` is already in the journal as `opening`.

        Raises `DeviceUnavailable` or `FrameError` when the printer stopped answering: the job may
        then be in any state. A refusal is dealt with here."""
        try:
            self.machine.open_receipt(plan)
            if not self.port_exclusive:
                record = self.book.advance(record, "opened")
            self._fill(plan)
            record = self.book.advance(record, "closing")
            evidence = self.machine.finish(plan, 0)
        except DeviceRefused as refusal:
            return self.give_up(record, self._explained(record, refusal))
        return self.confirm(record, evidence)

    def _explained(self, record: JobRecord, refusal: DeviceRefused) -> DeviceRefused:
        """A printer that only says "not now" to the opening of a receipt may have a shift that is
        over: then say that, for there is something to press."""
        if record.stage != "opening" or refusal.code not in VAGUE:
            return refusal
        try:
            is_over = self.machine.shift_state().is_over
        except DeviceError:
            return refusal
        code = "shift_over_24_hours" if is_over else refusal.code
        return DeviceRefused(code, str(refusal), refusal.vendor_code)

    def _fill(self, plan: ReceiptPlan) -> None:
        for line in plan.heading:
            self.machine.print_text(line)
        for sale in plan.sales:
            self.machine.sell(sale)
        if plan.subtotal_discount_minor:
            self.machine.take_off(plan.subtotal_discount_minor)
        for line in plan.lines:
            self.machine.print_text(line)
        shown = self.machine.transaction().amount_minor
        if shown != plan.total_minor:
            raise DeviceRefused(
                "total_differs", f"the printer counts {shown}, the document {plan.total_minor}"
            )

    def confirm(self, record: JobRecord, evidence: dict[str, str]) -> PrintOutcome:
        """Ask the counters whether the receipt that was just closed exists, and store the end.

        Counted but not yet on paper, because the roll ended, is `unknown` until there is paper."""
        after = self.machine.counters()
        evidence |= {**self.evidence(record), "counters_after": str(after)}
        if self.machine.status.halted:
            outcome = PrintOutcome("unknown", "", "paper_out", evidence=evidence)
        elif after.of_kind(record.kind) == record.baseline.of_kind(record.kind) + 1:
            number = str(record.baseline.documents + 1)
            outcome = PrintOutcome("printed", number, evidence=evidence)
        else:
            outcome = PrintOutcome("unknown", "", "counters_disagree", evidence=evidence)
        return self.book.end(record, outcome)

    def give_up(self, record: JobRecord, refusal: DeviceError) -> PrintOutcome:
        """Cancel the receipt we opened. One that cannot be cancelled is left for later.

        Before payment nothing can come out, whatever becomes of the open receipt; with a payment
        on it the printer only goes forward, so its end is open."""
        evidence = {"refusal": str(refusal)}
        verdict: Verdict = "not_printed"
        cancelled = 0
        try:
            if self.machine.refresh().fiscal_open:
                self.machine.cancel_receipt()
                cancelled = 1
            if record.stage == "closing":
                after = self.machine.counters()
                evidence["counters_after"] = str(after)
                clean = after.same_fiscal(record.baseline, cancelled)
                verdict = "not_printed" if clean else "unknown"
        except DeviceRefused as stuck:
            evidence[LEFT_OPEN] = stuck.code
            paid = record.stage == "closing" and self.machine.transaction().paid_minor > 0
            verdict = "unknown" if paid else "not_printed"
        evidence |= self.evidence(record)
        outcome = PrintOutcome(verdict, "", refusal.code, refusal.vendor_code, evidence)
        return self.book.end(record, outcome)

    def evidence(self, record: JobRecord) -> dict[str, str]:
        """Counters before the job and the last status bytes, as text."""
        return {"counters_before": str(record.baseline), "status": self.machine.status.raw}
