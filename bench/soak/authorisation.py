"""`make soak-authorisation`: the bound of redemption offline, on the pure machines of `loyalty`.

First wrong purse claims (CLAIMS, 100,000), of which none may be taken; then each mutant, which
must be seen within its steps; then seeded chains of 50 stores until TARGET steps or SOAK_S are
over. Steps add up over runs with other seeds in bench/out/soak.jsonl.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter

from bench.report import OUT
from bench.soak.authorisation_claims import Claims
from bench.soak.authorisation_mutants import MUTANTS
from bench.soak.authorisation_world import World
from bench.soak.campaign import Outcome, Terms, run

NAME = "authorisation"
TARGET = 100_000_000
FAULTS_TARGET = 1_000_000
CLAIMS = 100_000
WORLD_STEPS = 50_000
WORLDS_A_SEED = 1_000_000


def work(terms: Terms) -> Outcome:
    """Claims, mutants, chains."""
    began = time.monotonic()
    claims = _claims(terms, began + (terms.until - began) / 4)
    unseen = _mutants(terms.seed)
    seen: Counter[str] = Counter()
    approved: Counter[str] = Counter()
    overdrawn: Counter[str] = Counter()
    steps, broken, over = 0, "", 0
    busy = time.process_time()
    for number in range(WORLDS_A_SEED):
        if terms.is_over or steps >= terms.target:
            break
        world = World(terms.seed * WORLDS_A_SEED + number)
        try:
            world.run(WORLD_STEPS)
            world.heal()
        except AssertionError as found:
            broken = f"{found} (world seed {world.seed}, step {world.steps})"
        steps += world.steps
        seen += world.seen
        approved += world.truth.approved
        overdrawn.update(world.centre.overdrawn)
        over = max(over, world.truth.most_purse_over)
        if broken:
            break
    rate = round(steps / max(time.process_time() - busy, 0.001))
    faults = sum(seen[name] for name in ("partition", "crash", "duplicate", "clock jump"))
    figures = {
        "faults": faults,
        "claims_refused": sum(claims.codes.values()),
        "claims_accepted": len(claims.accepted),
        "mutants_unseen": unseen,
        "steps_per_cpu_s": rate,
        "events": dict(seen),
        "approved": dict(approved),
        "overdrawn": dict(overdrawn),
        "most_purse_over": over,
        "broken": broken,
    }
    is_sound = not broken and not unseen and not claims.accepted
    all_steps, all_faults = _sums(terms.seed, steps if is_sound else 0, faults)
    says = (
        f"lease overdrawn {overdrawn['lease']}, {approved['counter']} counted sales within"
        f" what there is; {faults} faults, {rate} steps per CPU second;"
        f" {figures['claims_refused']} wrong claims, {len(claims.accepted)} taken;"
        f" {len(MUTANTS) - len(unseen)} of {len(MUTANTS)} mutants seen; all sound runs:"
        f" {all_steps} of {TARGET} steps, {all_faults} of {FAULTS_TARGET} faults"
    )
    return Outcome(steps, is_sound, broken or says, figures)


def _claims(terms: Terms, until: float) -> Claims:
    claims = Claims(terms.seed)
    wanted = int(os.environ.get("CLAIMS") or CLAIMS)
    while sum(claims.codes.values()) < wanted and not claims.accepted:
        if time.monotonic() > until:
            break
        claims.try_wrong()
    print(f"claims: {sum(claims.codes.values())} of {wanted} refused, {len(claims.accepted)} taken")
    for attempt in claims.accepted:
        print(f"  TAKEN ({attempt.kind}): {attempt.text} at {attempt.place}")
    return claims


def _mutants(seed: int) -> list[str]:
    unseen = []
    for mutant in MUTANTS:
        world = World(seed, **mutant.machines)
        try:
            world.run(mutant.within)
        except AssertionError as found:
            print(f"mutant «{mutant.name}» seen at step {world.steps}: {found}")
        else:
            print(f"mutant «{mutant.name}» NOT SEEN in {mutant.within} steps, seed {seed}")
            unseen.append(mutant.name)
    sys.stdout.flush()
    return unseen


def _sums(seed: int, steps: int, faults: int) -> tuple[int, int]:
    """This run and the sound ones before it, each seed once; those of machines without countable
    rights are not counted."""
    best = {seed: (steps, faults)}
    path = OUT / "soak.jsonl"
    for text in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        line = json.loads(text)
        if line.get("soak") != NAME or "counter" not in line.get("approved", ()):
            continue
        if line.get("sound"):
            known = best.get(line["seed"], (0, 0))
            best[line["seed"]] = max(known, (line["achieved"], line["faults"]))
    return sum(each[0] for each in best.values()), sum(each[1] for each in best.values())


if __name__ == "__main__":
    sys.exit(run(NAME, TARGET, work))
