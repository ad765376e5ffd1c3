"""The TOML file that describes a bench of emulated devices.

[control]
port = 0                          # 0: any free port on 127.0.0.1

[[device]]
name = "till1-scanner"
kind = "scanner"
link = "/tmp/bench/scanner1"      # a pty under this path, or tcp = "127.0.0.1:0"
suffix = "cr"                     # cr, lf, crlf, tab, etx, none
mode = "serial"                   # serial, ssi (Zebra packets), wedge (keys), hid_pos (reports)
vendor = "honeywell"              # whose commands it understands: beeps, lamps

[[device]]
name = "till1-printer"
kind = "printer"
dialect = "datecs_ua"
tcp = "127.0.0.1:0"
delay_ms = 60
paper_dir = "paper1"              # relative to this file
fiscal_number = "3000012345"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from drivers.emulators.dialects import CHECKBOX, PRINTER_DIALECTS
from drivers.emulators.escpos.pages import PAGE_SETS
from drivers.emulators.scanning.models import VENDORS
from drivers.emulators.scanning.outlets import MODES, SUFFIXES

MAX_DEVICES: Final = 64
MAX_DELAY_MS: Final = 10_000
BAUDS: Final = (0, 9600, 19_200, 38_400, 57_600, 115_200)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

PLACE_KEYS: Final[Mapping[str, type]] = {"name": str, "kind": str, "link": str, "tcp": str}
SCANNER_KEYS: Final[Mapping[str, type]] = {
    "suffix": str,
    "seed": int,
    "vendor": str,
    "mode": str,
    "is_virtual": bool,
    "record": str,
}
CAMERA_KEYS: Final[Mapping[str, type]] = {"folder": str, "video": str, "fps": int, "seed": int}
LINE_KEYS: Final[Mapping[str, type]] = {"delay_ms": int, "baud": int}
PRINTER_KEYS: Final[Mapping[str, type]] = {"dialect": str, "paper_dir": str}
RECEIPT_PRINTER_KEYS: Final[Mapping[str, type]] = {
    "columns": int,
    "dots": int,
    "pages": str,
    "is_chinese": bool,
    "has_cutter": bool,
    "has_counters": bool,
}
REGISTER_KEYS: Final[Mapping[str, type]] = {
    "model": str,
    "serial_number": str,
    "fiscal_number": str,
    "tax_number": str,
    "store_name": str,
    "address": str,
    "operator_password": str,
    "cash_rounding": int,
    "cancel_after_payment": bool,
}
KEYS_OF_KIND: Final[Mapping[str, Mapping[str, type]]] = {
    "scanner": SCANNER_KEYS,
    "camera": CAMERA_KEYS,
    "printer": {**LINE_KEYS, **PRINTER_KEYS, **REGISTER_KEYS},
    "receipt_printer": {**LINE_KEYS, **RECEIPT_PRINTER_KEYS},
}


class BadBenchFile(ValueError):
    """A bench file that cannot be used; the message names device and key."""


@dataclass(frozen=True, slots=True)
class DeviceEntry:
    """One device: where it is plugged in, and its settings by name."""

    name: str
    kind: str
    link: str
    tcp: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BenchFile:
    """A whole bench."""

    control_port: int
    devices: tuple[DeviceEntry, ...]


def read_bench_file(path: Path) -> BenchFile:
    """Read and check a bench file; paths in it are relative to its folder."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadBenchFile(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise BadBenchFile(f"{path}: {error}") from error
    unknown = set(content) - {"control", "device"}
    if unknown:
        raise BadBenchFile(f"{path}: unknown table {sorted(unknown)[0]!r}")
    entries = content.get("device", [])
    if not isinstance(entries, list) or not 1 <= len(entries) <= MAX_DEVICES:
        raise BadBenchFile(f"{path}: 1 to {MAX_DEVICES} [[device]] tables are needed")
    folder = path.absolute().parent
    devices = tuple(device_entry(entry, folder) for entry in entries)
    names = [device.name for device in devices]
    if len(set(names)) != len(names):
        raise BadBenchFile(f"{path}: two devices share a name")
    return BenchFile(_control_port(content.get("control", {})), devices)


def device_entry(entry: Mapping[str, Any], folder: Path) -> DeviceEntry:
    """One `[[device]]` table, checked."""
    name = entry.get("name", "")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadBenchFile(f"device name {name!r} must be 1 to 64 letters, digits, '_', '.', '-'")
    kind = str(entry.get("kind"))
    if kind not in KEYS_OF_KIND:
        kinds = ", ".join(f"'{each}'" for each in KEYS_OF_KIND)
        raise BadBenchFile(f"device {name!r}: kind must be one of {kinds}")
    allowed = {**PLACE_KEYS, **KEYS_OF_KIND[kind]}
    for key, value in entry.items():
        if key not in allowed:
            raise BadBenchFile(f"device {name!r}: unknown key {key!r}")
        if type(value) is not allowed[key]:
            raise BadBenchFile(f"device {name!r}: {key} must be {allowed[key].__name__}")
    link, tcp = entry.get("link", ""), entry.get("tcp", "")
    if bool(link) == bool(tcp):
        raise BadBenchFile(f"device {name!r}: give either link or tcp")
    if entry.get("dialect") == CHECKBOX and not tcp.startswith("127.0.0.1:"):
        raise BadBenchFile(f'device {name!r}: checkbox needs tcp = "127.0.0.1:PORT"')
    if kind == "camera" and not tcp.startswith("127.0.0.1:"):
        raise BadBenchFile(f'device {name!r}: a camera needs tcp = "127.0.0.1:PORT"')
    settings = {key: value for key, value in entry.items() if key not in PLACE_KEYS}
    _check_settings(name, settings)
    for key in ("paper_dir", "record", "folder", "video"):
        if key in settings:
            settings[key] = str(folder / settings[key])
    return DeviceEntry(name, kind, str(folder / link) if link else "", tcp, settings)


def _control_port(control: Any) -> int:
    if not isinstance(control, dict) or set(control) - {"port"}:
        raise BadBenchFile("[control] has one key, port")
    port = control.get("port", 0)
    if type(port) is not int or not 0 <= port <= 65535:
        raise BadBenchFile("[control] port must be 0 to 65535")
    return port


def _check_settings(name: str, settings: Mapping[str, Any]) -> None:
    checks: dict[str, tuple[Callable[[Any], bool], str]] = {
        "dialect": (
            lambda value: value in PRINTER_DIALECTS,
            f"must be one of {', '.join(PRINTER_DIALECTS)}",
        ),
        "delay_ms": (lambda value: 0 <= value <= MAX_DELAY_MS, f"must be 0 to {MAX_DELAY_MS}"),
        "baud": (lambda value: value in BAUDS, f"must be one of {', '.join(map(str, BAUDS))}"),
        "cash_rounding": (lambda value: value in (0, 10, 50), "must be 0, 10 or 50"),
        "suffix": (lambda value: value in SUFFIXES, f"must be one of {', '.join(SUFFIXES)}"),
        "vendor": (lambda value: value in VENDORS, f"must be one of {', '.join(VENDORS)}"),
        "mode": (lambda value: value in MODES, f"must be one of {', '.join(MODES)}"),
        "fps": (lambda value: 1 <= value <= 60, "must be 1 to 60"),
        "columns": (lambda value: 16 <= value <= 64, "must be 16 to 64"),
        "dots": (lambda value: 100 <= value <= 1000, "must be 100 to 1000"),
        "pages": (lambda value: value in PAGE_SETS, f"must be one of {', '.join(PAGE_SETS)}"),
        "operator_password": (lambda v: v.isdecimal() and 4 <= len(v) <= 8, "must be 4-8 digits"),
    }
    for key, value in settings.items():
        if key in checks and not checks[key][0](value):
            raise BadBenchFile(f"device {name!r}: {key} {checks[key][1]}")
        if isinstance(value, str) and len(value) > 200:
            raise BadBenchFile(f"device {name!r}: {key} is longer than 200 characters")
