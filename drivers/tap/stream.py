"""The bytes from POS to printer: all of them, at once, and ours before the cut.

Nothing is held back but the first three bytes of what may become a cut, and those only for a
moment: whatever happens to this process, the receipt itself is already in the printer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from drivers.receipt.commands import Command, CommandReader
from drivers.receipt.letters import PAGES as CYRILLIC
from drivers.receipt.letters import Letters, lettering, page_bytes
from drivers.tap.advice import Addition
from drivers.tap.fiscal_guard import ESC_POS, looks_fiscal
from drivers.tap.receipt_reader import ReceiptReader

_CUTS: Final = frozenset({"GS V", "ESC i", "ESC m"})
_PLAIN_LOOK: Final = b"\x1ba\0\x1b!\0\x1d!\0\x1bE\0\x1dB\0"
_FEED: Final = b"\x1bd\x04"


@dataclass(slots=True)
class TapStream:
    """One connection's way to the printer. `on_total` is told a total as soon as it has passed;
    `addition` gives what to add at the cut. `page` is the number and letters for our lines when
    the receipt's own page has no Cyrillic."""

    on_total: Callable[[int], None]
    addition: Callable[[], Addition]
    columns: int = 48
    page: tuple[int, Letters] = (17, "cp866")
    has_qr: bool = True
    reader: ReceiptReader = field(default_factory=ReceiptReader)
    is_blind: bool = False
    saw_fiscal: bool = False
    added: int = 0
    receipts: int = 0
    _commands: CommandReader = field(default_factory=CommandReader)
    _sent: int = 0
    _is_escpos: bool = False

    def feed(self, data: bytes) -> bytes:
        """What goes to the printer now for what came from the POS."""
        strange = self.saw_fiscal or looks_fiscal(data)
        if strange and not self.is_blind and not self._is_escpos:
            return self.go_blind() + data
        if self.is_blind:
            return data
        out = bytearray()
        for command in self._commands.feed(data):
            sent, self._sent = self._sent, 0
            out += self._pass(command, sent)
        held = self._commands.held
        if not _may_become_cut(held):
            out += held[self._sent :]
            self._sent = len(held)
        return bytes(out)

    def flush(self) -> bytes:
        """What is held back still, for nothing has come behind it for a moment."""
        held = self._commands.held
        left, self._sent = held[self._sent :], len(held)
        return left

    def go_blind(self) -> bytes:
        """Only pass bytes from now on; gives what was held back."""
        left = self.flush()
        self._commands.forget()
        self.is_blind, self._sent = True, 0
        return left

    def _pass(self, command: Command, sent: int) -> bytes:
        """One whole command, of which the first `sent` bytes are at the printer already."""
        self._is_escpos = self._is_escpos or command.name in ESC_POS
        if command.name in _CUTS:
            ours = self._ours() if sent == 0 else b""
            self.reader.cut()
            self.receipts += 1
            return ours + command.raw[sent:]
        if self.reader.take(command) and self.reader.total_minor is not None:
            self.on_total(self.reader.total_minor)
        return command.raw[sent:]

    def _ours(self) -> bytes:
        """Our lines, and the printer set back to what the POS believes it to be."""
        if not self._is_escpos or self.reader.total_minor is None:
            return b""
        addition = self.addition()
        if not addition.lines and not addition.qr:
            return b""
        number, letters = self._page()
        out = bytearray(b"\n" if self.reader.is_mid_line else b"")
        out += _PLAIN_LOOK + bytes((0x1B, 0x74, number))
        for line in addition.lines:
            shown = lettering(line, letters).text[: self.columns]
            out += page_bytes(shown, letters) + b"\n"
        if addition.qr and self.has_qr:
            out += _qr(addition.qr.encode())
        out += _FEED
        for name, value in self.reader.look.items():
            out += (b"\x1b" if name.startswith("ESC") else b"\x1d") + name[-1].encode() + value
        self.added += 1
        return bytes(out)

    def _page(self) -> tuple[int, Letters]:
        codec = self.reader.pages.get(self.reader.page, "")
        own = next((letters for letters in CYRILLIC if letters == codec), None)
        return (self.reader.page, own) if own is not None else self.page


def _may_become_cut(held: bytes) -> bool:
    return held in (b"\x1b", b"\x1d") or (held[:2] == b"\x1dV" and len(held) < 4)


def _qr(payload: bytes) -> bytes:
    """GS ( k: model 2, modules of 5 dots, level M, in the middle."""
    size = (len(payload) + 3).to_bytes(2, "little")
    return (
        b"\x1ba\x01\x1d(k\x04\x001A2\0\x1d(k\x03\x001C\x05\x1d(k\x03\x001E1"
        b"\x1d(k" + size + b"1P0" + payload + b"\x1d(k\x03\x001Q0\n\x1ba\0"
    )
