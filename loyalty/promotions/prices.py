"""Percentages, amounts and fixed prices off lines or pieces, as exact shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from loyalty.money import BASIS_POINTS, line_sum, split_by_weight
from loyalty.promotions import effects as then
from loyalty.promotions.choosing import choose
from loyalty.promotions.policies import Overflow, Policies, Rounding
from loyalty.promotions.spread import spread
from loyalty.promotions.takings import Slice, Taking, of_slices, rooms_of
from loyalty.promotions.worksheet import SheetLine, rooms_of_lines

Lines = Sequence[SheetLine]
Demand = Callable[[SheetLine], int]
"""How many later promotions want the line; only the policy `member_best` asks."""


def share_rounded(amount: int, basis_points: int, rounding: Rounding) -> int:
    """`basis_points` of a non-negative amount, rounded as the programme says."""
    whole, rest = divmod(amount * basis_points, BASIS_POINTS)
    twice = 2 * rest
    if rounding == "half_up":
        return whole + (twice >= BASIS_POINTS)
    if rounding == "down":
        return whole
    if rounding == "up":
        return whole + (rest > 0)
    if rounding == "half_even" and twice == BASIS_POINTS:
        return whole + whole % 2
    return whole + (twice > BASIS_POINTS)


def share_per_piece(value: int, pieces: int, basis_points: int, rounding: Rounding) -> int:
    """The same, rounded for each piece: pieces cost whole kopecks, the dearer ones last."""
    each, dearer = divmod(value, pieces)
    cheap = share_rounded(each, basis_points, rounding) * (pieces - dearer)
    return cheap + (share_rounded(each + 1, basis_points, rounding) * dearer if dearer else 0)


def percent(
    effect: then.PercentOff,
    targets: Sequence[Lines],
    policies: Policies,
    uses: bool,
    demand: Demand | None,
) -> Taking:
    """Per cent off the whole target, or off chosen pieces of it."""
    lines = targets[0]
    round_at = effect.round_at or policies.round_at
    basis = effect.basis or policies.percent_basis
    if len(lines) == 1 and round_at != "unit" and effect.units.is_whole:
        line = lines[0]
        value = line.item.sum_minor if basis == "gross" else line.net
        off = share_rounded(value, effect.percent_bp, policies.rounding)
        return Taking(lines, (min(off, line.room),), (), line.pieces)
    moves = _moves(effect.overflow, effect.per == "receipt", policies)
    slices: list[Slice] | None = None
    if effect.units.is_whole:
        if basis == "gross":
            values = [line.item.sum_minor for line in lines]
        else:
            values = [line.net for line in lines]
        counts = [line.pieces for line in lines] if round_at == "unit" else values
        rooms = rooms_of_lines(lines)
    else:
        slices = choose(lines, effect.units, effect.units.pick or policies.pick, uses=uses)
        values = [_gross_of(piece) if basis == "gross" else piece.value for piece in slices]
        counts = [piece.count for piece in slices]
        rooms = rooms_of(slices)
    bp, rounding = effect.percent_bp, policies.rounding
    if round_at == "rule":
        amount = share_rounded(sum(values), bp, rounding)
        if moves and demand is not None and slices is None:
            return Taking(lines, _spread_best(amount, lines, values, rooms, policies, demand))
        parts = spread(amount, values, rooms, moves_overflow=moves, policies=policies)
    else:
        wanted = [
            share_rounded(value, bp, rounding)
            if round_at == "line"
            else share_per_piece(value, count, bp, rounding)
            for value, count in zip(values, counts, strict=True)
        ]
        parts = _fit(wanted, values, rooms, moves)
    return _taking(lines, slices, parts)


def amount(
    effect: then.AmountOff,
    targets: Sequence[Lines],
    policies: Policies,
    uses: bool,
    demand: Demand | None,
) -> Taking:
    """Kopecks off the receipt's target, each line, or each piece."""
    lines = targets[0]
    units = effect.units
    if len(lines) == 1 and lines[0].cut is None and units.is_whole:
        line = lines[0]
        times = line.pieces if effect.per == "unit" else 1
        return Taking(lines, (min(effect.amount_minor * times, line.room),), (), line.pieces)
    moves = _moves(effect.overflow, effect.per == "receipt", policies)
    if effect.per == "unit" and units.is_whole and _is_cut(lines):
        units = then.Units(at_most=_MANY, pick=units.pick)
    slices: list[Slice] | None = None
    if units.is_whole:
        values, counts = [line.net for line in lines], [line.pieces for line in lines]
        rooms = rooms_of_lines(lines)
    else:
        slices = choose(lines, units, units.pick or policies.pick, uses=uses)
        values, counts = [piece.value for piece in slices], [piece.count for piece in slices]
        rooms = rooms_of(slices)
    if effect.per == "receipt":
        wanted_in_all = min(effect.amount_minor, sum(values))
        if moves and demand is not None and slices is None:
            parts = _spread_best(wanted_in_all, lines, values, rooms, policies, demand)
        else:
            parts = spread(wanted_in_all, values, rooms, moves_overflow=moves, policies=policies)
    else:
        if effect.per == "unit":
            wanted = [effect.amount_minor * count for count in counts]
        elif slices is not None:
            wanted = _once_a_line(effect.amount_minor, slices)
        else:
            wanted = [effect.amount_minor] * len(lines)
        parts = _fit(wanted, values, rooms, moves)
    return _taking(lines, slices, parts)


def fixed_price(
    effect: then.FixedPrice, targets: Sequence[Lines], _: Policies, uses: bool, __: Demand | None
) -> Taking:
    """Every piece at its new price; pieces that are cheaper already stay as they are."""
    lines = targets[0]
    units, price = effect.units, effect.price_minor
    if units.is_whole and not _is_cut(lines):
        parts = [
            min(max(0, line.net - line_sum(price, line.item.qty_milli)), line.room)
            for line in lines
        ]
        return Taking(lines, parts)
    slices = choose(lines, units, units.pick or "dearest", uses=uses)
    parts = []
    for piece, room in zip(slices, rooms_of(slices), strict=True):
        qty = 1000 * piece.count if piece.line.pieces > 1 else piece.line.item.qty_milli
        parts.append(min(max(0, piece.value - line_sum(price, qty)), room))
    return _taking(lines, slices, parts)


_MANY = 1 << 60


def _is_cut(lines: Lines) -> bool:
    """True when pieces of one line may cost differently."""
    return bool([line for line in lines if line.cut is not None])


def _moves(overflow: Overflow | None, is_receipt: bool, policies: Policies) -> bool:
    default = policies.receipt_overflow if is_receipt else policies.line_overflow
    return (overflow or default) == "move"


def _once_a_line(amount: int, slices: list[Slice]) -> list[int]:
    """The amount for each line, over the pieces that were chosen of it."""
    wanted = [0] * len(slices)
    for index in {piece.line.index for piece in slices}:
        places = [n for n, piece in enumerate(slices) if piece.line.index == index]
        values = [slices[n].value for n in places]
        if any(values):
            for n, part in zip(places, split_by_weight(amount, values), strict=True):
                wanted[n] = part
    return wanted


def _gross_of(piece: Slice) -> int:
    line = piece.line
    return line.item.sum_minor * piece.count // line.pieces


def _fit(wanted: list[int], values: list[int], rooms: list[int], moves: bool) -> list[int]:
    parts = [min(pair) for pair in zip(wanted, rooms, strict=True)]
    left = min(sum(wanted), sum(values)) - sum(parts)
    if not moves or left <= 0:
        return parts
    rest = [room - part for room, part in zip(rooms, parts, strict=True)]
    more = spread(left, values, rest, moves_overflow=True)
    return [part + extra for part, extra in zip(parts, more, strict=True)]


def _taking(lines: Lines, slices: list[Slice] | None, parts: list[int]) -> Taking:
    """Of the pieces when some were chosen, else of the whole lines."""
    if slices is None:
        return Taking(lines, parts)
    for piece, part in zip(slices, parts, strict=True):
        piece.amount = part
    return of_slices(slices)


def _spread_best(
    amount: int,
    lines: Lines,
    values: list[int],
    rooms: list[int],
    policies: Policies,
    demand: Demand,
) -> list[int]:
    """Fill first the lines that fewest later promotions want, by value among equals."""
    parts = [0] * len(lines)
    wants = [demand(line) for line in lines]
    for want in sorted(set(wants)):
        places = [place for place, other in enumerate(wants) if other == want]
        some = spread(
            amount,
            [values[place] for place in places],
            [rooms[place] for place in places],
            moves_overflow=True,
            policies=policies,
        )
        for place, part in zip(places, some, strict=True):
            parts[place] = part
        amount -= sum(some)
    return parts
