"""What a receipt printer has put on paper since the last cut: characters with their look, pictures
and codes; as text, as JSON, and as the very dots."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from PIL import Image

SPACING: Final = 30


@dataclass(frozen=True, slots=True)
class Look:
    """How a character is printed."""

    is_bold: bool = False
    across: int = 1
    down: int = 1
    is_inverse: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """Characters of one line, and where it stands: 0 left, 1 middle, 2 right."""

    chars: tuple[tuple[str, Look], ...]
    align: int = 0

    @property
    def text(self) -> str:
        """Without its look."""
        return "".join(char for char, _ in self.chars)

    @property
    def cells(self) -> int:
        """Columns it takes."""
        return sum(look.across for _, look in self.chars)


@dataclass(frozen=True, slots=True)
class Picture:
    """A raster picture: rows of `width_bytes` bytes, a set bit is ink."""

    width_bytes: int
    bits: bytes


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code printed by the printer itself; `size` is a module in dots."""

    payload: str
    size: int
    align: int = 0


@dataclass(frozen=True, slots=True)
class Feed:
    """Empty paper, in dots."""

    dots: int


Printed = Line | Picture | Code | Feed


@dataclass(slots=True)
class Slip:
    """One piece of paper; `columns` of font A wide and `dots` across."""

    columns: int
    dots: int
    number: int = 0
    is_cut: bool = False
    printed: list[Printed] = field(default_factory=list)
    pages_in_line: int = 0
    kind: str = "nonfiscal"

    @property
    def is_fiscal(self) -> bool:
        """Never: this printer has no fiscal memory."""
        return False

    @property
    def state(self) -> str:
        """`open` until it is cut."""
        return "closed" if self.is_cut else "open"

    def lines(self) -> list[str]:
        """The text, a line each; pictures and codes in brackets."""
        found: list[str] = []
        for one in self.printed:
            if isinstance(one, Line):
                room = max(0, self.columns - one.cells)
                found.append(" " * (0, room // 2, room)[one.align] + one.text.rstrip())
            elif isinstance(one, Code):
                found.append(f"[QR {one.payload}]")
            elif isinstance(one, Picture):
                found.append(f"[picture {one.width_bytes * 8}x{len(one.bits) // one.width_bytes}]")
        return found

    def text(self) -> str:
        """The slip as text."""
        return "\n".join(self.lines()) + "\n"

    def to_json(self) -> dict[str, Any]:
        """What the control server shows."""
        return {
            "kind": self.kind,
            "state": self.state,
            "number": self.number,
            "lines": self.lines(),
            "qr": [one.payload for one in self.printed if isinstance(one, Code)],
        }

    def image(self) -> Image.Image:
        """The dots, one bit each, ink black."""
        from PIL import Image

        parts = [self._part(one) for one in self.printed]
        sheet = Image.new("1", (self.dots, max(1, sum(part.height for part in parts))), 1)
        y = 0
        for part in parts:
            sheet.paste(part, (0, y))
            y += part.height
        return sheet

    def png(self) -> bytes:
        """The slip on its paper, 58 or 80 mm wide."""
        from drivers.receipt.picture import slip_png

        return slip_png(self.image(), 58 if self.dots <= 420 else 80)

    def _part(self, one: Printed) -> Image.Image:
        from PIL import Image

        if isinstance(one, Feed):
            return Image.new("1", (self.dots, max(1, one.dots)), 1)
        if isinstance(one, Code):
            return self._code(one)
        if isinstance(one, Picture):
            size = (one.width_bytes * 8, len(one.bits) // one.width_bytes)
            burnt = bytes(byte ^ 0xFF for byte in one.bits)
            part = Image.new("1", (self.dots, size[1]), 1)
            part.paste(Image.frombytes("1", size, burnt), (0, 0))
            return part
        return self._line(one)

    def _line(self, line: Line) -> Image.Image:
        from PIL import Image

        from drivers.receipt.picture import glyph

        height = SPACING * max([look.down for _, look in line.chars], default=1)
        part = Image.new("1", (self.dots, height), 1)
        step = self.dots / self.columns
        x = (0.0, 0.5, 1.0)[line.align] * max(0, self.columns - line.cells) * step
        for char, look in line.chars:
            mask = glyph(char, look.is_bold, look.across, look.down)
            top = height - SPACING * look.down
            width = step * look.across
            if look.is_inverse:
                part.paste(0, (round(x), top, round(x + width), height))
            left = round(x + (width - mask.width) / 2)
            middle = top + (SPACING * look.down - mask.height) // 2
            part.paste(1 if look.is_inverse else 0, (left, middle), mask)
            x += width
        return part

    def _code(self, code: Code) -> Image.Image:
        import segno
        from PIL import Image, ImageDraw

        # Made by another library than the driver's, so that the two check each other.
        modules = [list(line) for line in segno.make(code.payload, error="m", micro=False).matrix]
        side = len(modules) * code.size
        part = Image.new("1", (self.dots, side), 1)
        draw = ImageDraw.Draw(part)
        left = (0, (self.dots - side) // 2, self.dots - side)[code.align]
        for y, row in enumerate(modules):
            for x, dark in enumerate(row):
                if dark:
                    x0, y0 = left + x * code.size, y * code.size
                    draw.rectangle((x0, y0, x0 + code.size - 1, y0 + code.size - 1), fill=0)
        return part
