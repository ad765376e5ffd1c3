"""Typed readers of the demo shop's files.

A basket shape names groups; it becomes goods by a fixed rule: for line `i` of basket `b` the
goods of the group, in order of SKU, are counted off at `(b + 3 * i) mod their number`. A piece
line takes the quantity as it is, a weighed one 300 g for each unit of it.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from importlib import resources

from loyalty.basket import Basket, LineItem
from loyalty.money import line_sum
from sync.contract.feed import FeedGood

GRAMS_PER_UNIT = 300
_DATA = resources.files("edge_agent.demo_data")


@dataclass(frozen=True, slots=True)
class DemoMember:
    """A row of members.csv; `balance_points` in hundredths of a bonus, dates as ISO text."""

    card: str
    phone: str
    name: str
    birthday: str
    groups: tuple[str, ...]
    balance_points: int
    expires_on: str
    consent_at: str


@dataclass(frozen=True, slots=True)
class BasketShape:
    """A real basket as (group, quantity) pairs; `number` is its place in the file."""

    number: int
    lines: tuple[tuple[str, int], ...]


def goods() -> tuple[FeedGood, ...]:
    """All goods, in file order."""
    return tuple(
        FeedGood(
            sku=row["sku"],
            name=row["name"],
            barcodes=_listed(row["barcodes"]),
            unit=row["unit"],
            unit_price_minor=_hundredths(row["price"]),
            price_kind=row["price_kind"],
            tax_group=row["tax_group"],
            uktzed=row["uktzed"],
            goods_class=row["goods_class"],
            min_price_minor=_hundredths(row["min_price"] or "0"),
            groups=_listed(row["groups"]),
            tags=_listed(row["tags"]),
        )
        for row in _rows("goods.csv")
    )


def members() -> tuple[DemoMember, ...]:
    """All members, in file order."""
    return tuple(
        DemoMember(
            card=row["card"],
            phone=row["phone"],
            name=row["name"],
            birthday=row["birthday"],
            groups=tuple(_listed(row["groups"])),
            balance_points=_hundredths(row["balance"]),
            expires_on=row["expires_on"],
            consent_at=row["consent_at"],
        )
        for row in _rows("members.csv")
    )


def rules() -> bytes:
    """The first rule file, as it is published."""
    return (_DATA / "rules.json").read_bytes()


def pushed_rules() -> bytes:
    """The rule file that the demo publishes while it runs."""
    return (_DATA / "rules_pushed.json").read_bytes()


def basket_shapes() -> tuple[BasketShape, ...]:
    """The shapes of real baskets."""
    found = json.loads((_DATA / "baskets.json").read_bytes())["baskets"]
    return tuple(
        BasketShape(number, tuple((str(group), int(qty)) for group, qty in lines))
        for number, lines in enumerate(found)
    )


def basket_of(shape: BasketShape, assortment: tuple[FeedGood, ...]) -> Basket:
    """The shape filled with goods; groups that nobody sells are left out."""
    lines = []
    for place, (group, qty) in enumerate(shape.lines):
        choice = sorted(
            (good for good in assortment if group in good.groups), key=lambda good: good.sku
        )
        if choice:
            good = choice[(shape.number + 3 * place) % len(choice)]
            weighed = good.unit not in ("шт", "pcs")
            qty_milli = qty * (GRAMS_PER_UNIT if weighed else 1000)
            lines.append(line_of(good, f"L{place + 1}", qty_milli))
    return Basket(tuple(lines))


def line_of(good: FeedGood, line_id: str, qty_milli: int) -> LineItem:
    """A line of a basket as the till would ring this good."""
    return LineItem(
        line_id=line_id,
        sku=good.sku,
        name=good.name,
        qty_milli=qty_milli,
        unit_price_minor=good.unit_price_minor,
        sum_minor=line_sum(good.unit_price_minor, qty_milli),
        barcode=good.barcodes[0] if good.barcodes else "",
        unit=good.unit,
        price_kind=good.price_kind,  # type: ignore[arg-type]
        tax_group=good.tax_group,
        uktzed=good.uktzed,
        goods_class=good.goods_class,  # type: ignore[arg-type]
        min_price_minor=good.min_price_minor,
        groups=tuple(good.groups),
        tags=tuple(good.tags),
    )


def _rows(name: str) -> list[dict[str, str]]:
    text = (_DATA / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), delimiter=";"))


def _listed(text: str) -> list[str]:
    return text.split("|") if text else []


def _hundredths(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0"))
