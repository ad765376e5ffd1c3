"""HID POS reports of bar code scanners to scans, and our signals as output reports. Pure.

USB HID Point of Sale usage tables 1.02, page 0x8C, as Honeywell, Zebra and Datalogic fill it. A
report of 64 bytes begins with its id, 0x02; then the number of data bytes in it, the AIM identifier
(three characters, in some readers one byte later), up to 56 bytes of data, and a last byte that is
not zero when the code goes on in the next report.
"""

from __future__ import annotations

from typing import Final

from drivers.base import Scan
from drivers.scanner.framer import MAX_CODE_BYTES, FramerCounters, scan_of

REPORT_BYTES: Final = 64
REPORT_SCAN: Final = 0x02
REPORT_COMMAND: Final = 0xFD
_LENGTH: Final = 1
_AIM: Final = 2
_DATA: Final = 5
DATA_BYTES: Final = 56
_MORE: Final = 63


class HidReports:
    """Feed whole reports as the system gives them; scans come out."""

    def __init__(self, encoding: str = "utf-8") -> None:
        self._encoding = encoding
        self._pending = bytearray()
        self._symbology = ""
        self._skipping = False
        self.counters = FramerCounters()

    def feed(self, report: bytes) -> Scan | None:
        """The scan that a report completes, if it does."""
        if len(report) != REPORT_BYTES or report[0] != REPORT_SCAN:
            self.counters.bad_packets += 1
            return None
        start = _data_start(report)
        size = report[_LENGTH]
        if size > DATA_BYTES:
            self.counters.bad_packets += 1
            self.reset()
            return None
        if not self._pending:
            self._symbology = _symbology(report[start - 3 : start])
        if not self._skipping:
            self._pending += report[start : start + size]
        if len(self._pending) > MAX_CODE_BYTES:
            self.counters.overlong += 1
            self._pending.clear()
            self._skipping = True
        return None if report[_MORE] else self._finish()

    def reset(self) -> None:
        """Forget half a code, as after an unplug."""
        self._pending.clear()
        self._skipping = False

    def _finish(self) -> Scan | None:
        raw = bytes(self._pending)
        skipped = self._skipping
        self.reset()
        if skipped:
            return None
        return scan_of(raw.rstrip(b"\r\n\t"), self._encoding, self.counters, self._symbology)


def _data_start(report: bytes) -> int:
    """Behind the AIM identifier, which some readers send a byte later."""
    is_late = report[_AIM] != ord("]") and report[_AIM + 1] == ord("]")
    return _DATA + 1 if is_late else _DATA


def _symbology(three: bytes) -> str:
    text = three.decode("latin-1")
    is_aim = text[0] == "]" and text[1].isalpha() and text[2].isalnum() and text.isascii()
    return text if is_aim else ""


def reports_of(data: bytes, symbology: str = "") -> list[bytes]:
    """The reports a reader sends for one code; for emulators and tests."""
    reports = []
    aim = symbology.encode("latin-1").ljust(3, b"\0")[:3]
    for start in range(0, max(1, len(data)), DATA_BYTES):
        part = data[start : start + DATA_BYTES]
        more = start + DATA_BYTES < len(data)
        body = bytes([REPORT_SCAN, len(part)]) + aim + part
        reports.append(body.ljust(_MORE, b"\0") + bytes([more]))
    return reports


def command_report(command: bytes) -> bytes:
    """A vendor's command as the output report 0xFD (Honeywell, Youjie)."""
    return (bytes([REPORT_COMMAND, len(command)]) + command).ljust(REPORT_BYTES, b"\0")
