"""The workers of a register's devices, made from its settings; None where there is no device."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from drivers.registry import open_printer, open_scanner
from edge_agent.config import Settings
from edge_agent.desk import Desk
from edge_agent.devices.camera_worker import CameraWorker
from edge_agent.devices.printer_worker import PrinterWorker
from edge_agent.devices.scanner_worker import ScannerWorker
from edge_agent.ledger.ledger import Ledger, LedgerJournal
from edge_agent.paper import composer
from edge_agent.settings_sections import DeviceSettings
from edge_agent.shift.desk import ShiftDesk
from edge_agent.shift.errands import ShiftErrands
from edge_agent.till import Till
from loyalty.receipt_template import ReceiptTemplate

T = TypeVar("T")


def scanner_of(settings: Settings, desk: Desk) -> ScannerWorker | None:
    """The worker of the scanner; what it reads goes to the desk."""
    device = settings.scanner
    if device is None:
        return None
    return ScannerWorker(
        _opener(open_scanner, device),
        lambda scan: desk.scans.heard(scan.text, scan.symbology),
        lambda state: desk.device("scanner", state),
        desk.scans.report.opened,
    )


def camera_of(settings: Settings, desk: Desk) -> CameraWorker | None:
    """The worker of the camera. Its state is shown as the reader's where there is no reader."""
    device = settings.camera
    if device is None:
        return None
    # A register without a camera loads none of this (ADR 0031).
    from drivers.scanner.camera.driver import CameraScanner
    from drivers.scanner.camera.options import camera_options

    name = "camera" if settings.scanner is not None else "scanner"
    return CameraWorker(
        lambda: CameraScanner(camera_options(device.url, device.options)),
        lambda scan: desk.scans.heard(scan.text, scan.symbology, "camera"),
        lambda state: desk.device(name, state),
    )


def printer_of(
    settings: Settings,
    ledger: Ledger,
    till: Till,
    desk: Desk,
    template: Callable[[], ReceiptTemplate],
    shift: ShiftDesk,
) -> PrinterWorker | None:
    """The worker of the printer that the agent owns."""
    device = settings.printer
    if device is None or not till.who.prints:
        return None
    journal = LedgerJournal(ledger, "printer")
    return PrinterWorker(
        _opener(open_printer, device),
        journal,
        till.papers,
        composer(settings.locale, template),
        lambda state: desk.device("printer", state),
        ShiftErrands(shift, journal),
    )


def _opener(opening: Callable[..., T], device: DeviceSettings) -> Callable[[], T]:
    return lambda: opening(device.driver, device.url, device.options)
