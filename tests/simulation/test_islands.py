"""Store hubs and registers on their real files beside the pure machines; hubs are killed in the
middle of sales. `python -m bench.soak.islands` does so 10,000 times."""

from __future__ import annotations

import random

import pytest

from bench.soak.islands_hub import MOMENTS, Differs
from bench.soak.islands_mutants import MUTANTS, seen_at
from bench.soak.islands_register import TwinRegister
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


@pytest.mark.parametrize("seed", [FIXED, random.SystemRandom().randrange(10**9)], ids=["a", "b"])
def test_hubs_and_registers_with_sql_decide_like_the_pure_machines(seed):
    """Leases, purses and the cache layer, over crashes, images, copies and wrong clocks."""
    world = IslandWorld(seed, register=TwinRegister)
    try:
        world.run(4_000)
        world.heal()
    finally:
        world.close()
    approved = world.truth.approved
    assert min(approved[layer] for layer in ("online", "lease", "purse", "cache")) > 5, seed
    assert min(world.seen[n] for n in ("crash", "partition", "hub killed", "duplicate")) > 5, seed
    assert sum(till.compared for till in world.tills) > 500, seed
    assert (world.centre.overdrawn["lease"], world.centre.overdrawn["online"]) == (0, 0), seed


@pytest.mark.parametrize("mutant", MUTANTS[:4], ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_a_fault_on_a_file_is_seen(mutant):
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


def test_a_register_that_lost_a_purse_is_told_apart():
    world = IslandWorld(FIXED, stores=4, members=8, register=TwinRegister)
    try:
        world.run(3_000)
        till = next(t for t in world.tills if t.disk.purses and t.till.purses())
        till.till.ledger.write(lambda c: c.execute("DELETE FROM purse_burn"))
        till.is_alone = till.is_confirmed = True
        with pytest.raises(Differs, match="purses"):
            till.tick()
    finally:
        world.close()
