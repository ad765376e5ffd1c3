"""Ports of the device layer: what a driver offers and what it is given.

Drivers are blocking and keep nothing on disk themselves: sequence numbers, job steps and counter
baselines go through the `DeviceJournal` they are handed, which is durable when `put` returns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from loyalty.receipt import ReceiptDocument, ReceiptText

Verdict = Literal["printed", "not_printed", "unknown"]
Paper = Literal["ok", "low", "out", "unknown"]
ScanSignal = Literal["found", "unknown", "expired"]
"""What a scan turned out to be, for the ear: three sounds that cannot be mistaken."""


class Transport(Protocol):
    """A byte stream to one device, opened by `drivers.transport.open_transport(url)`."""

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        """At least one byte as soon as any is there, `b""` when `timeout_s` passed.

        Raises `DeviceUnavailable` when the port or the peer is gone."""

    def write(self, data: bytes) -> None:
        """Send all bytes, or raise `DeviceUnavailable`."""

    def close(self) -> None:
        """Release the port; safe to call twice."""


class DeviceJournal(Protocol):
    """Durable string memory of one device, kept by the agent's ledger."""

    def get(self, key: str) -> str | None:
        """Last value put under `key`."""

    def put(self, key: str, value: str) -> None:
        """Store `value`; it survives a power cut once this returns."""


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan: the text without terminator and AIM prefix, and the AIM identifier ("]E0")."""

    text: str
    symbology: str = ""
    raw: bytes = b""


class Scanner(Protocol):
    """A bar code reader."""

    def read_scan(self, timeout_s: float) -> Scan | None:
        """Next scan, `None` when `timeout_s` passed; `DeviceUnavailable` when it is unplugged."""

    def close(self) -> None:
        """Release the port."""


@runtime_checkable
class SignallingScanner(Scanner, Protocol):
    """A reader that can say what became of a scan, itself or through the register's speaker."""

    def signal(self, kind: ScanSignal) -> bool:
        """Sound it; False when nothing here can. `DeviceUnavailable` when the reader is gone."""


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """Identification as the device gives it."""

    model: str
    serial_number: str
    firmware: str
    fiscal_number: str = ""


@dataclass(frozen=True, slots=True)
class PrinterStatus:
    """State flags decoded from the device's own status bytes."""

    online: bool
    paper: Paper = "unknown"
    fiscal_open: bool = False
    nonfiscal_open: bool = False
    error: str = ""
    raw: str = ""


@dataclass(frozen=True, slots=True)
class PrinterProfile:
    """What the text layer must know: characters a line holds in each slot, and the code page."""

    line_width: int
    trailer_width: int
    code_page: str = "cp1251"
    prints_qr: bool = True


@dataclass(frozen=True, slots=True)
class PrintJob:
    """One document to print exactly once. `job_id` never changes between attempts."""

    job_id: str
    document: ReceiptDocument
    text: ReceiptText


@dataclass(frozen=True, slots=True)
class PrintOutcome:
    """The truth about paper: `verdict`, the fiscal number when printed, and the evidence.

    `reason` is a stable code when not printed or unknown (`paper_out`, `no_link`, …);
    `evidence` holds counters before and after and status bytes, as text."""

    verdict: Verdict
    fiscal_number: str = ""
    reason: str = ""
    vendor_code: str = ""
    evidence: Mapping[str, str] = field(default_factory=dict)


class FiscalPrinter(Protocol):
    """A device that prints fiscal receipts and counts them."""

    @property
    def profile(self) -> PrinterProfile:
        """Widths and code page."""

    def info(self) -> DeviceInfo:
        """Identify the device without touching its state."""

    def status(self) -> PrinterStatus:
        """Ask for state flags."""

    def print_receipt(self, job: PrintJob, journal: DeviceJournal) -> PrintOutcome:
        """Print the document once. Never raises for a device's "no": that is an outcome."""

    def reconcile(self, job: PrintJob, journal: DeviceJournal) -> PrintOutcome:
        """Decide, after a crash or a lost link, whether the job came out; prints nothing."""

    def close(self) -> None:
        """Release the port."""


class ReceiptPrinter(FiscalPrinter, Protocol):
    """A printer without a fiscal memory: the same calls, and fewer facts to be sure by.

    It prints `job.text.slip`. Without an answer behind the last line the verdict is `unknown`."""
