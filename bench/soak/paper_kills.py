"""`python -m bench.soak.paper_kills`: printing processes killed by the kernel, in real time.

Every kind of point × every fiscal protocol and ESC/POS × seeds, on a pty, with the register's own
ledger. TARGET is 200 seeds of each; SOAK_S bounds the seconds; SEED repeats a run, others add up.
"""

from __future__ import annotations

import random
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.soak.campaign import Outcome, Terms, run
from tests.support.sigkill_lives import POINTS
from tests.support.sigkill_matrix import PROTOCOLS, Lives, Matrix, matrix_of

SEEDS = 200
TARGET = SEEDS * len(POINTS) * len(PROTOCOLS)
SHOWN = 5


def work(terms: Terms) -> Outcome:
    """One cell of each protocol after the other, until the target or the time is reached."""
    chance = random.Random(terms.seed)
    kills, wrong = 0, []
    verdicts: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        matrices: list[Matrix] = []
        lives = Lives()
        stack.callback(lives.close)
        for dialect in PROTOCOLS:
            place = Path(folder) / dialect
            place.mkdir()
            matrices.append(stack.enter_context(matrix_of(dialect, place, lives)))
        while kills < terms.target and not terms.is_over:
            matrix = matrices[kills % len(matrices)]
            point = POINTS[kills // len(matrices) % len(POINTS)]
            try:
                matrix.kill(point, chance.randint(1, matrix.points[point]))
            except AssertionError as error:
                wrong.append(str(error))
            kills += 1
        for matrix in matrices:
            for verdict, count in matrix.verdicts.items():
                verdicts[verdict] = verdicts.get(verdict, 0) + count
    for text in wrong[:SHOWN]:
        print(text)
    told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    figures = {"wrong": len(wrong), **verdicts}
    return Outcome(kills, not wrong, f"{len(wrong)} wrong; the next life said {told}", figures)


if __name__ == "__main__":
    sys.exit(run("paper-kills", TARGET, work))
