"""`python -m bench.soak.durable_power_cut`: states that power cuts of the real agent may leave.

The agent's calls are recorded by strace during first start, migration of an old ledger, sales,
feed, pruning and checkpoint; then states with any subset of unsynced sectors and names are
built and judged. A tenth of the states is of a mutant with `synchronous=NORMAL`, which must lose.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from pathlib import Path

from bench.soak.campaign import CannotRun, Outcome, Terms, run
from tests.support.durable_workload import prepare
from tests.support.power_cut import PowerCuts, Verdict, record

TARGET = 10_000
ROUND = 500
MUTANT_STATES = 300


def recorded(folder: Path, *, old_ledger: bool, mutant: bool = False) -> PowerCuts:
    """One recorded life of a register."""
    run_in, before = folder / "run", folder / "before"
    prepare(run_in, old_ledger=old_ledger)
    shutil.copytree(run_in / "data", before)
    return PowerCuts(before, record(run_in, mutant=mutant), folder / "work")


def campaign(terms: Terms) -> Outcome:
    """States of two lives in turn, then those of the mutant."""
    if shutil.which("strace") is None:
        raise CannotRun("strace is not installed")
    rng = random.Random(terms.seed)
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shm if shm.is_dir() else None) as name:
        folder = Path(name)
        lives = [recorded(folder / f"{old}", old_ledger=old) for old in (False, True)]
        verdict, mutants = Verdict(), Verdict()
        while verdict.states < terms.target and not terms.is_over:
            for life in lives:
                life.run(min(ROUND, terms.target - verdict.states), rng, verdict)
        recorded(folder / "mutant", old_ledger=False, mutant=True).run(MUTANT_STATES, rng, mutants)
    for found in (*verdict.lost, *verdict.corrupt, *verdict.unequal)[:20]:
        print(found)
    says = (
        f"{len(verdict.lost)} lost sales, {len(verdict.corrupt)} corrupt, {len(verdict.unequal)} "
        f"unequal, {verdict.cache_lost} caches lost; the NORMAL mutant lost sales in "
        f"{len(mutants.lost)} of {mutants.states}"
    )
    figures = {"mutant_lost": len(mutants.lost), "mutant_states": mutants.states}
    return Outcome(verdict.states, verdict.is_sound and bool(mutants.lost), says, figures)


if __name__ == "__main__":
    sys.exit(run("durable_power_cut", TARGET, campaign))
