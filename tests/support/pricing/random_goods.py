"""Random baskets of a small assortment: every goods class, unit, price kind and floor.

The goods are few on purpose, so that scopes of random rules meet them.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from loyalty.basket import Basket, LineItem, check_basket
from loyalty.money import line_sum

SKUS = ("a", "b", "c", "d", "e", "f", "g", "h")
GROUPS = ("cheese", "milk", "bread", "wine", "smoke", "gifts")
GROUP_PARENTS = {
    "cheese": "dairy",
    "milk": "dairy",
    "dairy": "food",
    "bread": "food",
    "food": "",
    "wine": "",
    "smoke": "",
}
BRANDS = ("", "Гауда", "Ранок")
TAGS = ("eco", "new", "last_chance")
_PRICES = (1, 2, 99, 100, 999, 1_000, 2_050, 4_990, 12_345, 50_000)


def random_basket(draw: random.Random) -> Basket:
    """A lawful basket of none to many lines; small ones are the most frequent."""
    size = draw.choice((0, 1, 1, 2, 3, 4, 5, 6, 8, 12, 20))
    lines = [random_line(draw, f"L{draw.randrange(10_000)}-{number}") for number in range(size)]
    goods = sum(line.sum_minor for line in lines)
    if goods and draw.random() < 0.2:
        for number in range(draw.choice((1, 1, 2))):
            off = draw.choice((1, goods // 7, goods // 3, goods)) if not number else 1
            goods -= min(off, goods)
            if off:
                lines.insert(draw.randrange(len(lines) + 1), _manual(off, f"M{number}"))
        total = sum(line.sum_minor for line in lines)
        if total < 0:
            lines = [line for line in lines if line.price_kind != "manual_discount"]
    return check_basket(Basket(tuple(lines)))


def _manual(off: int, line_id: str) -> LineItem:
    return LineItem(
        line_id, "manual", "Знижка касира", 1000, -off, -off, price_kind="manual_discount"
    )


def random_line(draw: random.Random, line_id: str) -> LineItem:
    """One line; equal goods at different prices and ids occur."""
    group = draw.choice(GROUPS)
    is_weighed = draw.random() < 0.2
    price = draw.choice(_PRICES) if draw.random() < 0.5 else draw.randrange(60_000)
    if draw.random() < 0.02:
        price = 0
    if is_weighed:
        qty = draw.choice((1, 345, 999, 1_000, 1_005, draw.randrange(1, 5_000)))
    else:
        qty = 1000 * draw.choice((1, 1, 1, 2, 2, 3, 4, 5, 7, draw.randrange(1, 40)))
        if draw.random() < 0.03:
            qty += 500
    line = LineItem(
        line_id=line_id,
        sku=draw.choice(SKUS),
        name=draw.choice(("Сир", "Хліб", "Вода")),
        qty_milli=qty,
        unit_price_minor=price,
        sum_minor=line_sum(price, qty) + draw.choice((0, 0, 0, 1, 2)),
        unit=draw.choice(("кг", "kg", "л")) if is_weighed else draw.choice(("шт", "pcs")),
        price_kind=draw.choice(("shelf",) * 6 + ("reduced", "override")),  # type: ignore[arg-type]
        groups=(group,) if draw.random() < 0.9 else (group, draw.choice(GROUPS)),
        tags=tuple(tag for tag in TAGS if draw.random() < 0.2),
        brand=draw.choice(BRANDS),
    )
    return _classed(line, group, draw)


def _classed(line: LineItem, group: str, draw: random.Random) -> LineItem:
    """The class of the goods by their group, now and then entered wrongly."""
    price = line.unit_price_minor
    if group == "smoke":
        known: dict[str, Any] = draw.choice(
            ({"goods_class": "tobacco"}, {"uktzed": "2402209020"}, {"uktzed": "8543400000"})
        )
        return replace(line, **known)
    if group == "gifts" and draw.random() < 0.5:
        return replace(line, goods_class="gift_card")
    if group == "wine":
        lawful = draw.choice((0, 1, price // 3, price // 2, price * 9 // 10, price, price + 7))
        return replace(line, goods_class="alcohol", min_price_minor=lawful)
    if draw.random() < 0.1:
        return replace(line, min_price_minor=draw.randrange(price + 1))
    return line
