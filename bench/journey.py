"""Past receipts and promotions made from the Complete Journey data, for dry runs of rules.

`python -m bench.journey DIR OUT.jsonl [--receipts N] [--seed S]` writes receipts in the form of
`edge-central export sales`; `python -m bench.journey DIR --rules OUT.json [--count N]` writes a
rule file over the same goods. DIR holds `products.csv.gz` and `lines_weeks_01_26.csv.gz` (84.51, R
package completejourney 1.1.1, CC0).

The data is a sample of lines, two or three to a basket. Baskets of one store are merged in a random
order until a drawn size is reached: 12 lines on average; stores with few goods in the sample are
left out. A cent becomes `MINOR_PER_CENT` kopecks. The shelf price is what was paid plus the store's
own discounts, which stand in the receipt as the promotion `as-sold`.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import random
import re
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

MEAN_LINES = 12
MIN_LINES, MAX_LINES = 4, 20
MIN_VARIETY = 2 * MAX_LINES
MAX_QUANTITY = 20
MINOR_PER_CENT = 40
MEMBER_SHARE = 60
KYIV = ZoneInfo("Europe/Kyiv")
ALCOHOL = ("BEERS/ALES", "DOMESTIC WINE", "IMPORTED WINE", "LIQUOR", "MISC WINE", "SPARKLING WINE")
TOBACCO = ("CIGARETTES", "TOBACCO OTHER", "CIGARS", "SMOKELESS TOBACCO")
DEFAULT_SEED = 20261122


@dataclass(frozen=True)
class Product:
    """A row of products.csv in our words."""

    sku: str
    name: str
    group: str
    department: str
    brand: str
    is_private: bool
    goods_class: str


@dataclass(frozen=True)
class Sold:
    """A row of the lines: kopecks for the whole quantity."""

    sku: str
    quantity: int
    gross_minor: int
    discount_minor: int


@dataclass(frozen=True)
class SmallBasket:
    """The lines of one basket that are in the sample."""

    store_id: str
    household: int
    at: datetime
    lines: tuple[Sold, ...]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def slug(text: str) -> str:
    """A name for a group: lower case, words joined by `_`."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_") or "other"


def products(folder: Path) -> dict[str, Product]:
    """All goods by SKU."""
    found = {}
    for row in _rows(folder / "products.csv.gz"):
        category = row["product_category"]
        kind = "tobacco" if category in TOBACCO else "normal"
        department = slug(row["department"])
        found[row["product_id"]] = Product(
            sku=row["product_id"],
            name=f"{row['product_type']} {row['package_size']}".strip()[:120],
            group=f"{department}.{slug(category)}"[:40],
            department=department,
            brand=f"m{row['manufacturer_id']}",
            is_private=row["brand"] == "Private",
            goods_class="alcohol" if category in ALCOHOL else kind,
        )
    return found


def baskets(folder: Path, known: dict[str, Product]) -> list[SmallBasket]:
    """Small baskets in the order of the file. Lines without a price or a whole quantity of at most
    `MAX_QUANTITY` (fuel, returns) are left out."""
    found: dict[str, tuple[dict[str, str], list[Sold]]] = {}
    for row in _rows(folder / "lines_weeks_01_26.csv.gz"):
        quantity = int(row["quantity"])
        discount = int(row["retail_disc_cents"]) + int(row["coupon_match_disc_cents"])
        gross = int(row["sales_value_cents"]) + discount
        if not 1 <= quantity <= MAX_QUANTITY or gross <= 0 or row["product_id"] not in known:
            continue
        line = Sold(
            row["product_id"], quantity, gross * MINOR_PER_CENT, max(0, discount) * MINOR_PER_CENT
        )
        found.setdefault(row["basket_id"], (row, []))[1].append(line)
    return [
        SmallBasket(
            store_id=row["store_id"],
            household=int(row["household_id"]),
            at=datetime.fromisoformat(row["transaction_timestamp"]).replace(tzinfo=KYIV),
            lines=tuple(lines),
        )
        for row, lines in found.values()
    ]


def merged(small: list[SmallBasket], receipts: int, draw: random.Random) -> Iterator[SmallBasket]:
    """So many receipts of 12 lines on average; the data is gone through again when it ends.

    Each SKU stands on one line of a receipt; time and household are those of the first basket."""
    stores: dict[str, list[SmallBasket]] = {}
    for basket in small:
        stores.setdefault(basket.store_id, []).append(basket)
    stores = {name: of for name, of in stores.items() if _variety(of) >= MIN_VARIETY}
    weights = [sum(len(basket.lines) for basket in of) for of in stores.values()]
    waiting: dict[str, list[SmallBasket]] = {name: [] for name in stores}
    size = MEAN_LINES
    for number, store in enumerate(draw.choices(list(stores), weights, k=receipts)):
        # Two by two they balance, so the mean is exact.
        size = 2 * MEAN_LINES - size if number % 2 else draw.randint(MIN_LINES, MAX_LINES)
        lines: dict[str, Sold] = {}
        first: SmallBasket | None = None
        while len(lines) < size:
            if not waiting[store]:
                waiting[store] = draw.sample(stores[store], len(stores[store]))
            basket = waiting[store].pop()
            first = first or basket
            for line in basket.lines:
                if len(lines) < size:
                    lines.setdefault(line.sku, line)
        assert first is not None
        yield SmallBasket(first.store_id, first.household, first.at, tuple(lines.values()))


def _variety(small: list[SmallBasket]) -> int:
    return len({line.sku for basket in small for line in basket.lines})


def sale_of(
    number: int, basket: SmallBasket, known: dict[str, Product], draw: random.Random
) -> dict[str, Any]:
    """A receipt in the form of `sync.contract.messages.WireSale`."""
    lines = [
        _line(place, sold, known[sold.sku], draw) for place, sold in enumerate(basket.lines, 1)
    ]
    discounts = {
        line["line_id"]: min(sold.discount_minor, line["sum_minor"] - sold.quantity)
        for line, sold in zip(lines, basket.lines, strict=True)
        if sold.discount_minor and known[sold.sku].goods_class != "tobacco"
    }
    shares = [
        {"line_id": name, "amount": amount} for name, amount in discounts.items() if amount > 0
    ]
    gross = sum(line["sum_minor"] for line in lines)
    discount = sum(share["amount"] for share in shares)
    as_sold = {
        "promotion_id": "as-sold",
        "name": "Знижки магазину",
        "amount_minor": discount,
        "shares": shares,
    }
    is_member = draw.randrange(100) < MEMBER_SHARE
    return {
        "version": 1,
        "sale_id": str(uuid.UUID(int=draw.getrandbits(128), version=4)),
        "register_id": f"R-{basket.store_id}",
        "store_id": f"S-{basket.store_id}",
        "occurred_at": basket.at.isoformat(),
        "clock": {"source": "centre", "offset_ms": 0},
        "mode": "online",
        "member_id": basket.household if is_member else None,
        "lines": lines,
        "promotions": [as_sold] if shares else [],
        "tenders": [
            {"kind": draw.choice(("cash", "card", "card")), "amount_minor": gross - discount}
        ],
        "gross_minor": gross,
        "discount_minor": discount,
        "redeemed_minor": 0,
        "payable_minor": gross - discount,
        "ruleset_sequence": 1,
        "agent_version": "journey",
        "fiscal": "none",
        "cashier_id": f"C{number % 7}",
    }


def _line(place: int, sold: Sold, product: Product, draw: random.Random) -> dict[str, Any]:
    price = max(1, sold.gross_minor // sold.quantity)
    # A fifth of alcohol stands near its lowest lawful price.
    floor_percent = draw.choice((50, 60, 70, 80, 98))
    is_alcohol = product.goods_class == "alcohol"
    return {
        "line_id": str(place),
        "sku": sold.sku,
        "name": product.name or sold.sku,
        "qty_milli": sold.quantity * 1000,
        "unit_price_minor": price,
        "sum_minor": price * sold.quantity,
        "goods_class": product.goods_class,
        "min_price_minor": price * floor_percent // 100 if is_alcohol else 0,
        "groups": [product.group],
        "tags": ["private"] if product.is_private else [],
        "brand": product.brand,
    }


def main() -> int:
    """Write what was asked for; the seed stands on stdout."""
    parser = argparse.ArgumentParser(prog="bench.journey", description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("out", type=Path, nargs="?", metavar="OUT.jsonl")
    parser.add_argument("--receipts", type=int, default=10_000)
    parser.add_argument("--rules", type=Path, metavar="OUT.json")
    parser.add_argument("--count", type=int, default=300, help="promotions of the rule file")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    arguments = parser.parse_args()
    if arguments.out is None and arguments.rules is None:
        parser.error("name OUT.jsonl, --rules, or both")
    try:
        known = products(arguments.folder)
        small = baskets(arguments.folder, known)
    except OSError as error:
        print(f"bench.journey: {error}", file=sys.stderr)
        return 2
    if arguments.out is not None:
        _write_receipts(arguments.out, arguments.receipts, known, small, arguments.seed)
    if arguments.rules is not None:
        from bench.journey_rules import rule_file

        rules = rule_file(known, small, arguments.count, arguments.seed)
        arguments.rules.write_text(json.dumps(rules, ensure_ascii=False, indent=1), "utf-8")
        print(f"{len(rules['promotions'])} promotions -> {arguments.rules}")
    print(f"seed {arguments.seed}")
    return 0


def _write_receipts(
    out: Path, receipts: int, known: dict[str, Product], small: list[SmallBasket], seed: int
) -> None:
    draw = random.Random(seed)
    lines = 0
    with out.open("w", encoding="utf-8") as file:
        for number, basket in enumerate(merged(small, receipts, draw)):
            sale = sale_of(number, basket, known, draw)
            lines += len(sale["lines"])
            file.write(json.dumps(sale, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(f"{receipts} receipts of {lines / max(1, receipts):.2f} lines -> {out}")


if __name__ == "__main__":
    raise SystemExit(main())
