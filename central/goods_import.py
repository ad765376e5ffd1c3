"""Taking the goods list in from a spreadsheet; the same file twice changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import get_args

from central.changes import Changes
from central.csv_file import (
    BadRow,
    Rejects,
    check_fields,
    open_table,
    parse_hundredths,
    parse_list,
)
from central.db.bulk import Connection
from central.errors import BadInput
from loyalty.basket import MAX_TEXT, MAX_UNIT_PRICE_MINOR, GoodsClass, PriceKind
from sync.contract.feed import FeedGood

COLUMNS = (
    *("sku", "name", "barcodes", "unit", "price", "price_kind", "tax_group", "uktzed"),
    *("goods_class", "min_price", "groups", "tags", "needs_stamp"),
)
YES_NO = {"": False, "0": False, "1": True, "no": False, "yes": True, "ні": False, "так": True}
CHUNK_ROWS = 2_000
_IMPORT_LOCK = 5_260_871_004


@dataclass(slots=True)
class GoodsResult:
    """Counts of one run."""

    rows: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    errors_file: str = ""


def parse_good(values: Mapping[str, str]) -> FeedGood:
    """One checked row: prices in hryvnias become kopecks."""
    for name in ("sku", "name", "price"):
        if not values[name]:
            raise BadRow("missing", name)
    for name in ("sku", "name", "unit", "tax_group", "uktzed"):
        if len(values[name]) > MAX_TEXT:
            raise BadRow("too_long", name)
    price_kind = values["price_kind"] or "shelf"
    if price_kind not in get_args(PriceKind) or price_kind == "manual_discount":
        raise BadRow("unknown_value", "price_kind")
    goods_class = values["goods_class"] or "normal"
    if goods_class not in get_args(GoodsClass):
        raise BadRow("unknown_value", "goods_class")
    barcodes = parse_list(values["barcodes"], "barcodes")
    if not all(code.isascii() and code.isalnum() for code in barcodes):
        raise BadRow("bad_barcode", "barcodes")
    return FeedGood(
        sku=values["sku"],
        name=values["name"],
        barcodes=barcodes,
        unit=values["unit"] or "шт",
        unit_price_minor=_price(values["price"], "price"),
        price_kind=price_kind,
        tax_group=values["tax_group"] or "А",
        uktzed=values["uktzed"],
        goods_class=goods_class,
        min_price_minor=_price(values["min_price"] or "0", "min_price"),
        groups=parse_list(values["groups"], "groups"),
        tags=parse_list(values["tags"], "tags"),
        needs_stamp=_flag(values["needs_stamp"], "needs_stamp"),
    )


def _flag(text: str, field: str) -> bool:
    known = YES_NO.get(text.strip().casefold())
    if known is None:
        raise BadRow("unknown_value", field)
    return known


def _price(text: str, field: str) -> int:
    price = parse_hundredths(text, field)
    if price > MAX_UNIT_PRICE_MINOR:
        raise BadRow("too_large", field)
    return price


def import_goods(
    connection: Connection, path: Path, *, on_progress: Callable[[int], None]
) -> GoodsResult:
    """Put every row that differs from what is known; goods not in the file stay as they are."""
    result = GoodsResult()
    with open_table(path, COLUMNS) as table:
        if missing := {"sku", "name", "price"} - set(table.header):
            raise BadInput("missing_column", f"no column {', '.join(sorted(missing))}")
        rejects = Rejects(path, table.header)
        seen: set[str] = set()
        try:
            rows = iter(table)
            while chunk := list(islice(rows, CHUNK_ROWS)):
                goods = []
                for line, fields, values in chunk:
                    result.rows += 1
                    try:
                        check_fields(table.header, fields)
                        good = parse_good(values)
                        if good.sku in seen:
                            raise BadRow("twice_in_file", "sku")
                        seen.add(good.sku)
                        goods.append(good)
                    except BadRow as error:
                        rejects.add(line, fields, error)
                with connection.transaction():
                    result.changed += _put(connection, goods)
                on_progress(result.rows)
        finally:
            rejects.close()
    result.rejected = rejects.count
    result.unchanged = result.rows - result.changed - result.rejected
    result.errors_file = str(rejects.path) if rejects.count else ""
    return result


def _body(good: FeedGood) -> dict[str, object]:
    """Its row; goods without a stamp stay as they stood before there was the flag."""
    return good.model_dump(exclude=set() if good.needs_stamp else {"needs_stamp"})


def _put(connection: Connection, goods: Sequence[FeedGood]) -> int:
    connection.execute("select pg_advisory_xact_lock(%s)", [_IMPORT_LOCK])
    bodies = [json.dumps(_body(good), ensure_ascii=False) for good in goods]
    rows = connection.execute(
        "insert into good (sku, body) select * from unnest(%s::text[], %s::jsonb[])"
        " on conflict (sku) do update set body = excluded.body"
        " where good.body is distinct from excluded.body returning sku, body",
        [[good.sku for good in goods], bodies],
    ).fetchall()
    changes = Changes()
    for sku, body in rows:
        changes.put("good", sku, body)
    changes.flush(connection)
    return len(rows)
