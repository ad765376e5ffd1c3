"""`make soak-paper`: every fiscal protocol under faults and kills, judged by the emulated printer.

Three parts on virtual time: the kill matrix (every point of every protocol, sales and returns), a
target of faulted jobs (TARGET, 100,000) over all dialects, and 10,000 mutations of each published
frame. SOAK_S bounds the seconds; SEED repeats a run, other seeds add up.
"""

from __future__ import annotations

import random
import sys
import time

from bench.soak.campaign import Outcome, Terms, run
from drivers.conformance.samples import sample_job
from drivers.emulators.dialects import DIALECTS
from tests.support.faulted_printing import FaultedPrinter
from tests.support.frame_families import FAMILIES, survives
from tests.support.inline_printer import InlineBench
from tests.support.mortal_printing import (
    SLIP,
    WITHOUT_RETURNS,
    kill_and_check,
    paid_by_both,
    points_of,
)

NAME = "paper"
TARGET = 100_000
MUTATIONS = 10_000
UNKNOWN_PER_MILLE = 1
SHOWN = 5


def work(terms: Terms) -> Outcome:
    """Matrix, mutations, and then jobs until the target or the time is reached."""
    began = time.monotonic()
    span = terms.until - began
    cells, lost = _matrix(terms.seed, began + span * 0.3)
    mutants, kept = _mutations(terms.seed, began + span * 0.45)
    printers = [FaultedPrinter(name, terms.seed + n) for n, name in enumerate(sorted(DIALECTS))]
    jobs = 0
    while jobs < terms.target and not terms.is_over:
        printers[jobs % len(printers)].one_job()
        jobs += 1
    wrong = [*lost, *(text for printer in printers for text in printer.wrong)]
    unknown = sum(printer.unknown for printer in printers)
    kills = sum(printer.kills for printer in printers)
    for text in wrong[:SHOWN]:
        print(text)
    says = (
        f"{len(wrong)} wrong, {unknown} unknown after mending ({kills} killed);"
        f" matrix {cells} cells; {mutants} mutations, {kept} kept a right check"
    )
    sound = not wrong and unknown * 1000 <= max(jobs, 1000) * UNKNOWN_PER_MILLE
    figures = {"unknown": unknown, "cells": cells, "mutants": mutants, "wrong": len(wrong)}
    return Outcome(jobs, sound, says, figures)


def _matrix(seed: int, until: float) -> tuple[int, list[str]]:
    """Cells tried, and what was wrong; in random order, so a short run is a fair share."""
    cells = []
    for dialect in sorted(DIALECTS):
        for kind in ("sale", "return"):
            if kind == "return" and dialect in WITHOUT_RETURNS:
                continue
            bench = InlineBench(dialect)
            total = points_of(bench, sample_job("count", 2, SLIP, **paid_by_both(kind)))
            cells += [(dialect, kind, deadly) for deadly in range(1, total + 1)]
    random.Random(seed).shuffle(cells)
    lost: list[str] = []
    for tried, (dialect, kind, deadly) in enumerate(cells):
        if time.monotonic() >= until:
            return tried, lost
        note = f"{dialect} {kind} killed at {deadly}"
        try:
            kill_and_check(InlineBench(dialect), deadly, note, paid_by_both(kind))
        except AssertionError as error:
            lost.append(f"{note}: {error}")
    return len(cells), lost


def _mutations(seed: int, until: float) -> tuple[int, int]:
    """Mutants tried, and how many kept a right check; a wrong accept raises."""
    tried = kept = 0
    for family in FAMILIES.values():
        for frame in family.frames().values():
            if time.monotonic() >= until:
                return tried, kept
            kept += survives(family, frame, random.Random(seed), MUTATIONS)
            tried += MUTATIONS
    return tried, kept


if __name__ == "__main__":
    sys.exit(run(NAME, TARGET, work))
