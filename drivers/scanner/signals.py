"""What a reader can be told after a scan: found, unknown, expired, in its vendor's own commands.

Sources: Honeywell, Host ACK (ESC 7 good, ESC 8 razz, ESC 4 low tone); Zebra 72E-40451, BEEP;
Datalogic PowerScan host commands (B good, F not on file, which stops the reader until E, BEL) and
Gryphon (ESC [ 3 q good, ESC [ 4 q bad); Opticon (ESC B good, ESC E error). Nothing here is sent to
a reader that is not known to be one of these: a wrong byte can change a reader's settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from drivers.base import ScanSignal
from drivers.scanner.ssi import BEEP, packet

SIGNALS: Final[Mapping[str, Mapping[ScanSignal, bytes]]] = {
    "honeywell": {"found": b"\x1b7,", "unknown": b"\x1b8,", "expired": b"\x1b8,\x1b4,"},
    "zebra_ssi": {
        "found": packet(BEEP, b"\x00"),
        "unknown": packet(BEEP, b"\x06"),
        "expired": packet(BEEP, b"\x01"),
    },
    "datalogic": {"found": b"B", "unknown": b"FE", "expired": b"\x07"},
    "datalogic_gryphon": {
        "found": b"\x1b[3q",
        "unknown": b"\x1b[4q",
        "expired": b"\x1b[3q\x1b[4q",
    },
    "opticon": {"found": b"\x1bB\r", "unknown": b"\x1bE\r", "expired": b"\x1bE\r\x1bB\r"},
}
"""Bytes by vendor: one sound, another, and a third that is neither."""

VENDOR_IDS: Final[Mapping[str, frozenset[int]]] = {
    "honeywell": frozenset({0x0C2E, 0x23D0}),
    "zebra_ssi": frozenset({0x05E0}),
    "datalogic": frozenset({0x05F9}),
    "datalogic_gryphon": frozenset({0x05F9}),
    "opticon": frozenset({0x065A}),
}
"""USB vendor ids of each."""

AUTO: Final = "auto"
NONE: Final = "none"
CHOICES: Final = (AUTO, NONE, *SIGNALS)


def signals_for(
    choice: str, vendor_id: int | None, protocol: str
) -> Mapping[ScanSignal, bytes] | None:
    """The commands of a reader, or `None` when it is not identified.

    `choice` is the setting, `vendor_id` what USB says (`None` on a plain serial port). USB wins
    over a setting that names another vendor. Under "auto" one family must fit the vendor id, and
    SSI commands go only to a reader that speaks SSI."""
    if choice == NONE:
        return None
    if choice != AUTO:
        fits = vendor_id is None or vendor_id in VENDOR_IDS[choice]
        return SIGNALS[choice] if fits and _speaks(choice, protocol) else None
    families = [
        name for name, ids in VENDOR_IDS.items() if vendor_id in ids and _speaks(name, protocol)
    ]
    return SIGNALS[families[0]] if len(families) == 1 else None


def _speaks(vendor: str, protocol: str) -> bool:
    return (vendor == "zebra_ssi") == (protocol == "ssi")
