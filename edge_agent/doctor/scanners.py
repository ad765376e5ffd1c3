"""What to change on a reader: from its address, and from what the running agent saw of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from drivers.errors import DeviceError
from drivers.scanner.serial_place import SCHEME, place_of
from drivers.scanner.signals import VENDOR_IDS
from edge_agent.doctor.finding import Finding
from edge_agent.settings_sections import DeviceSettings

MODES = {
    "scanner.serial": "USB-COM or RS-232",
    "scanner.hidpos": "HID POS",
    "scanner.wedge": "keyboard",
}
SLOW_MS = 40
FEW = 3


def mode_of(device: DeviceSettings) -> Finding:
    """How the reader speaks; keyboard mode works, and the two others work better."""
    mode = MODES.get(device.driver, device.driver)
    options = ", ".join(f"{key} = {value}" for key, value in sorted(device.options.items()))
    says = f"{mode} mode" + (f"; {options}" if options else "")
    if device.driver == "scanner.wedge":
        return Finding(
            "scanner",
            "ok",
            says,
            "where the reader can, scan its manual's set-up code for USB-COM (CDC) or HID POS",
        )
    return Finding("scanner", "ok", says)


def vendor_of(device: DeviceSettings) -> Iterator[Finding]:
    """Who made a serial reader, and whether it can be told what was found."""
    if device.driver != "scanner.serial":
        return
    try:
        place = place_of(device.url)
    except DeviceError as error:
        yield Finding("scanner", "fail", str(error), "plug it in, or correct [scanner] url")
        return
    names = [name for name, ids in VENDOR_IDS.items() if place.vendor_id in ids]
    if place.vendor_id is not None and not device.url.startswith(SCHEME):
        form = f"{SCHEME}{place.vendor_id:04x}:PID:SERIAL"
        yield Finding(
            "scanner", "warn", "the port's number changes at a replug", f"use url = {form!r}"
        )
    if "signals" not in device.options and len(names) != 1:
        yield Finding(
            "scanner",
            "ok",
            "its own beep says only that it read something",
            'set signals = "…" to its vendor to hear found, unknown and expired',
        )


def seen_of(status: Mapping[str, Any] | None) -> Iterable[Finding]:
    """What the running agent saw of the reader."""
    seen = (status or {}).get("scanner")
    if not isinstance(seen, Mapping):
        return []
    return [*_faults(seen), *_habits(seen)]


def _faults(seen: Mapping[str, Any]) -> Iterator[Finding]:
    if seen["is_unfinished"]:
        yield Finding(
            "scanner",
            "fail",
            "a code began and has not ended: the reader sends no suffix",
            'scan its set-up code "Add CR suffix", or set suffix = "none" in [scanner]',
        )
    if seen["high_bits"]:
        yield Finding(
            "scanner",
            "fail",
            f"{seen['high_bits']} codes of bytes over 127: parity or speed differ",
            "set both to 8N1 and one speed, or add &parity=even to the address",
        )
    if seen["without_separators"]:
        yield Finding(
            "scanner",
            "warn",
            f"{seen['without_separators']} GS1 codes came without separators",
            'scan its set-up code "Transmit FNC1 as GS (0x1D)"',
        )
    damaged = seen["bad_packets"] + seen["overlong"] + seen["not_text"]
    if damaged > FEW:
        yield Finding(
            "scanner",
            "warn",
            f"{damaged} damaged codes or packets",
            "look at cable and speed; is the protocol in [scanner] the reader's?",
        )


def _habits(seen: Mapping[str, Any]) -> Iterator[Finding]:
    if not seen["scans"]:
        yield Finding("scanner", "ok", "nothing scanned yet", "scan something, then ask again")
        return
    if seen["scans"] >= FEW and not seen["with_aim"]:
        yield Finding(
            "scanner",
            "warn",
            "no AIM identifiers: kinds of codes cannot be told apart",
            'scan its set-up code "Transmit AIM ID" (code ID: AIM)',
        )
    if seen["gap_ms"] > SLOW_MS:
        yield Finding(
            "scanner",
            "warn",
            f"{seen['gap_ms']} ms between keys: a long QR takes seconds",
            'scan its set-up code "Keystroke delay: none", or use USB-COM',
        )
    last = "; ".join(str(one) for one in seen["last"][-10:])
    yield Finding("scanner", "ok", f"{seen['scans']} scans, the last: {last}")
