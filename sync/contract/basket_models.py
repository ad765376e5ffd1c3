"""A basket and a member as JSON from outside.

Money is kopecks, points are hundredths of a bonus, quantities are thousandths of a unit.
The register's API and the central team's commands read the same forms. Unknown fields are accepted
and can be named back; known ones are bounded and strict.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Annotated, Any

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
)
from loyalty.member import HeldCoupon, Member
from loyalty.stamps import MAX_STAMP
from sync.contract.messages import MemberIdField

MAX_MEMBER_ITEMS = 200
MAX_IGNORED = 50
MAX_IGNORED_NAME = 120

Text = Annotated[str, Field(max_length=MAX_TEXT)]
Short = Annotated[str, Field(max_length=40)]
Stamp = Annotated[str, Field(min_length=1, max_length=MAX_STAMP)]
Price = Annotated[int, Field(strict=True, ge=-MAX_UNIT_PRICE_MINOR, le=MAX_UNIT_PRICE_MINOR)]
Sum = Annotated[int, Field(strict=True, ge=-MAX_SUM_MINOR, le=MAX_SUM_MINOR)]
Quantity = Annotated[int, Field(strict=True, gt=0, le=MAX_QTY_MILLI)]
Points = Annotated[int, Field(strict=True, ge=-(10**12), le=10**12)]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
BirthDay = Annotated[str, Field(pattern=r"^(\d{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")]
Words = Annotated[list[Short], Field(max_length=MAX_MEMBER_ITEMS)]


class Tolerant(BaseModel):
    """Base of what comes from outside: unknown fields are accepted and named in `ignored`."""

    model_config = ConfigDict(extra="allow")

    def ignored(self) -> list[str]:
        """Paths of the fields this version does not know (`basket.lines.0.colour`), sorted at
        each level, at most `MAX_IGNORED`, each cut at `MAX_IGNORED_NAME` characters."""
        return [name[:MAX_IGNORED_NAME] for name in islice(self._unknown(), MAX_IGNORED)]

    def _unknown(self) -> Iterator[str]:
        yield from sorted(self.__pydantic_extra__ or {})
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Tolerant):
                yield from (f"{name}.{below}" for below in value._unknown())
            elif isinstance(value, list) and value and isinstance(value[0], Tolerant):
                for number, item in enumerate(value):
                    if isinstance(item, Tolerant):
                        yield from (f"{name}.{number}.{below}" for below in item._unknown())


class LineIn(Tolerant):
    """One line as the till rang it; `sum_minor` is the till's own and is taken as it is.

    A line that `needs_stamp`, by the till's word or by the goods list, is confirmed with one entry
    of `excise_stamps` per piece only."""

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
    excise_stamps: Annotated[list[Stamp], Field(max_length=50)] = []
    goods_class: GoodsClass = "normal"
    min_price_minor: Annotated[int, Field(strict=True, ge=0, le=MAX_UNIT_PRICE_MINOR)] = 0
    groups: Annotated[list[Short], Field(max_length=32)] = []
    tags: Annotated[list[Short], Field(max_length=32)] = []
    brand: Annotated[str, Field(max_length=64)] = ""
    needs_stamp: Annotated[bool, Field(strict=True)] = False

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
            brand=self.brand,
            needs_stamp=self.needs_stamp,
        )


class BasketIn(Tolerant):
    """All lines of the sale; replaces what was there."""

    lines: Annotated[list[LineIn], Field(max_length=MAX_LINES)]

    def basket(self) -> Basket:
        """The core's basket."""
        return Basket(tuple(item.line() for item in self.lines))


class CouponIn(Tolerant):
    """A coupon the member holds; `expires_on` is its last valid day."""

    code: Annotated[str, Field(min_length=1, max_length=64)]
    expires_on: Day | None = None


class MemberIn(Tolerant):
    """The `member` object of the register's API, and what rules may ask of a member beside it.

    `birthday` is MM-DD or YYYY-MM-DD. The API shows `is_birthday` in its place: then the birthday
    is taken to be the day of the sale. `spendable_points` None means the whole balance.
    """

    member_id: MemberIdField
    name: Text = ""
    tier: Short = ""
    groups: Words = []
    segments: Words = []
    balance_points: Points = 0
    pending_points: Points = 0
    spendable_points: Points | None = None
    birthday: BirthDay | None = None
    is_birthday: bool = False
    is_blocked: bool = False
    purchases_count: Annotated[int, Field(strict=True, ge=0, le=10**9)] = 0
    last_purchase_on: Day | None = None
    coupons: Annotated[list[CouponIn | Short], Field(max_length=MAX_MEMBER_ITEMS)] = []
    purchases: Annotated[list[dict[str, Any]], Field(max_length=MAX_MEMBER_ITEMS)] = []

    def member(self, on: date) -> Member:
        """The core's member on the local day `on` of the sale."""
        birthday = self.birthday[-5:] if self.birthday else None
        if birthday is None and self.is_birthday:
            birthday = on.strftime("%m-%d")
        return Member(
            member_id=self.member_id,
            name=self.name,
            balance_points=self.balance_points,
            pending_points=self.pending_points,
            birthday=birthday,
            tier=self.tier,
            groups=tuple(self.groups),
            segments=tuple(self.segments),
            is_blocked=self.is_blocked,
            purchases_count=self.purchases_count,
            last_purchase_on=self._last_purchase(),
            coupons=tuple(
                HeldCoupon(item)
                if isinstance(item, str)
                else HeldCoupon(item.code, item.expires_on)
                for item in self.coupons
            ),
        )

    def spendable(self) -> int:
        """Points that may be redeemed at most, hundredths."""
        known = self.balance_points if self.spendable_points is None else self.spendable_points
        return max(0, known)

    def _last_purchase(self) -> str | None:
        """The day given, else that of the newest purchase shown (its UTC day)."""
        if self.last_purchase_on is not None:
            return self.last_purchase_on
        days = [str(item.get("at", ""))[:10] for item in self.purchases]
        return max((day for day in days if len(day) == 10), default=None)
