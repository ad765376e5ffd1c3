"""The cached goods as lines for a sale driven by the panel."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, cast

from edge_agent.api.desk_routes import GoodOut
from edge_agent.ledger.cache import Cache
from loyalty.basket import GoodsClass, LineItem, PriceKind
from loyalty.money import line_sum

MARKED_S: Final = 60.0
MARKED_MOST: Final = 4_096


class Assortment:
    """Finds goods by bar code, SKU, in-store weight code or name."""

    def __init__(self, cache: Cache, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._cache = cache
        self._monotonic = monotonic
        self._marked: dict[str, tuple[float, bool]] = {}

    def line_for(self, code: str) -> LineItem | None:
        """A line of one unit, or of the weight the code carries."""
        good = self._cache.good_by_code(code)
        if good is None:
            return None
        qty_milli = good.qty_milli or 1000
        return LineItem(
            line_id="",
            sku=good.sku,
            name=good.name,
            qty_milli=qty_milli,
            unit_price_minor=good.unit_price_minor,
            sum_minor=line_sum(good.unit_price_minor, qty_milli),
            barcode=good.barcodes[0] if good.barcodes else "",
            unit=good.unit,
            price_kind=cast(PriceKind, good.price_kind),
            tax_group=good.tax_group,
            uktzed=good.uktzed,
            goods_class=cast(GoodsClass, good.goods_class),
            min_price_minor=good.min_price_minor,
            groups=good.groups,
            tags=good.tags,
            needs_stamp=good.needs_stamp,
        )

    def needs_stamp(self, sku: str) -> bool:
        """Whether goods of this SKU carry an excise stamp, by the list; looked up again after a
        minute, for a basket comes whole at every change."""
        now = self._monotonic()
        known = self._marked.get(sku)
        if known is not None and now - known[0] < MARKED_S:
            return known[1]
        good = self._cache.good_by_code(sku)
        is_marked = good is not None and good.sku == sku and good.needs_stamp
        if len(self._marked) >= MARKED_MOST:
            self._marked.clear()
        self._marked[sku] = (now, is_marked)
        return is_marked

    def search(self, text: str, limit: int) -> list[GoodOut]:
        """Goods whose name fits, and first the one whose SKU or bar code it is."""
        exact = self._cache.good_by_code(text.strip())
        named = self._cache.search_goods(text, limit)
        found = [exact] if exact is not None else []
        found += [good for good in named if exact is None or good.sku != exact.sku]
        return [
            GoodOut(
                sku=good.sku,
                name=good.name,
                unit=good.unit,
                unit_price_minor=good.unit_price_minor,
            )
            for good in found[:limit]
        ]
