"""The sheet of the naive pricing: every piece of every line stands on its own, exactly valued.

It follows the docstrings of `loyalty.promotions` and shares none of its code: no index, no runs, no
short ways. `Unclear` marks what the docstrings leave open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from loyalty.basket import Basket, LineItem
from loyalty.promotions.policies import Policies, Rounding
from loyalty.promotions.ruleset import Ruleset
from loyalty.promotions.scope import Scope

TOBACCO_CODES = ("2401", "2402", "2403", "2404", "854340")


class Unclear(Exception):
    """The rules in words do not say what happens here."""


def half_up(value: Fraction) -> int:
    """To the nearest whole number, halves up; `value` ≥ 0."""
    return int(value + Fraction(1, 2))


def rounded(value: Fraction, how: Rounding) -> int:
    """A non-negative value rounded as a policy says."""
    down, rest = int(value), value - int(value)
    if how == "up":
        return down + (rest > 0)
    if how == "down":
        return down
    if rest == Fraction(1, 2):
        return {"half_up": down + 1, "half_down": down, "half_even": down + down % 2}[how]
    return half_up(value)


def pieces_worth(total: int, count: int) -> list[int]:
    """Whole kopecks of each piece when so many pieces cost `total`: first n always half-up."""
    sums = [half_up(Fraction(total * n, count)) for n in range(count + 1)]
    return [after - before for before, after in pairwise(sums)]


def largest_remainder(amount: int, weights: Sequence[int], *, later: bool = False) -> list[int]:
    """Exact split, spare kopecks one by one to the biggest remainder."""
    total = sum(weights)
    if not total or not amount:
        return [0] * len(weights)
    exact = [Fraction(amount * weight, total) for weight in weights]
    parts = [int(value) for value in exact]
    places = list(range(len(weights)))
    if later:
        places.reverse()
    places.sort(key=lambda n: parts[n] - exact[n])
    for n in places[: amount - sum(parts)]:
        parts[n] += 1
    return parts


def split_as(amount: int, weights: Sequence[int], policies: Policies) -> list[int]:
    """A split by the programme's method."""
    if not any(weights):
        if policies.zero_weights == "none":
            return [0] * len(weights)
        weights = [1] * len(weights)
    total = sum(weights)
    if policies.split == "largest_remainder":
        return largest_remainder(amount, weights, later=policies.tie == "later")
    if policies.split == "last_line":
        parts = [amount * weight // total for weight in weights]
        last = max(n for n, weight in enumerate(weights) if weight)
        parts[last] += amount - sum(parts)
        return parts
    parts = [rounded(Fraction(amount * weight, total), "half_down") for weight in weights]
    step = 1 if sum(parts) < amount else -1
    for n, weight in enumerate(weights):
        if sum(parts) != amount and weight and (step > 0 or parts[n]):
            parts[n] += step
    return parts


def fill(
    amount: int,
    weights: Sequence[int],
    rooms: Sequence[int],
    policies: Policies | None = None,
    *,
    moves: bool = True,
) -> list[int]:
    """Split, cut to the rooms, and let what was cut move to those who have room."""
    if amount <= 0:
        return [0] * len(weights)
    first = (
        largest_remainder(amount, weights)
        if policies is None
        else split_as(amount, weights, policies)
    )
    parts = [
        min(part, room) if weight else 0
        for part, room, weight in zip(first, rooms, weights, strict=True)
    ]
    while moves and sum(parts) < amount:
        open_ = [n for n, room in enumerate(rooms) if weights[n] and parts[n] < room]
        if not open_:
            break
        more = largest_remainder(amount - sum(parts), [weights[n] for n in open_])
        for n, part in zip(open_, more, strict=True):
            parts[n] = min(rooms[n], parts[n] + part)
    return parts


@dataclass
class Lot:
    """Pieces of one line that were treated alike so far: their kopecks, and whether used up."""

    pieces: list[int]
    used: bool = False

    @property
    def total(self) -> int:
        return sum(self.pieces)

    @property
    def each(self) -> Fraction:
        return Fraction(self.total, len(self.pieces))


@dataclass
class Line:
    """One line with its lots."""

    place: int
    item: LineItem
    lots: list[Lot]
    floor: int
    lawful: int
    promoted: bool
    scoped: bool
    earns: bool
    payable: bool
    is_cut: bool = False
    manual: int = 0
    redeemed: int = 0
    card: int = 0
    points: int = 0

    @property
    def count(self) -> int:
        return sum(len(lot.pieces) for lot in self.lots)

    @property
    def net(self) -> int:
        """Signed for the till's own discounts."""
        return sum(lot.total for lot in self.lots)

    @property
    def room(self) -> int:
        return max(0, self.net - self.manual - self.redeemed - self.floor)

    def room_of(self, value: int, count: int) -> int:
        """What so many pieces may lose before their lawful price."""
        if not self.item.min_price_minor:
            return value
        return max(0, value + (-self.lawful * count // self.count))

    def take(self, amount: int) -> None:
        """Kopecks off the whole line; lots share by value, each above its lawful price."""
        nets = [lot.total for lot in self.lots]
        rooms = nets
        if self.item.min_price_minor:
            rooms = [
                max(0, lot.total - self.lawful * len(lot.pieces) // self.count) for lot in self.lots
            ]
        for lot, part in zip(self.lots, fill(amount, nets, rooms), strict=True):
            lot.pieces = pieces_worth(lot.total - part, len(lot.pieces))


def is_tobacco(item: LineItem) -> bool:
    """By class or customs code."""
    return item.goods_class == "tobacco" or item.uktzed.startswith(TOBACCO_CODES)


def lineage(item: LineItem, rules: Ruleset) -> set[str]:
    """Groups of the goods and all above them."""
    found: set[str] = set()
    for group in item.groups:
        while group and group not in found:
            found.add(group)
            group = rules.group_parents.get(group, "")
    return found


def inside(scope: Scope, item: LineItem, groups: set[str]) -> bool:
    """Listed in one way at least, in the price band, not excluded."""
    listed = (
        scope.is_all
        or item.sku in scope.skus
        or bool(groups & scope.groups)
        or (item.brand != "" and item.brand in scope.brands)
        or bool(set(item.tags) & scope.tags)
    )
    low, high = scope.price_min_minor, scope.price_max_minor
    reduced = item.price_kind == "reduced"
    return (
        listed
        and (low is None or item.unit_price_minor >= low)
        and (high is None or item.unit_price_minor <= high)
        and not (scope.only_reduced and not reduced)
        and not (scope.excludes_reduced and reduced)
        and item.sku not in scope.excluded_skus
        and not groups & scope.excluded_groups
        and item.brand not in scope.excluded_brands
        and not set(item.tags) & scope.excluded_tags
    )


def _line(place: int, item: LineItem, rules: Ruleset) -> Line:
    programme = rules.programme
    groups = lineage(item, rules)
    manual = item.price_kind == "manual_discount"
    promoted = not (manual or is_tobacco(item) or item.goods_class == "gift_card")
    scoped = (
        promoted
        and (item.price_kind != "override" or programme.policies.override_takes_part)
        and not groups & programme.excluded_groups
        and not set(item.tags) & programme.excluded_tags
    )
    odd = item.is_weighed or item.qty_milli % 1000 != 0
    count = 1 if odd else item.qty_milli // 1000
    lawful = min(item.sum_minor, -(-item.min_price_minor * item.qty_milli // 1000))
    floor = max(item.sum_minor, 0)
    if promoted:
        floor = min(item.sum_minor, max(lawful, programme.unit_floor_minor * count))
    earns = (
        scoped
        and not groups & programme.accrual_excluded_groups
        and not (programme.accrual_excludes_reduced and item.price_kind == "reduced")
    )
    pieces = [item.sum_minor] if manual else pieces_worth(item.sum_minor, count)
    payable = promoted and not groups & programme.redeem_excluded_groups
    return Line(place, item, [Lot(pieces)], floor, lawful, promoted, scoped, earns, payable)


class Sheet:
    """All lines, with the till's own discounts shared over the goods."""

    def __init__(self, basket: Basket, rules: Ruleset) -> None:
        self.rules = rules
        self.lines = [_line(place, item, rules) for place, item in enumerate(basket.lines)]
        goods = [line for line in self.lines if line.item.price_kind != "manual_discount"]
        left = -sum(line.net for line in self.lines if line not in goods)
        for promoted in (True, False):
            some = sorted(
                (line for line in goods if line.promoted == promoted),
                key=lambda line: line.item.line_id,
            )
            sums = [line.item.sum_minor for line in some]
            for line, part in zip(some, fill(min(left, sum(sums)), sums, sums), strict=True):
                line.manual = part
                left -= part

    def of(self, scope: Scope) -> list[Line]:
        """Lines in a scope, in the order of the till."""
        return [
            line
            for line in self.lines
            if line.scoped and inside(scope, line.item, lineage(line.item, self.rules))
        ]
