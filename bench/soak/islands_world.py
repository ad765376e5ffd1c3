"""The chain of `authorisation_world` with hubs on their real files, and hubs that are killed;
registers are the pure machines, or have their real files too.

A hub dies in the middle of a message, which is in the middle of a sale: of a loan, or of a claim
before an approval. Its tills hear nothing until it runs again.
"""

from __future__ import annotations

import itertools
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

from bench.soak.authorisation_world import World
from bench.soak.depths_chains import MEMORY
from bench.soak.islands_hub import MOMENTS, TwinHub
from bench.soak.islands_register import RealRegister, TwinRegister
from loyalty.protocol import CENTRE, Message
from loyalty.protocol.register import Register

KILLED_SHARE = 0.25
DOWN_STEPS = 150
CUT_SHARE = 0.6
"""Stores that begin without the centre."""


class IslandWorld(World):
    """One seeded chain; `killed_share` of the messages that a hub handles are its last."""

    def __init__(
        self,
        seed: int,
        *,
        killed_share: float = KILLED_SHARE,
        hub: type[TwinHub] = TwinHub,
        register: type[Register] = Register,
        **options: Any,
    ) -> None:
        self.fate = random.Random(seed + 1)
        self.killed_share = killed_share
        self.dead: dict[int, int] = {}
        self.folder = Path(tempfile.mkdtemp(prefix="islands-", dir=_memory()))
        self.made: list[TwinHub] = []
        self.tills: list[TwinRegister] = []
        here: dict[str, Any] = {"folder": self.folder, "made": self.made}
        names = (f"till{number}" for number in itertools.count())
        there: dict[str, Any] = {"root": self.folder, "names": names, "made": self.tills}
        self.counts = issubclass(register, TwinRegister) and not issubclass(register, RealRegister)
        if issubclass(register, TwinRegister):
            register = type("RegisterHere", (register,), there)
        super().__init__(seed, hub=type("HubHere", (hub,), here), register=register, **options)
        self._lend()
        self.wan_down = {store for store in self.hubs if self.fate.random() < CUT_SHARE}

    def _lend(self) -> None:
        """Before the links are cut members have their leases and a purse on their page."""
        for member in self.members:
            self._renew_page(member)
            for rank, store in enumerate(self.homes[member][:2]):
                for _, method, arguments in self.centre.grant(member, store, rank):
                    getattr(self.hubs[store], method)(CENTRE, *arguments)

    def _hand(self, machine: Any, source: int, message: Message) -> None:
        if not isinstance(machine, TwinHub):
            super()._hand(machine, source, message)
        elif self.steps >= self.dead.get(machine.node, 0):
            _, method, arguments = message
            is_sale = method in ("on_borrow", "on_claim")
            if is_sale and self.fate.random() < self.killed_share:
                self._kill(machine, method, (source, *arguments))
            else:
                super()._hand(machine, source, message)

    def _kill(self, hub: TwinHub, method: str, arguments: tuple[Any, ...]) -> None:
        moment = self.fate.choice(MOMENTS)
        self.seen["hub killed"] += 1
        self.seen[f"killed {moment}"] += 1
        self.dead[hub.node] = self.steps + int(self.fate.random() * DOWN_STEPS)
        hub.killed(moment, self.fate.random(), method, arguments)

    def heal(self) -> None:
        """No hub dies any more; the books are whole and the files are those of the machines."""
        self.killed_share = 0
        self.dead.clear()
        super().heal()
        for hub in self.hubs.values():
            hub.disk.compare()  # type: ignore[attr-defined]

    def close(self) -> None:
        """Files."""
        for hub in self.made:
            hub.disk.close()
        for till in self.tills:
            till.till.close()
        shutil.rmtree(self.folder)


def _memory() -> Path | None:
    return MEMORY if MEMORY.is_dir() else None
