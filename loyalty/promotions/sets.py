"""Set promotions: N for M, every Nth piece, and goods that together cost a price.

A piece stands in one set only and is used up by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loyalty.promotions import effects as then
from loyalty.promotions.choosing import Candidate, candidates, unit_value
from loyalty.promotions.matching import assign
from loyalty.promotions.policies import Policies
from loyalty.promotions.prices import share_rounded
from loyalty.promotions.spread import spread
from loyalty.promotions.takings import Slice, Taking, of_slices, rooms_of
from loyalty.promotions.worksheet import SheetLine

Lines = Sequence[SheetLine]


def n_for_m(
    effect: then.NForM, targets: Sequence[Lines], policies: Policies, _: bool, __: object
) -> Taking:
    """The cheaper pieces first in the order of choice, the paid ones from its other end."""
    lines = targets[0]
    if len(lines) == 1 and lines[0].cut is None and not lines[0].item.min_price_minor:
        return _n_for_m_of_one(effect, lines[0], policies)
    ordered = candidates(lines, effect.pick or policies.pick, unused_only=True)
    sets = sum([run.count for _, run in ordered]) // effect.take
    if effect.max_sets is not None:
        sets = min(sets, effect.max_sets)
    cheaper = _first(ordered, sets * (effect.take - effect.pay))
    taken = {id(piece.run): piece.count for piece in cheaper}
    paid = _last(ordered, sets * effect.pay, taken)
    values = [piece.value for piece in cheaper]
    rooms = rooms_of(cheaper)
    wanted = share_rounded(sum(values), effect.percent_bp, policies.rounding)
    for piece, part in zip(
        cheaper,
        spread(wanted, values, rooms, moves_overflow=True, policies=policies),
        strict=True,
    ):
        piece.amount = part
    pieces = cheaper + paid
    _move_rest(wanted, pieces)
    return of_slices(pieces, sets * (effect.take - effect.pay))


def _n_for_m_of_one(effect: then.NForM, line: SheetLine, policies: Policies) -> Taking:
    """The same on pieces of one price that nothing touched yet, which is nearly every case."""
    run = line.runs[0]
    sets = run.count // effect.take
    if effect.max_sets is not None:
        sets = min(sets, effect.max_sets)
    count = sets * (effect.take - effect.pay)
    cheaper = Slice(line, run, 0, count, True)
    wanted = share_rounded(cheaper.value, effect.percent_bp, policies.rounding)
    amount = cheaper.amount = min(wanted, line.room)
    slices = [cheaper]
    if effect.pay:
        slices.append(Slice(line, run, count, sets * effect.pay, True))
    return Taking((line,), (amount,), slices, count)


def _move_rest(wanted: int, pieces: list[Slice]) -> None:
    """What floors refuse moves to the other pieces of the sets."""
    taken: dict[int, int] = {}
    for piece in pieces:
        taken[piece.line.index] = taken.get(piece.line.index, 0) + piece.amount
    left = wanted - sum(taken.values())
    if left <= 0:
        return
    rooms = []
    for piece in pieces:
        line = piece.line
        room = min(
            line.room_of(piece.value, piece.count) - piece.amount, line.room - taken[line.index]
        )
        rooms.append(room)
        taken[line.index] += room
    more = spread(left, [piece.value for piece in pieces], rooms, moves_overflow=True)
    for piece, part in zip(pieces, more, strict=True):
        piece.amount += part


def _first(ordered: list[Candidate], wanted: int) -> list[Slice]:
    slices = []
    for line, run in ordered:
        count = min(run.count, wanted)
        if not count:
            break
        slices.append(Slice(line, run, 0, count, True))
        wanted -= count
    return slices


def _last(ordered: list[Candidate], wanted: int, taken: dict[int, int]) -> list[Slice]:
    slices = []
    for line, run in reversed(ordered):
        start = taken.get(id(run), 0)
        count = min(run.count - start, wanted)
        if count:
            slices.append(Slice(line, run, start, count, True))
        wanted -= count
        if not wanted:
            break
    return slices


def nth_unit(
    effect: then.NthUnitPercent, targets: Sequence[Lines], policies: Policies, _: bool, __: object
) -> Taking:
    """Pieces stand from the dearest down; each nth of them is cheaper, the others stay."""
    ordered = candidates(targets[0], "dearest", unused_only=True)
    total = sum([run.count for _, run in ordered])
    sets = total // effect.nth
    if effect.max_units is not None:
        sets = min(sets, effect.max_units)
    last = sets * effect.nth
    cheaper: list[Slice] = []
    others: list[Slice] = []
    place = 0
    for line, run in ordered:
        inside = min(run.count, last - place)
        if inside <= 0:
            break
        hits = (place + inside) // effect.nth - place // effect.nth
        if hits:
            cheaper.append(Slice(line, run, 0, hits, True))
        if inside > hits:
            others.append(Slice(line, run, hits, inside - hits, True))
        place += inside
    values = [piece.value for piece in cheaper]
    wanted = share_rounded(sum(values), effect.percent_bp, policies.rounding)
    rooms = rooms_of(cheaper)
    parts = spread(wanted, values, rooms, moves_overflow=False, policies=policies)
    for piece, part in zip(cheaper, parts, strict=True):
        piece.amount = part
    return of_slices(cheaper + others, sets)


def set_price(
    effect: then.SetPrice, targets: Sequence[Lines], policies: Policies, _: bool, __: object
) -> Taking:
    """Sets one after another; of one that is cheaper than the price already, a cheap piece is
    left out and the next is tried."""
    pools = [candidates(lines, effect.pick or policies.pick, unused_only=True) for lines in targets]
    quantities = [part.quantity for part in effect.parts]
    left = _MANY_SETS if effect.max_sets is None else effect.max_sets
    taken: dict[int, int] = {}
    slices: list[Slice] = []
    sets = 0
    found = _one_set(pools, quantities, taken)
    while found is not None and left > 0:
        times = min(left, *(choice.repeats for choice in found))
        pieces = _slices(found, times, taken)
        wanted = sum([piece.value for piece in pieces]) - effect.price_minor * times
        if wanted <= 0:
            found = _dearer_set(found, pools, quantities, taken)
            continue
        _share(wanted, pieces, slices, policies)
        for choice in found:
            _use(choice, times, taken)
        slices += pieces
        sets += times
        left -= times
        found = _one_set(pools, quantities, taken)
    return of_slices(slices, sets * sum(quantities))


_MANY_SETS = 1 << 40


@dataclass(frozen=True, slots=True)
class _Choice:
    line_run: Candidate
    count: int
    repeats: int


def _one_set(
    pools: list[list[Candidate]], quantities: list[int], taken: dict[int, int]
) -> list[_Choice] | None:
    """The pieces of the next set; None when its parts cannot be filled any more."""
    runs = {id(pair[1]): pair for pool in pools for pair in pool}
    free = {key: pair[1].count - taken.get(key, 0) for key, pair in runs.items()}
    wants = [[id(run) for _, run in pool] for pool in pools]
    given, lacking = assign(quantities, wants, free)
    if lacking:
        return None
    wanted: dict[int, int] = {}
    for part in given.values():
        for key, count in part.items():
            wanted[key] = wanted.get(key, 0) + count
    return [_Choice(runs[key], count, free[key] // count) for key, count in wanted.items() if count]


def _dearer_set(
    found: list[_Choice],
    pools: list[list[Candidate]],
    quantities: list[int],
    taken: dict[int, int],
) -> list[_Choice] | None:
    """A set without the cheapest goods of `found` that others can stand in for."""
    for choice in sorted(found, key=lambda choice: unit_value(choice.line_run[1])):
        without = taken | {id(choice.line_run[1]): choice.line_run[1].count}
        other = _one_set(pools, quantities, without)
        if other is not None:
            taken.update(without)
            return other
    return None


def _slices(found: list[_Choice], times: int, taken: dict[int, int]) -> list[Slice]:
    pieces = []
    for choice in found:
        line, run = choice.line_run
        pieces.append(Slice(line, run, taken.get(id(run), 0), choice.count * times, True))
    return pieces


def _use(choice: _Choice, times: int, taken: dict[int, int]) -> None:
    key = id(choice.line_run[1])
    taken[key] = taken.get(key, 0) + choice.count * times


def _share(wanted: int, pieces: list[Slice], before: list[Slice], policies: Policies) -> None:
    values, rooms = [piece.value for piece in pieces], rooms_of(pieces, before)
    parts = spread(wanted, values, rooms, moves_overflow=True, policies=policies)
    for piece, part in zip(pieces, parts, strict=True):
        piece.amount = part
