"""Store hubs and registers on their real files beside the pure machines; hubs are killed in the
middle of sales. `python -m bench.soak.islands` does so 10,000 times."""

from __future__ import annotations

import itertools
import random

import pytest

from bench.soak.authorisation_world import POLICY
from bench.soak.islands_hub import MOMENTS, Differs
from bench.soak.islands_mutants import MUTANTS, seen_at
from bench.soak.islands_register import TILLS, TwinRegister
from bench.soak.islands_world import IslandWorld
from loyalty.protocol.centre import ISSUED, OVERDRAFT, REDEEMED
from tests.support.seeds import fresh_seed

FIXED = 20_261_122


@pytest.mark.parametrize("seed", [FIXED, fresh_seed(10**9)], ids=["a", "b"])
def test_a_hub_killed_in_a_sale_gives_nothing_twice(seed):
    world = IslandWorld(seed)
    try:
        world.run(8_000)
        world.heal()
    finally:
        world.close()
    assert min(world.seen[f"killed {moment}"] for moment in MOMENTS) > 5, seed
    assert min(world.truth.approved[layer] for layer in ("lease", "purse")) > 5, seed
    assert world.centre.overdrawn["lease"] == 0, seed


@pytest.mark.parametrize("seed", [FIXED, fresh_seed(10**9)], ids=["a", "b"])
def test_hubs_and_registers_with_sql_decide_like_the_pure_machines(seed):
    """Leases, purses and the cache layer, over crashes, images, copies and wrong clocks."""
    world = IslandWorld(seed, stores=20, members=50, register=TwinRegister)
    try:
        world.run(3_000)
        world.heal()
    finally:
        world.close()
    approved = world.truth.approved
    layers = ("online", "lease", "purse", "cache", "counter")
    assert min(approved[layer] for layer in layers) > 5, seed
    assert min(world.seen[n] for n in ("crash", "partition", "hub killed", "duplicate")) > 5, seed
    assert sum(till.compared for till in world.tills) > 500, seed
    assert (world.centre.overdrawn["lease"], world.centre.overdrawn["online"]) == (0, 0), seed


CLOCKS = {"days off": [4_320, -4_320, 0], "frozen": [20_000_000]}


@pytest.mark.parametrize("offsets", CLOCKS.values(), ids=CLOCKS.keys())
def test_no_bound_rests_on_a_clock(offsets):
    """Every register three days off, or standing still: leases overspend 0, purses and cache stay
    within their bounds (asserted at each step), and leases are spent all the same."""
    world = IslandWorld(FIXED, stores=20, members=50, register=TwinRegister)
    world.clock = {
        till.machine: offset for till, offset in zip(world.tills, itertools.cycle(offsets))
    }
    try:
        world.run(2_000)
        world.heal()
    finally:
        world.close()
    assert world.truth.approved["lease"] > 5
    assert (world.centre.overdrawn["lease"], world.centre.overdrawn["online"]) == (0, 0)


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


# --- a day offline and its twin ---------------------------------------------------------------


def deliver(world: IslandWorld) -> None:
    while world.flying:
        world._deliver()
        world.truth.after_step()


def shop(world: IslandWorld, member: int, store: int, wanted: int) -> int:
    """One redemption to its end, whoever answers; the points approved."""
    register = world.registers[TILLS * store + member % TILLS]
    sale = 1 + len(world.truth.wanted)
    world.truth.wanted[sale] = wanted
    purse = world.purses.get(member)
    world.send(register.machine, register.begin(sale, member, wanted, purse, world.now))
    deliver(world)
    for _ in range(2):
        world.send(register.machine, register.time_out())
        deliver(world)
    fact = register.disk.log.facts[-1]
    assert fact[:2] == ("burn", sale)
    return sum(points for _, _, points in fact[4])


def twin(wants: list[tuple[int, int, int]], is_online: bool) -> dict[int, tuple[int, int, int]]:
    """By member: what is left of the balance after healing, what was approved, the overdraft."""
    world = IslandWorld(FIXED, stores=4, members=8, killed_share=0, register=TwinRegister)
    world.wan_down = set() if is_online else set(world.hubs)
    approved = dict.fromkeys(world.members, 0)
    try:
        before = {member: whole(world, member) for member in world.members}
        for member, place, wanted in wants:
            approved[member] += shop(world, member, world.homes[member][place], wanted)
        world.heal()
        after = {member: whole(world, member) for member in world.members}
        overdraft = {m: -world.centre.balance(m, OVERDRAFT) for m in world.members}
    finally:
        world.close()
    assert {m: before[m] - after[m] for m in before} == approved
    return {m: (after[m], approved[m], overdraft[m]) for m in world.members}


def whole(world: IslandWorld, member: int) -> int:
    places = world.centre.books[member].items()
    return sum(points for place, points in places if place not in (ISSUED, REDEEMED))


def test_a_day_offline_equals_its_online_twin_in_an_island():
    """Registers and hubs with their SQL; at home and within the lease nothing differs."""
    dice = random.Random(FIXED)
    wants = [(dice.randint(1, 8), 0, dice.randint(1, 6)) for _ in range(20)]
    assert twin(wants, True) == twin(wants, False)


def test_what_a_day_offline_costs_is_what_its_bounds_explain():
    """Purses and the cache layer, in three stores each: balances differ from the online twin by
    what was refused or given over. With the centre a purse is claimed there and costs nothing;
    offline it costs up to (K - 1) v in K stores, and the cache layer at most its caps."""
    dice = random.Random(FIXED)
    wants = [(dice.randint(1, 8), dice.randrange(3), dice.randint(1, 400)) for _ in range(40)]
    online, offline = twin(wants, True), twin(wants, False)
    of_purse = 2 * POLICY.purse_max_points
    of_cache = POLICY.cache_cap_points * POLICY.cache_times * 3
    for member, (left, approved, overdraft) in offline.items():
        assert left - online[member][0] == online[member][1] - approved
        assert online[member][2] == 0
        assert overdraft <= of_purse + of_cache
    assert any(overdraft for _, _, overdraft in offline.values())
    assert online != offline
