"""`python -m bench.printers`: what eight promotional lines add to a fiscal receipt.

The device is emulated on a pty: it answers the command of a line after 60 ms, and every byte takes
its ten bits at the speed of the line, both ways. Measured are the eight lines of each receipt in
the driver that ships. Beside it stands what no driver can go under: eight answers, and the bytes of
eight commands and replies on the line. An ATOL's two packets of bookkeeping around each command
are answered at once here.
"""

from __future__ import annotations

import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bench.report import Row, finish, median, percentile
from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.emulators.bench_file import DeviceEntry
from drivers.emulators.fleet import start_device
from drivers.emulators.wire import BITS_OF_A_BYTE
from drivers.fiscal.counted.machine import Machine
from drivers.fiscal.counted.printer import CountedPrinter
from drivers.registry import open_fiscal_printer
from loyalty.receipt import ReceiptText

LINES = (
    "ПРОГРАМА ЛОЯЛЬНОСТІ",
    "Картка: **** 4417",
    "Нараховано: 12,50 бонуса",
    "Списано: 40,00 бонуса",
    "Баланс: 318,20 бонуса",
    "Згорить 31.12: 25,00",
    "Акція: кава за 1 гривню",
    "Дякуємо, що ви з нами!",
)
ANSWER_MS = 60
BUDGETS_S = {115_200: 0.60, 9_600: 1.10}


@dataclass(frozen=True)
class Setup:
    """A dialect and its command for a line, a speed, the bytes that one line costs there beside
    its text, and how often it is printed."""

    dialect: str
    command: str
    baud: int
    frame_bytes: int
    receipts: int


# ISL: 10 bytes around a line, 17 in a reply. Shtrih-M: a field of 40, 10 around it, 3 controls and
# 6 in the answer. MARIA: 12 around a line, 20 of words. ATOL: three packets and answers of a task.
SETUPS = (
    Setup("datecs_ua", "54", 115_200, 27, 100),
    Setup("datecs_ua", "54", 9_600, 27, 100),
    Setup("datecs_p", "54", 115_200, 27, 20),
    Setup("datecs_x", "54", 115_200, 33, 20),
    Setup("daisy", "54", 115_200, 27, 20),
    Setup("shtrih", "23", 115_200, 59, 20),
    Setup("maria", "TEXT", 115_200, 32, 20),
    Setup("atol", "76", 115_200, 45, 20),
)


def main() -> int:
    """Measure all at once: they wait far more than they work."""
    rows: list[Row | None] = [None for _ in SETUPS]
    naps_s: list[float] = []

    def measure(place: int, folder: str) -> None:
        rows[place] = _row(SETUPS[place], Path(folder) / f"printer-{place}")

    with tempfile.TemporaryDirectory() as folder:
        threads = [threading.Thread(target=measure, args=(n, folder)) for n in range(len(SETUPS))]
        threads.append(threading.Thread(target=_nap, args=(naps_s,)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = [row for row in rows if row is not None]
    if len(found) < len(SETUPS):
        print("printers: could not run")
        return 2
    print(f"this machine meanwhile: eight sleeps of 60 ms, p99 {percentile(naps_s, 99):.2f} s")
    return finish("printers", found)


def _nap(naps_s: list[float]) -> None:
    """What the machine makes of the same waiting without printer and driver."""
    for _ in range(100):
        began = time.perf_counter()
        for _line in LINES:
            time.sleep(ANSWER_MS / 1000)
        naps_s.append(time.perf_counter() - began)


class Timed:
    """The driver's machine; notes how long each line took, in seconds."""

    def __init__(self, machine: Machine, spans_s: list[float]) -> None:
        self._machine = machine
        self._spans_s = spans_s

    def __getattr__(self, name: str) -> Any:
        return getattr(self._machine, name)

    def print_text(self, line: str) -> None:
        """One line, timed."""
        began = time.perf_counter()
        self._machine.print_text(line)
        self._spans_s.append(time.perf_counter() - began)


def _row(setup: Setup, link: Path) -> Row:
    settings = {"dialect": setup.dialect, "delay_ms": 0, "baud": setup.baud}
    emulator = start_device(DeviceEntry("bench", "printer", str(link), "", settings))
    emulator.send(f"delay {ANSWER_MS} 10000 at {setup.command}")
    try:
        spans_s = _lines_s(setup, emulator.url)
    finally:
        emulator.close()
    count = len(LINES)
    added = [sum(spans_s[n : n + count]) for n in range(0, len(spans_s), count)]
    assert len(added) == setup.receipts
    wire_s = BITS_OF_A_BYTE / setup.baud * sum(setup.frame_bytes + len(line) for line in LINES)
    floor_s = count * ANSWER_MS / 1000 + wire_s
    return Row(
        f"8 lines, {setup.dialect} at {setup.baud} baud, p99 of {setup.receipts}",
        percentile(added, 99),
        BUDGETS_S[setup.baud],
        "s",
        f"floor {floor_s:.2f}, p50 {median(added):.2f}",
    )


def _lines_s(setup: Setup, url: str) -> list[float]:
    """Seconds of each line of all receipts."""
    printer, journal = open_fiscal_printer(f"fiscal.{setup.dialect}", url, {}), MemoryJournal()
    assert isinstance(printer, CountedPrinter)
    spans_s: list[float] = []
    recognise = printer._start
    printer._start = lambda port, book: cast(Machine, Timed(recognise(port, book), spans_s))
    try:
        for number in range(setup.receipts):
            outcome = printer.print_receipt(
                sample_job(f"job-{number}", 1, ReceiptText(LINES)), journal
            )
            assert outcome.verdict == "printed", outcome
    finally:
        printer.close()
    return spans_s


if __name__ == "__main__":
    raise SystemExit(main())
