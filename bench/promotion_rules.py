"""Rules and baskets for measuring the engine: a chain's mix of all kinds over one assortment.

With 1,000 rules a line of a basket is in the scope of 2.2 rules in the mean. A sold line of the
Complete Journey is in that of 1.6 of its 892 coupons, were all of its campaigns live at once. The
number of goods may grow with the rules, as where other departments write other rules; then a
basket meets as many of them as before.
"""

from __future__ import annotations

import json
import random
from typing import Any

from loyalty.basket import Basket, LineItem
from loyalty.promotions.ruleset import Ruleset
from sync.contract.bundle import parse_draft

SEED = 20261122
GROUPS = 150
SKUS = 5_000
NAMES = 8
OF_GROUPS = 0.12


def rule_file(count: int, seed: int = SEED, departments: int = 1) -> bytes:
    """`count` promotions over the goods of so many departments of 5,000 SKUs and 150 groups."""
    draw = random.Random(seed)
    groups = GROUPS * departments
    return json.dumps(
        {
            "group_parents": {f"g{n}": f"top{n % 12}" for n in range(groups)}
            | {f"top{n}": None for n in range(12)},
            "group_modes": {f"G{n}": "best" if n % 2 else "first" for n in range(20)},
            "promotions": [_promotion(number, draw, departments) for number in range(count)],
        }
    ).encode()


def ruleset_of(count: int, departments: int = 1) -> Ruleset:
    """The random rules as the engine takes them."""
    return parse_draft(rule_file(count, SEED, departments)).to_ruleset(1)


def _scope(draw: random.Random, departments: int) -> dict[str, Any]:
    if draw.random() < OF_GROUPS:
        scope: dict[str, Any] = {"groups": [f"g{draw.randrange(GROUPS * departments)}"]}
    else:
        goods = SKUS * departments
        scope = {"skus": [str(draw.randrange(goods)) for _ in range(NAMES)]}
    if draw.random() < 0.1:
        scope["price_max_minor"] = 30_000
    if draw.random() < 0.1:
        scope["exclude_reduced"] = True
    return scope


def _effect(draw: random.Random, scope: dict[str, Any], departments: int) -> dict[str, Any]:
    """The kinds that a chain writes most come most often; each kind comes."""
    percent, amount = draw.randrange(100, 3_000), draw.randrange(50, 900)
    kinds: list[tuple[int, dict[str, Any]]] = [
        (25, {"kind": "percent", "target": scope, "percent_bp": percent}),
        (3, {"kind": "percent", "target": scope, "percent_bp": percent, "per": "receipt"}),
        (3, {"kind": "percent", "target": scope, "percent_bp": percent, "units": {"at_most": 3}}),
        (15, {"kind": "amount", "target": scope, "amount_minor": amount, "per": "unit"}),
        (3, {"kind": "amount", "target": scope, "amount_minor": amount, "per": "line"}),
        (15, {"kind": "fixed_price", "target": scope, "price_minor": amount * 10}),
        (10, {"kind": "n_for_m", "target": scope, "take": 3, "pay": 2}),
        (5, {"kind": "nth_unit", "target": scope, "nth": 2, "percent_bp": 5_000}),
        (3, {"kind": "set_price", "parts": _parts(draw, scope, departments), "price_minor": 9_900}),
        (3, {"kind": "gift_item", "sku": "1", "name": {"uk": "Чашка"}, "scope": scope}),
        (10, {"kind": "accrue_percent", "target": scope, "percent_bp": 300}),
        (4, {"kind": "accrue_per_amount", "target": scope, "points": 100, "per_minor": 5_000}),
        (3, {"kind": "accrue_per_unit", "target": scope, "points": 50}),
        (1, {"kind": "accrue_fixed", "target": scope, "points": 500}),
        (1, {"kind": "accrue_multiplier", "target": scope, "factor_bp": 20_000}),
        (1, {"kind": "draw_ticket", "draw": "car", "target": scope, "per_minor": 20_000}),
    ]
    weights, effects = zip(*kinds, strict=True)
    return draw.choices(effects, weights)[0]


def _parts(draw: random.Random, scope: dict[str, Any], departments: int) -> list[dict[str, Any]]:
    return [{"scope": scope}, {"scope": _scope(draw, departments)}]


def _conditions(draw: random.Random, scope: dict[str, Any]) -> list[dict[str, Any]]:
    """None to three, as often about the basket as about anything else."""
    pieces, value = draw.randrange(1, 4), draw.randrange(1_000, 60_000)
    kinds: list[tuple[float, dict[str, Any]]] = [
        (0.35, {"kind": "scope_quantity", "scope": scope, "at_least": pieces}),
        (0.10, {"kind": "scope_value", "scope": scope, "at_least_minor": value}),
        (0.05, {"kind": "distinct_skus", "scope": scope, "at_least": 2}),
        (0.05, {"kind": "receipt_value", "at_least_minor": value}),
        (0.25, {"kind": "time_window", "from_time": "08:00", "until_time": "20:00"}),
        (0.10, {"kind": "weekday", "days": [1, 2, 6, 7]}),
        (0.10, {"kind": "member_group", "groups": ["vip"]}),
        (0.03, {"kind": "store", "stores": ["S1", "S2"]}),
        (0.02, {"kind": "birthday", "days_before": 3, "days_after": 3}),
        (0.02, {"kind": "coupon_held", "coupons": ["C1"]}),
        (0.02, {"kind": "tender_kind", "kinds": ["card"]}),
    ]
    return [condition for share, condition in kinds if draw.random() < share]


def _promotion(number: int, draw: random.Random, departments: int) -> dict[str, Any]:
    scope = _scope(draw, departments)
    promotion: dict[str, Any] = {
        "promotion_id": f"p{number}",
        "name": {"uk": f"Акція {number}", "en": f"Promotion {number}"},
        "priority": draw.randrange(10),
        "conditions": _conditions(draw, scope),
        "effect": _effect(draw, scope, departments),
    }
    if draw.random() < 0.1:
        promotion["group"] = f"G{draw.randrange(20)}"
    if draw.random() < 0.1:
        promotion["caps"] = {"per_receipt_minor": draw.randrange(500, 5_000)}
    if draw.random() < 0.05:
        promotion["consume_units"] = 1
    if draw.random() < 0.03:
        promotion["state"] = "shadow"
    return promotion


def basket_of(lines: int, seed: int) -> Basket:
    """Random goods of one department, one to four pieces each; some reduced, some weighed."""
    draw = random.Random(seed)
    return Basket(tuple(_line(number, draw) for number in range(lines)))


def _line(number: int, draw: random.Random) -> LineItem:
    price, pieces, sku = draw.randrange(1000, 40_000), draw.randrange(1, 5), draw.randrange(SKUS)
    is_weighed = draw.random() < 0.1
    qty_milli = 345 * pieces if is_weighed else 1000 * pieces
    return LineItem(
        line_id=f"L{number}",
        sku=str(sku),
        name=f"Товар {sku}",
        qty_milli=qty_milli,
        unit_price_minor=price,
        sum_minor=(price * qty_milli + 500) // 1000,
        unit="кг" if is_weighed else "шт",
        price_kind="reduced" if draw.random() < 0.1 else "shelf",
        groups=(f"g{sku % GROUPS}",),
        tags=("eco",) if draw.random() < 0.2 else (),
    )
