"""A slip as a picture: 80 mm paper at 203 dpi, 576 pixels wide."""

from __future__ import annotations

import io
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Final, Literal

from PIL import Image, ImageDraw, ImageFont

from drivers.emulators.paper import COLUMNS, Document, Row, row_lines

WIDTH: Final = 576
MARGIN: Final = 35
EDGE: Final = 9
QR_PIXELS: Final = 270
MAX_HEIGHT: Final = 30_000

PAPER, INK, FAINT, DESK = (253, 253, 250), (24, 26, 32), (112, 114, 120), (226, 224, 218)

Weight = Literal["regular", "bold"]
_FILES: Final = {"regular": "DejaVuSansMono.ttf", "bold": "DejaVuSansMono-Bold.ttf"}


@cache
def _font(weight: Weight, size: int) -> ImageFont.FreeTypeFont:
    data = (resources.files("drivers.emulators") / "fonts" / _FILES[weight]).read_bytes()
    return ImageFont.truetype(io.BytesIO(data), size)


def render_png(document: Document) -> bytes:
    """The slip as PNG bytes."""
    gaps = [_gap(above, row) for above, row in pairwise([Row("space"), *document.rows])]
    rows = list(zip(gaps, document.rows, strict=True))
    height = min(2 * EDGE + 52 + sum(gap + _height(row) for gap, row in rows), MAX_HEIGHT)
    image = Image.new("RGB", (WIDTH, height), DESK)
    draw = ImageDraw.Draw(image)
    draw.polygon(_outline(height), fill=PAPER)
    y = EDGE + 26
    for gap, row in rows:
        if y > height:
            break
        _DRAW[row.kind](draw, row, y + gap)
        y += gap + _height(row)
    out = io.BytesIO()
    image.save(out, format="PNG", optimize=True, dpi=(203, 203))
    return out.getvalue()


def _outline(height: int) -> list[tuple[int, int]]:
    """The paper with the teeth of the cutter above and below."""
    teeth = range(0, WIDTH + 1, 12)
    top = [(x, EDGE if number % 2 else 3) for number, x in enumerate(teeth)]
    bottom = [(x, height - EDGE if number % 2 else height - 3) for number, x in enumerate(teeth)]
    return [*top, *reversed(bottom)]


def _gap(above: Row, row: Row) -> int:
    """A little air between goods, and before the lines that follow them."""
    return 9 if row.kind in ("item", "text") and above.kind == "pair" else 0


def _height(row: Row) -> int:
    if row.kind in ("title", "band"):
        return 38 * len(_centered(row, 24))
    if row.kind == "total":
        return 52
    if row.kind == "rule":
        return 22
    if row.kind == "space":
        return 14
    if row.kind == "qr":
        return QR_PIXELS + 24
    if row.kind in ("center", "small"):
        return (27 if row.kind == "center" else 22) * len(_centered(row, 20))
    return 27 * len(row_lines(row))


def _centered(row: Row, size: int) -> list[str]:
    columns = int((WIDTH - 2 * MARGIN) / (size * 0.603))
    return [line.strip() for line in row_lines(Row("center", row.left), columns)]


def _draw_title(draw: ImageDraw.ImageDraw, row: Row, y: int) -> None:
    for number, line in enumerate(_centered(row, 24)):
        draw.text((WIDTH // 2, y + 38 * number + 19), line, INK, _font("bold", 24), anchor="mm")


def _draw_band(draw: ImageDraw.ImageDraw, row: Row, y: int) -> None:
    for number, line in enumerate(_centered(row, 24)):
        top = y + 38 * number
        draw.rectangle((MARGIN, top + 2, WIDTH - MARGIN, top + 35), fill=INK)
        draw.text((WIDTH // 2, top + 19), line, PAPER, _font("bold", 22), anchor="mm")


def _draw_center(draw: ImageDraw.ImageDraw, row: Row, y: int) -> None:
    for number, line in enumerate(_centered(row, 20)):
        draw.text((WIDTH // 2, y + 27 * number), line, INK, _font("regular", 20), anchor="ma")


def _draw_small(draw: ImageDraw.ImageDraw, row: Row, y: int) -> None:
    for number, line in enumerate(_centered(row, 20)):
        draw.text((WIDTH // 2, y + 22 * number), line, FAINT, _font("regular", 16), anchor="ma")


def _draw_lines(draw: ImageDraw.ImageDraw, row: Row, y: int) -> None:
    weight: Weight = "bold" if row.kind == "item" else "regular"
    for number, line in enumerate(row_lines(row, COLUMNS)):
        draw.text((MARGIN, y + 27 * number), line, INK, _font(weight, 20))


def _draw_total(draw: ImageDraw.ImageDraw, row: Row, y: int) -> None:
    size = 34 if len(row.left) + len(row.right) < 22 else 24
    draw.text((MARGIN, y + 42), row.left, INK, _font("bold", size), anchor="ls")
    draw.text((WIDTH - MARGIN, y + 42), row.right, INK, _font("bold", size), anchor="rs")


def _draw_rule(draw: ImageDraw.ImageDraw, _row: Row, y: int) -> None:
    for x in range(MARGIN, WIDTH - MARGIN, 10):
        draw.line((x, y + 10, x + 5, y + 10), fill=FAINT, width=2)


def _draw_nothing(_draw: ImageDraw.ImageDraw, _row: Row, _y: int) -> None:
    return


def _draw_qr(draw: ImageDraw.ImageDraw, row: Row, y: int) -> None:
    import segno

    modules = [list(line) for line in segno.make(row.left, error="m", micro=False).matrix]
    scale = max(2, QR_PIXELS // (len(modules) + 3))
    left = (WIDTH - scale * len(modules)) // 2
    top = y + 12 + (QR_PIXELS - scale * len(modules)) // 2
    for line_number, line in enumerate(modules):
        for column, dark in enumerate(line):
            if dark:
                x0, y0 = left + column * scale, top + line_number * scale
                draw.rectangle((x0, y0, x0 + scale - 1, y0 + scale - 1), fill=INK)


_DRAW: Final = {
    "title": _draw_title,
    "band": _draw_band,
    "center": _draw_center,
    "small": _draw_small,
    "text": _draw_lines,
    "item": _draw_lines,
    "pair": _draw_lines,
    "total": _draw_total,
    "rule": _draw_rule,
    "space": _draw_nothing,
    "qr": _draw_qr,
}
