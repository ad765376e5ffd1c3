"""`python -m bench.soak.durable_bit_flips`: one flipped bit after the other in ledger and cache.

Of the flips that change any query's result or make a read fail, at least 99 % must be noticed by
one check cycle, and a damaged cache must stand again after the next download.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench.soak.campaign import Outcome, Terms, run
from tests.support.bit_flips import Flipper

TARGET = 1_000


def campaign(terms: Terms) -> Outcome:
    """Flip until the target or the bound."""
    with tempfile.TemporaryDirectory(prefix="bit-flips-") as folder:
        flipper = Flipper(Path(folder), terms.seed)
        done = 0
        while done < terms.target and not terms.is_over:
            flipper.flip()
            done += 1
    ledger, cache = flipper.tallies["ledger"], flipper.tallies["cache"]
    mattered, noticed = ledger.mattered + cache.mattered, ledger.noticed + cache.noticed
    says = (
        f"{mattered} mattered, {noticed} noticed (ledger {ledger.noticed} of {ledger.mattered},"
        f" cache {cache.noticed} of {cache.mattered}), {cache.healed} caches healed"
    )
    for missed in (*ledger.missed, *cache.missed):
        print(f"missed: {missed}")
    is_sound = noticed * 100 >= mattered * 99 and cache.healed == cache.noticed
    return Outcome(done, is_sound, says, {"mattered": mattered, "noticed": noticed})


if __name__ == "__main__":
    sys.exit(run("durable_bit_flips", TARGET, campaign))
