"""Lives of a printing process that can end by a real SIGKILL, over a real pty and a real ledger.

`python -m tests.support.sigkill_lives` loads everything once and forks a life for each order on its
standard input: a JSON object a line, answered with a line when the life is over. The points where
a life may end have names; the n-th of a name is where the kernel kills it:

    before_commit, after_commit   around a journal entry
    before_write, mid_frame, after_write   around the bytes of a command
    after_reply                   an answer, or a part of it, has been read
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from drivers.base import DeviceJournal, PrintJob, Transport
from drivers.conformance.emulated import QUICK
from drivers.conformance.emulated_receipts import QUICK as QUICK_SLIPS
from drivers.conformance.receipt_printer import slip_job
from drivers.conformance.samples import sample_job
from drivers.fiscal.counted.pace import REAL_TIME, Pace
from drivers.receipt.driver import DEFAULTS, read_options
from drivers.receipt.model import printer_model
from drivers.receipt.printer import EscPosPrinter, slip_rows
from drivers.receipt.slip_bytes import slip_bytes
from drivers.transport import open_transport
from edge_agent.ledger.ledger import Ledger, LedgerJournal
from tests.support.mortal_printing import FAMILIES, SLIP

POINTS = (
    "before_commit",
    "after_commit",
    "before_write",
    "mid_frame",
    "after_write",
    "after_reply",
)
ESCPOS = "escpos"
SLIP_LINES = ("Їжак ґречний", "Баланс: 345,50 бонуса", "Дякуємо!")


class Doom:
    """Counts the points of this life and has the kernel end it at the one it was given."""

    def __init__(self, name: str = "", number: int = 0) -> None:
        self.seen: Counter[str] = Counter()
        self._name, self._number = name, number

    def point(self, name: str) -> None:
        """Here it may end."""
        self.seen[name] += 1
        if (name, self.seen[name]) == (self._name, self._number):
            os.kill(os.getpid(), signal.SIGKILL)


class DoomedJournal:
    """The register's own journal."""

    def __init__(self, journal: DeviceJournal, doom: Doom) -> None:
        self._journal, self._doom = journal, doom

    def get(self, key: str) -> str | None:
        return self._journal.get(key)

    def put(self, key: str, value: str) -> None:
        self._doom.point("before_commit")
        self._journal.put(key, value)
        self._doom.point("after_commit")


class DoomedPort:
    """The port to the printer."""

    def __init__(self, port: Transport, doom: Doom) -> None:
        self._port, self._doom = port, doom

    def write(self, data: bytes) -> None:
        self._doom.point("before_write")
        half = len(data) // 2
        self._port.write(data[:half])
        self._doom.point("mid_frame")
        self._port.write(data[half:])
        self._doom.point("after_write")

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        data = self._port.read(max_bytes, timeout_s)
        if data:
            self._doom.point("after_reply")
        return data

    def close(self) -> None:
        self._port.close()


def job_of(dialect: str, job_id: str) -> PrintJob:
    """The document that is printed under this id."""
    return slip_job(job_id, *SLIP_LINES) if dialect == ESCPOS else sample_job(job_id, 2, SLIP)


def live(
    order: dict[str, Any],
    opened: Callable[[str], Transport] = open_transport,
    pace: Pace = REAL_TIME,
) -> dict[str, Any]:
    """One life to its end, if it is let; `opened` is its way to the printer."""
    doom = Doom(order.get("point", ""), order.get("number", 0))
    dialect = order["dialect"]

    def connect() -> Transport:
        return DoomedPort(opened(order["url"]), doom)

    ledger = Ledger(Path(order["ledger"]), "r-1", 1)
    try:
        journal = DoomedJournal(LedgerJournal(ledger, "printer"), doom)
        printer: Any
        if dialect == ESCPOS:
            told = read_options({**DEFAULTS, **QUICK_SLIPS, "counts": True}, False)
            timing = replace(told.timing, clock=pace.clock)
            printer = EscPosPrinter(connect, replace(told, timing=timing))
        else:
            make, options = FAMILIES[f"fiscal.{dialect}"]
            printer = make(connect, options(QUICK), pace)
        try:
            outcome = getattr(printer, order["verb"])(job_of(dialect, order["job"]), journal)
        finally:
            printer.close()
    finally:
        ledger.close()
    return {"verdict": outcome.verdict, "reason": outcome.reason, "points": dict(doom.seen)}


def load_late_parts() -> None:
    """What a life would load for itself, a quarter of a second each: the slip's library with a
    slip's glyphs, and the migrations of a new ledger."""
    slip_bytes(slip_rows(job_of(ESCPOS, "warm").text), printer_model("TM-T20II"))
    with tempfile.TemporaryDirectory() as folder:
        Ledger(Path(folder) / "ledger.db", "r-1", 1).close()


def main() -> int:
    """Fork a life for each order."""
    load_late_parts()
    for line in sys.stdin:
        order = json.loads(line)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            code = 1
            try:
                os.write(writing, json.dumps(live(order)).encode())
                code = 0
            finally:
                os._exit(code)
        os.close(writing)
        with os.fdopen(reading) as answers:
            said = answers.read()
        _pid, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        print(json.dumps({"killed": killed, **(json.loads(said) if said else {})}), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
