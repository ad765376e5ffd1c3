"""`kill -9` inside the steps of a sale, again and again, on the same files.

KILLS says how often (30), SEED which moments. It shows the death of a process; the power cut, in
which the disk may lose what was not waited for, is another test's.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from tests.support.kill_loop import KillLoop

KILLS = int(os.environ.get("KILLS", "30"))
SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(2**32))
RESTART_S = 10.0


@pytest.mark.timeout(60 + 6 * KILLS)
def test_nothing_acknowledged_is_lost_and_no_paper_comes_twice(tmp_path: Path) -> None:
    print(f"\nSEED={SEED} KILLS={KILLS}")
    started = time.monotonic()
    loop = KillLoop(tmp_path, SEED)
    try:
        found = loop.run(KILLS)
    finally:
        loop.close()
    took_s = time.monotonic() - started
    restarts = sorted(loop.restarts_s)
    print(f"{loop.kills} kills in {took_s:.0f} s; killed in (step: what stood on disk):")
    for place, count in sorted(loop.found.items()):
        print(f"  {count:3}  {place}")
    print(f"replies lost: {dict(loop.pos.lost)}")
    print(f"sales: {len(found.sold)}, slips: {len(found.slips)}, verdicts: {dict(found.verdicts)}")
    print(f"printed at a later attempt: {sum(row.attempts > 1 for row in found.sold.values())}")
    print(f"points spent offline: {sum(found.burned.values())} of {len(found.burned)} leases")
    middle = restarts[len(restarts) // 2]
    print(f"restart to API: median {middle:.2f} s, worst {restarts[-1]:.2f} s")

    assert found.faults == []
    assert loop.kills >= KILLS
    assert len(found.slips) == len({slip.number for slip in found.slips})
    assert found.verdicts["printed"] + found.verdicts["unknown"] == len(found.sold)
    assert restarts[-1] < RESTART_S
