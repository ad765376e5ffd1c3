"""Builders for promotion tests: goods in hryvnia and pieces, a shop with rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from loyalty.basket import Basket, LineItem, check_basket
from loyalty.member import Member
from loyalty.money import line_sum
from loyalty.promotions.compile import compile_ruleset
from loyalty.promotions.conditions import Scope
from loyalty.promotions.effects import Effect
from loyalty.promotions.engine import evaluate
from loyalty.promotions.ruleset import Programme, Promotion, Ruleset
from loyalty.quote import PromotionTrace, Quote

KYIV = ZoneInfo("Europe/Kyiv")
SUNDAY_NOON = datetime(2026, 11, 22, 12, 0, tzinfo=KYIV)
TREE = {"dairy": "", "cheese": "dairy", "hard_cheese": "cheese", "bread": ""}


class Goods:
    """Makes lines with rising ids: `goods("cheese", 10000, 2)` is two pieces at 100.00."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, sku: str, price_minor: int, qty: int = 1, **fields: Any) -> LineItem:
        self.count += 1
        qty_milli = fields.pop("qty_milli", qty * 1000)
        values: dict[str, Any] = {
            "line_id": f"L{self.count}",
            "sku": sku,
            "name": fields.pop("name", sku.title()),
            "qty_milli": qty_milli,
            "unit_price_minor": price_minor,
            "sum_minor": line_sum(price_minor, qty_milli),
            "groups": (sku,),
        }
        return LineItem(**(values | fields))


@pytest.fixture
def goods() -> Goods:
    return Goods()


class Shop:
    """Prices baskets under one ruleset; `modes` are the modes of groups, `stopped` a kill-list."""

    def __init__(self, *promotions: Promotion, **programme: Any) -> None:
        modes = programme.pop("modes", {})
        stopped = frozenset(programme.pop("stopped", ()))
        self.compiled = compile_ruleset(
            Ruleset(5, Programme(**programme), promotions, TREE, modes, stopped)
        )

    def price(self, *lines: LineItem, **options: Any) -> Quote:
        values: dict[str, Any] = {
            "member": Member(1, "Олена К.", 100_000),
            "at": SUNDAY_NOON,
            "store_id": "S1",
            "spendable_points": 100_000,
        }
        return evaluate(self.compiled, check_basket(Basket(lines)), **(values | options))

    def off(self, *lines: LineItem, **options: Any) -> list[int]:
        """The discount of each line."""
        return [line.discount_minor for line in self.price(*lines, **options).lines]

    def traces(self, *lines: LineItem, **options: Any) -> dict[str, PromotionTrace]:
        """All traces by promotion."""
        return {trace.promotion_id: trace for trace in self.price(*lines, **options).traces}

    def trace(self, *lines: LineItem, **options: Any) -> PromotionTrace:
        """The trace of the first promotion."""
        return self.price(*lines, **options).traces[0]


@pytest.fixture
def shop() -> type[Shop]:
    return Shop


def _promotion(effect: Effect, promotion_id: str = "p1", **fields: Any) -> Promotion:
    return Promotion(promotion_id, (("uk", promotion_id), ("en", promotion_id)), effect, **fields)


@pytest.fixture
def promotion() -> Callable[..., Promotion]:
    return _promotion


def _scope(*groups: str, **fields: Any) -> Scope:
    return Scope(is_all=not groups, groups=frozenset(groups), **fields)


@pytest.fixture
def scope() -> Callable[..., Scope]:
    return _scope
