"""`python -m bench.soak.registrar`: the ПРРО under 10,000 faults and kills.

Each job meets one fault of the service (answers lost after the work, 500, 502, out of reach) at one
kind of request, half of them a killed process as well; then it is settled and must be one receipt.
SOAK_S bounds the seconds; SEED repeats a run; TARGET asks for another volume.
"""

from __future__ import annotations

import sys

from bench.soak.campaign import Outcome, Terms, run
from tests.support.faulted_registrar import FaultedRegistrar

TARGET = 10_000
UNKNOWN_PER_MILLE = 1
SHOWN = 5


def work(terms: Terms) -> Outcome:
    """Jobs until the target or the time is reached."""
    register = FaultedRegistrar(terms.seed)
    while register.jobs < terms.target and not terms.is_over:
        register.one_job()
    for text in register.wrong[:SHOWN]:
        print(text)
    unknown = register.unknown
    sound = not register.wrong and unknown * 1000 <= max(register.jobs, 1000) * UNKNOWN_PER_MILLE
    says = (
        f"{len(register.wrong)} wrong, {unknown} unknown once mended; {register.kills} killed,"
        f" {register.offline} under offline numbers"
    )
    figures = {"wrong": len(register.wrong), "unknown": unknown, "kills": register.kills}
    return Outcome(register.jobs, sound, says, figures)


if __name__ == "__main__":
    sys.exit(run("registrar", TARGET, work))
