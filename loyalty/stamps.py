"""Excise stamps: which lines still lack theirs. Pure.

Ukrainian law has the series and number of each stamp on the receipt of marked goods; a register
sends them as `EXCISELABELS` of the line (form of the tax service's XML). Which goods are marked
is data of the goods list, `needs_stamp`; nothing is guessed from a goods class.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from loyalty.basket import Basket, LineItem

MILLI: Final = 1_000
MAX_STAMP: Final = 100
DATA_MATRIX: Final = ("]d1", "]d2")
_SERIES = re.compile(r"[^\W\d_]{2,4} ?[0-9]{6,10}")
"""Series and number as they stand on a paper stamp."""


def pieces(line: LineItem) -> int:
    """Pieces that carry a stamp each; what is sold by measure comes out of one marked vessel."""
    return 1 if line.is_weighed else -(-line.qty_milli // MILLI)


def lacking(line: LineItem) -> int:
    """Stamps that are still to be read for a line; 0 for goods that need none."""
    if not line.needs_stamp or line.price_kind == "manual_discount":
        return 0
    return max(0, pieces(line) - len(line.excise_stamps))


def first_lacking(lines: Iterable[LineItem]) -> LineItem | None:
    """The first line that may not be sold yet."""
    return next((line for line in lines if lacking(line)), None)


def marked(basket: Basket, needs_stamp: Callable[[str], bool]) -> Basket:
    """The basket with the flag of the goods list on the lines whose caller did not set it.

    `needs_stamp` tells of a SKU whether its goods are marked."""
    lines = tuple(
        replace(line, needs_stamp=True)
        if not line.needs_stamp and line.price_kind != "manual_discount" and needs_stamp(line.sku)
        else line
        for line in basket.lines
    )
    return basket if lines == basket.lines else Basket(lines)


def stamp_of(text: str, symbology: str) -> str:
    """The stamp in a scan, "" when it is none: any DataMatrix, or a series with its number.

    Asked only while a line lacks a stamp; goods and members carry other symbologies."""
    plain = text.strip()
    if not symbology and plain[:3] in DATA_MATRIX:
        symbology, plain = plain[:3], plain[3:]
    if not plain or len(plain) > MAX_STAMP or not plain.isprintable():
        return ""
    if symbology in DATA_MATRIX:
        return plain
    return plain.replace(" ", "").upper() if _SERIES.fullmatch(plain) else ""


def with_stamp(basket: Basket, stamp: str, line_id: str) -> Basket:
    """The basket with one more stamp on a line, "" for the first one that lacks one; the same
    basket when that line lacks none."""
    for place, line in enumerate(basket.lines):
        if lacking(line) and line_id in ("", line.line_id):
            fuller = replace(line, excise_stamps=(*line.excise_stamps, stamp))
            return Basket((*basket.lines[:place], fuller, *basket.lines[place + 1 :]))
    return basket


def with_quantity(line: LineItem, qty_milli: int, sum_minor: int) -> LineItem:
    """The line with another quantity. Fewer pieces than stamps: nobody knows which bottle went
    back to the shelf, so all of them are read again."""
    changed = replace(line, qty_milli=qty_milli, sum_minor=sum_minor)
    if qty_milli > 0 and len(line.excise_stamps) > pieces(changed):
        changed = replace(changed, excise_stamps=())
    return changed
