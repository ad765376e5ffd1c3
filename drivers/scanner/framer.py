"""From a reader's bytes to scans. Pure: no port, no clock.

Readers end a code with CR (Honeywell, Zebra, Newland), CR LF (Datalogic), LF, TAB, ETX or NUL; a
terminator emits at once and empty codes between terminators are nothing. A reader that sends none
is cut by its silence, which the caller measures. With AIM identifiers switched on a code starts
with `]`, a letter and a modifier digit ("]E0" EAN-13, "]C1" GS1-128, "]Q3" GS1 QR: ISO/IEC 15424).
A leading STX is dropped and the GS1 separator 0x1D inside a code is kept; a code with any other
control character is not text and is rejected.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.base import Scan

MAX_CODE_BYTES = 4096
TERMINATORS = frozenset(b"\r\n\t\x03\x00")
GROUP_SEPARATOR = 0x1D
STX = b"\x02"


@dataclass(slots=True)
class FramerCounters:
    """What was thrown away, and why; shown by `edge-agent doctor`.

    `high_bits` are rejected codes of which a tenth or more are bytes over 127: the parity of port
    and reader differ (7E1 against 8N1). `repeats` are packets that the reader sent twice."""

    overlong: int = 0
    not_text: int = 0
    high_bits: int = 0
    bad_packets: int = 0
    repeats: int = 0


class ScanFramer:
    """Feed bytes as they come, get whole scans out, however the bytes were split or glued."""

    def __init__(self, encoding: str = "utf-8") -> None:
        self._encoding = encoding
        self._pending = bytearray()
        self._skipping = False
        self.counters = FramerCounters()

    @property
    def has_pending(self) -> bool:
        """A code has begun and not ended."""
        return bool(self._pending) or self._skipping

    def feed(self, data: bytes) -> list[Scan]:
        """Scans completed by `data`, in order."""
        scans = []
        for byte in data:
            if byte in TERMINATORS:
                scan = self._finish()
                if scan is not None:
                    scans.append(scan)
            elif not self._skipping:
                self._pending.append(byte)
                if len(self._pending) > MAX_CODE_BYTES:
                    self._drop_overlong()
        return scans

    def silence(self) -> list[Scan]:
        """The reader has said nothing for long enough: what came so far is a whole code."""
        scan = self._finish()
        return [] if scan is None else [scan]

    def reset(self) -> None:
        """Forget an unfinished code, as after an unplug."""
        self._pending.clear()
        self._skipping = False

    def _drop_overlong(self) -> None:
        self.counters.overlong += 1
        self._pending.clear()
        # What follows up to the next terminator belongs to the same broken code.
        self._skipping = True

    def _finish(self) -> Scan | None:
        raw = bytes(self._pending)
        self._pending.clear()
        if self._skipping:
            self._skipping = False
            return None
        return scan_of(raw, self._encoding, self.counters)


def scan_of(
    raw: bytes, encoding: str, counters: FramerCounters, symbology: str = ""
) -> Scan | None:
    """The scan in the bytes of one code, or `None`, counted, when they are no text.

    `symbology` is what the reader's protocol said; an identifier in the text itself wins."""
    body = raw.lstrip(STX)
    if not body:
        return None
    text = _text_of(body, encoding)
    if text is not None:
        named, text = split_aim_identifier(text)
        if text:
            return Scan(text=text, symbology=named or symbology, raw=raw)
    counters.not_text += 1
    counters.high_bits += 10 * sum(byte >= 0x80 for byte in body) >= len(body)
    return None


def _text_of(body: bytes, encoding: str) -> str | None:
    if any(byte < 0x20 and byte != GROUP_SEPARATOR for byte in body):
        return None
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if any(0x7F <= ord(character) < 0xA0 for character in text) else text


def split_aim_identifier(text: str) -> tuple[str, str]:
    """(`"]E0"`, rest) when the text starts with an AIM identifier, else (`""`, text)."""
    if (
        len(text) >= 3
        and text[0] == "]"
        and text[1].isascii()
        and text[1].isalpha()
        and text[2].isascii()
        and text[2].isalnum()
    ):
        return text[:3], text[3:]
    return "", text
