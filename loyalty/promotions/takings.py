"""What one promotion takes off: kopecks per line, or per piece where it chose some pieces.

A reward looks at the sheet and returns a `Taking`; only `apply` changes the sheet, so a shadow
promotion and the losers of a best-of group are computed by the same code.
"""

from __future__ import annotations

from collections.abc import Sequence

from loyalty.money import split_by_weight
from loyalty.promotions.worksheet import Run, SheetLine
from loyalty.quote import Share

Lines = Sequence[SheetLine]


class Slice:
    """`count` pieces of one run of a line, from piece `start` of the run.

    `value` is what they cost now, `amount` what is taken off them; `uses` says that the
    promotion uses the pieces up.
    """

    __slots__ = ("amount", "count", "line", "run", "start", "uses", "value")

    def __init__(self, line: SheetLine, run: Run, start: int, count: int, uses: bool) -> None:
        self.line = line
        self.run = run
        self.start = start
        self.count = count
        self.value = run.value(count, start)
        self.amount = 0
        self.uses = uses


class Taking:
    """Kopecks per line, in the order of the lines; `slices` where only some pieces are meant.

    `total` is their sum, `units` the pieces that got cheaper.
    """

    __slots__ = ("amounts", "lines", "slices", "total", "units")

    def __init__(
        self, lines: Lines, amounts: Sequence[int], slices: Sequence[Slice] = (), units: int = -1
    ) -> None:
        self.lines = lines
        self.amounts = amounts
        self.slices = slices
        self.total = sum(amounts)
        if units < 0:
            pairs = zip(lines, amounts, strict=True)
            units = sum([line.pieces for line, amount in pairs if amount])
        self.units = units

    def limited(self, limit: int) -> Taking:
        """The same taking cut to `limit` kopecks, exactly, each part in proportion."""
        if not self.slices:
            return Taking(self.lines, split_by_weight(limit, self.amounts), (), self.units)
        parts = split_by_weight(limit, [piece.amount for piece in self.slices])
        for piece, part in zip(self.slices, parts, strict=True):
            piece.amount = part
        return of_slices(self.slices)


def rooms_of(slices: Sequence[Slice], before: Sequence[Slice] = ()) -> list[int]:
    """What each slice may still lose; slices of one line share the room of the line.

    `before` are slices of the same promotion, with what it takes off them."""
    left: dict[int, int] = {}
    for piece in before:
        line = piece.line
        left[line.index] = left.get(line.index, line.room) - piece.amount
    rooms = []
    for piece in slices:
        line = piece.line
        of_line = left.get(line.index, -1)
        if of_line < 0:
            of_line = line.room
        room = min(line.room_of(piece.value, piece.count), of_line)
        rooms.append(room)
        left[line.index] = of_line - room
    return rooms


def of_slices(slices: Sequence[Slice], units: int = -1) -> Taking:
    """A taking by pieces, its lines in the order of the basket."""
    by_line: dict[int, int] = {}
    lines: dict[int, SheetLine] = {}
    for piece in slices:
        index = piece.line.index
        lines[index] = piece.line
        by_line[index] = by_line.get(index, 0) + piece.amount
    order = sorted(by_line)
    if units < 0:
        units = sum([piece.count for piece in slices if piece.amount])
    return Taking([lines[n] for n in order], [by_line[n] for n in order], slices, units)


def apply(taking: Taking) -> tuple[Share, ...]:
    """Take it off the sheet, remember which pieces were used up, and tell each line's share."""
    if len(taking.lines) == 1 and not taking.slices:
        line, amount = taking.lines[0], taking.amounts[0]
        line.take(amount)
        return (Share(line.item.line_id, amount),)
    shares = []
    if taking.slices:
        _cut(taking)
    for line, amount in zip(taking.lines, taking.amounts, strict=True):
        if not amount:
            continue
        if taking.slices or line.cut is None:
            line.net -= amount
        else:
            line.take(amount)
        shares.append(Share(line.item.line_id, amount))
    return tuple(shares)


def _cut(taking: Taking) -> None:
    """Cut the runs of the lines where the slices lie."""
    if len(taking.lines) == 1 and taking.lines[0].cut is None:
        taking.lines[0].cut = []
        _cut_run(taking.slices[0].run, taking.slices, taking.lines[0].cut)
        return
    by_run: dict[int, list[Slice]] = {}
    whole: dict[int, Run] = {}
    for piece in taking.slices:
        by_run.setdefault(id(piece.run), []).append(piece)
        whole[piece.line.index] = piece.run
    for line in taking.lines:
        runs = [whole[line.index]] if line.cut is None else line.cut
        cut: list[Run] = []
        for run in runs:
            _cut_run(run, by_run.get(id(run), ()), cut)
        line.cut = cut


def _cut_run(run: Run, slices: Sequence[Slice], cut: list[Run]) -> None:
    """The parts of a run, those of its slices changed; a reward makes them in order of start."""
    end = 0
    for piece in slices:
        if piece.start > end:
            gap = piece.start - end
            cut.append(Run(gap, run.value(gap, end), run.is_used))
        cut.append(Run(piece.count, piece.value - piece.amount, run.is_used or piece.uses))
        end = piece.start + piece.count
    if end < run.count:
        left = run.count - end
        cut.append(Run(left, run.value(left, end), run.is_used))


def use_up(wanted: int, taking: Taking, others: Lines) -> None:
    """Mark `wanted` pieces as used: first those just taken, then of `others`, dearest first.

    A taking by slices that was built with `uses` has marked its own pieces already.
    """
    left = wanted - sum([piece.count for piece in taking.slices if piece.uses])
    own = taking.lines
    use_pieces(left, *((others, own) if taking.slices else (own, others)))


def use_pieces(wanted: int, *groups: Lines) -> None:
    """Mark up to `wanted` unused pieces as used, group after group, the dearest of each first."""
    for lines in groups:
        for line in sorted(lines, key=_dearest_first):
            if wanted <= 0:
                return
            wanted -= _mark(line, wanted)


def _dearest_first(line: SheetLine) -> tuple[int, str]:
    return -(line.item.sum_minor * 1_000_000 // line.pieces), line.item.line_id


def _mark(line: SheetLine, wanted: int) -> int:
    """Mark up to `wanted` unused pieces of the line; returns how many."""
    marked = 0
    runs: list[Run] = []
    for run in sorted(line.runs, key=lambda run: -(run.net * 1_000_000 // run.count)):
        count = 0 if run.is_used else min(run.count, wanted - marked)
        if count:
            runs.append(Run(count, run.value(count), True))
        if run.count > count:
            runs.append(Run(run.count - count, run.value(run.count - count, count), run.is_used))
        marked += count
    line.cut = runs
    return marked
