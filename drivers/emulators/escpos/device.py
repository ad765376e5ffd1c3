"""The receipt printer behind the wire: its state, its paper, its answers.

Everything a POS may ask is answered from here: real-time status (DLE EOT), queued status (GS r),
the identifier of a job (GS ( H), counters (GS g 2) and automatic status (GS a).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from drivers.emulators.escpos.pages import PAGE_SETS, decode
from drivers.emulators.escpos.slip import Code, Feed, Line, Look, Picture, Slip
from drivers.emulators.faults import TAX_LINK
from drivers.receipt.commands import Command

MAX_SLIPS: Final = 2_000
TEAR_LINES: Final = 4
_QR_STORE, _QR_PRINT, _QR_SIZE = 0x50, 0x51, 0x43


@dataclass(frozen=True, slots=True)
class EscPosConfig:
    """What is built in; `is_chinese` reads two bytes over 7Fh as one character until FS . comes."""

    columns: int = 48
    dots: int = 576
    pages: str = "epson"
    is_chinese: bool = False
    has_cutter: bool = True
    has_counters: bool = True


@dataclass(slots=True)
class _Manner:
    """What ESC @ resets."""

    page: int = 0
    align: int = 0
    mode: int = 0
    size: int = 0
    is_bold: bool = False
    is_inverse: bool = False
    is_chinese: bool = False
    qr_size: int = 3
    qr_data: bytes = b""

    @property
    def look(self) -> Look:
        across = max(1 + (self.size >> 4 & 7), 2 if self.mode & 0x20 else 1)
        down = max(1 + (self.size & 7), 2 if self.mode & 0x10 else 1)
        return Look(self.is_bold or bool(self.mode & 0x08), across, down, self.is_inverse)


@dataclass(slots=True)
class _Counts:
    lines: int = 0
    cuts: int = 0
    unknown: int = 0
    page_switches: int = 0


class EscPosDevice:
    """One printer; survives a power cut but for what stood in its line."""

    lacks = frozenset(
        {"journal_full", "journal_ok", "shift_over", "become", "echo", "syn_storm", *TAX_LINK}
    )

    def __init__(self, config: EscPosConfig) -> None:
        self._config = config
        self._pages: Mapping[int, str] = PAGE_SETS[config.pages]
        self._slips: deque[Slip] = deque(maxlen=MAX_SLIPS)
        self._slip = Slip(config.columns, config.dots)
        self._manner = _Manner(is_chinese=config.is_chinese)
        self._line: list[tuple[str, Look]] = []
        self._counts = _Counts()
        self.paper = "ok"
        self.cover_open = False
        self.on_ready: Callable[[], None] = lambda: None

    # --- what the bench does ----------------------------------------------------------------

    def documents(self) -> list[Slip]:
        """Slips, oldest first; the last one may still hang from the printer."""
        return [*self._slips, *([self._slip] if self._slip.printed else [])]

    def counters(self) -> dict[str, int]:
        """Slips cut, lines printed, page switches, commands that are not known."""
        counts = self._counts
        return {
            "slips": self._slips[-1].number if self._slips else 0,
            "cuts": counts.cuts,
            "lines": counts.lines,
            "page_switches": counts.page_switches,
            "unknown_commands": counts.unknown,
        }

    def set_paper(self, state: str) -> None:
        """`paper_out`, `paper_low` or `paper_in`."""
        self.paper = {"paper_out": "out", "paper_low": "low"}.get(state, "ok")
        self.on_ready()

    def set_cover(self, is_open: bool) -> None:
        """Open or close the cover."""
        self.cover_open = is_open
        self.on_ready()

    def power_on(self) -> None:
        """Come back with default settings; what had been printed hangs there still."""
        self._line.clear()
        self._manner = _Manner(is_chinese=self._config.is_chinese)

    def tear(self) -> None:
        """What hangs there is a slip of its own now."""
        self._end_line(always=False)
        if self._slip.printed:
            self._part()

    def set_journal(self, is_full: bool) -> None:
        """It has none; the script is refused before."""

    def age_shift(self) -> None:
        """It has none; the script is refused before."""

    def set_tax_link(self, is_up: bool) -> None:
        """It has none; the script is refused before."""

    def state(self) -> dict[str, object]:
        """What a person would see of it."""
        return {"paper": self.paper, "cover_open": self.cover_open}

    @property
    def can_print(self) -> bool:
        """Paper is there and the cover is closed."""
        return self.paper != "out" and not self.cover_open

    # --- answers ----------------------------------------------------------------------------

    def realtime(self, number: int) -> bytes:
        """DLE EOT 1 to 4."""
        status = 0x12
        if number == 1 and not self.can_print:
            status |= 0x08
        elif number == 2:
            status |= (0x04 if self.cover_open else 0) | (0x20 if self.paper == "out" else 0)
        elif number == 4 and self.paper != "ok":
            status |= 0x6C if self.paper == "out" else 0x0C
        return bytes((status,))

    def answer(self, command: Command) -> bytes:
        """What a queued question is answered with, `b""` when it is no question."""
        name, data = command.name, command.data
        if name == "GS r":
            sensor = {"ok": 0x00, "low": 0x03, "out": 0x0F}[self.paper]
            return bytes((sensor if data in (b"\x01", b"1") else 0x00,))
        if name == "GS (" and data[:1] == b"H" and data[3:5] == b"00":
            return b"7\x22" + data[5:9] + b"\0"
        if name == "GS g" and data[:2] == b"2\0" and self._config.has_counters:
            number = int.from_bytes(data[2:4], "little")
            known = {148: self._counts.lines, 178: self._counts.cuts}
            return b"_" + str(known[number]).encode() + b"\0" if number in known else b""
        if name == "GS I":
            return b"_EMULATED\0" if data[:1] in (b"B", b"C") else b"\x20"
        if name == "GS a" and data != b"\0":
            return self.automatic()
        return b""

    def automatic(self) -> bytes:
        """Four bytes of automatic status."""
        first = 0x10 | (0x08 if not self.can_print else 0) | (0x20 if self.cover_open else 0)
        third = {"ok": 0x00, "low": 0x03, "out": 0x0F}[self.paper]
        return bytes((first, 0, third, 0x0F))

    # --- commands ---------------------------------------------------------------------------

    def run(self, command: Command) -> None:
        """Carry out one command that is no question."""
        name, data = command.name, command.data
        if not command.is_known:
            self._counts.unknown += 1
        elif name == "text":
            self._text(data)
        elif name in ("LF", "FF"):
            self._end_line()
        elif name == "HT":
            at = len(self._line)
            self._text(b" " * (8 - at % 8))
        elif name in ("GS V", "ESC i", "ESC m"):
            self._cut()
        elif name in ("GS v", "ESC *"):
            self._picture(name, data)
        elif name == "GS (" and data[:1] == b"k":
            self._code(data[3:])
        elif name in ("ESC $", "ESC \\"):
            self._move(name, data)
        else:
            self._set(name, data)

    def _set(self, name: str, data: bytes) -> None:
        manner, value = self._manner, data[0] if data else 0
        if name == "ESC @":
            self._line.clear()
            self._manner = _Manner(is_chinese=self._config.is_chinese)
        elif name == "ESC t":
            manner.page = value
            self._counts.page_switches += 1
        elif name == "ESC a":
            manner.align = value % 48 if value % 48 in (0, 1, 2) else 0
        elif name == "ESC !":
            manner.mode, manner.size = value, 0
        elif name == "GS !":
            manner.size = value
        elif name in ("ESC E", "ESC G"):
            manner.is_bold = bool(value & 1)
        elif name == "GS B":
            manner.is_inverse = bool(value & 1)
        elif name in ("FS .", "FS &"):
            manner.is_chinese = name == "FS &"
        elif name in ("ESC d", "ESC J"):
            self._end_line(always=False)
            self._slip.printed.append(Feed(value * (30 if name == "ESC d" else 1)))
            if not self._config.has_cutter and name == "ESC d" and value >= TEAR_LINES:
                self._part()

    def _move(self, name: str, data: bytes) -> None:
        """To a place in the line, to the nearest column; never back over what is there."""
        dots = int.from_bytes(data[:2], "little", signed=name != "ESC $")
        column = round(dots * self._config.columns / self._config.dots)
        taken = sum(look.across for _, look in self._line)
        gap = column - taken if name == "ESC $" else column
        self._line += [(" ", Look())] * max(0, min(gap, self._config.columns - taken))

    def _text(self, data: bytes) -> None:
        look, at = self._manner.look, 0
        while at < len(data):
            used = 1
            if self._manner.is_chinese and data[at] > 0x80 and at + 1 < len(data):
                char, used = data[at : at + 2].decode("gb18030", "replace"), 2
            else:
                char = decode(data[at], self._pages, self._manner.page)
            self._put(char, look)
            at += used

    def _put(self, char: str, look: Look) -> None:
        """One character; a full line is printed by itself, as printers do."""
        if sum(each.across for _, each in self._line) + look.across > self._config.columns:
            self._end_line()
        self._line.append((char, look))

    def _end_line(self, always: bool = True) -> None:
        if self._line or always:
            self._slip.printed.append(Line(tuple(self._line), self._manner.align))
            self._counts.lines += 1
            self._line.clear()

    def _cut(self) -> None:
        self._end_line(always=False)
        if self._config.has_cutter and self._slip.printed:
            self._counts.cuts += 1
            self._part()

    def _part(self) -> None:
        """The slip is off: cut, or torn by hand where it was fed far enough for that."""
        self._slip.is_cut = True
        self._slip.number = (self._slips[-1].number if self._slips else 0) + 1
        self._slips.append(self._slip)
        self._slip = Slip(self._config.columns, self._config.dots)

    def _picture(self, name: str, data: bytes) -> None:
        self._end_line(always=False)
        if name == "GS v":
            width = int.from_bytes(data[2:4], "little")
            self._slip.printed.append(Picture(max(1, width), data[6:]))
            self._counts.lines += 1

    def _code(self, data: bytes) -> None:
        if data[:1] != b"1" or len(data) < 2:
            return
        if data[1] == _QR_SIZE:
            self._manner.qr_size = max(1, min(16, data[2]))
        elif data[1] == _QR_STORE:
            self._manner.qr_data = data[3:]
        elif data[1] == _QR_PRINT and self._manner.qr_data:
            payload = self._manner.qr_data.decode("utf-8", "replace")
            self._slip.printed.append(Code(payload, self._manner.qr_size, self._manner.align))
            self._counts.lines += 1
