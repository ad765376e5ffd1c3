"""The peer of the promotion bench: a decision table of zen-engine over the same rules and baskets.

It answers which rules' own conditions hold for each line (goods, pieces, hour) and no more: no
amounts, floors, splits or traces. `pip install loyalty-edge[bench]` brings it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

from loyalty.basket import Basket
from loyalty.promotions import conditions as when
from loyalty.promotions.compile import scopes_of, targets_of
from loyalty.promotions.ruleset import Promotion, Ruleset

NAME = "zen-engine"
_INPUTS = ("sku", "group", "pieces", "minute")


def is_installed() -> bool:
    """The peer is there."""
    return find_spec("zen") is not None


def peer_of(rules: Ruleset, minute: int) -> Callable[[Basket], list[list[dict[str, str]]]]:
    """A function that finds the promotions of each line of a basket, at a minute of the day."""
    import zen

    decision = zen.ZenEngine().create_decision(_table(rules))

    def find(basket: Basket) -> list[list[dict[str, str]]]:
        lines = [
            {
                "sku": line.sku,
                "group": line.groups[0],
                "pieces": max(1, line.qty_milli // 1000),
                "minute": minute,
            }
            for line in basket.lines
        ]
        found: list[list[dict[str, str]]] = decision.evaluate({"lines": lines})["result"]["found"]
        return found

    return find


def _table(rules: Ruleset) -> str:
    rows = [row for promotion in rules.promotions for row in _rows(promotion)]
    table = {
        "hitPolicy": "collect",
        "executionMode": "loop",
        "inputField": "lines",
        "outputPath": "found",
        "inputs": [{"id": name, "name": name, "field": name} for name in _INPUTS],
        "outputs": [{"id": "promotion", "name": "promotion", "field": "promotion"}],
        "rules": [{"_id": str(number), **row} for number, row in enumerate(rows)],
    }
    place = {"x": 0, "y": 0}
    nodes: list[dict[str, Any]] = [
        {"id": "in", "name": "in", "type": "inputNode", "position": place},
        {"id": "t", "name": "t", "type": "decisionTableNode", "position": place, "content": table},
        {"id": "out", "name": "out", "type": "outputNode", "position": place},
    ]
    edges = [
        {"id": "e1", "type": "edge", "sourceId": "in", "targetId": "t"},
        {"id": "e2", "type": "edge", "sourceId": "t", "targetId": "out"},
    ]
    return json.dumps({"nodes": nodes, "edges": edges})


def _rows(promotion: Promotion) -> list[dict[str, str]]:
    """One row for each scope that the promotion names, with what a cell can ask of a line."""
    row = dict.fromkeys(_INPUTS, "") | {"promotion": f'"{promotion.promotion_id}"'}
    for condition in promotion.conditions:
        if isinstance(condition, when.ScopeQuantity):
            row["pieces"] = f">= {condition.at_least}"
        if isinstance(condition, when.TimeWindow):
            row["minute"] = f"[{condition.from_minute}..{condition.until_minute})"
    scopes = [*targets_of(promotion), *(s for one in promotion.conditions for s in scopes_of(one))]
    return [
        row | {"sku": _cell(scope.skus), "group": _cell(scope.groups)}
        for scope in dict.fromkeys(scopes)
    ]


def _cell(names: Sequence[str] | frozenset[str]) -> str:
    return ", ".join(f'"{name}"' for name in sorted(names))
