"""A bar code reader in HID POS mode: reports from Linux's hidraw, or from hidapi elsewhere.

`hid:PATH` opens a hidraw node (or anything that gives 64-byte reports); `hidusb:VID:PID[:SERIAL]`
goes through the package `hidapi`, which Windows needs (not yet run on Windows).
"""

from __future__ import annotations

import os
import re
import select
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from drivers.base import Scan, ScanSignal
from drivers.errors import BadDeviceUrl, DeviceUnavailable
from drivers.registry import BadDriverOption, DriverSpec, Options
from drivers.scanner.framer import FramerCounters
from drivers.scanner.hid_reports import REPORT_BYTES, HidReports, command_report
from drivers.scanner.signals import AUTO, SIGNALS, VENDOR_IDS
from drivers.scanner.speaker import Speaker

CHOICES = (AUTO, "none", "honeywell")
_USB = re.compile(r"hidusb:([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})(?::(.{1,128}))?")
_UEVENT_ID = re.compile(r"HID_ID=[0-9A-Fa-f]+:0*([0-9A-Fa-f]{4}):", re.MULTILINE)


class Reports(Protocol):
    """Where reports come from."""

    vendor_id: int | None

    def read(self, timeout_s: float) -> bytes:
        """One report, `b""` after `timeout_s`; `DeviceUnavailable` when the reader is gone."""

    def write(self, report: bytes) -> None:
        """Send an output report; `DeviceUnavailable` when the reader is gone."""

    def close(self) -> None:
        """Release the device; safe to call twice."""


class RawReports:
    """Reports from a file: `/dev/hidrawN`."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._pending = bytearray()
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_NONBLOCK | getattr(os, "O_NOCTTY", 0))
        except OSError as error:
            raise DeviceUnavailable("no_port", f"{path}: cannot open: {error}") from error
        self.vendor_id = _vendor_of(path)

    def read(self, timeout_s: float) -> bytes:
        """One report. A stream that gives them in pieces is put together."""
        if len(self._pending) < REPORT_BYTES:
            try:
                if not select.select([self._handle], [], [], max(0.0, timeout_s))[0]:
                    return b""
                data = os.read(self._handle, REPORT_BYTES)
            except (OSError, ValueError) as error:
                raise self._gone(error) from error
            if not data:
                raise self._gone("the reader closed")
            self._pending += data
        if len(self._pending) < REPORT_BYTES:
            return b""
        report = bytes(self._pending[:REPORT_BYTES])
        del self._pending[:REPORT_BYTES]
        return report

    def write(self, report: bytes) -> None:
        """Send an output report."""
        try:
            os.write(self._handle, report)
        except (OSError, ValueError) as error:
            raise self._gone(error) from error

    def close(self) -> None:
        """Release the device."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _gone(self, why: object) -> DeviceUnavailable:
        return DeviceUnavailable("port_gone", f"{self._path}: {why}")


class HidapiReports:
    """Reports through hidapi, by USB ids."""

    def __init__(self, vendor_id: int, product_id: int, serial: str) -> None:
        try:
            import hid
        except ImportError as error:
            raise DeviceUnavailable("no_driver", "hidusb: needs the package hidapi") from error
        self.vendor_id: int | None = vendor_id
        self._device = hid.device()
        try:
            self._device.open(vendor_id, product_id, serial or None)
        except OSError as error:
            text = f"no HID POS reader {vendor_id:04x}:{product_id:04x}: {error}"
            raise DeviceUnavailable("no_port", text) from error

    def read(self, timeout_s: float) -> bytes:
        """One report."""
        try:
            return bytes(self._device.read(REPORT_BYTES, max(1, int(timeout_s * 1000))))
        except (OSError, ValueError) as error:
            raise DeviceUnavailable("port_gone", f"HID POS reader: {error}") from error

    def write(self, report: bytes) -> None:
        """Send an output report."""
        if self._device.write(report) < 0:
            raise DeviceUnavailable("port_gone", "HID POS reader: cannot write")

    def close(self) -> None:
        """Release the device."""
        self._device.close()


class HidScanner:
    """`drivers.base.SignallingScanner` over reports."""

    def __init__(
        self,
        reports: Reports,
        encoding: str = "utf-8",
        signals: Mapping[ScanSignal, bytes] | None = None,
        speaker: Speaker | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reports = reports
        self._parser = HidReports(encoding)
        self._signals = signals
        self._speaker = speaker
        self._clock = clock

    @property
    def counters(self) -> FramerCounters:
        """What was dropped since the reader was opened."""
        return self._parser.counters

    def read_scan(self, timeout_s: float) -> Scan | None:
        """Next scan, or `None` after `timeout_s`; `DeviceUnavailable` once the reader is gone."""
        deadline = self._clock() + timeout_s
        while True:
            left = deadline - self._clock()
            report = self._reports.read(max(0.0, left))
            scan = self._parser.feed(report) if report else None
            if scan is not None or (not report and left <= 0):
                return scan

    def signal(self, kind: ScanSignal) -> bool:
        """Sound a signal by output report, else by the register's speaker, else not at all."""
        if self._signals is not None:
            for command in _commands(self._signals[kind]):
                self._reports.write(command_report(command))
            return True
        return self._speaker is not None and self._speaker.play(kind)

    def close(self) -> None:
        """Release the reader."""
        self._reports.close()


def _commands(data: bytes) -> list[bytes]:
    """Each command of a signal in a report of its own: they end with a comma."""
    return [part + b"," for part in data.split(b",") if part]


def _vendor_of(path: str) -> int | None:
    """USB vendor id behind a hidraw node, as sysfs tells it."""
    name = os.path.basename(os.path.realpath(path))
    try:
        with open(f"/sys/class/hidraw/{name}/device/uevent", encoding="ascii") as file:
            match = _UEVENT_ID.search(file.read(4096))
    except (OSError, UnicodeDecodeError):
        return None
    return int(match[1], 16) if match else None


def open_hid_scanner(url: str, options: Options) -> HidScanner:
    """Open the reader at `url`. Options as of `scanner.serial`; signals are Honeywell's alone."""
    choice = str(options["signals"])
    if choice not in CHOICES:
        raise BadDriverOption("bad_option", f"signals must be one of {', '.join(CHOICES)}")
    usb = _USB.fullmatch(url)
    reports: Reports
    if usb is not None:
        reports = HidapiReports(int(usb[1], 16), int(usb[2], 16), usb[3] or "")
    elif url.startswith("hid:") and len(url) > len("hid:"):
        reports = RawReports(url.removeprefix("hid:"))
    else:
        raise BadDeviceUrl("bad_device_url", f"{url[:80]!r} must be hid:PATH or hidusb:VID:PID")
    is_known = reports.vendor_id in VENDOR_IDS["honeywell"]
    is_told = choice == "honeywell" and reports.vendor_id is None
    signals = SIGNALS["honeywell"] if choice != "none" and (is_known or is_told) else None
    speaker = str(options["speaker"])
    return HidScanner(
        reports, str(options["encoding"]), signals, Speaker(speaker) if speaker else None
    )


DRIVER = DriverSpec(
    name="scanner.hidpos",
    kind="scanner",
    open=open_hid_scanner,
    options={"encoding": "utf-8", "signals": AUTO, "speaker": ""},
)
