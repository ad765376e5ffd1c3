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


def naive(dialect: str, place: Path, point: str, extra: int) -> int:
    """Papers of a driver that forgets, killed so many replies later than were counted, on a printer
    of its own: an early kill leaves a receipt open."""
    place.mkdir()
    bench = bench_of(dialect)
    return Matrix(dialect, bench, place, ForkedLives(bench)).naive(point, (extra,))


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
            papers = (naive(dialect, place / f"naive{number}", last, number) for number in range(4))
            told[dialect] = {"verdicts": matrix.verdicts, "naive": next(filter(None, papers), 0)}
    print(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]))
