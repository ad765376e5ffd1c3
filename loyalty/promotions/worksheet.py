"""The running figures of one evaluation: what each line costs so far and may still lose."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty.basket import Basket, LineItem
from loyalty.promotions.index import Place, ScopeIndex
from loyalty.promotions.law import floor_of, may_be_promoted, pieces_of
from loyalty.promotions.spread import spread


class Run:
    """Pieces of one line that cost the same: their count and their kopecks after promotions.

    `is_used` is true once a set used them up.
    """

    __slots__ = ("count", "is_used", "net")

    def __init__(self, count: int, net: int, is_used: bool = False) -> None:
        self.count = count
        self.net = net
        self.is_used = is_used

    def value(self, pieces: int, start: int = 0) -> int:
        """Kopecks of so many pieces from `start`; values of neighbours add up to the run's."""
        count = self.count
        if not start and pieces == count:
            return self.net
        net = 2 * self.net
        ends = (net * (start + pieces) + count) // (2 * count)
        return ends - (net * start + count) // (2 * count)


class SheetLine:
    """One line in kopecks.

    `net` is after the promotions so far; `manual` is the line's part of the till's own discounts,
    which no promotion sees but money bases and floors do; `gift_card` the part that a gift card
    pays when such parts earn nothing. `cut` are the runs of pieces once a promotion took some
    pieces and not others; until then all pieces cost the same.
    """

    __slots__ = (
        "cut",
        "earns",
        "floor",
        "gift_card",
        "index",
        "item",
        "manual",
        "may_be_paid",
        "net",
        "pieces",
        "points",
        "redeemed",
        "scopes",
        "takes_part",
        "whole",
    )

    def __init__(self, index: int, item: LineItem, place: Place) -> None:
        self.index = index
        self.item = item
        self.scopes = place.scopes
        self.floor = 0
        self.takes_part = place.takes_part
        self.may_be_paid = place.may_be_paid
        self.earns = place.earns
        self.pieces = pieces_of(item)
        self.begin()

    def begin(self) -> None:
        """As it was rung: nothing is taken off, paid or earned."""
        self.net = self.item.sum_minor
        self.manual = 0
        self.redeemed = 0
        self.gift_card = 0
        self.points = 0
        self.cut: list[Run] | None = None
        self.whole: Run | None = None

    @property
    def money(self) -> int:
        """What is paid for the line with money, so far."""
        return self.net - self.manual - self.redeemed

    @property
    def room(self) -> int:
        """What may still be taken off the line."""
        left = self.net - self.manual - self.redeemed - self.floor
        return left if left > 0 else 0

    @property
    def runs(self) -> list[Run]:
        """The line's pieces, those of one price together."""
        if self.cut is not None:
            return self.cut
        if self.whole is None or self.whole.net != self.net:
            self.whole = Run(self.pieces, self.net)
        return [self.whole]

    def room_of(self, value: int, pieces: int) -> int:
        """What pieces worth `value` may lose before one of them falls under its lawful price.

        The programme's own floor is for the line: tills refuse lines, not pieces, without a price.
        """
        if not self.item.min_price_minor:
            return value
        left = value - -(-floor_of(self.item, 0) * pieces // self.pieces)
        return left if left > 0 else 0

    def take(self, amount: int) -> None:
        """Take kopecks off the whole line; pieces of different prices share by value, none of
        them falls under its lawful price."""
        self.net -= amount
        if self.cut is None or not amount:
            return
        nets = rooms = [run.net for run in self.cut]
        if self.item.min_price_minor:
            lawful = floor_of(self.item, 0)
            rooms = [max(0, run.net - lawful * run.count // self.pieces) for run in self.cut]
        parts = spread(amount, nets, rooms, moves_overflow=True)
        for run, part in zip(self.cut, parts, strict=True):
            run.net -= part


def count_pieces(lines: Sequence[SheetLine]) -> int:
    """Pieces of the lines; most targets hold one or two, so a plain loop is the quickest."""
    count = 0
    for line in lines:
        count += line.pieces
    return count


def net_of(lines: Sequence[SheetLine]) -> int:
    """Kopecks of the lines after the promotions so far."""
    net = 0
    for line in lines:
        net += line.net
    return net


def rooms_of_lines(lines: Sequence[SheetLine]) -> list[int]:
    """What may still be taken off each line."""
    return [
        left if (left := line.net - line.manual - line.redeemed - line.floor) > 0 else 0
        for line in lines
    ]


class Worksheet:
    """All lines of a basket, and which of them each scope holds."""

    __slots__ = ("by_scope", "forbidden", "lines", "open_gross_minor", "open_lines")

    def __init__(
        self,
        index: ScopeIndex,
        basket: Basket,
        unit_floor_minor: int,
        known: Sequence[SheetLine] = (),
    ) -> None:
        """`known` are lines of an earlier sheet by the same index and floor; those whose goods
        stand at the same place of this basket are taken over."""
        self.lines: list[SheetLine] = []
        self.by_scope: dict[int, list[SheetLine]] = {}
        self.forbidden: set[int] = set()
        """Scopes that hold goods which the law takes out of them."""
        by_scope, count = self.by_scope, len(known)
        for number, item in enumerate(basket.lines):
            if number < count and ((line := known[number]).item is item or line.item == item):
                line.begin()
            else:
                line = _line_of(number, item, index.place_of(item), unit_floor_minor)
            self.lines.append(line)
            if not line.takes_part:
                self.forbidden.update(line.scopes)
                continue
            for scope in line.scopes:
                if scope in by_scope:
                    by_scope[scope].append(line)
                else:
                    by_scope[scope] = [line]
        self.open_lines = [line for line in self.lines if line.takes_part]
        self.open_gross_minor = sum([line.net for line in self.open_lines])
        self._share_manual_discounts()

    def touched(self) -> set[int]:
        """Numbers of the scopes that the basket has to do with."""
        return self.forbidden.union(self.by_scope)

    @property
    def payable(self) -> int:
        """Kopecks still to pay: goods less promotions, bonuses and the till's own discounts."""
        return sum([line.net - line.redeemed for line in self.lines])

    def share_gift_card(self, amount: int) -> None:
        """Let a gift card pay a part of each line, by what is left to pay for it."""
        lines = [line for line in self.lines if line.item.price_kind != "manual_discount"]
        money = [max(0, line.money) for line in lines]
        parts = spread(min(amount, sum(money)), money, money, moves_overflow=True)
        for line, part in zip(lines, parts, strict=True):
            line.gift_card = part

    def _share_manual_discounts(self) -> None:
        manual = -sum(
            [line.item.sum_minor for line in self.lines if line.item.price_kind == _MANUAL]
        )
        if not manual:
            return
        goods = [line for line in self.lines if line.item.price_kind != _MANUAL]
        promoted = [line for line in goods if may_be_promoted(line.item)]
        others = [line for line in goods if not may_be_promoted(line.item)]
        for lines in (promoted, others):
            manual -= _share(manual, lines)


_MANUAL = "manual_discount"


def _line_of(number: int, item: LineItem, place: Place, unit_floor_minor: int) -> SheetLine:
    line = SheetLine(number, item, place)
    if place.may_be_promoted and not item.min_price_minor:
        line.floor = min(item.sum_minor, unit_floor_minor * line.pieces)
    else:
        line.floor = floor_of(item, unit_floor_minor)
    return line


def _share(amount: int, lines: Sequence[SheetLine]) -> int:
    # By line id, so that the order in which goods were rung decides no kopeck that a floor sees.
    lines = sorted(lines, key=lambda line: line.item.line_id)
    sums = [line.item.sum_minor for line in lines]
    parts = spread(min(amount, sum(sums)), sums, sums, moves_overflow=True)
    for line, part in zip(lines, parts, strict=True):
        line.manual = part
    return sum(parts)
