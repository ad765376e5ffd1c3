"""`edge-emulator`: run emulated devices, and steer those that run."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from drivers.emulators.bench_file import BadBenchFile, BenchFile, device_entry, read_bench_file
from drivers.emulators.control import ControlServer
from drivers.emulators.dialects import PRINTER_DIALECTS
from drivers.emulators.escpos.pages import PAGE_SETS
from drivers.emulators.fleet import DEFAULT_DELAY_MS, Fleet
from drivers.emulators.scanning.models import VENDORS
from drivers.emulators.scanning.outlets import MODES, SUFFIXES
from drivers.errors import DeviceError

CONTROL_ENV = "EDGE_EMULATOR_CONTROL"
STATE_SUFFIX = ".control"
SEND_TIMEOUT_S = 120


def build_parser() -> argparse.ArgumentParser:
    """Commands and options."""
    parser = argparse.ArgumentParser(
        prog="edge-emulator", description="Emulated scanners and fiscal printers for a bench."
    )
    commands = parser.add_subparsers(dest="command", required=True)

    run = commands.add_parser("run", help="run all devices of a TOML file")
    run.add_argument("file", type=Path)

    scanner = commands.add_parser("scanner", help="run one bar code reader")
    scanner.add_argument("--suffix", default="cr", choices=tuple(SUFFIXES), help="end of a code")
    scanner.add_argument("--mode", default="serial", choices=MODES, help="how it sends codes")
    scanner.add_argument("--vendor", default="plain", choices=VENDORS, help="commands it knows")
    printer = commands.add_parser("printer", help="run one fiscal printer")
    printer.add_argument(
        "--dialect", default="datecs_ua", choices=PRINTER_DIALECTS, help="protocol"
    )
    printer.add_argument("--delay-ms", type=int, default=DEFAULT_DELAY_MS)
    printer.add_argument("--paper-dir", help="folder that keeps paper and state")
    printer.add_argument("--fiscal-number", default="3000012345")
    receipts = commands.add_parser("receipt-printer", help="run one ESC/POS receipt printer")
    receipts.add_argument("--columns", type=int, default=48, help="characters of a line")
    receipts.add_argument("--dots", type=int, default=576, help="dots of a line (58 mm: 384)")
    receipts.add_argument("--pages", default="epson", choices=PAGE_SETS, help="code pages it has")
    for device in (scanner, printer, receipts):
        place = device.add_mutually_exclusive_group(required=True)
        place.add_argument("--pty", help="path of the link to its pseudo terminal")
        place.add_argument("--tcp", help="HOST:PORT to listen on")
        device.add_argument("--name", default=None, help="name for the control server")
        device.add_argument("--control-port", type=int, default=0)

    send = commands.add_parser("send", help="give a running device a script")
    send.add_argument("name")
    send.add_argument("script")
    send.add_argument("--control", help=f"address (default: {CONTROL_ENV}, else *{STATE_SUFFIX})")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; 0 done, 1 refused by a device or a script, 2 could not run."""
    arguments = build_parser().parse_args(argv)
    try:
        if arguments.command == "send":
            return _send(arguments)
        if arguments.command == "run":
            bench = read_bench_file(arguments.file)
            return _serve(bench, arguments.file.with_name(arguments.file.name + STATE_SUFFIX))
        return _serve(_single(arguments), None)
    except (BadBenchFile, DeviceError, OSError) as error:
        print(f"edge-emulator: {error}", file=sys.stderr)
        return 2


def _single(arguments: argparse.Namespace) -> BenchFile:
    entry: dict[str, object] = {
        "name": arguments.name or arguments.command,
        "kind": arguments.command,
        **({"link": arguments.pty} if arguments.pty else {"tcp": arguments.tcp}),
    }
    if arguments.command == "scanner":
        entry |= {key: getattr(arguments, key) for key in ("suffix", "mode", "vendor")}
    elif arguments.command == "receipt-printer":
        entry |= {key: getattr(arguments, key) for key in ("columns", "dots", "pages")}
        entry["kind"] = "receipt_printer"
    else:
        entry |= {
            "dialect": arguments.dialect,
            "delay_ms": arguments.delay_ms,
            "fiscal_number": arguments.fiscal_number,
        }
        if arguments.paper_dir:
            entry["paper_dir"] = arguments.paper_dir
    return BenchFile(arguments.control_port, (device_entry(entry, Path.cwd()),))


def _serve(bench: BenchFile, state_file: Path | None) -> int:
    """Run until SIGINT or SIGTERM; one JSON line on standard output once all is ready."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopped.set())
    fleet = Fleet()
    server = None
    try:
        for entry in bench.devices:
            fleet.start(entry)
        server = ControlServer(fleet, bench.control_port)
        devices = {n: {"kind": d["kind"], "url": d["url"]} for n, d in fleet.describe().items()}
        ready = {"event": "ready", "control": server.url, "devices": devices}
        if state_file is not None:
            state_file.write_text(server.url + "\n", encoding="utf-8")
        print(json.dumps(ready, ensure_ascii=False), flush=True)
        while not stopped.wait(3600):
            pass
    finally:
        if state_file is not None and server is not None:
            state_file.unlink(missing_ok=True)
        if server is not None:
            server.close()
        fleet.close()
    return 0


def _send(arguments: argparse.Namespace) -> int:
    control = arguments.control or os.environ.get(CONTROL_ENV) or _control_from_folder()
    request = urllib.request.Request(
        f"{control.rstrip('/')}/devices/{arguments.name}/send",
        json.dumps({"script": arguments.script}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=SEND_TIMEOUT_S) as response:
            response.read()
    except urllib.error.HTTPError as error:
        with error:
            print(f"edge-emulator: {error.read().decode('utf-8', 'replace')}", file=sys.stderr)
        return 1
    return 0


def _control_from_folder() -> str:
    found = sorted(Path.cwd().glob(f"*{STATE_SUFFIX}"))
    if len(found) != 1:
        raise BadBenchFile(
            f"give --control or {CONTROL_ENV}; {len(found)} files *{STATE_SUFFIX} are here"
        )
    return found[0].read_text(encoding="utf-8").strip()
