"""What is being bought: basket, lines and tenders, with the bounds every door checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from loyalty.errors import InvalidBasket

MAX_LINES = 1_000
MAX_QTY_MILLI = 100_000_000
MAX_UNIT_PRICE_MINOR = 1_000_000_000
MAX_SUM_MINOR = 100_000_000_000
MAX_TEXT = 200
MAX_LIST = 200

PriceKind = Literal["shelf", "reduced", "override", "manual_discount"]
GoodsClass = Literal["normal", "tobacco", "alcohol", "gift_card"]
TenderKind = Literal["cash", "card", "gift_card", "bonus", "other"]


@dataclass(frozen=True, slots=True)
class LineItem:
    """One line as the till rang it.

    `sum_minor` is the till's own line sum and is authoritative; it is never recomputed.
    `qty_milli` is in thousandths of `unit`; `min_price_minor` is the lowest lawful price of one
    unit after every discount and bonus (0 = none). A line that `needs_stamp` carries one excise
    stamp per piece in `excise_stamps` before it may be sold.
    """

    line_id: str
    sku: str
    name: str
    qty_milli: int
    unit_price_minor: int
    sum_minor: int
    barcode: str = ""
    unit: str = "шт"
    price_kind: PriceKind = "shelf"
    tax_group: str = "А"
    uktzed: str = ""
    excise_stamps: tuple[str, ...] = ()
    goods_class: GoodsClass = "normal"
    min_price_minor: int = 0
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    brand: str = ""
    needs_stamp: bool = False

    @property
    def is_weighed(self) -> bool:
        """A line sold by measure counts as one piece in count mechanics."""
        return self.unit not in ("шт", "pcs")


@dataclass(frozen=True, slots=True)
class Basket:
    """All lines of one sale, in the order of the till."""

    lines: tuple[LineItem, ...] = ()

    @property
    def gross_minor(self) -> int:
        """Sum of the till's line sums."""
        return sum(line.sum_minor for line in self.lines)


@dataclass(frozen=True, slots=True)
class Tender:
    """One means of payment and its amount in kopecks.

    `reference` is the till's own name of a gift card (never its number), so that several stay
    apart; `balance_minor` is what lay on it before this sale, None where the till does not know.
    """

    kind: TenderKind
    amount_minor: int
    reference: str = ""
    balance_minor: int | None = None


def _refuse(code: str, message: str, line: LineItem, field: str) -> InvalidBasket:
    return InvalidBasket(code, f"line {line.line_id or '?'}: {message}", field)


def _check_line(line: LineItem) -> None:
    for field in ("qty_milli", "unit_price_minor", "sum_minor", "min_price_minor"):
        value = getattr(line, field)
        if not isinstance(value, int) or isinstance(value, bool):
            raise _refuse("not_an_integer", f"{field} must be an integer", line, field)
    if not line.line_id or not line.sku:
        raise _refuse("missing_id", "line_id and sku are required", line, "line_id")
    _check_texts(line)
    if not 0 < line.qty_milli <= MAX_QTY_MILLI:
        raise _refuse(
            "bad_quantity", "quantity must be over 0 and at most 100000", line, "qty_milli"
        )
    if abs(line.unit_price_minor) > MAX_UNIT_PRICE_MINOR or abs(line.sum_minor) > MAX_SUM_MINOR:
        raise _refuse("bad_price", "price or sum is out of bounds", line, "unit_price_minor")
    if line.price_kind not in get_args(PriceKind) or line.goods_class not in get_args(GoodsClass):
        raise _refuse("unknown_kind", "unknown price kind or goods class", line, "price_kind")
    negative = line.unit_price_minor < 0 or line.sum_minor < 0
    if negative and line.price_kind != "manual_discount":
        raise _refuse(
            "negative_price", "only a manual_discount line may be negative", line, "sum_minor"
        )
    if line.price_kind == "manual_discount" and line.sum_minor > 0:
        raise _refuse(
            "positive_discount",
            "a manual_discount line takes off, it never adds",
            line,
            "sum_minor",
        )
    if not 0 <= line.min_price_minor <= MAX_UNIT_PRICE_MINOR:
        raise _refuse("bad_price", "minimum price is out of bounds", line, "min_price_minor")


def _check_texts(line: LineItem) -> None:
    lists = (line.groups, line.tags, line.excise_stamps)
    if max(map(len, lists)) > MAX_LIST:
        raise _refuse("too_many_items", f"lists have at most {MAX_LIST} items", line, "groups")
    texts = (
        *(line.line_id, line.sku, line.name, line.barcode, line.unit),
        *(line.tax_group, line.uktzed, line.brand, *line.groups, *line.tags, *line.excise_stamps),
    )
    if max(map(len, texts)) > MAX_TEXT:
        raise _refuse("too_long", f"texts are limited to {MAX_TEXT} characters", line, "name")


def _check_stamps(line: LineItem, seen: set[str]) -> None:
    """A stamp is on one bottle: read twice, the second bottle has none of its own."""
    for stamp in line.excise_stamps:
        if not stamp.strip() or not stamp.isprintable():
            raise _refuse("bad_stamp", "an excise stamp is printable text", line, "excise_stamps")
        if stamp in seen:
            raise _refuse(
                "stamp_twice", "this excise stamp is in the basket already", line, "excise_stamps"
            )
        seen.add(stamp)


def check_basket(basket: Basket) -> Basket:
    """Return the basket, or raise `InvalidBasket` naming the first line and field at fault."""
    if len(basket.lines) > MAX_LINES:
        raise InvalidBasket("too_many_lines", f"a basket has at most {MAX_LINES} lines", "lines")
    seen: set[str] = set()
    stamps: set[str] = set()
    for line in basket.lines:
        _check_line(line)
        if line.line_id in seen:
            raise _refuse("duplicate_line", "line_id occurs twice", line, "line_id")
        seen.add(line.line_id)
        if line.excise_stamps:
            _check_stamps(line, stamps)
    total = basket.gross_minor
    if total < 0:
        raise InvalidBasket("negative_total", "discount lines exceed the goods", "lines")
    if total > MAX_SUM_MINOR:
        raise InvalidBasket("total_too_large", "no tender can pay such a sum", "lines")
    return basket
