"""Choosing pieces: the cheapest or the dearest of a target, used or not, so many of each line."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty.promotions.effects import Units
from loyalty.promotions.policies import Pick
from loyalty.promotions.takings import Slice
from loyalty.promotions.worksheet import Run, SheetLine

Lines = Sequence[SheetLine]
Candidate = tuple[SheetLine, Run]


def count_unused(lines: Lines) -> int:
    """Pieces that no promotion used up yet."""
    count = 0
    for line in lines:
        if line.cut is None:
            count += line.pieces
            continue
        for run in line.cut:
            if not run.is_used:
                count += run.count
    return count


def unit_value(run: Run) -> int:
    """Millionths of a kopeck that one piece of a run costs, for comparing."""
    return run.net * 1_000_000 // run.count


def candidates(lines: Lines, pick: Pick, *, unused_only: bool) -> list[Candidate]:
    """Runs in the order of choice; equal prices stand by line id, so line order changes nothing."""
    found = [
        (line, run) for line in lines for run in line.runs if not (unused_only and run.is_used)
    ]
    if len(found) == 1:
        return found
    sign = 1 if pick == "cheapest" else -1
    found.sort(key=lambda pair: (sign * unit_value(pair[1]), pair[0].item.line_id))
    return found


def choose(lines: Lines, units: Units, pick: Pick, *, uses: bool) -> list[Slice]:
    """The pieces an effect takes. Pieces that cost nothing any more are not chosen."""
    left = units.at_most
    per_line: dict[int, int] = {}
    chosen: list[Slice] = []
    for line, run in candidates(lines, pick, unused_only=units.unused_only):
        if not run.net:
            continue
        count = run.count if left is None else min(run.count, left)
        if units.at_most_per_line is not None:
            count = min(count, units.at_most_per_line - per_line.get(line.index, 0))
        if count <= 0:
            continue
        per_line[line.index] = per_line.get(line.index, 0) + count
        if left is not None:
            left -= count
        chosen.append(Slice(line, run, 0, count, uses))
    return chosen
