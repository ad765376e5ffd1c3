"""A rule file over the goods of the Complete Journey: what a chain runs at one time, all live."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from bench.journey import Product, SmallBasket

TIMES = (("08:00", "11:00"), ("17:00", "21:00"), ("20:00", "08:00"))
MEMBER = {"kind": "member_known"}


def rule_file(
    known: dict[str, Product], small: list[SmallBasket], count: int, seed: int
) -> dict[str, Any]:
    """`count` promotions of twelve kinds over the goods that are sold most."""
    draw = random.Random(seed)
    sold = Counter(line.sku for basket in small for line in basket.lines)
    goods = [known[sku] for sku, _ in sold.most_common() if known[sku].goods_class == "normal"]
    parents: dict[str, str | None] = {}
    for product in known.values():
        parents[product.department] = None
        parents[product.group] = product.department
    shelf = _Shelf(goods, draw)
    return {
        "schema_version": 1,
        "note": f"Complete Journey, seed {seed}",
        "programme": {
            "redeem_max_share_bp": 5_000,
            "accrual_valid_days": 365,
            "unit_floor_minor": 1,
            "excluded_groups": sorted(
                {p.group for p in known.values() if p.goods_class == "tobacco"}
            ),
        },
        "group_parents": dict(sorted(parents.items())),
        "group_modes": {"weekly": "best"},
        "promotions": [_promotion(number, shelf, draw) for number in range(count)],
    }


class _Shelf:
    """Scopes that a marketer would name."""

    def __init__(self, goods: list[Product], draw: random.Random) -> None:
        self._goods = goods
        self._draw = draw
        self._groups = sorted({product.group for product in goods})
        self._brands = sorted({product.brand for product in goods[:2_000]})

    def scope(self) -> dict[str, Any]:
        """A handful of SKUs, mostly; else a group, a brand's part of it, or private labels."""
        kind = self._draw.randrange(10)
        if kind < 6:
            # Best sellers are promoted more often than the long tail.
            place = min(self._draw.randrange(len(self._goods)), self._draw.randrange(2_000))
            start = self._goods[place]
            same = [good.sku for good in self._goods if good.group == start.group]
            return {"skus": self._draw.sample(same, min(len(same), 8)), "exclude_reduced": True}
        if kind < 9:
            return {"groups": [self._draw.choice(self._groups)]}
        return {"brands": [self._draw.choice(self._brands)], "exclude_reduced": True}


def _promotion(number: int, shelf: _Shelf, draw: random.Random) -> dict[str, Any]:
    scope = shelf.scope()
    kind, effect, conditions = draw.choice(_KINDS)(scope, shelf, draw)
    if draw.randrange(5) == 0:
        from_time, until_time = draw.choice(TIMES)
        window = {"kind": "time_window", "from_time": from_time, "until_time": until_time}
        conditions = [*conditions, window]
    if draw.randrange(6) == 0:
        days = sorted(draw.sample(range(1, 8), 3))
        conditions = [*conditions, {"kind": "weekday", "days": days}]
    promotion: dict[str, Any] = {
        "promotion_id": f"{kind}-{number}",
        "name": {"uk": f"Акція {number}", "en": f"Promotion {number}"},
        "priority": draw.randrange(100),
        "conditions": conditions,
        "effect": effect,
        "caps": {"per_receipt_minor": 50_000, "is_partial": True},
    }
    if draw.randrange(8) == 0:
        promotion["group"] = "weekly"
    return promotion


def _percent(scope: Any, _shelf: _Shelf, draw: random.Random) -> Any:
    return (
        "percent",
        {"kind": "percent", "target": scope, "percent_bp": draw.randrange(5, 31) * 100},
        [],
    )


def _from_two(scope: Any, _shelf: _Shelf, draw: random.Random) -> Any:
    effect = {"kind": "percent", "target": scope, "percent_bp": draw.randrange(10, 26) * 100}
    return "from-two", effect, [{"kind": "scope_quantity", "scope": scope, "at_least": 2}]


def _amount(scope: Any, _shelf: _Shelf, draw: random.Random) -> Any:
    minor = draw.randrange(2, 30) * 100
    return "amount", {"kind": "amount", "target": scope, "amount_minor": minor, "per": "unit"}, []


def _three_for_two(scope: Any, _shelf: _Shelf, _draw: random.Random) -> Any:
    return "three-for-two", {"kind": "n_for_m", "target": scope, "take": 3, "pay": 2}, []


def _second_half(scope: Any, _shelf: _Shelf, draw: random.Random) -> Any:
    bp = draw.choice((3_000, 5_000))
    return "second", {"kind": "nth_unit", "target": scope, "nth": 2, "percent_bp": bp}, []


def _set(scope: Any, shelf: _Shelf, draw: random.Random) -> Any:
    parts = [{"scope": scope}, {"scope": shelf.scope()}]
    return (
        "set",
        {"kind": "set_price", "parts": parts, "price_minor": draw.randrange(50, 200) * 100},
        [],
    )


def _fixed(scope: Any, _shelf: _Shelf, draw: random.Random) -> Any:
    price = draw.randrange(20, 120) * 100
    return "price", {"kind": "fixed_price", "target": scope, "price_minor": price}, []


def _receipt(_scope: Any, _shelf: _Shelf, draw: random.Random) -> Any:
    least = draw.randrange(5, 30) * 10_000
    target = {"all": True, "exclude_reduced": True}
    effect = {"kind": "amount", "target": target, "amount_minor": least // 20, "per": "receipt"}
    return "receipt", effect, [{"kind": "receipt_value", "at_least_minor": least}, MEMBER]


def _points(scope: Any, _shelf: _Shelf, draw: random.Random) -> Any:
    effect = {"kind": "accrue_percent", "target": scope, "percent_bp": draw.randrange(2, 16) * 100}
    return "points", effect, [MEMBER]


def _points_a_piece(scope: Any, _shelf: _Shelf, draw: random.Random) -> Any:
    effect = {"kind": "accrue_per_unit", "target": scope, "points": draw.randrange(1, 10) * 100}
    return "points-unit", effect, [MEMBER]


def _value(scope: Any, _shelf: _Shelf, draw: random.Random) -> Any:
    least = draw.randrange(10, 60) * 1_000
    effect = {"kind": "amount", "target": scope, "amount_minor": least // 10, "per": "receipt"}
    return "value", effect, [{"kind": "scope_value", "scope": scope, "at_least_minor": least}]


def _message(scope: Any, _shelf: _Shelf, _draw: random.Random) -> Any:
    effect = {
        "kind": "message",
        "place": "screen",
        "text": {"uk": "Запропонуйте ще", "en": "Offer one more"},
    }
    return "message", effect, [{"kind": "scope_quantity", "scope": scope, "at_least": 1}]


_KINDS = (
    *(_percent, _percent, _percent, _from_two, _from_two, _amount, _amount, _three_for_two),
    *(_second_half, _set, _fixed, _receipt, _points, _points, _points_a_piece, _value, _message),
)
