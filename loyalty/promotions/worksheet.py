"""The running figures of one evaluation: what each line costs so far and may still lose."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty.basket import Basket, LineItem
from loyalty.promotions.compile import CompiledRuleset
from loyalty.promotions.law import floor_of, pieces_of, takes_part
from loyalty.promotions.spread import spread


class SheetLine:
    """One line in kopecks.

    `net` is after the promotions so far; `manual` is the line's part of the till's own discounts,
    which no promotion sees but money bases and floors do; `set_discount` and `used` are what set
    promotions took off the line and how many of its pieces they used.
    """

    __slots__ = (
        "earns",
        "floor",
        "groups",
        "index",
        "item",
        "manual",
        "net",
        "pieces",
        "points",
        "redeemed",
        "set_discount",
        "takes_part",
        "used",
    )

    def __init__(self, index: int, item: LineItem, groups: frozenset[str], floor: int) -> None:
        self.index = index
        self.item = item
        self.groups = groups
        self.floor = floor
        self.takes_part = takes_part(item)
        self.pieces = pieces_of(item)
        self.net = item.sum_minor
        self.manual = 0
        self.redeemed = 0
        self.set_discount = 0
        self.used = 0
        self.points = 0
        self.earns = self.takes_part

    @property
    def money(self) -> int:
        """What is paid for the line with money, so far."""
        return self.net - self.manual - self.redeemed

    @property
    def room(self) -> int:
        """What may still be taken off the line."""
        left = self.net - self.manual - self.redeemed - self.floor
        return left if left > 0 else 0


class Worksheet:
    """All lines of a basket, and which of them each scope holds."""

    __slots__ = ("by_scope", "forbidden", "lines", "open_lines")

    def __init__(self, compiled: CompiledRuleset, basket: Basket) -> None:
        programme = compiled.programme
        self.lines: list[SheetLine] = []
        self.by_scope: dict[int, list[SheetLine]] = {}
        self.forbidden: set[int] = set()
        """Scopes that hold goods which the law takes out of them."""
        for index, item in enumerate(basket.lines):
            groups = compiled.groups_of(item)
            line = SheetLine(index, item, groups, floor_of(item, programme.unit_floor_minor))
            line.earns = (
                line.takes_part
                and programme.accrual_excluded_groups.isdisjoint(groups)
                and not (programme.accrual_excludes_reduced and item.price_kind == "reduced")
            )
            self.lines.append(line)
            if item.price_kind == "manual_discount":
                continue
            numbers = compiled.scopes_with(item, groups)
            if not line.takes_part:
                self.forbidden |= numbers
                continue
            for number in numbers:
                self.by_scope.setdefault(number, []).append(line)
        self.open_lines = [line for line in self.lines if line.takes_part]
        self._share_manual_discounts()

    def touched(self) -> set[int]:
        """Numbers of the scopes that the basket has to do with."""
        return self.forbidden.union(self.by_scope)

    @property
    def payable(self) -> int:
        """Kopecks still to pay: goods less promotions, bonuses and the till's own discounts."""
        return sum(line.net - line.redeemed for line in self.lines)

    def _share_manual_discounts(self) -> None:
        manual = -sum(
            line.item.sum_minor for line in self.lines if line.item.price_kind == "manual_discount"
        )
        tobacco = [
            line
            for line in self.lines
            if not line.takes_part and line.item.price_kind != "manual_discount"
        ]
        for lines in (self.open_lines, tobacco):
            manual -= _share(manual, lines)


def _share(amount: int, lines: Sequence[SheetLine]) -> int:
    sums = [line.item.sum_minor for line in lines]
    parts = spread(min(amount, sum(sums)), sums, sums, moves_overflow=True)
    for line, part in zip(lines, parts, strict=True):
        line.manual = part
    return sum(parts)
