"""Datecs FP-700 with Ukrainian firmware as `drivers.base.FiscalPrinter`.

The order of a receipt: counters (113), articles (107), then durably `opening`, 48 or 85, 58 per
line, 51 for a discount on the whole, 54 per text line, 76 to compare the sum, durably `closing`, 53
per means of payment, 56, and the counters again, which alone give the verdict. Extra lines and a QR
code follow on a service slip (38, 42, 88, 39) and cannot change it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

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
from drivers.fiscal.datecs_ua.articles import ArticleBook
from drivers.fiscal.datecs_ua.commands import Counters
from drivers.fiscal.datecs_ua.job_record import LEFT_OPEN, BrokenRecord, JobBook, JobRecord
from drivers.fiscal.datecs_ua.options import DEFAULTS, DatecsUaOptions, read_options
from drivers.fiscal.datecs_ua.printing import Press
from drivers.fiscal.datecs_ua.receipt_plan import ReceiptPlan, plan_receipt
from drivers.fiscal.datecs_ua.recovery import settle
from drivers.fiscal.datecs_ua.session import Session
from drivers.fiscal.datecs_ua.slip import close_own_slip, print_slip
from drivers.fiscal.isl.link import IslLink
from drivers.fiscal.isl.sequence import SequenceCounter
from drivers.registry import DriverSpec, Options
from drivers.transport import open_transport

T = TypeVar("T")


class DatecsUa:
    """One printer. Not thread safe: one device, one thread.

    The port is opened again by itself after it was lost; every new connection begins with 74 and
    90, and nothing else goes out before the printer has been recognised."""

    def __init__(self, connect: Callable[[], Transport], options: DatecsUaOptions) -> None:
        self._connect = connect
        self._options = options
        self._sequence = SequenceCounter()
        self._transport: Transport | None = connect()
        self._session: Session | None = None
        self._articles: ArticleBook | None = None

    @property
    def profile(self) -> PrinterProfile:
        """Widths and code page."""
        return self._options.profile

    def info(self) -> DeviceInfo:
        """Identify the device (90)."""
        return self._asked(lambda session: session.diagnose())

    def status(self) -> PrinterStatus:
        """State flags (74)."""
        return self._asked(lambda session: session.refresh().public())

    def print_receipt(self, job: PrintJob, journal: DeviceJournal) -> PrintOutcome:
        """Print the document once, whatever happened to earlier attempts at the same job."""
        try:
            plan = plan_receipt(job, self._options)
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

    def _same_plan(self, job: PrintJob, record: JobRecord) -> ReceiptPlan | None:
        """The plan the receipt was opened with, `None` when the document is another one now."""
        try:
            plan = plan_receipt(job, self._options)
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
            plus = press.prepare(plan)
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
            outcome = press.print_receipt(plan, plus, record)
        except DeviceError:
            self._drop()
            return self.reconcile(job, journal)
        if outcome.verdict == "printed":
            return self._with_slip(outcome, press, job.job_id, plan)
        return outcome

    def _clean_baseline(self, press: Press) -> Counters:
        """Counters with nothing open; leftovers of ours are cleared, a foreign receipt is not."""
        counters = press.session.counters()
        if press.session.status.anything_open:
            self._clear_leftovers(press)
            counters = press.session.counters()
        status = press.session.status
        if status.anything_open:
            raise DeviceRefused(
                "foreign_receipt_open", "the printer holds a receipt that is not ours", status.raw
            )
        if status.paper_out or status.cover_open or status.journal_full:
            raise DeviceRefused(status.reason, "the printer is not ready", status.raw)
        return counters

    def _clear_leftovers(self, press: Press) -> None:
        """Close our own slip, cancel our own receipt; `DeviceRefused` when ours cannot be."""
        if press.session.status.nonfiscal_open:
            close_own_slip(press.session, press.book)
        current = press.book.current()
        latest = press.book.load(current.job_id) if current else None
        if not press.session.status.fiscal_open or latest is None or not latest.may_be_open:
            return
        outcome = settle(press, latest, None)
        if LEFT_OPEN in outcome.evidence:
            code = "paper_out" if press.session.status.paper_out else "own_receipt_unfinished"
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
        noted = print_slip(press.session, press.book, job_id, plan)
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
        session = self._ready(journal)
        if self._articles is None:
            self._articles = ArticleBook(session)
        return Press(session, self._articles, journal, book, self._options)

    def _ready(self, journal: DeviceJournal | None) -> Session:
        """A recognised session, connecting first if need be."""
        if self._session is None:
            if self._transport is None:
                self._transport = self._connect()
            if journal is not None:
                self._sequence.bind(journal)
            link = IslLink(self._transport, self._sequence, self._options.timing)
            self._session = Session(link, self._options)
        elif journal is not None:
            self._session.bind(journal)
        return self._session

    def _asked(self, ask: Callable[[Session], T]) -> T:
        try:
            return ask(self._ready(None))
        except (DeviceUnavailable, FrameError):
            self._drop()
            raise

    def _drop(self) -> None:
        if self._transport is not None:
            self._transport.close()
        self._transport = self._session = self._articles = None


def open_datecs_ua(url: str, options: Options) -> DatecsUa:
    """Open the printer at `url`; `DeviceUnavailable` when the port cannot be opened."""
    return DatecsUa(lambda: open_transport(url), read_options(options))


DRIVER = DriverSpec(
    name="fiscal.datecs_ua", kind="fiscal_printer", open=open_datecs_ua, options=DEFAULTS
)
