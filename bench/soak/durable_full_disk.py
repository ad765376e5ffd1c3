"""`python -m bench.soak.durable_full_disk`: how many sales the reserve of a full disk carries.

A real agent with default settings sells on a small tmpfs. Its reserve is sized from the bytes that
its own sales took; then the disk is filled, and it sells until loyalty stops. Needs root.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

from bench.soak.campaign import CannotRun, Outcome, Terms, run
from edge_agent.ledger.storage import MEASURED_AFTER_SALES
from edge_agent.ledger.verify import verify
from tests.support.agent_process import AgentProcess
from tests.support.rig import CARD, Rig
from tests.support.small_disk import CannotMount, fill, small_disk

TARGET = 2_000
DISK_MIB = 320
PATIENCE_S = 30.0


def _sell(agent: AgentProcess, rng: random.Random) -> int:
    lines, card = rng.randint(1, 15), CARD if rng.random() < 0.6 else ""
    return agent.sell(lines=lines, card=card).status_code


def _grown(agent: AgentProcess, least: int) -> int:
    end = time.monotonic() + PATIENCE_S
    while (held := int(agent.status()["reserve_bytes"])) < least and time.monotonic() < end:
        time.sleep(0.2)
    return held


def campaign(terms: Terms) -> Outcome:
    """Sell enough to be measured, fill the disk, sell until it stops, make room, sell again."""
    rng = random.Random(terms.seed)
    with tempfile.TemporaryDirectory(prefix="full-disk-") as name:
        try:
            with small_disk(Path(name) / "disk", DISK_MIB) as folder:
                return _on(folder, rng, terms)
        except CannotMount as why:
            raise CannotRun(f"a small disk needs the right to mount: {why}") from None


def _on(folder: Path, rng: random.Random, terms: Terms) -> Outcome:
    Rig(folder)
    agent = AgentProcess(folder)
    agent.start()
    try:
        for _ in range(MEASURED_AFTER_SALES + 20):
            _sell(agent, rng)
        agent.stop()
        agent.start()  # its first check measures what a sale takes
        held = _grown(agent, 1)
        time.sleep(5)
        held = _grown(agent, held)
        filler = fill(folder)
        sold, states = 0, set()
        while (status := _sell(agent, rng)) == 200 and not terms.is_over:
            sold += 1
            if sold % 200 == 0:
                states.add(str(agent.status()["storage"]))
        stopped = (status, str(agent.status()["storage"]))
        filler.unlink()
        again = _grown(agent, held) >= held and _sell(agent, rng) == 200
    finally:
        agent.stop()
    faults = verify(agent.ledger).faults
    print(f"reserve {held // 2**20} MiB; while it lasted: {sorted(states)}; then {stopped}")
    is_sound = stopped == (503, "full") and again and not faults and sold >= TARGET
    says = f"{sold} sales from a reserve of {held // 2**20} MiB, then a clear stop, then on again"
    return Outcome(sold, is_sound, says, {"reserve_bytes": held, "faults": len(faults)})


if __name__ == "__main__":
    sys.exit(run("durable_full_disk", TARGET, campaign))
