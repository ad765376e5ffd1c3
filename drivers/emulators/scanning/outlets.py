"""A scan as the bytes of each mode: serial text, Zebra packets, key presses, HID POS reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from drivers.scanner import keys
from drivers.scanner.evdev_keys import pack_key
from drivers.scanner.framer import split_aim_identifier
from drivers.scanner.hid_reports import reports_of
from drivers.scanner.ssi import DECODE_DATA, FROM_DECODER, RESENT, SYMBOLOGIES, packet
from drivers.scanner.wedge import keys_of

SUFFIXES: Final = {
    "cr": b"\r",
    "lf": b"\n",
    "crlf": b"\r\n",
    "tab": b"\t",
    "etx": b"\x03",
    "none": b"",
}
MODES: Final = ("serial", "ssi", "wedge", "hid_pos")
_END_KEYS: Final[Mapping[str, int]] = {
    "cr": keys.KEY_ENTER,
    "lf": keys.KEY_ENTER,
    "crlf": keys.KEY_ENTER,
    "tab": keys.KEY_TAB,
    "etx": keys.KEY_KP_ENTER,
    "none": 0,
}
_TYPES: Final = {aim: kind for kind, aim in SYMBOLOGIES.items()}
READER_GAP_MS: Final = 5
MAX_PACKET_DATA: Final = 250


@dataclass(frozen=True, slots=True)
class Sent:
    """Bytes that go out at once, after a pause of their own, milliseconds."""

    data: bytes
    pause_ms: int = 0


class Outlet(Protocol):
    """Makes the bytes of one scan."""

    def bytes_of(self, text: str, *, is_again: bool, gap_ms: int, now_ms: int) -> list[Sent]:
        """`text` may begin with an AIM identifier; `is_again` marks what the mode can mark as a
        repeat; `gap_ms` is the pause between keys (0: the mode's own); ValueError for a text that
        the mode cannot send."""


class SerialText:
    """Text and suffix."""

    def __init__(self, suffix: str) -> None:
        self._suffix = SUFFIXES[suffix]

    def bytes_of(self, text: str, *, is_again: bool, gap_ms: int, now_ms: int) -> list[Sent]:
        """The text at once, or key by key."""
        del is_again, now_ms
        whole = text.encode("utf-8") + self._suffix
        if not gap_ms:
            return [Sent(whole)]
        return [Sent(whole[place : place + 1], gap_ms) for place in range(len(whole))]


class SsiPackets:
    """Zebra's DECODE_DATA; a repeat has the status bit of one."""

    def bytes_of(self, text: str, *, is_again: bool, gap_ms: int, now_ms: int) -> list[Sent]:
        """One packet."""
        del now_ms
        symbology, rest = split_aim_identifier(text)
        kind = _TYPES.get(symbology, 0x03)
        content = bytes([kind]) + (rest if symbology in _TYPES else text).encode("utf-8")
        if len(content) > MAX_PACKET_DATA:
            raise ValueError(f"a packet takes {MAX_PACKET_DATA} bytes")
        status = RESENT if is_again else 0
        return [Sent(packet(DECODE_DATA, content, FROM_DECODER, status), gap_ms)]


class KeyPresses:
    """Keys of a US keyboard as Linux gives them, whatever layout the computer has."""

    def __init__(self, suffix: str) -> None:
        self._end = _END_KEYS[suffix]

    def bytes_of(self, text: str, *, is_again: bool, gap_ms: int, now_ms: int) -> list[Sent]:
        """Every key's events; their times carry the gaps."""
        del is_again
        pressed = keys_of(text, now_ms, gap_ms or READER_GAP_MS, self._end)
        return [Sent(b"".join(pack_key(key) for key in pressed))]


class HidReportsOut:
    """Reports of 64 bytes."""

    def bytes_of(self, text: str, *, is_again: bool, gap_ms: int, now_ms: int) -> list[Sent]:
        """One report, or several for a long code."""
        del is_again, now_ms
        symbology, rest = split_aim_identifier(text)
        return [Sent(report, gap_ms) for report in reports_of(rest.encode("utf-8"), symbology)]


OUTLETS: Final[Mapping[str, Callable[[str], Outlet]]] = {
    "serial": SerialText,
    "ssi": lambda _suffix: SsiPackets(),
    "wedge": KeyPresses,
    "hid_pos": lambda _suffix: HidReportsOut(),
}
