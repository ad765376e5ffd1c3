"""Carrying a plan out on an open session: the receipt, its payments, and what a refusal means."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.base import DeviceJournal, PrintOutcome, Verdict
from drivers.errors import DeviceError, DeviceRefused
from drivers.fiscal.datecs_ua.articles import ArticleBook
from drivers.fiscal.datecs_ua.job_record import LEFT_OPEN, JobBook, JobRecord
from drivers.fiscal.datecs_ua.options import DatecsUaOptions
from drivers.fiscal.datecs_ua.receipt_plan import MAX_ROUNDING_MINOR, Payment, ReceiptPlan, Sale
from drivers.fiscal.datecs_ua.session import Session


@dataclass(slots=True)
class Press:
    """One printer with its journal, for the length of one job."""

    session: Session
    articles: ArticleBook
    journal: DeviceJournal
    book: JobBook
    options: DatecsUaOptions

    def prepare(self, plan: ReceiptPlan) -> list[int]:
        """Cashier's name and article numbers: everything that needs no open receipt."""
        self.session.name_cashier(plan.cashier)
        return [self.articles.ensure(sale.article, self.journal) for sale in plan.sales]

    def print_receipt(self, plan: ReceiptPlan, plus: list[int], record: JobRecord) -> PrintOutcome:
        """Open, sell, pay and close; `record` is already in the journal as `opening`.

        Raises `DeviceUnavailable` or `FrameError` when the printer stopped answering: the job may
        then be in any state. A refusal is dealt with here."""
        try:
            self.session.open_receipt(plan.kind)
            if not self.options.port_exclusive:
                record = self.book.advance(record, "opened")
            self._fill(plan, plus)
            record = self.book.advance(record, "closing")
            evidence = self.pay(plan.payments, plan.change_minor)
            self.session.close_receipt()
        except DeviceRefused as refusal:
            return self.give_up(record, refusal)
        return self.confirm(record, evidence)

    def _fill(self, plan: ReceiptPlan, plus: list[int]) -> None:
        for line in plan.heading:
            self.session.print_text(line)
        for plu, sale in zip(plus, plan.sales, strict=True):
            self._sell(plu, sale)
        if plan.subtotal_discount_minor:
            self.session.take_off(plan.subtotal_discount_minor)
        for line in plan.lines:
            self.session.print_text(line)
        shown = self.session.transaction().amount_minor
        if shown != plan.total_minor:
            raise DeviceRefused(
                "total_differs", f"the printer counts {shown}, the document {plan.total_minor}"
            )

    def _sell(self, plu: int, sale: Sale) -> None:
        try:
            self.session.sell(plu, sale)
        except DeviceRefused as refusal:
            if refusal.code in ("paper_out", "cover_open"):
                raise
            renewed = self.articles.restore(sale.article, self.journal)
            if renewed is None:
                raise
            self.session.sell(renewed, sale)

    def pay(self, payments: tuple[Payment, ...], change_minor: int) -> dict[str, str]:
        """Send the payments; returns what is worth noting. `DeviceRefused` when still underpaid."""
        evidence: dict[str, str] = {}
        reply = None
        for payment in payments:
            reply = self.session.pay(payment)
        if reply is not None and reply.code == "D" and 0 < reply.amount_minor <= MAX_ROUNDING_MINOR:
            # The device does not round cash: it must be told the kopecks that nobody handed over,
            # for a receipt with a payment on it can no longer be cancelled.
            evidence["rounding_paid_minor"] = str(reply.amount_minor)
            cash = self.options.payment_modes["cash"]
            reply = self.session.pay(Payment(cash, reply.amount_minor))
        if reply is not None and reply.code == "D" and reply.amount_minor > 0:
            raise DeviceRefused("underpaid", f"{reply.amount_minor} kopecks are still to be paid")
        if reply is not None and reply.code == "R" and reply.amount_minor != change_minor:
            evidence["change_minor"] = f"device {reply.amount_minor}, document {change_minor}"
        return evidence

    def confirm(self, record: JobRecord, evidence: dict[str, str]) -> PrintOutcome:
        """Ask the counters whether the receipt that was just closed exists, and store the end."""
        after = self.session.counters()
        evidence |= {**self.evidence(record), "counters_after": str(after)}
        if after.of_kind(record.kind) == record.baseline.of_kind(record.kind) + 1:
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
        try:
            if self.session.refresh().fiscal_open:
                self.session.cancel_receipt()
            if record.stage == "closing":
                after = self.session.counters()
                evidence["counters_after"] = str(after)
                verdict = "not_printed" if after.same_fiscal(record.baseline) else "unknown"
        except DeviceRefused as stuck:
            evidence[LEFT_OPEN] = stuck.code
            paid = record.stage == "closing" and self.session.transaction().paid_minor > 0
            verdict = "unknown" if paid else "not_printed"
        evidence |= self.evidence(record)
        outcome = PrintOutcome(verdict, "", refusal.code, refusal.vendor_code, evidence)
        return self.book.end(record, outcome)

    def evidence(self, record: JobRecord) -> dict[str, str]:
        """Counters before the job and the last status bytes, as text."""
        return {"counters_before": str(record.baseline), "status": self.session.status.raw}
