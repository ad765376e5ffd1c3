"""`python -m bench.soak.frames`: 10,000 mutations of each published frame of every protocol.

None with a wrong check is accepted, nothing raises, nothing hangs; those that keep a right check by
chance are counted apart. SOAK_S bounds the seconds, SEED repeats a run.
"""

from __future__ import annotations

import random
import sys

from bench.soak.campaign import Outcome, Terms, run
from tests.support.frame_families import FAMILIES, survives

MUTATIONS = 10_000
FRAMES = [(family, frame) for family in FAMILIES.values() for frame in family.frames().values()]
TARGET = MUTATIONS * len(FRAMES)


def work(terms: Terms) -> Outcome:
    """Frame by frame, until all are done or the time is reached."""
    tried = kept = 0
    for family, frame in FRAMES:
        if terms.is_over or tried >= terms.target:
            break
        try:
            kept += survives(family, frame, random.Random(terms.seed), MUTATIONS)
        except AssertionError as error:
            return Outcome(tried, False, f"{family.name} {frame.hex(' ')}: {error}")
        tried += MUTATIONS
    says = f"{tried // MUTATIONS} of {len(FRAMES)} frames; {kept} mutants kept a right check"
    return Outcome(tried, True, says, {"kept": kept})


if __name__ == "__main__":
    sys.exit(run("frames", TARGET, work))
