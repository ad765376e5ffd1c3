"""`edge-agent devices`: which drivers, ports and devices there are, and whether one works.

`--driver` and `--url` name a device that is not in the settings, for example before it is entered
there. Nothing fiscal is ever printed; a receipt printer prints one slip when asked to.
"""

from __future__ import annotations

import argparse
import json
import sys
import uuid
from collections.abc import Iterable, Iterator
from typing import Any, Final

from drivers.base import DeviceJournal, FiscalPrinter, PrintJob, Scanner
from drivers.errors import DeviceError
from drivers.registry import known_drivers, load_driver, open_printer, open_scanner
from drivers.transport.serial_ports import present_ports
from edge_agent.command_failed import CommandFailed
from edge_agent.commands import settings_file
from edge_agent.doctor import device_advice
from edge_agent.doctor.finding import Finding
from edge_agent.single_instance import holder
from loyalty.receipt import ReceiptDocument, ReceiptText, SlipRow

LETTERS: Final = "АБВГҐДЕЄЖЗИІЇЙКЛМНОПРСТУФХЦЧШЩЬЮЯ"
SIGNS: Final = "’ « » — № ₴"
LOOK_S: Final = 1.0


class _OnceJournal(dict[str, str]):
    """A journal for one slip that nobody asks about again."""

    def put(self, key: str, value: str) -> None:
        self[key] = value


def list_devices(arguments: argparse.Namespace) -> int:
    """Print the devices of the settings, the ports of this machine and the drivers there are."""
    found: dict[str, Any] = {
        "devices": [
            {"section": section, "driver": driver, "url": url}
            for section, driver, url, _options in _configured(arguments)
        ],
        "ports": [
            {"path": port.path, "about": port.about, "usb": port.usb} for port in present_ports()
        ],
        "drivers": [{"name": name, "kind": kind} for name, kind in known_drivers().items()],
    }
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False, indent=1))
        return 0
    for title, rows in found.items():
        print(f"{title}:")
        for row in rows or [{"": "none"}]:
            print("  " + "  ".join(str(value) for value in row.values() if value))
    return 0


def test_devices(arguments: argparse.Namespace) -> int:
    """Open each device, ask who it is and how it is, say what to change; 1 when one fails."""
    findings: list[Finding] = []
    for section, driver, url, options in _chosen(arguments):
        findings += _examined(section, driver, url, options, arguments)
    if not findings:
        raise CommandFailed("no device in the settings; name one with --driver and --url")
    for finding in findings:
        print(f"{finding.verdict:<5} {finding.check:<10} {finding.says}")
        if finding.do:
            print(f"{'':16} → {finding.do}")
    return 1 if any(finding.verdict == "fail" for finding in findings) else 0


def console(arguments: argparse.Namespace) -> int:
    """A scanner's scans as they come; a printer's answers to the words typed."""
    chosen = [one for one in _chosen(arguments) if arguments.device in ("", one[0])]
    if len(chosen) != 1:
        raise CommandFailed("name one device: scanner, printer, or --driver and --url")
    _section, driver, url, options = chosen[0]
    try:
        if load_driver(driver).kind == "scanner":
            return _scans(open_scanner(driver, url, options), arguments.count)
        return _answers(open_printer(driver, url, options))
    except DeviceError as error:
        raise CommandFailed(f"{error}; {device_advice.of_error(error)}") from None


def _configured(arguments: argparse.Namespace) -> Iterator[tuple[str, str, str, Any]]:
    """(section, driver, url, options) of the settings' devices; none without settings."""
    try:
        settings = settings_file.load(arguments.config)
    except CommandFailed:
        if arguments.config is not None:
            raise
        return
    for section in ("scanner", "printer"):
        device = getattr(settings, section)
        if device is not None:
            yield section, device.driver, device.url, device.options


def _chosen(arguments: argparse.Namespace) -> list[tuple[str, str, str, Any]]:
    if bool(arguments.driver) != bool(arguments.url):
        raise CommandFailed("--driver and --url belong together")
    if arguments.driver:
        return [("device", arguments.driver, arguments.url, {})]
    settings = settings_file.load(arguments.config)
    if holder(settings.data_dir) is not None:
        raise CommandFailed("the agent holds its devices: stop it first, or see: edge-agent doctor")
    return list(_configured(arguments))


def _examined(
    section: str, driver: str, url: str, options: Any, arguments: argparse.Namespace
) -> Iterable[Finding]:
    try:
        if load_driver(driver).kind == "scanner":
            return [_scanner(section, open_scanner(driver, url, options), arguments.scan)]
        printer = open_printer(driver, url, options)
        try:
            return _printer(section, printer, arguments.print and driver.startswith("receipt."))
        finally:
            printer.close()
    except DeviceError as error:
        return [Finding(section, "fail", str(error), device_advice.of_error(error))]


def _scanner(section: str, scanner: Scanner, patience_s: int) -> Finding:
    try:
        if not patience_s:
            return Finding(section, "ok", "the port opens; --scan SECONDS waits for a scan")
        scan = scanner.read_scan(patience_s)
    finally:
        scanner.close()
    if scan is None:
        advice = "scan something; then check the reader's interface and suffix"
        return Finding(section, "fail", f"no scan in {patience_s} s", advice)
    return Finding(section, "ok", f"read {len(scan.text)} characters {scan.symbology}".rstrip())


def _printer(section: str, printer: FiscalPrinter, prints: bool) -> list[Finding]:
    info, status = printer.info(), printer.status()
    says = " ".join(filter(None, (info.model, info.serial_number, info.fiscal_number)))
    found = [device_advice.of_status(section, f"{says}, paper {status.paper}", status)]
    if prints:
        journal: DeviceJournal = _OnceJournal()
        outcome = printer.print_receipt(_slip(), journal)
        verdict = "ok" if outcome.verdict == "printed" else "fail"
        said = f"test slip: {outcome.verdict} {outcome.reason}".rstrip()
        advice = "" if verdict == "ok" else "look at the paper, and at the printer"
        found.append(Finding(section, "ok" if verdict == "ok" else "fail", said, advice))
    return found


def _slip() -> PrintJob:
    rows = ("loyalty-edge", LETTERS, LETTERS.lower(), SIGNS, "1234567890")
    document = ReceiptDocument(
        kind="sale",
        sale_id=str(uuid.uuid4()),
        store_name="",
        register_id="",
        cashier="",
        printed_at="",
        items=(),
        tenders=(),
        payable_minor=0,
    )
    text = ReceiptText(slip=tuple(SlipRow("text", row) for row in rows))
    return PrintJob(f"test-{uuid.uuid4()}", document, text)


def _scans(scanner: Scanner, count: int) -> int:
    """One line a scan, until `count` of them or Ctrl-C."""
    try:
        while count:
            if (scan := scanner.read_scan(LOOK_S)) is not None:
                print(f"{scan.symbology or '—':<4} {scan.text!r}  {scan.raw.hex(' ')}", flush=True)
                count -= 1
    finally:
        scanner.close()
    return 0


def _answers(printer: FiscalPrinter) -> int:
    """`info`, `status` or `quit`, a line each; ends with the input."""
    words = {"info": printer.info, "status": printer.status}
    print("info, status or quit", flush=True)
    try:
        for line in sys.stdin:
            word = line.strip()
            if word == "quit":
                break
            if word in words:
                try:
                    print(words[word](), flush=True)
                except DeviceError as error:
                    print(f"{error}; {device_advice.of_error(error)}", flush=True)
            elif word:
                print("info, status or quit", flush=True)
    finally:
        printer.close()
    return 0
