"""An evaluation that can be looked into: the sheet behind a quote and what each set used up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from loyalty.promotions import effects as then
from loyalty.promotions import evaluation
from loyalty.promotions.acting import Acting
from loyalty.promotions.choosing import count_unused
from loyalty.promotions.compile import CompiledPromotion
from loyalty.promotions.takings import Taking
from loyalty.promotions.worksheet import Worksheet
from loyalty.quote import Quote
from tests.support.pricing.random_sales import RandomSale

SETS = (then.NForM, then.NthUnitPercent, then.SetPrice)


@dataclass(frozen=True)
class UsedPieces:
    """Pieces that one set promotion says it used, and by how many the unused ones went down."""

    promotion_id: str
    said: int
    gone: int


@dataclass
class Watched:
    """A quote with the sheet it was made on."""

    quote: Quote
    sheet: Worksheet
    used: list[UsedPieces] = field(default_factory=list)


class _WatchedActing(Acting):
    """Counts unused pieces around each set; everything else is the engine's own."""

    used: list[UsedPieces]

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.used = []
        self._last: Taking | None = None

    def _taking(self, item: CompiledPromotion) -> Any:
        found = super()._taking(item)
        self._last = found[0]
        return found

    def act(self, item: CompiledPromotion) -> Any:
        lines = self.facts.sheet.open_lines
        before, acted = count_unused(lines), len(self.outcome.promotions)
        result = super().act(item)
        is_set = isinstance(item.promotion.effect, SETS) and not item.promotion.consume_units
        if is_set and len(self.outcome.promotions) > acted and self._last is not None:
            said = sum(piece.count for piece in self._last.slices)
            gone = before - count_unused(lines)
            self.used.append(UsedPieces(item.promotion.promotion_id, said, gone))
        return result


def watch(sale: RandomSale, locale: str = "uk") -> Watched:
    """Price the sale by `evaluate` itself, and keep what it was made on."""
    made: list[_WatchedActing] = []

    def acting(*given: Any) -> _WatchedActing:
        made.append(_WatchedActing(*given))
        return made[-1]

    with patch.object(evaluation, "Acting", acting):
        quote = sale.quote(locale)
    return Watched(quote, made[0].facts.sheet, made[0].used)
