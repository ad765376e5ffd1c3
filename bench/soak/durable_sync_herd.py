"""45,000 registers return after four hours, one simulated outage per seed: requests in a second.

`python -m bench.soak.durable_sync_herd`. TARGET is the number of seeds (20).
"""

from __future__ import annotations

import sys

from bench.soak.campaign import Outcome, Terms, run
from bench.soak.herd import REGISTERS, Simulation

SEEDS = 20
MOST_PER_S = 450


def herds(terms: Terms) -> Outcome:
    """Seed after seed until the target or the bound."""
    peaks: list[int] = []
    drained: list[float] = []
    whole = True
    for seed in range(terms.seed, terms.seed + terms.target):
        if terms.is_over:
            break
        seen = Simulation(seed).run()
        peaks.append(seen.peak)
        drained.append(seen.drained_at_s)
        whole = whole and seen.returned == seen.drained == REGISTERS
        print(f"seed {seed}: peak {seen.peak} requests/s, drained after {drained[-1]:.0f} s")
    worst = max(peaks, default=0)
    sound = bool(peaks) and whole and worst <= MOST_PER_S
    says = (
        f"worst peak {worst} of {MOST_PER_S} requests/s, drained by {max(drained, default=0):.0f} s"
    )
    return Outcome(len(peaks), sound, says, {"peaks": peaks})


if __name__ == "__main__":
    sys.exit(run("durable_sync_herd", SEEDS, herds))
