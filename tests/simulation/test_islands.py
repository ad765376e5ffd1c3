"""Store hubs on their real file beside the pure ones, killed in the middle of sales."""

from __future__ import annotations

import random

import pytest

from bench.soak.islands_hub import MOMENTS, Differs
from bench.soak.islands_mutants import MUTANTS, seen_at
from bench.soak.islands_world import IslandWorld

FIXED = 20_261_122


@pytest.mark.parametrize("seed", [FIXED, random.SystemRandom().randrange(10**9)], ids=["a", "b"])
def test_a_hub_killed_in_a_sale_gives_nothing_twice(seed):
    world = IslandWorld(seed)
    try:
        world.run(12_000)
        world.heal()
    finally:
        world.close()
    assert min(world.seen[f"killed {moment}"] for moment in MOMENTS) > 5, seed
    assert min(world.truth.approved[layer] for layer in ("lease", "purse")) > 5, seed
    assert world.centre.overdrawn["lease"] == 0, seed


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_a_fault_of_a_hub_is_seen(mutant):
    steps, said = seen_at(mutant, FIXED)
    assert said, f"unseen in {steps} steps"


def test_a_file_that_lost_a_loan_is_told_apart():
    world = IslandWorld(FIXED, stores=4, members=8)
    try:
        world.run(2_000)
        hub = next(each for each in world.hubs.values() if each.lent)
        hub.disk.file.write(lambda c: c.execute("DELETE FROM lease_lent"))
        with pytest.raises(Differs, match="lent"):
            hub.disk.compare()
    finally:
        world.close()
