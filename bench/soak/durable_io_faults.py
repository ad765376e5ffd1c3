"""`python -m bench.soak.durable_io_faults`: every I/O call of a sale fails once, by LD_PRELOAD.

EIO, ENOSPC and a short write that then finds no room, at each call on the ledger's files. A
confirmation may be answered with success only when the log was synced after its last write.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench.soak.campaign import CannotRun, Outcome, Terms, run
from tests.support.io_faults import KINDS, Faults, FaultyAgent, NoCompiler

TARGET = 1_000


def campaign(terms: Terms) -> Outcome:
    """Round after round of all calls and kinds."""
    found = Faults()
    with tempfile.TemporaryDirectory(prefix="io-faults-") as folder:
        try:
            faulty = FaultyAgent(Path(folder))
        except NoCompiler as why:
            raise CannotRun(str(why)) from None

        def over() -> bool:
            return terms.is_over or found.trials >= terms.target

        with faulty:
            while not over():
                for kind in KINDS:
                    faulty.every_call(kind, found, stop=over)
        faulty.judge(found)
    for said in (*found.careless, *found.stuck, *found.faults):
        print(said)
    for (what, status), count in sorted(found.answers.items()):
        print(f"  {count:5}  {what}: answered {status}")
    says = (
        f"{max(found.calls.values(), default=0)} calls in a sale, {len(found.careless)} approvals "
        f"without durability, {found.lost} lost, {len(found.stuck)} tills stuck"
    )
    return Outcome(found.trials, found.is_sound, says, {"calls": found.calls})


if __name__ == "__main__":
    sys.exit(run("durable_io_faults", TARGET, campaign))
