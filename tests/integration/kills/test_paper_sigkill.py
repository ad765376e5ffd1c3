"""A printing process killed by the kernel on each protocol, over a pty, with a real ledger.

Three kinds of points in a run, other ones in every run, and the last entry always; all of them,
200 times, are `python -m bench.soak.paper_kills`. `SEED` repeats a run."""

import random

import pytest

from tests.support.seeds import fresh_seed
from tests.support.sigkill_lives import ESCPOS, POINTS
from tests.support.sigkill_matrix import PROTOCOLS, Lives, matrix_of

KINDS = 3


@pytest.fixture(scope="module")
def lives():
    process = Lives()
    yield process
    process.close()


@pytest.mark.parametrize("dialect", PROTOCOLS)
def test_a_killed_process_prints_once_and_the_next_one_knows(dialect, tmp_path, lives):
    seed = fresh_seed()
    print("seed", seed)
    chance = random.Random(seed)
    with matrix_of(dialect, tmp_path, lives) as matrix:
        assert set(POINTS) == set(matrix.points)
        for point in chance.sample(POINTS, KINDS):
            matrix.kill(point, chance.randint(1, matrix.points[point]))
        # The last entry says "printed": until it is on disk, only the printer knows.
        matrix.kill("before_commit", matrix.points["before_commit"])
        assert sum(matrix.verdicts.values()) == KINDS + 1
        # Killed when the paper is out and nothing says so yet, a driver that forgets prints again.
        last = "before_commit" if dialect == ESCPOS else "after_reply"
        assert matrix.naive(last) == 2
