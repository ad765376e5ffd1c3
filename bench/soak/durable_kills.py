"""`python -m bench.soak.durable_kills`: SIGKILL at any moment; each next life sells within 2 s.

A fifth of the kills strikes inside the steps of sales with emulated scanner and printer
(`tests.support.kill_loop`), the others a register without devices (`tests.support.kill_rounds`).
One register of either kind is killed many times over the same files, and several are at work at
once: WORKERS says how many (one for each processor), so a start is timed beside another's. The
verdict is about loss; how many lives sold within two seconds is said beside the load.
"""

from __future__ import annotations

import compileall
import os
import random
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from bench.report import percentile
from bench.soak.campaign import Outcome, Terms, run
from tests.support.kill_loop import KillLoop
from tests.support.kill_rounds import KillRounds

TARGET = 1_000
WITH_DEVICES_SHARE = 5
BUDGET_S = 2.0
COMPILED = ("edge_agent", "loyalty", "sync", "drivers", "receipt_templates")
LOOP_PART = 25
ROUNDS_PART = 100


@dataclass(frozen=True)
class Part:
    """Kills of one register over one folder; `until` is monotonic, the same for all processes."""

    seed: int
    kills: int
    until: float
    has_devices: bool


@dataclass
class Done:
    """What parts have shown."""

    with_devices: int = 0
    without: int = 0
    in_start: int = 0
    approved: int = 0
    lost: int = 0
    first_sale_s: list[float] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def add(self, other: Done) -> None:
        """Sum up."""
        self.with_devices += other.with_devices
        self.without += other.without
        self.in_start += other.in_start
        self.approved += other.approved
        self.lost += other.lost
        self.first_sale_s += other.first_sale_s
        self.slow += other.slow
        self.faults += other.faults


def work(part: Part) -> Done:
    """One register's kills, in a process of its own."""
    if time.monotonic() >= part.until:
        return Done()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        return (_inside_steps if part.has_devices else _lives)(part, Path(folder))


def _inside_steps(part: Part, folder: Path) -> Done:
    loop = KillLoop(folder, part.seed)
    try:
        faults = loop.run(part.kills, lambda: time.monotonic() >= part.until).faults
    except AssertionError as stuck:
        # What the loop had to wait for did not come: the other parts still count.
        faults = [f"with devices, seed {part.seed}, after {loop.kills} kills: {stuck}"]
    finally:
        loop.close()
    return Done(with_devices=loop.kills, approved=len(loop.acknowledged), faults=faults)


def _lives(part: Part, folder: Path) -> Done:
    rounds = KillRounds(folder, part.seed)
    try:
        found = rounds.run(part.kills, lambda: time.monotonic() >= part.until)
    except AssertionError as stuck:
        found = rounds.found
        found.faults = [f"seed {part.seed}, after {found.kills} kills: {stuck}"]
    finally:
        rounds.close()
    return Done(
        without=found.kills,
        in_start=found.in_start,
        approved=found.approved,
        lost=found.lost,
        first_sale_s=found.first_sale_s,
        slow=[f"seed {part.seed}, {each}" for each in found.slow],
        faults=found.faults,
    )


def parts_of(terms: Terms) -> list[Part]:
    """The campaign in parts, both kinds mixed, so that a bound cuts both short."""
    dice = random.Random(terms.seed)
    with_devices = terms.target // WITH_DEVICES_SHARE
    parts = []
    for has_devices, kills, size in (
        (True, with_devices, LOOP_PART),
        (False, terms.target - with_devices, ROUNDS_PART),
    ):
        for done in range(0, kills, size):
            seed = dice.randrange(2**32)
            parts.append(Part(seed, min(size, kills - done), terms.until, has_devices))
    dice.shuffle(parts)
    return parts


def campaign(terms: Terms) -> Outcome:
    """All parts over the workers."""
    workers = int(os.environ.get("WORKERS") or os.cpu_count() or 1)
    total = Done()
    # An installed program is compiled; in a fresh tree the first lives would do it.
    for package in COMPILED:
        compileall.compile_dir(package, quiet=1)
    with ProcessPoolExecutor(workers) as pool:
        for done in pool.map(work, parts_of(terms)):
            total.add(done)
    for each in [*total.faults[:20], *total.slow[:20]]:
        print(each)
    times = total.first_sale_s or [0.0]
    in_time = sum(one <= BUDGET_S for one in times)
    says = (
        f"{total.with_devices} with devices, {total.in_start} inside a start; {total.approved} "
        f"sales, {total.lost} lost; start to first sale p50 {percentile(times, 50):.2f}, "
        f"p99 {percentile(times, 99):.2f}, max {max(times):.2f} s; {in_time} of {len(times)} "
        f"within {BUDGET_S:.0f} s, {workers} at once, load {os.getloadavg()[0]:.1f}"
    )
    figures = {
        "in_time": in_time,
        "timed": len(times),
        "p50_s": percentile(times, 50),
        "p99_s": percentile(times, 99),
        "max_s": max(times),
    }
    is_sound = not total.faults and not total.lost
    return Outcome(total.with_devices + total.without, is_sound, says, figures)


if __name__ == "__main__":
    sys.exit(run("durable_kills", TARGET, campaign))
