"""`python -m tests.support.forked_round SEED`: a process of its own, for it forks.

Each protocol is killed once at each kind of point on virtual time, and once with a driver that
forgets. Writes the verdicts and the papers of the forgetful one, as JSON by protocol.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path

from tests.support.forked_lives import ForkedLives, bench_of
from tests.support.sigkill_lives import ESCPOS, POINTS
from tests.support.sigkill_matrix import PROTOCOLS, Matrix

EXTRA = (0, 0, 1, 2, 3, -1, -2, 4, 0, 0)
TWICE = 2


def main(seed: int) -> None:
    """One round."""
    chance = random.Random(seed)
    told = {}
    with tempfile.TemporaryDirectory() as folder:
        for dialect in PROTOCOLS:
            bench, place = bench_of(dialect), Path(folder) / dialect
            place.mkdir()
            matrix = Matrix(dialect, bench, place, ForkedLives(bench))
            for point in POINTS:
                matrix.kill(point, chance.randint(1, matrix.points[point]))
            last = "before_commit" if dialect == ESCPOS else "after_reply"
            # Replies may come in more or fewer pieces than were counted: a kill is then early,
            # with the receipt still open, or never falls.
            counted = matrix.points[last]
            tries = (matrix.kill_naive(last, counted + extra) for extra in EXTRA)
            papers = next((found for found in tries if found == TWICE), 0)
            told[dialect] = {"verdicts": matrix.verdicts, "naive": papers}
    print(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]))
