"""Any printer that counts its receipts, as `drivers.base.FiscalPrinter`.

The order of a receipt: counters, what can be prepared (cashier, articles), then durably `opening`,
the opening command, the lines, a discount on the whole, the text lines, the sum compared, then
durably `closing`, payment and close, and the counters again, which alone give the verdict. Extra
lines and a QR code follow on a service slip and cannot change it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from drivers.base import (
    DeviceInfo,
    DeviceJournal,
    PrinterProfile,
    PrinterStatus,
    PrintJob,
    PrintOutcome,
    Transport,
)
from drivers.errors import DeviceError, DeviceRefused, DeviceUnavailable, FrameError
from drivers.fiscal.counted.job_record import LEFT_OPEN, BrokenRecord, JobBook, JobRecord
from drivers.fiscal.counted.machine import Counters, Machine
from drivers.fiscal.counted.press import Press
from drivers.fiscal.counted.receipt_plan import PlanRules, ReceiptPlan, plan_receipt
from drivers.fiscal.counted.recovery import settle
from drivers.fiscal.counted.shift_desk import act, check_amount, settle_shift
from drivers.fiscal.counted.shift_record import load_record
from drivers.fiscal.counted.slip import close_own_slip, print_slip
from drivers.fiscal.printer_text import wrap
from drivers.shift import ShiftJob, ShiftState

T = TypeVar("T")


Start: TypeAlias = Callable[[Transport, DeviceJournal | None], Machine]
"""Recognise the printer at the other end; nothing that prints goes out before it returns."""


class CountedPrinter:
    """One printer. Not thread safe: one device, one thread.

    The port is opened again by itself after it was lost; every new connection begins with `start`,
    which recognises the printer before anything else goes out. `port_exclusive` says that no other
    program talks to this printer, so a receipt that appeared while we opened ours is ours."""

    def __init__(
        self,
        connect: Callable[[], Transport],
        start: Start,
        rules: PlanRules,
        port_exclusive: bool = True,
    ) -> None:
        self._connect = connect
        self._start = start
        self._rules = rules
        self._port_exclusive = port_exclusive
        self._transport: Transport | None = connect()
        self._machine: Machine | None = None

    @property
    def profile(self) -> PrinterProfile:
        """Widths and code page."""
        return self._rules.profile

    def info(self) -> DeviceInfo:
        """Identify the device."""
        return self._asked(lambda machine: machine.diagnose())

    def status(self) -> PrinterStatus:
        """State flags."""
        return self._asked(lambda machine: machine.refresh().public())

    def print_receipt(self, job: PrintJob, journal: DeviceJournal) -> PrintOutcome:
        """Print the document once, whatever happened to earlier attempts at the same job."""
        try:
            plan = plan_receipt(job, self._rules)
        except DeviceRefused as error:
            return PrintOutcome("not_printed", "", error.code, evidence={"refusal": str(error)})
        book = JobBook(journal)
        try:
            record = book.load(job.job_id)
            earlier = self._earlier(job, journal, record, plan)
            return earlier or self._attempt(job, plan, book, journal, record)
        except BrokenRecord as error:
            return PrintOutcome("unknown", "", "no_baseline", evidence={"record": str(error)})

    def reconcile(self, job: PrintJob, journal: DeviceJournal) -> PrintOutcome:
        """The truth about a job after a crash or a lost link, from journal and counters.

        Prints nothing of its own: it cancels our own open receipt, and where that is refused
        because it is already paid, closes it."""
        book = JobBook(journal)
        try:
            record = book.load(job.job_id)
        except BrokenRecord as error:
            return PrintOutcome("unknown", "", "no_baseline", evidence={"record": str(error)})
        if record is None:
            return PrintOutcome("not_printed", "", "never_sent")
        if record.verdict is not None and not record.may_be_open:
            self._close_slip_of(job.job_id, journal, book)
            return record.outcome
        try:
            return settle(self._press(journal, book), record, self._same_plan(job, record))
        except DeviceError as error:
            return self._unreachable(record, error)

    def close(self) -> None:
        """Release the port."""
        self._drop()

    # --- the shift --------------------------------------------------------------------------

    def shift_state(self) -> ShiftState:
        """What the device tells of its shift."""
        return self._asked(lambda machine: machine.shift_state())

    def run_shift(self, job: ShiftJob, journal: DeviceJournal) -> PrintOutcome:
        """Do it once, whatever happened to earlier attempts at the same act."""
        try:
            check_amount(job)
            record = load_record(journal, job.job_id)
            if record is not None and not record.is_of(job):
                raise DeviceRefused("job_conflict", "this id was used for another act")
        except DeviceRefused as error:
            return PrintOutcome("not_printed", "", error.code, evidence={"refusal": str(error)})
        except BrokenRecord as error:
            return PrintOutcome("unknown", "", "no_baseline", evidence={"record": str(error)})
        if record is not None:
            earlier = self.reconcile_shift(job, journal)
            if earlier.verdict != "not_printed":
                return earlier
        try:
            press = self._press(journal, JobBook(journal))
            self._clean_baseline(press)
        except DeviceError as error:
            return self._nothing_sent(error)
        try:
            return act(press, job, self._slip_lines(job))
        except DeviceError:
            self._drop()
            return self.reconcile_shift(job, journal)

    def reconcile_shift(self, job: ShiftJob, journal: DeviceJournal) -> PrintOutcome:
        """The truth about an act after a crash or a lost link, from journal and counters."""
        try:
            record = load_record(journal, job.job_id)
        except BrokenRecord as error:
            return PrintOutcome("unknown", "", "no_baseline", evidence={"record": str(error)})
        if record is None:
            return PrintOutcome("not_printed", "", "never_sent")
        if record.verdict in ("printed", "not_printed"):
            return record.outcome
        try:
            return settle_shift(self._ready(journal), journal, record, job)
        except DeviceError as error:
            self._drop()
            code = error.code if isinstance(error, DeviceRefused) else "no_link"
            evidence = {"refusal": str(error)}
            return PrintOutcome("unknown", "", code, error.vendor_code, evidence)

    def _slip_lines(self, job: ShiftJob) -> tuple[str, ...]:
        profile = self._rules.profile
        width, page = profile.trailer_width, profile.code_page
        return tuple(part for line in job.lines for part in wrap(line, width, page))

    def _same_plan(self, job: PrintJob, record: JobRecord) -> ReceiptPlan | None:
        """The plan the receipt was opened with, `None` when the document is another one now."""
        try:
            plan = plan_receipt(job, self._rules)
        except DeviceRefused:
            return None
        return plan if plan.fingerprint == record.fingerprint else None

    def _earlier(
        self, job: PrintJob, journal: DeviceJournal, record: JobRecord | None, plan: ReceiptPlan
    ) -> PrintOutcome | None:
        """The end of an earlier attempt, `None` when the job may be printed now."""
        if record is None:
            return None
        if record.fingerprint != plan.fingerprint:
            reason = "this job id was used for another document"
            return PrintOutcome("not_printed", "", "job_conflict", evidence={"refusal": reason})
        outcome = record.outcome if record.verdict == "printed" else self.reconcile(job, journal)
        return None if outcome.verdict == "not_printed" else outcome

    def _attempt(
        self,
        job: PrintJob,
        plan: ReceiptPlan,
        book: JobBook,
        journal: DeviceJournal,
        earlier: JobRecord | None,
    ) -> PrintOutcome:
        """From the baseline to the verdict. Until `book.begin` nothing has been opened."""
        try:
            press = self._press(journal, book)
            baseline = self._clean_baseline(press)
            press.machine.prepare(plan, journal)
        except DeviceError as error:
            return self._nothing_sent(error)
        record = JobRecord(
            job_id=job.job_id,
            attempt=earlier.attempt + 1 if earlier else 1,
            stage="opening",
            kind=plan.kind,
            fingerprint=plan.fingerprint,
            total_minor=plan.total_minor,
            running_minor=plan.running_minor,
            baseline=baseline,
        )
        book.begin(record)
        try:
            outcome = press.print_receipt(plan, record)
        except DeviceError:
            self._drop()
            return self.reconcile(job, journal)
        if outcome.verdict == "printed":
            return self._with_slip(outcome, press, job.job_id, plan)
        return outcome

    def _clean_baseline(self, press: Press) -> Counters:
        """Counters with nothing open; leftovers of ours are cleared, a foreign receipt is not."""
        counters = press.machine.counters()
        if press.machine.status.anything_open:
            self._clear_leftovers(press)
            counters = press.machine.counters()
        status = press.machine.status
        if status.anything_open:
            raise DeviceRefused(
                "foreign_receipt_open", "the printer holds a receipt that is not ours", status.raw
            )
        if status.paper_out or status.cover_open or status.journal_full:
            raise DeviceRefused(status.reason, "the printer is not ready", status.raw)
        return counters

    def _clear_leftovers(self, press: Press) -> None:
        """Close our own slip, cancel our own receipt; `DeviceRefused` when ours cannot be."""
        if press.machine.status.nonfiscal_open:
            close_own_slip(press.machine, press.book)
        current = press.book.current()
        latest = press.book.load(current.job_id) if current else None
        if not press.machine.status.fiscal_open or latest is None or not latest.may_be_open:
            return
        outcome = settle(press, latest, None)
        if LEFT_OPEN in outcome.evidence:
            code = "paper_out" if press.machine.status.paper_out else "own_receipt_unfinished"
            raise DeviceRefused(
                code, f"the receipt of job {latest.job_id} is still open", outcome.vendor_code
            )

    def _close_slip_of(self, job_id: str, journal: DeviceJournal, book: JobBook) -> None:
        """Close the slip that was cut short behind a finished receipt; if not now, later."""
        if book.slip_of() == job_id:
            try:
                close_own_slip(self._ready(journal), book)
            except DeviceError:
                self._drop()

    def _with_slip(
        self, outcome: PrintOutcome, press: Press, job_id: str, plan: ReceiptPlan
    ) -> PrintOutcome:
        noted = print_slip(press.machine, press.book, job_id, plan)
        if not noted:
            return outcome
        if noted.startswith("cut_short"):
            self._drop()
        evidence = {**outcome.evidence, "slip": noted}
        return PrintOutcome(outcome.verdict, outcome.fiscal_number, evidence=evidence)

    def _nothing_sent(self, error: DeviceError) -> PrintOutcome:
        code = error.code
        if isinstance(error, DeviceUnavailable | FrameError):
            self._drop()
            code = "no_link"
        evidence = {"refusal": str(error)}
        return PrintOutcome("not_printed", "", code, error.vendor_code, evidence)

    def _unreachable(self, record: JobRecord, error: DeviceError) -> PrintOutcome:
        """The printer cannot be asked now; a refusal here means it cannot be understood either."""
        self._drop()
        code = error.code if isinstance(error, DeviceRefused) else "no_link"
        evidence = {
            "counters_before": str(record.baseline),
            "stage": record.stage,
            "refusal": str(error),
        }
        if record.verdict == "not_printed":
            return record.outcome
        return PrintOutcome("unknown", "", code, error.vendor_code, evidence)

    def _press(self, journal: DeviceJournal, book: JobBook) -> Press:
        return Press(self._ready(journal), journal, book, self._port_exclusive)

    def _ready(self, journal: DeviceJournal | None) -> Machine:
        """A recognised machine, connecting first if need be."""
        if self._machine is None:
            if self._transport is None:
                self._transport = self._connect()
            self._machine = self._start(self._transport, journal)
        elif journal is not None:
            self._machine.bind(journal)
        return self._machine

    def _asked(self, ask: Callable[[Machine], T]) -> T:
        try:
            return ask(self._ready(None))
        except (DeviceUnavailable, FrameError):
            self._drop()
            raise

    def _drop(self) -> None:
        if self._transport is not None:
            self._transport.close()
        self._transport = self._machine = None
