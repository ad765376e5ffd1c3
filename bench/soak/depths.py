"""`make soak-authorisation`, second part: one schedule at several depths, taking equal decisions.

First each mutant at its depth, which the invariants alone must see within its steps; then seeded
chains of 50 stores, healed now and then: registers with their SQL beside the pure machines for
10^6 steps, the same with the centre on PostgreSQL for 10^5, or SOAK_S. DEPTH=sqlite or postgresql
runs one of them alone. Steps add up over runs with other seeds in bench/out/soak.jsonl.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from bench.soak.campaign import Outcome, Terms, run, sound_sum
from bench.soak.depths_chains import PostgresChain, SqliteChain
from bench.soak.depths_mutants import POSTGRESQL, PURE, SQLITE, Mutant, seen_at
from bench.soak.depths_plan import Depth, Size
from bench.soak.depths_pure import PureChain
from bench.soak.depths_server import postgres
from bench.soak.depths_world import World

TARGETS = {"sqlite": 1_000_000, "postgresql": 100_000}
CHAIN = Size(stores=50, members=60)
WORLD_STEPS = {"sqlite": 40_000, "postgresql": 10_000}
ROUND = 100
HEAL_SHARE = 0.05
WORLDS_A_SEED = 1_000_000


def campaign(depth: str) -> Callable[[Terms], Outcome]:
    """The work of one depth."""

    def work(terms: Terms) -> Outcome:
        with ExitStack() as stack:
            if depth == "sqlite":
                return _work(depth, terms, (*PURE, *SQLITE), "")
            return _work(depth, terms, POSTGRESQL, stack.enter_context(postgres()))

    return work


def _work(depth: str, terms: Terms, mutants: Sequence[Mutant], url: str) -> Outcome:
    unseen = _mutants(mutants, terms, url)
    seen: Counter[str] = Counter()
    steps, broken = 0, ""
    busy = time.process_time()
    for number in range(WORLDS_A_SEED):
        if terms.is_over or steps >= terms.target or broken:
            break
        world, broken = _chain(depth, terms, terms.seed * WORLDS_A_SEED + number, url)
        steps += world.steps
        seen += world.seen
    rate = round(steps / max(time.process_time() - busy, 0.001))
    faults = sum(seen[n] for n in ("partition", "crash", "duplicate", "late message", "clock jump"))
    is_sound = not broken and not unseen
    figures = {
        "faults": faults,
        "mutants_unseen": unseen,
        "steps_per_cpu_s": rate,
        "events": dict(seen),
        "broken": broken,
    }
    all_steps = sound_sum(f"authorisation-{depth}", terms.seed, steps if is_sound else 0)
    says = (
        f"no difference, nothing overdrawn; {faults} faults, {rate} steps per CPU second;"
        f" {len(mutants) - len(unseen)} of {len(mutants)} mutants seen;"
        f" all sound runs: {all_steps} of {TARGETS[depth]}"
    )
    return Outcome(steps, is_sound, broken or says, figures)


def _chain(depth: str, terms: Terms, seed: int, url: str) -> tuple[World, str]:
    """One chain beside the pure one, healed every `ROUND` events; what broke, or nothing."""
    other: Depth = SqliteChain(CHAIN) if depth == "sqlite" else PostgresChain(CHAIN, url)
    try:
        world = World(seed, CHAIN, [PureChain(CHAIN), other])
        try:
            while world.steps < WORLD_STEPS[depth] and not terms.is_over:
                world.run(ROUND)
                if world.dice.random() < HEAL_SHARE:
                    world.heal()
            world.heal()
        except AssertionError as found:
            return world, f"{found} (world seed {seed}, step {world.steps})"
        return world, ""
    finally:
        other.close()


def _mutants(mutants: Sequence[Mutant], terms: Terms, url: str) -> list[str]:
    unseen = []
    for mutant in mutants:
        if terms.is_over:
            unseen.append(mutant.name)
            continue
        steps, said = seen_at(mutant, terms.seed, url)
        name = f"{mutant.chain.name} mutant «{mutant.name}»"
        if said:
            print(f"{name} seen at step {steps}: {said}")
        else:
            print(f"{name} NOT SEEN in {mutant.within} steps, seed {terms.seed}")
            unseen.append(mutant.name)
    sys.stdout.flush()
    return unseen


def main() -> int:
    """Both depths, or the one that DEPTH names."""
    wanted = os.environ.get("DEPTH")
    codes = [
        run(f"authorisation-{depth}", target, campaign(depth))
        for depth, target in TARGETS.items()
        if wanted in (None, "", depth)
    ]
    return max(codes, default=2)


if __name__ == "__main__":
    sys.exit(main())
