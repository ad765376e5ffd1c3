"""Request bodies of the local API: kopecks, hundredths of a bonus, thousandths of a unit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from loyalty.basket import (
    MAX_LINES,
    MAX_QTY_MILLI,
    MAX_SUM_MINOR,
    MAX_TEXT,
    MAX_UNIT_PRICE_MINOR,
    Basket,
    GoodsClass,
    LineItem,
    PriceKind,
    Tender,
    TenderKind,
)

Text = Annotated[str, Field(max_length=MAX_TEXT)]
Short = Annotated[str, Field(max_length=40)]
Price = Annotated[int, Field(strict=True, ge=-MAX_UNIT_PRICE_MINOR, le=MAX_UNIT_PRICE_MINOR)]
Sum = Annotated[int, Field(strict=True, ge=-MAX_SUM_MINOR, le=MAX_SUM_MINOR)]
Quantity = Annotated[int, Field(strict=True, gt=0, le=MAX_QTY_MILLI)]


class Request(BaseModel):
    """Base of requests: unknown fields are accepted and named back in `ignored`."""

    model_config = ConfigDict(extra="allow")

    def ignored(self) -> list[str]:
        """Names of the fields this version does not know."""
        return sorted(self.__pydantic_extra__ or {})


class LineIn(Request):
    """One line as the till rang it; `sum_minor` is the till's own and is taken as it is."""

    line_id: Annotated[str, Field(min_length=1, max_length=64)]
    sku: Annotated[str, Field(min_length=1, max_length=64)]
    name: Text
    qty_milli: Quantity
    unit_price_minor: Price
    sum_minor: Sum
    barcode: Short = ""
    unit: Annotated[str, Field(max_length=8)] = "шт"
    price_kind: PriceKind = "shelf"
    tax_group: Annotated[str, Field(max_length=4)] = "А"
    uktzed: Annotated[str, Field(max_length=15)] = ""
    excise_stamps: Annotated[list[Short], Field(max_length=50)] = []
    goods_class: GoodsClass = "normal"
    min_price_minor: Annotated[int, Field(strict=True, ge=0, le=MAX_UNIT_PRICE_MINOR)] = 0
    groups: Annotated[list[Short], Field(max_length=32)] = []
    tags: Annotated[list[Short], Field(max_length=32)] = []

    def line(self) -> LineItem:
        """The core's line."""
        return LineItem(
            line_id=self.line_id,
            sku=self.sku,
            name=self.name,
            qty_milli=self.qty_milli,
            unit_price_minor=self.unit_price_minor,
            sum_minor=self.sum_minor,
            barcode=self.barcode,
            unit=self.unit,
            price_kind=self.price_kind,
            tax_group=self.tax_group,
            uktzed=self.uktzed,
            excise_stamps=tuple(self.excise_stamps),
            goods_class=self.goods_class,
            min_price_minor=self.min_price_minor,
            groups=tuple(self.groups),
            tags=tuple(self.tags),
        )


class BasketIn(Request):
    """All lines of the sale; replaces what was there."""

    lines: Annotated[list[LineIn], Field(max_length=MAX_LINES)]

    def basket(self) -> Basket:
        """The core's basket."""
        return Basket(tuple(item.line() for item in self.lines))


class IdentityIn(Request):
    """A code and where it came from, or `take_scan` for who was scanned just before."""

    code: Annotated[str, Field(max_length=512)] = ""
    symbology: Annotated[str, Field(max_length=8)] = ""
    source: Literal["scanner", "camera", "keyboard", "pos"] = "pos"
    take_scan: bool = False


class OpenIn(Request):
    """Open a sale: identity and basket in one call, both optional."""

    identity: IdentityIn | None = None
    basket: BasketIn | None = None
    cashier_id: Short = ""


class RedeemIn(Request):
    """Points to redeem in hundredths; `null` is the most possible, 0 takes it back."""

    points: Annotated[int, Field(strict=True, ge=0, le=10**9)] | None = None


class TenderIn(Request):
    """One means of payment."""

    kind: TenderKind
    amount_minor: Annotated[int, Field(strict=True, gt=0, le=MAX_SUM_MINOR)]


class ConfirmIn(Request):
    """The quote the till shows and the money it took."""

    quote_id: Short
    basket_hash: Short
    tenders: Annotated[list[TenderIn], Field(max_length=10)]

    def paid(self) -> tuple[Tender, ...]:
        """The core's tenders."""
        return tuple(Tender(item.kind, item.amount_minor) for item in self.tenders)


class ReasonIn(Request):
    """Why something is undone."""

    reason: Annotated[str, Field(max_length=200)] = ""


class ReturnIn(ReasonIn):
    """A return of the whole sale; the id is the caller's own."""

    return_id: Annotated[str, Field(min_length=32, max_length=36)]


class ReturnOut(BaseModel):
    """What goes back: money in kopecks, points in hundredths."""

    return_id: str
    sale_id: str
    state: str
    refund_minor: int
    restored_points: int
    reversed_points: int


class ResolveIn(Request):
    """What a person saw on the paper."""

    verdict: Literal["printed", "not_printed"]
    fiscal_number: Short = ""
    author: Annotated[str, Field(min_length=1, max_length=40)]


class ScanIn(Request):
    """A code typed or scanned outside of the agent's own scanner."""

    code: Annotated[str, Field(min_length=1, max_length=512)]
    symbology: Annotated[str, Field(max_length=8)] = ""
    source: Literal["scanner", "camera", "keyboard", "pos"] = "keyboard"


class GoodIn(Request):
    """Add a good to the panel's own sale."""

    code: Annotated[str, Field(min_length=1, max_length=64)]
    qty_milli: Quantity | None = None


class QuantityIn(Request):
    """New quantity of a line; 0 removes it."""

    qty_milli: Annotated[int, Field(strict=True, ge=0, le=MAX_QTY_MILLI)]


class SessionIn(Request):
    """The one-time code of a panel link."""

    code: Annotated[str, Field(min_length=1, max_length=64)]
