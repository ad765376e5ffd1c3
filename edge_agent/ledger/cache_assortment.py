"""Finding goods in the cache: by barcode, SKU, the label of a scale, or words of the name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from edge_agent.ledger.cache_goods import (
    MAX_SEARCH_ROWS,
    CachedGood,
    ScaleLabel,
    scale_label,
    search_words,
)
from edge_agent.ledger.cache_rows import checked, good_of, select
from edge_agent.ledger.damage import DamagedRow

T = TypeVar("T")

_GOOD = select("good", "WHERE sku = ? AND body IS NOT NULL")
_BY_BARCODE = select(
    "good",
    "WHERE sku IN (SELECT sku FROM barcode WHERE barcode = ?) AND body IS NOT NULL "
    "ORDER BY version DESC, sku LIMIT 1",
)


class GoodsLookup(ABC):
    """The goods of a cache, over its way to read rows."""

    @abstractmethod
    def _rows(self, sql: str, params: Sequence[Any], make: Callable[[Any], T]) -> list[T]:
        """The rows of a query, each made into an object."""

    def good_by_code(self, code: str) -> CachedGood | None:
        """A good by barcode, by SKU, or by the label of a scale, with the label's weight.

        A scale's PLU is found as barcode `2NPPPPP`, as SKU `PPPPP`, or as SKU without leading
        zeros; the good must be one that is sold by weight.
        """
        found = self._good_by_barcode(code) or self._good_by_sku(code)
        if found is not None:
            return found
        label = scale_label(code)
        return None if label is None else self._weighed(label, code)

    def search_goods(self, text: str, limit: int) -> list[CachedGood]:
        """Goods whose name holds every word of `text`, by name; at most `limit` (1 … 100)."""
        words = search_words(text)
        if not words:
            return []
        parts = " AND ".join(["instr(name_folded, ?) > 0"] * len(words))
        found = (
            "WHERE sku IN (SELECT sku FROM good WHERE name_folded IS NOT NULL "
            f"AND {parts} ORDER BY name_folded, sku LIMIT ?) ORDER BY name_folded, sku"
        )
        rows = max(1, min(limit, MAX_SEARCH_ROWS))
        return self._goods(select("good", found), (*words, rows))

    def _good_by_barcode(self, code: str) -> CachedGood | None:
        found = self._rows(
            _BY_BARCODE, (code,), lambda row: _scanned(good_of(checked(row)[3]), code)
        )
        return found[0] if found else None

    def _good_by_sku(self, sku: str) -> CachedGood | None:
        found = self._goods(_GOOD, (sku,))
        return found[0] if found else None

    def _weighed(self, label: ScaleLabel, code: str) -> CachedGood | None:
        candidates = (
            self._good_by_barcode(label.prefix),
            self._good_by_sku(label.plu),
            self._good_by_sku(label.plu.lstrip("0")),
        )
        for good in candidates:
            quantity = None if good is None else label.quantity_in(good.unit)
            if good is not None and quantity is not None:
                return replace(good, barcode=code, qty_milli=quantity)
        return None

    def _goods(self, sql: str, params: Sequence[Any]) -> list[CachedGood]:
        return self._rows(sql, params, lambda row: good_of(checked(row)[3]))


def _scanned(good: CachedGood, code: str) -> CachedGood:
    if code not in good.barcodes:
        raise DamagedRow("the index of barcodes does not fit the good")
    return replace(good, barcode=code)
