"""What the campaigns against the centre share: real service processes and registers that sell.

A service is `edge-central run` in a process of its own; a register speaks the contract over HTTP
and remembers what was acknowledged to it, fact by fact.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from central.db.bulk import Connection
from central.enrolment import create_code
from central.instants import system_clock
from sync.centre_client import CentreClient
from sync.contract.chain import GENESIS, fact_hash
from sync.contract.messages import Fact, UploadBatch, canonical_json
from sync.enrolment import enrol
from sync.errors import CentreUnavailable

_SETTLED = ("accepted", "duplicate", "quarantined")


class Service:
    """One `edge-central run`."""

    def __init__(self, data_dir: Path, log: Path) -> None:
        command = [sys.executable, "-m", "central.cli", "run", "--port", "0"]
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(
                [*command, "--data-dir", str(data_dir)],
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the service did not start, see {log}")
        self.url = str(json.loads(line)["url"])

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal it and wait; its exit code."""
        self._process.send_signal(number)
        code = self._process.wait(30)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code


@dataclass
class Register:
    """A till that keeps all its facts, and the numbers that were acknowledged."""

    register_id: str
    store_id: str
    epoch: int
    clients: Sequence[CentreClient]
    facts: list[Fact] = field(default_factory=list)
    acknowledged: set[int] = field(default_factory=set)
    refused: int = 0

    def sell(self, member_id: int | None, points: int) -> None:
        """One more sale that earns."""
        body = sale_body(self.register_id, self.store_id, member_id, points)
        previous = bytes.fromhex(self.facts[-1].hash) if self.facts else GENESIS
        self.facts.append(
            make_fact(self.register_id, self.epoch, len(self.facts) + 1, body, previous)
        )

    def push(self, client: CentreClient, start: int, count: int) -> int:
        """Send facts from number `start`; how far the centre's head is. The reply is what is
        acknowledged."""
        facts = self.facts[start - 1 : start - 1 + count]
        batch = UploadBatch(register_id=self.register_id, epoch=self.epoch, facts=facts)
        reply = client.upload(batch)
        self.acknowledged |= {each.seq for each in reply.verdicts if each.verdict in _SETTLED}
        return reply.head_seq

    def close(self) -> None:
        """Release the connections."""
        for client in self.clients:
            client.close()


def now_text() -> str:
    """The machine's clock, as clients stamp it."""
    return system_clock().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def enrolled(connection: Connection, urls: Sequence[str], store: str, name: str) -> Register:
    """A register with a client for each of the services."""
    with connection.transaction():
        code, _ = create_code(connection, store, name, "", 1, system_clock())
    identity = enrol(urls[0], code, None, "soak", "0.1.0")
    clients = [CentreClient(url, name, identity.private_key, None, now_text) for url in urls]
    return Register(name, store, identity.epoch, clients)


def make_fact(
    register_id: str, epoch: int, seq: int, body: dict[str, Any], previous: bytes
) -> Fact:
    """A sale as the next link of a chain."""
    text = canonical_json(body).decode()
    own = fact_hash(register_id, epoch, seq, "sale", text.encode(), previous)
    return Fact(seq=seq, kind="sale", body=text, prev_hash=previous.hex(), hash=own.hex())


def sale_body(
    register_id: str, store_id: str, member_id: int | None, points: int
) -> dict[str, Any]:
    """A sale of three lines, about as long as a usual one."""
    lines = [
        {
            "line_id": str(number),
            "sku": f"{number:06d}",
            "name": f"Товар номер {number}",
            "qty_milli": 1000,
            "unit_price_minor": 4_550,
            "sum_minor": 4_550,
        }
        for number in range(1, 4)
    ]
    return {
        "version": 1,
        "sale_id": str(uuid.uuid4()),
        "register_id": register_id,
        "store_id": store_id,
        "occurred_at": now_text(),
        "clock": {"source": "centre", "offset_ms": 0},
        "mode": "online",
        "member_id": member_id,
        "lines": lines,
        "tenders": [{"kind": "cash", "amount_minor": 13_650}],
        "gross_minor": 13_650,
        "discount_minor": 0,
        "redeemed_minor": 0,
        "payable_minor": 13_650,
        "accrual_points": points if member_id else 0,
        "ruleset_sequence": 1,
        "fiscal": "none",
    }


def patiently(work: Callable[[], int], until_s: float = 60.0) -> int:
    """Repeat a call until the centre answers it."""
    end = time.monotonic() + until_s
    while True:
        try:
            return work()
        except CentreUnavailable:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def kill_postgres(pgdata: Path) -> int:
    """SIGKILL the postmaster and every child of it, in no kind order; the postmaster's pid."""
    postmaster = int((pgdata / "postmaster.pid").read_text().split()[0])
    listed = subprocess.run(
        ["ps", "--ppid", str(postmaster), "-o", "pid="], capture_output=True, text=True, check=False
    )
    victims = [postmaster, *map(int, listed.stdout.split())]
    random.shuffle(victims)
    for pid in victims:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return postmaster


def await_other_postmaster(pgdata: Path, old: int, until_s: float = 60.0) -> None:
    """Wait until another postmaster has written its number."""
    end = time.monotonic() + until_s
    while True:
        with suppress(OSError, ValueError, IndexError):
            if int((pgdata / "postmaster.pid").read_text().split()[0]) != old:
                return
        if time.monotonic() > end:
            raise RuntimeError(f"PostgreSQL was not started again within {until_s:.0f} s")
        time.sleep(0.02)


def stored_bodies(connection: Connection, register: Register) -> dict[int, str]:
    """What the centre holds of a register."""
    rows = connection.execute(
        "select seq, body from inbox where register_id = %s and epoch = %s",
        [register.register_id, register.epoch],
    )
    return {seq: bytes(body).decode() for seq, body in rows}
