"""`python -m bench.soak.paper_kills`: printing processes killed by the kernel.

Every kind of point × every fiscal protocol and ESC/POS × seeds, with the register's own ledger.
Nine tenths of the time go to lives that are forks of this process and reach an inline printer on
virtual time, where nothing is waited for; the rest to lives over a real pty in real time. TARGET is
200 seeds of each; SOAK_S bounds the seconds; SEED repeats a run, others add up.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.soak.campaign import Outcome, Terms, run
from tests.support.forked_lives import ForkedLives, bench_of
from tests.support.sigkill_lives import POINTS
from tests.support.sigkill_matrix import PROTOCOLS, Lives, Matrix, matrix_of

SEEDS = 200
TARGET = SEEDS * len(POINTS) * len(PROTOCOLS)
SHOWN = 5
FORKED_SHARE = 0.9
CELLS_OF_A_PRINTER = 150
"""A printer and a ledger are renewed then: both keep every paper, and grow slow with them."""
SHARED_MEMORY = Path("/dev/shm")
"""What the kernel holds survives a SIGKILL; only a power cut asks for the disk."""


def work(terms: Terms) -> Outcome:
    """Forked lives first, for nothing may run beside a fork, then those on a pty."""
    chance = random.Random(terms.seed)
    began = time.monotonic()
    verdicts: Counter[str] = Counter()
    wrong: list[str] = []
    forked = 0
    soon = began + (terms.until - began) * FORKED_SHARE
    while forked < terms.target and time.monotonic() < soon:
        cells = min(CELLS_OF_A_PRINTER * len(PROTOCOLS), terms.target - forked)
        with _forked() as matrices:
            forked += _cells(matrices, chance, cells, soon, wrong, verdicts)
    with _on_ptys() as matrices:
        on_pty = _cells(matrices, chance, terms.target - forked, terms.until, wrong, verdicts)
    for text in wrong[:SHOWN]:
        print(text)
    told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    figures = {
        "wrong": len(wrong),
        "told": wrong[:SHOWN],
        "forked": forked,
        "on_pty": on_pty,
        **verdicts,
    }
    says = f"{len(wrong)} wrong; {on_pty} on a pty; the next life said {told}"
    return Outcome(forked + on_pty, not wrong, says, figures)


def _cells(
    matrices: list[Matrix],
    chance: random.Random,
    most: int,
    until: float,
    wrong: list[str],
    verdicts: Counter[str],
) -> int:
    """One cell of each protocol after the other, until that many or that late; how many."""
    kills = 0
    while kills < most and time.monotonic() < until:
        matrix = matrices[kills % len(matrices)]
        point = POINTS[kills // len(matrices) % len(POINTS)]
        try:
            matrix.kill(point, chance.randint(1, matrix.points[point]))
        except AssertionError as error:
            wrong.append(str(error))
        kills += 1
    for matrix in matrices:
        verdicts.update(matrix.verdicts)
    return kills


@contextmanager
def _forked() -> Iterator[list[Matrix]]:
    where = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=where) as folder:
        matrices = []
        for dialect in PROTOCOLS:
            bench, place = bench_of(dialect), Path(folder) / dialect
            place.mkdir()
            matrices.append(Matrix(dialect, bench, place, ForkedLives(bench)))
        yield matrices


@contextmanager
def _on_ptys() -> Iterator[list[Matrix]]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        lives = Lives()
        stack.callback(lives.close)
        matrices = []
        for dialect in PROTOCOLS:
            place = Path(folder) / dialect
            place.mkdir()
            matrices.append(stack.enter_context(matrix_of(dialect, place, lives)))
        yield matrices


if __name__ == "__main__":
    sys.exit(run("paper-kills", TARGET, work))
