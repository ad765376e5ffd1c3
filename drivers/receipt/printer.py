"""A receipt printer as `drivers.base.ReceiptPrinter`.

A slip is: state asked, entry written, lines and cut sent, and a status request put behind them in
the printer's own queue. Its answer is what "printed" rests on. Without it, or after a crash, only
the printer's counter of cuts can tell; a printer that has none leaves the slip `unknown`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from drivers.base import (
    DeviceInfo,
    DeviceJournal,
    PrinterProfile,
    PrinterStatus,
    PrintJob,
    PrintOutcome,
    Transport,
)
from drivers.errors import DeviceUnavailable
from drivers.receipt.link import CUTS, LINES, Confirm, Ending, EscPosLink, Timing
from drivers.receipt.model import PrinterModel
from drivers.receipt.photo import photo_bytes
from drivers.receipt.slip_bytes import SlipBytes, slip_bytes
from drivers.receipt.slip_record import SlipRecord, keep_record, load_record
from loyalty.receipt import ReceiptText, SlipRow

SENSOR_OUT: Final = 0x0C
DRAWER: Final = b"\x1bp\x00\x19\xfa"


@dataclass(frozen=True, slots=True)
class ReceiptOptions:
    """How one printer is driven; `counts` says that it has maintenance counters (GS g 2)."""

    model: PrinterModel
    timing: Timing = field(default_factory=Timing)
    confirm: Confirm = "status"
    counts: bool = False


class EscPosPrinter:
    """One printer; a connection a job, for network printers drop idle ones."""

    def __init__(self, connect: Callable[[], Transport], options: ReceiptOptions) -> None:
        self._connect = connect
        self._options = options
        self._link: EscPosLink | None = None
        self._waiting = ""
        self._can_ask = options.confirm != "none"

    @property
    def profile(self) -> PrinterProfile:
        """Characters of a line, and the page they are sent in."""
        model = self._options.model
        return PrinterProfile(model.columns, model.columns, model.letters, True)

    def info(self) -> DeviceInfo:
        """The model as set; ESC/POS has no number to identify a printer by."""
        return DeviceInfo(self._options.model.name, "", "")

    def status(self) -> PrinterStatus:
        """State flags; paper is `unknown` when the printer does not answer."""
        try:
            if not self._can_ask:
                self._ready()
                return PrinterStatus(online=True)
            return self._ready().readiness().public()
        finally:
            if not self._waiting:
                self._drop()

    def print_receipt(self, job: PrintJob, journal: DeviceJournal) -> PrintOutcome:
        """Print the slip once, whatever happened to earlier attempts at the same job."""
        return self.print_slip(job.job_id, slip_rows(job.text), journal)

    def reconcile(self, job: PrintJob, journal: DeviceJournal) -> PrintOutcome:
        """The truth about a slip after a crash or a lost link; prints nothing."""
        return self.reconcile_slip(job.job_id, journal)

    def print_slip(
        self, slip_id: str, rows: tuple[SlipRow, ...], journal: DeviceJournal
    ) -> PrintOutcome:
        """Print rows once under this id, as `drivers.shift.SlipPrinter`."""
        if not rows:
            return PrintOutcome("printed", evidence={"slip": "empty"})
        return self._once(slip_id, lambda: slip_bytes(rows, self._options.model), journal)

    def print_picture(self, slip_id: str, picture: bytes, journal: DeviceJournal) -> PrintOutcome:
        """Print a JPEG or PNG once under this id, like a slip."""
        return self._once(slip_id, lambda: photo_bytes(picture, self._options.model), journal)

    def open_drawer(self) -> None:
        """Kick the cash drawer on pin 2 (ESC p); raises `DeviceUnavailable`."""
        try:
            self._ready().send(DRAWER)
        finally:
            if not self._waiting:
                self._drop()

    def _once(
        self, slip_id: str, made: Callable[[], SlipBytes], journal: DeviceJournal
    ) -> PrintOutcome:
        try:
            slip = made()
            record = load_record(journal, slip_id)
        except ValueError as error:
            return PrintOutcome("not_printed", "", "bad_slip", evidence={"refusal": str(error)})
        fingerprint = hashlib.sha256(slip.data).hexdigest()[:32]
        if record is not None and record.stage != "not_printed":
            earlier = self.reconcile_slip(slip_id, journal)
            if earlier.verdict == "printed" and record.fingerprint != fingerprint:
                reason = "this job id was used for another slip"
                return PrintOutcome("not_printed", "", "job_conflict", evidence={"refusal": reason})
            if earlier.verdict != "not_printed":
                return earlier
        try:
            return self._attempt(slip, SlipRecord(slip_id, fingerprint, "sending"), journal)
        finally:
            if not self._waiting:
                self._drop()

    def reconcile_slip(self, slip_id: str, journal: DeviceJournal) -> PrintOutcome:
        """The truth about a slip, as `drivers.shift.SlipPrinter`."""
        try:
            record = load_record(journal, slip_id)
        except ValueError as error:
            return PrintOutcome("unknown", "", "no_baseline", evidence={"record": str(error)})
        if record is None:
            return PrintOutcome("not_printed", "", "never_sent")
        if record.stage == "printed":
            return PrintOutcome("printed", evidence={"record": "printed"})
        if record.stage == "not_printed":
            return PrintOutcome("not_printed", "", "never_sent")
        try:
            if self._waiting == slip_id and self._link is not None:
                return self._settle(record, journal, self._wait(self._link, record), {})
            return self._by_counters(record, journal, "interrupted", {})
        except DeviceUnavailable as error:
            self._drop()
            return PrintOutcome("unknown", "", "no_link", evidence={"refusal": str(error)})

    def close(self) -> None:
        """Release the port."""
        self._drop()

    # --- one attempt ------------------------------------------------------------------------

    def _attempt(self, slip: SlipBytes, record: SlipRecord, journal: DeviceJournal) -> PrintOutcome:
        try:
            link = self._ready()
            refused = self._refusal(link)
            if refused is not None:
                return refused
            record = self._with_counters(record, link)
        except DeviceUnavailable as error:
            return PrintOutcome("not_printed", "", "no_link", evidence={"refusal": str(error)})
        keep_record(journal, record)
        evidence = _evidence(slip, record)
        try:
            link.send(slip.data)
            if not self._can_ask:
                return PrintOutcome("unknown", "", "no_confirmation", evidence=evidence)
            link.ask_end(self._options.confirm, _process_id(record))
            self._waiting = record.job_id
            return self._settle(record, journal, self._wait(link, record), evidence)
        except DeviceUnavailable as error:
            self._drop()
            evidence["refusal"] = str(error)
            return self._by_counters(record, journal, "link_lost", evidence)

    def _refusal(self, link: EscPosLink) -> PrintOutcome | None:
        """Why nothing may be sent now; a printer that does not answer gets nothing either."""
        if not self._can_ask:
            return None
        readiness = link.readiness()
        reason = readiness.reason if readiness.answers else "no_answer"
        if not reason:
            return None
        return PrintOutcome("not_printed", "", reason, evidence={"status": readiness.raw})

    def _with_counters(self, record: SlipRecord, link: EscPosLink) -> SlipRecord:
        if not self._options.counts:
            return record
        cuts, lines = link.counter(CUTS), link.counter(LINES)
        if cuts is None or lines is None:
            return record
        return replace(record, cuts=cuts, lines=lines)

    def _wait(self, link: EscPosLink, record: SlipRecord) -> Ending:
        return link.await_end(self._options.confirm, _process_id(record))

    def _settle(
        self, record: SlipRecord, journal: DeviceJournal, ending: Ending, evidence: dict[str, str]
    ) -> PrintOutcome:
        """The verdict once the wait is over. A slip the printer still holds stays ours to ask."""
        if not ending.answered:
            evidence |= {"status": ending.readiness.raw}
            if ending.readiness.reason:
                return PrintOutcome("unknown", "", ending.readiness.reason, evidence=evidence)
            self._drop()
            return self._by_counters(record, journal, "no_answer", evidence)
        self._waiting = ""
        if ending.sensor is not None:
            evidence |= {"end": f"{ending.sensor:02x}"}
            if ending.sensor & SENSOR_OUT:
                return self._by_counters(record, journal, "paper_out", evidence)
        keep_record(journal, replace(record, stage="printed"))
        return PrintOutcome("printed", evidence=evidence)

    def _by_counters(
        self, record: SlipRecord, journal: DeviceJournal, reason: str, evidence: dict[str, str]
    ) -> PrintOutcome:
        """One cut more is the slip; neither cut nor line is no slip; anything else is a question.

        The counters are asked behind whatever the printer still has to print."""
        if record.cuts < 0:
            return PrintOutcome("unknown", "", reason, evidence=evidence)
        try:
            link = self._ready()
            cuts, lines = link.counter(CUTS), link.counter(LINES)
        except DeviceUnavailable as error:
            self._drop()
            return PrintOutcome("unknown", "", "no_link", evidence=evidence | {"link": str(error)})
        evidence = evidence | {
            "cuts": f"{record.cuts} -> {cuts}",
            "lines": f"{record.lines} -> {lines}",
        }
        if cuts == record.cuts + 1:
            keep_record(journal, replace(record, stage="printed"))
            return PrintOutcome("printed", evidence=evidence)
        if (cuts, lines) == (record.cuts, record.lines):
            keep_record(journal, replace(record, stage="not_printed"))
            return PrintOutcome("not_printed", "", reason, evidence=evidence)
        return PrintOutcome("unknown", "", reason, evidence=evidence)

    # --- connection -------------------------------------------------------------------------

    def _ready(self) -> EscPosLink:
        if self._link is None:
            self._link = EscPosLink(self._connect(), self._options.timing)
        return self._link

    def _drop(self) -> None:
        self._waiting = ""
        if self._link is not None:
            self._link.close()
            self._link = None


def slip_rows(text: ReceiptText) -> tuple[SlipRow, ...]:
    """The slip itself, or the lines of the two slots when no slip was composed."""
    if text.slip:
        return text.slip
    rows = [SlipRow("text", line) for line in (*text.post_lines, *text.additional_trailer)]
    if text.qr:
        rows.append(SlipRow("qr", text.qr))
    return tuple(rows)


def _process_id(record: SlipRecord) -> bytes:
    """Four printable characters that belong to this job."""
    digest = hashlib.sha256(record.job_id.encode()).digest()
    return bytes(48 + byte % 10 for byte in digest[:4])


def _evidence(slip: SlipBytes, record: SlipRecord) -> dict[str, str]:
    evidence = {}
    if slip.replaced:
        evidence["replaced"] = " ".join(f"{a}→{b}" for a, b in sorted(slip.replaced.items()))
    if record.cuts >= 0:
        evidence["cuts_before"] = str(record.cuts)
    return evidence
