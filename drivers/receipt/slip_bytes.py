"""A slip as ESC/POS bytes for one model.

The page is chosen once behind ESC @, and again behind a picture, so a line never holds two pages;
text is never cut by the printer, for a row that substitutes made too long is wrapped here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from drivers.fiscal.printer_text import wrap
from drivers.receipt.letters import lettering, page_bytes
from drivers.receipt.model import PrinterModel
from drivers.receipt.picture import QR_DOTS, draw_qr, draw_slip, raster
from loyalty.receipt import SlipRow

MAX_ROWS: Final = 200
MAX_QR: Final = 300
QUIET_ZONE: Final = b"\x1bJ\x18"
_STYLES: Final[Mapping[str, Mapping[str, Any]]] = {
    "title": {"align": "center", "bold": True, "width": 2, "height": 2, "custom_size": True},
    "center": {"align": "center"},
    "text": {},
    "strong": {"bold": True},
    "big": {"bold": True, "width": 1, "height": 2, "custom_size": True},
    "band": {"invert": True, "bold": True},
    "rule": {},
    "space": {},
}


@dataclass(frozen=True, slots=True)
class SlipBytes:
    """What goes to the printer, and which characters were replaced on the way."""

    data: bytes
    replaced: Mapping[str, str]


def slip_bytes(rows: tuple[SlipRow, ...], model: PrinterModel) -> SlipBytes:
    """The whole slip with its cut; `ValueError` over 200 rows or a QR over 300 characters."""
    if len(rows) > MAX_ROWS or any(len(r.text) > MAX_QR for r in rows if r.style == "qr"):
        raise ValueError(f"a slip has at most {MAX_ROWS} rows and a QR {MAX_QR} characters")
    return _Press(model).slip(rows)


class _Press:
    """Collects bytes in python-escpos's own printer without a device."""

    def __init__(self, model: PrinterModel) -> None:
        from escpos.printer import Dummy

        self._model = model
        self._printer = Dummy(profile=model.name)
        self._replaced: dict[str, str] = {}

    def slip(self, rows: tuple[SlipRow, ...]) -> SlipBytes:
        self._start()
        if self._model.letters == "picture":
            shown = tuple(SlipRow(r.style, self._fit(r)) for r in rows)
            self._printer._raw(raster(draw_slip(shown, self._model.columns, self._model.dots)))
        else:
            for row in rows:
                self._row(row)
        self._printer.cut(mode="PART")
        return SlipBytes(bytes(self._printer.output), dict(self._replaced))

    def _start(self) -> None:
        self._printer.hw("INIT")
        if self._model.cancels_chinese:
            self._printer._raw(b"\x1c.")
        self._select_page()

    def _select_page(self) -> None:
        if self._model.page is not None:
            self._printer._raw(bytes((0x1B, 0x74, self._model.page)))

    def _row(self, row: SlipRow) -> None:
        if row.style == "qr":
            self._qr(row.text)
            return
        styled = _STYLES[row.style]
        if styled:
            self._printer.set(**styled)
        for line in self._lines(row):
            self._printer._raw(page_bytes(line, self._model.letters) + b"\n")
        if styled:
            self._printer.set(align="left", bold=False, normal_textsize=True, invert=False)

    def _lines(self, row: SlipRow) -> list[str]:
        width = self._model.columns // (2 if row.style == "title" else 1)
        text = self._fit(row)
        if len(text) <= width:
            return [text.ljust(width) if row.style == "band" else text]
        # Wrapping knows the characters of one page; letters were settled by `_fit` before.
        lines = wrap(text, width, "cp866" if self._model.letters == "cp866" else "cp1251")
        return [lettering(line, self._model.letters).text for line in lines]

    def _fit(self, row: SlipRow) -> str:
        if row.style == "rule":
            return "-" * self._model.columns
        if row.style == "qr":
            return row.text
        fitted = lettering(row.text, self._model.letters)
        self._replaced.update(fitted.replaced)
        return fitted.text

    def _qr(self, payload: str) -> None:
        if self._model.has_qr:
            self._printer.set(align="center")
            self._printer._raw(QUIET_ZONE)
            modules = 21 + 4 * max(0, -(-len(payload.encode()) // 16))
            size = max(3, min(8, QR_DOTS // modules))
            self._printer.qr(payload, ec=1, size=size, native=True)
            self._printer._raw(b"\n")
            self._printer.set(align="left")
        elif self._model.draws:
            self._printer._raw(raster(draw_qr(payload, self._model.dots)))
            self._select_page()
