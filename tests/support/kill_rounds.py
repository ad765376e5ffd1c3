"""SIGKILL after SIGKILL on one register without devices, and how fast each next life sells.

The kill loop beside this module kills inside the steps of sales with scanner and printer; this
one counts: a kill at any moment of a sale or of the start, then the time to the first sale.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from edge_agent.ledger.database import connect_reader
from edge_agent.ledger.verify import verify
from tests.support.agent_process import AgentProcess
from tests.support.rig import CARD, Rig

KILL_WITHIN_S = 0.25
START_SHARE = 0.1
START_S = 1.2
SLOW_S = 2.0


@dataclass
class Kills:
    """What the rounds have shown; times are from the start of the process, seconds."""

    kills: int = 0
    in_start: int = 0
    approved: int = 0
    lost: int = 0
    first_sale_s: list[float] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


class KillRounds:
    """One till that is killed again and again."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._rng = random.Random(seed)
        Rig(folder)
        self._agent = AgentProcess(folder, "[storage]\nreserve_sales = 100\n")
        self._approved: set[str] = set()
        self.found = Kills()

    def run(self, kills: int, is_over: Callable[[], bool] = lambda: False) -> Kills:
        """Kill so many times or until it is over; then look at what is left."""
        found = self.found
        while found.kills < kills and not is_over():
            self._life()
        self._agent.start()
        self._agent.stop()
        with closing(connect_reader(self._agent.ledger)) as connection:
            rows = connection.execute("SELECT sale_id FROM sale WHERE document IS NOT NULL")
            found.lost = len(self._approved - {row[0] for row in rows})
        found.approved = len(self._approved)
        found.faults = verify(self._agent.ledger).faults
        return found

    def close(self) -> None:
        """End the agent if a round has left it running."""
        self._agent.kill()

    def _life(self) -> None:
        self.found.kills += 1
        if self._rng.random() < START_SHARE:
            self.found.in_start += 1
            self._agent.die_in_start(self._rng.uniform(0, START_S))
            return
        started = time.monotonic()
        self._agent.start()
        first = self._agent.sell(card=CARD)
        assert first.status_code == 200, first.text
        self._approved.add(first.json()["sale_id"])
        took, spent = time.monotonic() - started, self._agent.spent_s()
        self.found.first_sale_s.append(took)
        if took > SLOW_S:
            self.found.slow.append(f"life {self.found.kills}: {took:.2f} s, processor {spent:.2f}")
        killer = threading.Thread(target=self._strike)
        killer.start()
        self._sell_until_dead()
        killer.join()
        self._agent.kill()

    def _strike(self) -> None:
        time.sleep(self._rng.uniform(0, KILL_WITHIN_S))
        self._agent.strike()

    def _sell_until_dead(self) -> None:
        while True:
            card = CARD if self._rng.random() < 0.5 else ""
            try:
                done = self._agent.sell(card=card)
            except httpx.TransportError:
                return
            assert done.status_code == 200, done.text
            self._approved.add(done.json()["sale_id"])
