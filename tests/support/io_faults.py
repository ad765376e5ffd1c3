"""Every I/O call of one sale fails once, in a real agent: the control of `io_faults.c`."""

from __future__ import annotations

import ctypes
import mmap
import shutil
import subprocess
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from edge_agent.ledger.database import connect_reader
from edge_agent.ledger.verify import verify
from tests.support.agent_process import AgentProcess
from tests.support.live_register import until
from tests.support.rig import CARD, Rig, line, payment

SOURCE = Path(__file__).with_name("io_faults.c")
KINDS = {"EIO": 1, "ENOSPC": 2, "short write": 3}
MAX_CALLS = 400
RECOVERY_TRIES = 5
BEYOND = 6


class NoCompiler(RuntimeError):
    """There is no C compiler on this machine."""


class _Control(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_int)
        for name in ("armed", "count", "fail_at", "kind", "failed", "unsynced", "syncs")
    ]


@dataclass
class Faults:
    """What the trials have shown. `answers` counts (what failed, status of the confirmation)."""

    trials: int = 0
    calls: dict[str, int] = field(default_factory=dict)
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    careless: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    lost: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """No approval without durability, no sale lost, every till sells on."""
        return not (self.careless or self.stuck or self.lost or self.faults)


class FaultyAgent:
    """A real agent whose calls on its ledger can be made to fail."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("gcc") or shutil.which("cc")
        if compiler is None:
            raise NoCompiler("no C compiler")
        library, shared = folder / "io_faults.so", folder / "control"
        subprocess.run(
            [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"],
            check=True,
        )
        shared.write_bytes(bytes(mmap.PAGESIZE))
        with shared.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        self._control = _Control.from_buffer(self._map)
        Rig(folder / "till")
        env = {
            "LD_PRELOAD": str(library),
            "IO_FAULTS": str(shared),
            "IO_FAULTS_PATH": "/ledger.db",
        }
        self.agent = AgentProcess(folder / "till", "[storage]\nreserve_sales = 100\n", env=env)
        self.approved: set[str] = set()

    def __enter__(self) -> FaultyAgent:
        self.agent.start()
        until("the first check", lambda: self.agent.status()["ledger_check"] == "whole")
        log = self.agent.ledger.with_name(self.agent.ledger.name + "-wal")
        until("the log emptied after it", lambda: log.stat().st_size == 0)
        # The first sale opens the shift, in a write of its own that waits for no sync.
        assert self._sell()[1] == 200
        return self

    def __exit__(self, *_: object) -> None:
        self.agent.stop()
        del self._control
        self._map.close()

    def every_call(
        self, kind: str, found: Faults, *, stop: Callable[[], bool] = lambda: False, step: int = 1
    ) -> None:
        """Fail the sync of a sale, then the first call, the second of the next, and so on, until
        several sales have had no more calls (their number differs: pages split)."""
        assert self._trial(kind, -ord("s"), found), "a sale without a sync"
        beyond = 0
        for number in range(1, MAX_CALLS, step):
            if stop() or beyond == BEYOND:
                return
            if self._trial(kind, number, found):
                found.calls[kind], beyond = number, 0
            else:
                beyond += 1

    def _trial(self, kind: str, number: int, found: Faults) -> bool:
        """One sale with one failing call; False when the sale had fewer calls."""
        control = self._control
        control.count, control.fail_at, control.kind = 0, number, KINDS[kind]
        control.failed, control.armed = 0, 1
        sale_id, status, kept = self._sell()
        control.armed = 0
        if not control.failed:
            return False
        what = f"{kind} at call {number} ({chr(control.failed)})"
        found.trials += 1
        found.answers[f"{kind} {chr(control.failed)}", status] += 1
        if status == 200 and not kept:
            found.careless.append(what)
        if not any(self._sell()[1] == 200 for _ in range(RECOVERY_TRIES)):
            found.stuck.append(what)
        if sale_id in self.approved:
            state = self.agent.http.get(f"/v1/sales/{sale_id}/status").json()["state"]
            found.lost += state not in ("committed", "posted")
        return True

    def _sell(self) -> tuple[str, int, bool]:
        """A sale without keys; its id, the last status, and whether the log was synced then."""
        sale_id = str(uuid.uuid4())
        goods = [line(1, "milk", 4_590, groups=["dairy"]), line(2, "bread", 2_750)]
        body: dict[str, Any] = {"basket": {"lines": goods}}
        body["identity"] = {"code": CARD, "source": "scanner"}
        http, base = self.agent.http, f"/v1/sales/{sale_id}"
        opened = http.post(f"{base}/open", json=body)
        if opened.status_code != 200:
            return sale_id, opened.status_code, True
        syncs = self._control.syncs
        done: httpx.Response = http.post(f"{base}/confirm", json=payment(opened.json()))
        kept = self._control.unsynced == 0 and self._control.syncs > syncs
        if done.status_code == 200:
            self.approved.add(sale_id)
        return sale_id, done.status_code, kept

    def judge(self, found: Faults) -> None:
        """After the end: every approved sale stands, and the file is whole."""
        path = self.agent.ledger
        with closing(connect_reader(path)) as connection:
            rows = connection.execute("SELECT sale_id FROM sale WHERE document IS NOT NULL")
            stored = {row[0] for row in rows}
        found.lost += len(self.approved - stored)
        found.faults += verify(path).faults
