"""A slip as the dots a thermal head of 203 dpi burns: what is drawn on printers without Cyrillic
letters, and what a preview shows. Font A is 12 by 24 dots on lines 30 dots apart."""

from __future__ import annotations

import io
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from loyalty.receipt import SlipRow, SlipStyle

LINE_DOTS: Final = 30
FONT_A_WIDTH: Final = 12
INK_LEVEL: Final = 110
QR_DOTS: Final = 232
SPACE_DOTS: Final = 16
DOTS_PER_MM: Final = 8
EDGE: Final = 10
PAPER, INK, DESK = (254, 254, 251), (22, 23, 28), (214, 213, 208)

_MEDIUM: Final = "JetBrainsMono-Medium.ttf"
_BOLD: Final = "JetBrainsMono-ExtraBold.ttf"
_SCALE: Final[dict[SlipStyle, tuple[int, int]]] = {"title": (2, 2)}
BIG_DOTS: Final = 46
LARGE: Final = 1.6
LEAST: Final = 1.2
"""The amount of a "big" row beside its label: so many times larger, if it has the room."""
_BOLD_STYLES: Final = frozenset({"title", "strong", "band"})


def draw_slip(rows: Iterable[SlipRow], columns: int, dots: int) -> Image.Image:
    """The rows as a one-bit picture `dots` wide, ink black; one character a cell."""
    all_rows = tuple(rows)
    heights = [_height(row, dots) for row in all_rows]
    image = Image.new("1", (dots, max(1, sum(heights))), 1)
    draw = ImageDraw.Draw(image)
    y = 0
    for row, height in zip(all_rows, heights, strict=True):
        if row.style == "qr":
            image.paste(draw_qr(row.text, dots), (0, y))
        elif row.style == "rule":
            for x in range(0, dots, 8):
                draw.line((x, y + height // 2, x + 4, y + height // 2), fill=0, width=2)
        elif row.style == "big":
            _draw_big(image, row, columns, y)
        elif row.style != "space":
            _draw_text(image, row, columns, y)
        y += height
    return image


def draw_qr(payload: str, dots: int) -> Image.Image:
    """A QR code of error level M in the middle of a strip, with its quiet zone."""
    import qrcode

    code = qrcode.QRCode(border=0, error_correction=qrcode.ERROR_CORRECT_M)
    code.add_data(payload)
    code.make(fit=True)
    modules = code.get_matrix()
    size = min(8, max(2, min(QR_DOTS, dots) // (len(modules) + 8)))
    quiet = 4 * size
    strip = Image.new("1", (dots, len(modules) * size + 2 * quiet), 1)
    pixels = ImageDraw.Draw(strip)
    left = (dots - len(modules) * size) // 2
    for y, line in enumerate(modules):
        for x, dark in enumerate(line):
            if dark:
                x0, y0 = left + x * size, quiet + y * size
                pixels.rectangle((x0, y0, x0 + size - 1, y0 + size - 1), fill=0)
    return strip


def raster(image: Image.Image, strip_dots: int = 256) -> bytes:
    """GS v 0 in strips, so that a printer with a small memory takes it line by line."""
    parts = []
    for top in range(0, image.height, strip_dots):
        strip = image.crop((0, top, image.width, min(top + strip_dots, image.height)))
        width = (strip.width + 7) // 8
        # Pillow keeps white as 1 and pads with 0; the printer burns 1.
        padded = Image.new("1", (width * 8, strip.height), 1)
        padded.paste(strip, (0, 0))
        bits = bytes(byte ^ 0xFF for byte in padded.tobytes())
        sizes = width.to_bytes(2, "little") + strip.height.to_bytes(2, "little")
        parts.append(b"\x1dv0\x00" + sizes + bits)
    return b"".join(parts)


def slip_png(printed: Image.Image, paper_mm: int) -> bytes:
    """A printed strip on paper of this width, torn off at both ends, as PNG of 203 dpi."""
    width = paper_mm * DOTS_PER_MM
    air = 44
    height = printed.height + 2 * air + 2 * EDGE
    sheet = Image.new("RGB", (width + 2 * EDGE, height), DESK)
    draw = ImageDraw.Draw(sheet)
    draw.polygon(_outline(width, height), fill=PAPER)
    ink = Image.new("RGB", printed.size, INK)
    mask = printed.convert("L").point(lambda level: 255 - level)
    sheet.paste(ink, (EDGE + (width - printed.width) // 2, EDGE + air), mask)
    out = io.BytesIO()
    sheet.save(out, format="PNG", optimize=True, dpi=(203, 203))
    return out.getvalue()


def _outline(width: int, height: int) -> list[tuple[int, int]]:
    """The paper with the teeth of the tear-off bar above and below."""
    teeth = [(EDGE + x, number % 2) for number, x in enumerate(range(0, width + 1, 8))]
    top = [(x, EDGE if odd else 5) for x, odd in teeth]
    bottom = [(x, height - (EDGE if odd else 5)) for x, odd in teeth]
    return [*top, *reversed(bottom)]


def _height(row: SlipRow, dots: int) -> int:
    if row.style == "qr":
        return draw_qr(row.text, dots).height
    if row.style == "space":
        return SPACE_DOTS
    if row.style == "big":
        return BIG_DOTS
    return LINE_DOTS * _SCALE.get(row.style, (1, 1))[1] + (6 if row.style == "band" else 0)


def _draw_big(image: Image.Image, row: SlipRow, columns: int, y: int) -> None:
    """The label bold, the amount larger at the right edge, both on one base line."""
    text = row.text[:columns].rstrip()
    label, gap, amount = text.rpartition("  ")
    label = label.rstrip() if gap else ""
    if not amount.strip():
        label, amount = "", text
    amount = amount.strip()
    room = (columns - len(label) - 1) / max(1, len(amount))
    scale = min(LARGE, room) if room >= LEAST else 1.0
    cell = image.width / columns
    base = y + BIG_DOTS - 13
    _write(image, label, 0.0, base, cell, 1.0)
    _write(image, amount, image.width - len(amount) * cell * scale, base, cell * scale, scale)


def _write(
    image: Image.Image, text: str, left: float, base: int, cell: float, scale: float
) -> None:
    """Bold characters in cells, standing on `base`."""
    for number, char in enumerate(text):
        mask, above = bold_glyph(char, round(20 * scale), round(FONT_A_WIDTH * scale))
        x = round(left + number * cell + (cell - mask.width) / 2)
        image.paste(0, (x, base - above), mask)


def _draw_text(image: Image.Image, row: SlipRow, columns: int, y: int) -> None:
    across, down = _SCALE.get(row.style, (1, 1))
    height = _height(row, 0)
    cells = columns // across
    text = row.text[:cells]
    start = (cells - len(text)) / 2 if row.style in ("title", "center") else 0.0
    step = image.width * across / columns
    ink = Image.new("1", (image.width, height), 0)
    for number, char in enumerate(text):
        mask = glyph(char, row.style in _BOLD_STYLES, across, down)
        left = round((start + number) * step + (step - mask.width) / 2)
        ink.paste(1, (left, (height - mask.height) // 2), mask)
    if row.style == "band":
        image.paste(0, (0, y + 1, image.width, y + height - 1))
    image.paste(1 if row.style == "band" else 0, (0, y), ink)


@cache
def glyph(char: str, is_bold: bool, across: int, down: int) -> Image.Image:
    """One character as a one-bit mask of a font A cell, so many times wider and higher."""
    size = 20 * down
    font = _font(_BOLD if is_bold else _MEDIUM, size)
    ascent, descent = font.getmetrics()
    mask = Image.new("L", (max(1, round(font.getlength(char))), ascent + descent), 0)
    ImageDraw.Draw(mask).text((0, 0), char, 255, font)
    wide = mask.resize((FONT_A_WIDTH * across, mask.height))
    return wide.point(lambda level: 255 if level > INK_LEVEL else 0).convert("1")


@cache
def bold_glyph(char: str, size: int, width: int) -> tuple[Image.Image, int]:
    """One bold character as a one-bit mask so wide, and how far it reaches above its base line."""
    font = _font(_BOLD, size)
    ascent, descent = font.getmetrics()
    mask = Image.new("L", (max(1, round(font.getlength(char))), ascent + descent), 0)
    ImageDraw.Draw(mask).text((0, 0), char, 255, font)
    wide = mask.resize((width, mask.height))
    return wide.point(lambda level: 255 if level > INK_LEVEL else 0).convert("1"), ascent


@cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    data = (resources.files("drivers.receipt") / "fonts" / name).read_bytes()
    return ImageFont.truetype(io.BytesIO(data), size)
