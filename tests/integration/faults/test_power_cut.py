"""Power cuts of the real agent, replayed: a bounded share of `bench.soak.durable_power_cut`."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.durable_workload import prepare
from tests.support.power_cut import PowerCuts, Verdict, record

STATES, MUTANT_STATES = 120, 40
pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder that waits for no disk, where there is one: the states are made, not suffered."""
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shm if shm.is_dir() else None) as folder:
        yield Path(folder)


def _cuts(folder: Path, *, old_ledger: bool, mutant: bool = False) -> PowerCuts:
    prepare(folder / "run", old_ledger=old_ledger)
    shutil.copytree(folder / "run" / "data", folder / "before")
    return PowerCuts(folder / "before", record(folder / "run", mutant=mutant), folder / "work")


@pytest.mark.parametrize("seed", [random.randrange(2**32)], ids=["any"])
@pytest.mark.parametrize("old_ledger", [random.random() < 0.5], ids=["either"])
def test_no_power_cut_loses_what_was_acknowledged(
    memory: Path, seed: int, old_ledger: bool
) -> None:
    verdict = Verdict()
    _cuts(memory, old_ledger=old_ledger).run(STATES, random.Random(seed), verdict)
    assert verdict == Verdict(states=STATES)


@pytest.mark.parametrize("seed", [random.randrange(2**32)], ids=["any"])
def test_commits_that_do_not_wait_for_the_disk_are_caught(memory: Path, seed: int) -> None:
    verdict = Verdict()
    cuts = _cuts(memory, old_ledger=False, mutant=True)
    cuts.run(MUTANT_STATES, random.Random(seed), verdict)
    assert verdict.lost
