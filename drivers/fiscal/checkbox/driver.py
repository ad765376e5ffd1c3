"""Checkbox as `drivers.base.FiscalPrinter`: `printed` means that the receipt has a fiscal number.

The receipt's id is ours and on disk before anything is sent. A time-out says nothing: the id is
asked for, and only where the service does not know it is the same id sent again; a new id is taken
only after the service itself said ERROR. An offline number is used only for a receipt whose id has
never left this machine, so no sale can be fiscal twice. Source: README of checkbox-sdk 1.6.0.
"""

from __future__ import annotations

import dataclasses
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from drivers.base import (
    DeviceInfo,
    DeviceJournal,
    PrinterProfile,
    PrinterStatus,
    PrintJob,
    PrintOutcome,
)
from drivers.errors import BadDeviceUrl, DeviceError, DeviceRefused, DeviceUnavailable
from drivers.fiscal.checkbox.client import TOO_MANY_CODE as TOO_MANY
from drivers.fiscal.checkbox.client import CheckboxClient, NotSent
from drivers.fiscal.checkbox.offline import BrokenQueue, OfflineBook
from drivers.fiscal.checkbox.options import DEFAULTS, CheckboxOptions, read_options
from drivers.fiscal.checkbox.payload import sell_payload
from drivers.fiscal.checkbox.record import Attempt, Attempts
from drivers.fiscal.checkbox.shift import ShiftDesk
from drivers.fiscal.counted.receipt_plan import ReceiptPlan, plan_receipt
from drivers.registry import DriverSpec, Options
from drivers.shift import NOT_OPEN, ShiftJob, ShiftState

CODES_WANTED: Final = 2_000
CODES_LEAST: Final = 1_000
MAX_POLLS: Final = 40


class Checkbox:
    """One cash register of the service. Not thread safe: one device, one thread."""

    def __init__(
        self,
        url: str,
        options: CheckboxOptions,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        pause: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._options = options
        self._client = CheckboxClient(
            url,
            options.license_key,
            options.pin_code,
            options.timeout_s,
            options.rate_limit,
            pause=pause,
            transport=transport,
        )
        self._now = now
        self._pause = pause
        self._ready = False
        self._shift = ShiftDesk(self._client, pause, options.poll_s, now)

    @property
    def profile(self) -> PrinterProfile:
        """Width of the text that the service makes of a receipt."""
        return self._options.rules.profile

    def info(self) -> DeviceInfo:
        """The register as the service names it."""
        found = self._client.get("/cash-registers/info")
        return DeviceInfo(
            "Checkbox", str(found.get("id", "")), "", str(found.get("fiscal_number", ""))
        )

    def status(self) -> PrinterStatus:
        """Whether the service answers. It has no paper that could run out."""
        self._client.get("/cash-registers/info")
        return PrinterStatus(online=True, paper="ok")

    def print_receipt(self, job: PrintJob, journal: DeviceJournal) -> PrintOutcome:
        """Make the receipt fiscal once, whatever happened to earlier attempts at the same job."""
        try:
            plan = plan_receipt(job, self._options.rules)
        except DeviceRefused as error:
            return PrintOutcome("not_printed", "", error.code, evidence={"refusal": str(error)})
        attempts = Attempts(journal)
        attempt = attempts.load(job.job_id)
        if attempt is not None and attempt.fingerprint != plan.fingerprint:
            reason = "this job id was used for another document"
            return PrintOutcome("not_printed", "", "job_conflict", evidence={"refusal": reason})
        if attempt is not None:
            outcome = self.reconcile(job, journal)
            if outcome.verdict != "not_printed":
                return outcome
            attempt = attempts.load(job.job_id)
        if attempt is None or attempt.evidence.get("status") == "ERROR":
            # The id goes to disk first; a new one only where the service itself failed the old.
            fresh = Attempt(job.job_id, str(uuid.uuid4()), plan.fingerprint)
            attempt = attempts.store(fresh)
        return self._make(job, plan, attempt, journal)

    def reconcile(self, job: PrintJob, journal: DeviceJournal) -> PrintOutcome:
        """The truth about a job, by its receipt's id; makes no receipt."""
        attempts = Attempts(journal)
        attempt = attempts.load(job.job_id)
        if attempt is None:
            return PrintOutcome("not_printed", "", "never_sent")
        if attempt.verdict == "printed":
            return attempt.outcome
        queued = OfflineBook(journal).find(job.job_id)
        if queued is not None:
            return attempts.end(attempt, _offline_outcome(queued.fiscal_code, ""))
        if not attempt.sent:
            return attempts.end(attempt, PrintOutcome("not_printed", "", "never_sent"))
        try:
            return self._end_of(attempt, attempts)
        except DeviceError as error:
            return dataclasses.replace(
                attempt, verdict="unknown", reason="no_link", evidence={"refusal": str(error)}
            ).outcome

    def deliver(self, journal: DeviceJournal) -> int:
        """Send what was made offline, oldest first; returns how many are left.

        Raises `DeviceUnavailable` or `DeviceRefused` when the service takes none, `BrokenQueue`
        when the queue itself was damaged."""
        book = OfflineBook(journal)
        if book.is_offline and book.waiting:
            first = book.next()
            if first is not None:
                moment = {"go_offline_date": first.at, "fiscal_code": first.fiscal_code}
                self._client.post("/cash-registers/go-offline", moment)
        while (queued := book.next()) is not None:
            body = {
                **queued.payload,
                "fiscal_code": queued.fiscal_code,
                "fiscal_date": queued.at,
            }
            try:
                self._client.post("/receipts/sell-offline", body)
            except DeviceRefused as refusal:
                if refusal.code != "already_exists":
                    raise
            book.sent(queued)
        if book.is_offline:
            self._client.post("/cash-registers/go-online", {})
            book.back_online(self._now())
        return book.waiting

    def shift_state(self) -> ShiftState:
        """The shift as the service tells it."""
        return self._shift.state()

    def unsent_min(self, journal: DeviceJournal) -> int:
        """The age of the offline queue's oldest receipt."""
        return OfflineBook(journal).oldest_min(self._now())

    def run_shift(self, job: ShiftJob, journal: DeviceJournal) -> PrintOutcome:
        """Do it once. No Z while receipts wait in the offline queue: they are of this shift."""
        try:
            if job.action == "z" and self.deliver(journal):
                raise DeviceRefused("offline_queue_waits", "receipts wait to be sent")
        except (DeviceError, BrokenQueue) as error:
            code = getattr(error, "code", "offline_queue_broken")
            return PrintOutcome("not_printed", "", code, evidence={"refusal": str(error)})
        outcome = self._shift.run(job, journal)
        if outcome.verdict == "printed" or outcome.reason == NOT_OPEN:
            self._ready = False
        return outcome

    def reconcile_shift(self, job: ShiftJob, journal: DeviceJournal) -> PrintOutcome:
        """The truth about an act on the shift, by its id."""
        return self._shift.reconcile(job, journal)

    def close(self) -> None:
        """Release the connections."""
        self._client.close()

    def _make(
        self, job: PrintJob, plan: ReceiptPlan, attempt: Attempt, journal: DeviceJournal
    ) -> PrintOutcome:
        attempts = Attempts(journal)
        body = sell_payload(job, plan, attempt.receipt_id, self._options)
        try:
            self._prepare(journal)
        except DeviceRefused as refusal:
            return attempts.end(attempt, _refused(refusal))
        except BrokenQueue as error:
            return attempts.end(
                attempt, _refused(DeviceRefused("offline_queue_broken", str(error)))
            )
        except DeviceUnavailable as error:
            if error.code == TOO_MANY:
                return attempts.end(attempt, PrintOutcome("not_printed", "", TOO_MANY))
            return self._without_link(body, attempt, attempts, journal)
        attempt = attempts.store(dataclasses.replace(attempt, sent=True, verdict=None))
        return self._sell(body, attempt, attempts)

    def _prepare(self, journal: DeviceJournal) -> None:
        """Ask for the link before each document: the queue, the numbers, the shift."""
        if not self._ready:
            shift = self._client.get("/cashier/shift")
            if not shift and self._options.open_shift:
                self._client.post("/shifts", {"id": str(uuid.uuid4())})
            self._ready = True
        else:
            self._client.get("/cash-registers/info")
        self.deliver(journal)
        book = OfflineBook(journal)
        if self._options.offline and book.codes_left < CODES_LEAST:
            found = self._client.get(f"/cash-registers/get-offline-codes?count={CODES_WANTED}")
            book.store_codes([str(code["fiscal_code"]) for code in found])

    def _without_link(
        self, body: dict[str, Any], attempt: Attempt, attempts: Attempts, journal: DeviceJournal
    ) -> PrintOutcome:
        """Under an offline number, but only if this id has never left the machine."""
        self._ready = False
        if attempt.sent or not self._options.offline:
            outcome = PrintOutcome("not_printed", "", "no_link")
            # A sent id may yet be found at the service.
            return attempt.outcome if attempt.sent else attempts.end(attempt, outcome)
        book = OfflineBook(journal)
        try:
            queued = book.add(attempt.job_id, body, self._now())
        except DeviceRefused as refusal:
            return attempts.end(attempt, _refused(refusal))
        warning = book.warning(self._now())
        return attempts.end(attempt, _offline_outcome(queued.fiscal_code, warning))

    def _sell(self, body: dict[str, Any], attempt: Attempt, attempts: Attempts) -> PrintOutcome:
        """POST until its end is known, always under the same id."""
        for _ in range(self._options.tries):
            try:
                self._client.post("/receipts/sell", body)
            except NotSent:
                self._pause(self._options.poll_s)
                continue
            except DeviceRefused as refusal:
                if refusal.code != "already_exists":
                    return attempts.end(attempt, _refused(refusal))
            except DeviceUnavailable:
                pass  # it may be there all the same: the id is asked for
            outcome = self._look_for(attempt, attempts)
            if outcome is not None:
                return outcome
        self._ready = False
        return dataclasses.replace(attempt, verdict="unknown", reason="no_link").outcome

    def _look_for(self, attempt: Attempt, attempts: Attempts) -> PrintOutcome | None:
        """The end of a receipt that was posted; `None` when it is not there or nobody tells."""
        try:
            outcome = self._end_of(attempt, attempts)
        except DeviceUnavailable:
            self._pause(self._options.poll_s)
            return None
        return None if outcome.reason == "not_found" else outcome

    def _end_of(self, attempt: Attempt, attempts: Attempts) -> PrintOutcome:
        """GET by id until it is DONE or ERROR."""
        for _ in range(MAX_POLLS):
            try:
                found = self._client.get(f"/receipts/{attempt.receipt_id}")
            except DeviceRefused as refusal:
                if refusal.code != "not_found":
                    raise DeviceUnavailable("no_reply", str(refusal)) from refusal
                return attempts.end(attempt, PrintOutcome("not_printed", "", "not_found"))
            state = str(found.get("status", ""))
            if state == "DONE":
                evidence = {"status": state, "qr": str(found.get("tax_url", ""))}
                number = str(found.get("fiscal_code", ""))
                return attempts.end(attempt, PrintOutcome("printed", number, evidence=evidence))
            if state == "ERROR":
                reason = str(found.get("error", ""))[:300]
                outcome = PrintOutcome(
                    "not_printed", "", "device_error", "ERROR", {"status": state, "refusal": reason}
                )
                return attempts.end(attempt, outcome)
            self._pause(self._options.poll_s)
        raise DeviceUnavailable("busy", "the service has not decided yet")


def _refused(refusal: DeviceRefused) -> PrintOutcome:
    evidence = {"refusal": str(refusal)}
    return PrintOutcome("not_printed", "", refusal.code, refusal.vendor_code, evidence)


def _offline_outcome(fiscal_code: str, warning: str) -> PrintOutcome:
    evidence = {"offline": "waits to be sent"} | ({"warning": warning} if warning else {})
    return PrintOutcome("printed", fiscal_code, evidence=evidence)


def open_checkbox(url: str, options: Options) -> Checkbox:
    """The register behind `url`, for example `https://api.checkbox.in.ua/api/v1`."""
    if not url.startswith(("https://", "http://127.0.0.1:", "http://[::1]:")):
        raise BadDeviceUrl("bad_device_url", f"{url!r}: https is needed, http on this machine only")
    return Checkbox(url, read_options(options))


DRIVER = DriverSpec(
    name="fiscal.checkbox", kind="fiscal_printer", open=open_checkbox, options=DEFAULTS
)
