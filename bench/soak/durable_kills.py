"""`python -m bench.soak.durable_kills`: SIGKILL at any moment; each next life sells within 2 s.

A share of the kills strikes inside the steps of sales with emulated scanner and printer
(`tests.support.kill_loop`), the others a register without devices, on the same files for ever.
The verdict is about loss; how many lives sold within two seconds is said beside the load.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from bench.report import percentile
from bench.soak.campaign import Outcome, Terms, run
from tests.support.kill_loop import KillLoop
from tests.support.kill_rounds import KillRounds

TARGET = 1_000
WITH_DEVICES_SHARE = 5
BUDGET_S = 2.0
LOOP_PART = 10


def campaign(terms: Terms) -> Outcome:
    """Kills with devices first, then the long row of lives."""
    began = time.monotonic()
    loop_until = began + (terms.until - began) / 3
    faults: list[str] = []
    with_devices = 0
    while with_devices < terms.target // WITH_DEVICES_SHARE and time.monotonic() < loop_until:
        with tempfile.TemporaryDirectory(prefix="kills-") as folder:
            loop = KillLoop(Path(folder), terms.seed + with_devices)
            try:
                faults += loop.run(LOOP_PART).faults
            finally:
                loop.close()
            with_devices += loop.kills
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        rounds = KillRounds(Path(folder), terms.seed)
        found = rounds.run(terms.target - with_devices, lambda: terms.is_over)
    faults += found.faults
    times = found.first_sale_s or [0.0]
    worst, in_time = max(times), sum(one <= BUDGET_S for one in times)
    for fault in faults[:20]:
        print(fault)
    says = (
        f"{with_devices} with devices, {found.in_start} inside a start; {found.approved} sales, "
        f"{found.lost} lost; start to first sale p50 {percentile(times, 50):.2f}, "
        f"p99 {percentile(times, 99):.2f}, max {worst:.2f} s, {in_time} of {len(times)} within "
        f"{BUDGET_S:.0f} s at load {os.getloadavg()[0]:.1f}"
    )
    figures = {
        "in_time": in_time,
        "p50_s": percentile(times, 50),
        "p99_s": percentile(times, 99),
        "max_s": worst,
    }
    is_sound = not faults and not found.lost
    return Outcome(with_devices + found.kills, is_sound, says, figures)


if __name__ == "__main__":
    sys.exit(run("durable_kills", TARGET, campaign))
