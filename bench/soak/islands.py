"""`make soak-authorisation`: store hubs killed in the middle of sales, in simulated chains.

Chains of 50 stores, most of them cut off; hubs on their real `hub.db` and registers with their
real use cases on `ledger.db`, both beside the pure machines, which must answer and decide the same
of leases, purses and the cache layer. Hubs are killed at some moment of a loan or a claim, 10,000
times (TARGET); after each kill the file must hold what the pure hub remembers. Links are cut,
registers crash, come back from older images and are copied, clocks are days off. A bystander sees
that nothing is spent over its bound. First each mutant, which the bystander alone must see.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

from bench.soak.campaign import Outcome, Terms, run, sound_sum
from bench.soak.islands_mutants import MUTANTS, seen_at
from bench.soak.islands_register import TwinRegister
from bench.soak.islands_world import IslandWorld

NAME = "authorisation-islands"
TARGET = 10_000
WORLD_STEPS = 20_000
WORLDS_A_SEED = 1_000_000


def work(terms: Terms) -> Outcome:
    """Mutants, then chains until so many hubs have died."""
    unseen = _mutants(terms)
    seen: Counter[str] = Counter()
    approved: Counter[str] = Counter()
    overdrawn: Counter[str] = Counter()
    steps, broken, over, twice, compared = 0, "", 0, 0, 0
    busy = time.process_time()
    for number in range(WORLDS_A_SEED):
        if terms.is_over or seen["hub killed"] >= terms.target or broken:
            break
        world = IslandWorld(terms.seed * WORLDS_A_SEED + number, register=TwinRegister)
        try:
            world.run(WORLD_STEPS)
            world.heal()
        except AssertionError as found:
            broken = f"{found} (world seed {world.seed}, step {world.steps})"
        finally:
            world.close()
        steps += world.steps
        seen += world.seen
        approved += world.truth.approved
        overdrawn.update(world.centre.overdrawn)
        twice += len(world.centre.posted_twice)
        over = max(over, world.truth.most_purse_over)
        compared += sum(till.compared for till in world.tills)
    figures = {
        "steps": steps,
        "steps_per_cpu_s": round(steps / max(time.process_time() - busy, 0.001)),
        "compared": compared,
        "burnt_twice": twice,
        "mutants_unseen": unseen,
        "events": dict(seen),
        "approved": dict(approved),
        "overdrawn": dict(overdrawn),
        "most_purse_over": over,
        "broken": broken,
    }
    is_sound = not (broken or unseen or twice or overdrawn["lease"])
    kills = seen["hub killed"]
    says = (
        f"hubs killed in sales; {steps} steps, {sum(approved.values())} approvals; leases overspent"
        f" by {overdrawn['lease']}, burnt twice {twice}, no purse and no cache over its bound;"
        f" files and pure machines agree; {len(MUTANTS) - len(unseen)} of {len(MUTANTS)} mutants"
        f" seen; all sound runs: {sound_sum(NAME, terms.seed, kills * is_sound)} of {TARGET}"
    )
    return Outcome(kills, is_sound, broken or says, figures)


def _mutants(terms: Terms) -> list[str]:
    unseen = []
    for mutant in MUTANTS:
        steps, said = seen_at(mutant, terms.seed)
        if said:
            print(f"mutant «{mutant.name}» seen at step {steps}: {said}")
        else:
            print(f"mutant «{mutant.name}» NOT SEEN in {mutant.within} steps, seed {terms.seed}")
            unseen.append(mutant.name)
    sys.stdout.flush()
    return unseen


if __name__ == "__main__":
    sys.exit(run(NAME, TARGET, work))
