"""Goods as cached on a register, and the labels that shop scales print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PriceKind = Literal["shelf", "reduced", "override", "manual_discount"]
MAX_SEARCH_WORDS = 8
MAX_SEARCH_ROWS = 100
_GRAMS_IN = {"кг": 1_000, "kg": 1_000, "г": 1, "g": 1}


@dataclass(frozen=True, slots=True)
class CachedGood:
    """A good: the fields of a basket line that do not depend on the sale.

    `barcode` is the code it was found by ("" by SKU); `qty_milli` is the weight that a scale label
    carries, in thousandths of `unit`, and `None` for any other code.
    """

    sku: str
    name: str
    unit_price_minor: int
    barcodes: tuple[str, ...] = ()
    unit: str = "шт"
    price_kind: str = "shelf"
    tax_group: str = "А"
    uktzed: str = ""
    goods_class: str = "normal"
    min_price_minor: int = 0
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    barcode: str = ""
    qty_milli: int | None = None
    needs_stamp: bool = False


@dataclass(frozen=True, slots=True)
class ScaleLabel:
    """An EAN-13 that a scale printed: `2N`, five digits of PLU, five of grams, check digit.

    Source: GS1 General Specifications, 2.1.12 (restricted circulation numbers, prefixes 20–29);
    the split of the digits is the usual one of Ukrainian scales, not a standard.
    """

    prefix: str
    plu: str
    grams: int

    def quantity_in(self, unit: str) -> int | None:
        """Thousandths of `unit`, or `None` when the unit is not one of weight."""
        grams_in_unit = _GRAMS_IN.get(unit.strip().rstrip(".").lower())
        return None if grams_in_unit is None else self.grams * 1_000 // grams_in_unit


def scale_label(code: str) -> ScaleLabel | None:
    """The label in a code, or `None`: another prefix, a wrong check digit, or no weight."""
    if len(code) != 13 or not (code.isascii() and code.isdigit()) or code[0] != "2":
        return None
    if ean_check_digit(code[:12]) != int(code[12]) or int(code[7:12]) == 0:
        return None
    return ScaleLabel(code[:7], code[2:7], int(code[7:12]))


def ean_check_digit(digits: str) -> int:
    """GS1 check digit of the digits before it (GS1 General Specifications, 7.9)."""
    weighted = sum(
        int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits))
    )
    return -weighted % 10


def search_words(text: str) -> list[str]:
    """Case-folded words of a search, at most eight."""
    return text.casefold().split()[:MAX_SEARCH_WORDS]
