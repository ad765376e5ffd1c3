"""What each effect takes off, as its docstring says, piece by piece on the naive sheet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from loyalty.promotions import effects as then
from loyalty.promotions.policies import Policies
from tests.support.pricing.naive_sheet import (
    Line,
    Lot,
    Unclear,
    fill,
    half_up,
    largest_remainder,
    pieces_worth,
    rounded,
)


@dataclass
class Portion:
    """Some pieces of one lot that an effect looks at together."""

    line: Line
    lot: Lot
    start: int
    count: int
    uses: bool
    amount: int = 0

    @property
    def value(self) -> int:
        return sum(self.lot.pieces[self.start : self.start + self.count])


@dataclass
class Take:
    """Kopecks off whole lines, or off portions of them; nothing is changed yet."""

    whole: list[tuple[Line, int]] = field(default_factory=list)
    portions: list[Portion] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(n for _, n in self.whole) + sum(part.amount for part in self.portions)

    def cut_to(self, limit: int) -> None:
        """In proportion, exactly."""
        if self.portions:
            parts = largest_remainder(limit, [part.amount for part in self.portions])
            for portion, part in zip(self.portions, parts, strict=True):
                portion.amount = part
        else:
            parts = largest_remainder(limit, [n for _, n in self.whole])
            self.whole = [(line, n) for (line, _), n in zip(self.whole, parts, strict=True)]


def in_order(lines: Sequence[Line], pick: str, *, unused: bool) -> list[tuple[Line, Lot]]:
    """Lots by the price of a piece; equal prices by line id."""
    sign = 1 if pick == "cheapest" else -1
    pairs = [(line, lot) for line in lines for lot in line.lots if not (unused and lot.used)]
    return sorted(pairs, key=lambda pair: (sign * pair[1].each, pair[0].item.line_id))


def chosen(lines: Sequence[Line], units: then.Units, pick: str, *, uses: bool) -> list[Portion]:
    """At most so many pieces in all and of each line, in the order of choice."""
    found: list[Portion] = []
    for line, lot in in_order(lines, pick, unused=units.unused_only):
        if not lot.total:
            continue
        count = len(lot.pieces)
        if units.at_most is not None:
            count = min(count, units.at_most - sum(part.count for part in found))
        if units.at_most_per_line is not None:
            own = sum(part.count for part in found if part.line is line)
            count = min(count, units.at_most_per_line - own)
        if count > 0:
            found.append(Portion(line, lot, 0, count, uses))
    return found


def rooms_of(portions: Sequence[Portion], before: Sequence[Portion] = ()) -> list[int]:
    """Room of each portion; those of one line share its room, the earlier first."""
    rooms: list[int] = []
    for n, portion in enumerate(portions):
        line = portion.line
        left = line.room - sum(part.amount for part in before if part.line is line)
        left -= sum(rooms[m] for m in range(n) if portions[m].line is line)
        rooms.append(min(line.room_of(portion.value, portion.count), left))
    return rooms


def _give(portions: list[Portion], parts: Sequence[int]) -> Take:
    for portion, part in zip(portions, parts, strict=True):
        portion.amount = part
    return Take(portions=portions)


def _fit(wanted: list[int], values: list[int], rooms: list[int], moves: bool) -> list[int]:
    parts = [min(want, room) for want, room in zip(wanted, rooms, strict=True)]
    left = min(sum(wanted), sum(values)) - sum(parts)
    if moves and left > 0:
        rest = [room - part for room, part in zip(rooms, parts, strict=True)]
        parts = [a + b for a, b in zip(parts, fill(left, values, rest), strict=True)]
    return parts


def percent(effect: then.PercentOff, lines: list[Line], policies: Policies, uses: bool) -> Take:
    """`percent_bp` of the target, rounded once, for each line or for each piece."""
    basis = effect.basis or policies.percent_basis
    round_at = effect.round_at or policies.round_at
    default = policies.receipt_overflow if effect.per == "receipt" else policies.line_overflow
    moves = (effect.overflow or default) == "move"
    portions: list[Portion] | None = None
    if effect.units.is_whole:
        values = [line.item.sum_minor if basis == "gross" else line.net for line in lines]
        counts, rooms = [line.count for line in lines], [line.room for line in lines]
    else:
        portions = chosen(lines, effect.units, effect.units.pick or policies.pick, uses=uses)
        values = [
            part.line.item.sum_minor * part.count // part.line.count
            if basis == "gross"
            else part.value
            for part in portions
        ]
        counts, rooms = [part.count for part in portions], rooms_of(portions)
        if round_at == "line" and len({part.line.place for part in portions}) < len(portions):
            raise Unclear("rounded for each line, with pieces at two prices in one")
    share = Fraction(effect.percent_bp, 10_000)
    if round_at == "rule":
        if len(lines) == 1 and portions is None and not values[0]:
            return Take()
        wanted = rounded(share * sum(values), policies.rounding)
        parts = fill(wanted, values, rooms, policies, moves=moves)
    else:
        wants = [
            rounded(share * value, policies.rounding)
            if round_at == "line"
            else _each_piece(value, count, share, policies)
            for value, count in zip(values, counts, strict=True)
        ]
        parts = _fit(wants, values, rooms, moves)
    return _taken(lines, portions, parts)


def _each_piece(value: int, count: int, share: Fraction, policies: Policies) -> int:
    prices = [value // count + (n < value % count) for n in range(count)]
    return sum(rounded(share * price, policies.rounding) for price in prices)


def _taken(lines: list[Line], portions: list[Portion] | None, parts: list[int]) -> Take:
    if portions is None:
        return Take(whole=list(zip(lines, parts, strict=True)))
    return _give(portions, parts)


def amount(effect: then.AmountOff, lines: list[Line], policies: Policies, uses: bool) -> Take:
    """Kopecks once off the target, off each line or off each piece."""
    default = policies.receipt_overflow if effect.per == "receipt" else policies.line_overflow
    moves = (effect.overflow or default) == "move"
    units, portions = effect.units, None
    if units.is_whole and not (effect.per == "unit" and any(line.is_cut for line in lines)):
        values = [line.net for line in lines]
        counts, rooms = [line.count for line in lines], [line.room for line in lines]
    else:
        portions = chosen(lines, units, units.pick or policies.pick, uses=uses)
        values = [part.value for part in portions]
        counts, rooms = [part.count for part in portions], rooms_of(portions)
    if effect.per == "receipt":
        wanted = min(effect.amount_minor, sum(values))
        return _taken(lines, portions, fill(wanted, values, rooms, policies, moves=moves))
    if effect.per == "unit":
        wants = [effect.amount_minor * count for count in counts]
    elif portions is None:
        wants = [effect.amount_minor] * len(lines)
    else:
        wants = [0] * len(portions)
        for line in lines:
            own = [n for n, part in enumerate(portions) if part.line is line]
            shares = largest_remainder(effect.amount_minor, [values[n] for n in own])
            for n, part in zip(own, shares, strict=True):
                wants[n] = part
    return _taken(lines, portions, _fit(wants, values, rooms, moves))


def fixed_price(effect: then.FixedPrice, lines: list[Line], _: Policies, uses: bool) -> Take:
    """Each piece costs so much, where that is cheaper."""

    def off(value: int, qty_milli: int, room: int) -> int:
        price = half_up(Fraction(effect.price_minor * qty_milli, 1000))
        return min(max(0, value - price), room)

    if effect.units.is_whole and not any(line.is_cut for line in lines):
        return Take(whole=[(n, off(n.net, n.item.qty_milli, n.room)) for n in lines])
    portions = chosen(lines, effect.units, effect.units.pick or "dearest", uses=uses)
    parts = [
        off(p.value, 1000 * p.count if p.line.count > 1 else p.line.item.qty_milli, room)
        for p, room in zip(portions, rooms_of(portions), strict=True)
    ]
    return _give(portions, parts)


def n_for_m(effect: then.NForM, lines: list[Line], policies: Policies, _: bool) -> Take:
    """The free ones from one end of the order, the paid ones from the other."""
    ordered = in_order(lines, effect.pick or policies.pick, unused=True)
    stock = [(line, lot, n) for line, lot in ordered for n in range(len(lot.pieces))]
    sets = len(stock) // effect.take
    sets = sets if effect.max_sets is None else min(sets, effect.max_sets)
    free = stock[: sets * (effect.take - effect.pay)]
    paid = stock[len(free) :] if sets * effect.take == len(stock) else None
    cheaper = _together(free)
    if paid is None:
        rest, need = [], sets * effect.pay
        for line, lot in reversed(ordered):
            start = sum(other is lot for _, other, _ in free)
            count = min(len(lot.pieces) - start, need)
            need -= count
            rest += [(line, lot, start + n) for n in range(count)]
        others = _together(rest)
    else:
        others = _together(
            [piece for line, lot in reversed(ordered) for piece in paid if piece[1] is lot]
        )
    values = [part.value for part in cheaper]
    wanted = rounded(Fraction(sum(values) * effect.percent_bp, 10_000), policies.rounding)
    _give(cheaper, fill(wanted, values, rooms_of(cheaper), policies))
    everything = cheaper + others
    left = wanted - sum(part.amount for part in cheaper)
    if left > 0:
        given: dict[int, int] = {}
        for part in everything:
            given[part.line.place] = given.get(part.line.place, 0) + part.amount
        rooms = []
        for part in everything:
            own = part.line.room_of(part.value, part.count) - part.amount
            rooms.append(min(own, part.line.room - given[part.line.place]))
            given[part.line.place] += rooms[-1]
        more = fill(left, [part.value for part in everything], rooms)
        for part, extra in zip(everything, more, strict=True):
            part.amount += extra
    return Take(portions=everything)


def _together(pieces: Sequence[tuple[Line, Lot, int]]) -> list[Portion]:
    found: list[Portion] = []
    for line, lot, n in pieces:
        last = found[-1] if found else None
        if last is not None and last.lot is lot and last.start + last.count == n:
            last.count += 1
        else:
            found.append(Portion(line, lot, n, 1, True))
    return found


def nth_unit(effect: then.NthUnitPercent, lines: list[Line], policies: Policies, _: bool) -> Take:
    """Each nth piece from the dearest down is cheaper."""
    ordered = in_order(lines, "dearest", unused=True)
    stock = [(line, lot) for line, lot in ordered for _ in lot.pieces]
    hits = len(stock) // effect.nth
    hits = hits if effect.max_units is None else min(hits, effect.max_units)
    row = stock[: hits * effect.nth]
    cheaper: list[Portion] = []
    others: list[Portion] = []
    for line, lot in ordered:
        places = [n for n, (_, other) in enumerate(row) if other is lot]
        cheap = sum((n + 1) % effect.nth == 0 for n in places)
        if cheap:
            cheaper.append(Portion(line, lot, 0, cheap, True))
        if len(places) > cheap:
            others.append(Portion(line, lot, cheap, len(places) - cheap, True))
    values = [part.value for part in cheaper]
    wanted = rounded(Fraction(sum(values) * effect.percent_bp, 10_000), policies.rounding)
    _give(cheaper, fill(wanted, values, rooms_of(cheaper), policies, moves=False))
    return Take(portions=cheaper + others)


def set_price(effect: then.SetPrice, parts: list[list[Line]], policies: Policies, _: bool) -> Take:
    """One set after the other; not where parts share goods or a set is cheaper already."""
    places = [line.place for lines in parts for line in lines]
    if len(places) != len(set(places)):
        raise Unclear("goods of two parts of a set")
    pick = effect.pick or policies.pick
    stocks = [in_order(lines, pick, unused=True) for lines in parts]
    used: dict[int, int] = {}
    take, sets = Take(), 0
    while effect.max_sets is None or sets < effect.max_sets:
        needs = _next_set(effect, stocks, used)
        if needs is None:
            break
        times = min((len(lot.pieces) - used.get(id(lot), 0)) // n for _, lot, n in needs)
        if effect.max_sets is not None:
            times = min(times, effect.max_sets - sets)
        portions = [
            Portion(line, lot, used.get(id(lot), 0), n * times, True) for line, lot, n in needs
        ]
        wanted = sum(part.value for part in portions) - effect.price_minor * times
        if wanted <= 0:
            raise Unclear("a set that is cheaper already")
        _give(
            portions,
            fill(wanted, [p.value for p in portions], rooms_of(portions, take.portions), policies),
        )
        for part in portions:
            used[id(part.lot)] = part.start + part.count
        take.portions += portions
        sets += times
    return take


def _next_set(
    effect: then.SetPrice, stocks: list[list[tuple[Line, Lot]]], used: dict[int, int]
) -> list[tuple[Line, Lot, int]] | None:
    found: list[tuple[Line, Lot, int]] = []
    order = sorted(
        range(len(stocks)),
        key=lambda n: sum(len(lot.pieces) - used.get(id(lot), 0) for _, lot in stocks[n]),
    )
    for n in order:
        need = effect.parts[n].quantity
        for line, lot in stocks[n]:
            count = min(need, len(lot.pieces) - used.get(id(lot), 0))
            if count > 0:
                found.append((line, lot, count))
                need -= count
        if need:
            return None
    return found


TAKES: dict[type[then.Effect], Callable[[Any, Any, Policies, bool], Take]] = {
    then.PercentOff: percent,
    then.AmountOff: amount,
    then.FixedPrice: fixed_price,
    then.NForM: n_for_m,
    then.NthUnitPercent: nth_unit,
    then.SetPrice: set_price,
}


def recut(line: Line, take: Take) -> None:
    """Each lot falls into the portions that were taken and what lies between them."""
    lots: list[Lot] = []
    for lot in line.lots:
        end = 0
        for part in take.portions:
            if part.lot is not lot:
                continue
            if part.start > end:
                between = sum(lot.pieces[end : part.start])
                lots.append(Lot(pieces_worth(between, part.start - end), lot.used))
            used = lot.used or part.uses
            lots.append(Lot(pieces_worth(part.value - part.amount, part.count), used))
            end = part.start + part.count
        if end < len(lot.pieces):
            lots.append(Lot(pieces_worth(sum(lot.pieces[end:]), len(lot.pieces) - end), lot.used))
    line.lots, line.is_cut = lots, True


def dearest_first(line: Line) -> tuple[Fraction, str]:
    """By the shelf price of a piece."""
    return -Fraction(line.item.sum_minor, line.count), line.item.line_id


def mark(line: Line, wanted: int) -> int:
    """Use up so many unused pieces of the line, the dearest first; returns how many."""
    marked = 0
    lots: list[Lot] = []
    for lot in sorted(line.lots, key=lambda lot: -lot.each):
        count = 0 if lot.used else min(len(lot.pieces), wanted - marked)
        if count:
            lots.append(Lot(pieces_worth(sum(lot.pieces[:count]), count), True))
        if len(lot.pieces) > count:
            rest = lot.pieces[count:]
            lots.append(Lot(pieces_worth(sum(rest), len(rest)), lot.used))
        marked += count
    line.lots, line.is_cut = lots, True
    return marked
