"""`python -m bench.scanning`: from a reader's last byte to the event, and to the panel's stream.

Readers are ptys with the bytes of four modes; the register is a whole one, with its ledger on
disk, and the panel's stream is read over HTTP by a thread of this process. Budgets: last byte to
event p50 0.2 ms and p99 5 ms; last byte to the state on the stream p95 15 ms and p99 35 ms over 500
mixed scans, none lost, doubled or taken for something else; the idle register 1.5 % of two cores;
last byte to the reader's sound 100 ms (`bench.scanning_beeps`).
"""

from __future__ import annotations

import gc
import json
import os
import queue
import random
import resource
import select
import sys
import tempfile
import threading
import time
import tty
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from bench.report import Row, finish, percentile
from bench.scanning_beeps import beep_rows
from drivers.base import Scan
from drivers.emulators.scanning.outlets import OUTLETS
from drivers.emulators.wire import PtyEndpoint
from drivers.registry import open_scanner
from edge_agent.devices.scanner_worker import ScannerWorker
from tests.support.rig import CARD, OTHER_CARD, TOKEN, Rig

SCANS = 500
EVENTS = 1_000
PATIENCE_S = 10.0
IDLE_S = 5.0
SEED = 20261122
CORES = 2

CODES: tuple[tuple[str, str, str], ...] = (
    (f"]E0{CARD}", "member", ""),
    (f"]E0{OTHER_CARD}", "member", ""),
    ("]E04820000000017", "product", ""),
    ("]E04820000000024", "product", ""),
    ("]E00429999999995", "unknown", "unknown_member"),
    ("]Q1LC1:7K3M9QX2ABD", "unknown", "unknown_member"),
    ("]Q1LC1:7K3M9QX2ABE", "unknown", "bad_check"),
    ("]C00671234567", "unknown", "phone_not_typed"),
    ("]C04111111111111111", "unknown", "payment_card"),
    ("]E09801234567892", "unknown", "coupon_unsupported"),
    ("]C10104820000000017", "product", ""),
    ("]Q3https://id.gs1.org/01/04820000000017", "product", ""),
    ("]Q1https://example.com/menu", "unknown", "unknown_code"),
)
"""(what is scanned, kind, reason)."""
MODES = {"serial": "scanner.serial", "ssi": "scanner.serial", "wedge": "scanner.wedge"} | {
    "hid_pos": "scanner.hidpos"
}
SCHEMES = {"serial": "serial:", "ssi": "serial:", "wedge": "evdev:", "hid_pos": "hid:"}


def last_byte_to_event(count: int) -> tuple[list[float], list[float]]:
    """Milliseconds to the driver's event, and to a bare select and read on the same pty."""
    chance = random.Random(SEED)
    master, slave = os.openpty()
    tty.setraw(slave)
    seen: queue.SimpleQueue[float] = queue.SimpleQueue()
    scanner = open_scanner("scanner.serial", f"serial:{os.ttyname(slave)}", {})
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            if scanner.read_scan(0.2) is not None:
                seen.put(time.perf_counter())

    thread = threading.Thread(target=read)
    thread.start()
    ours = _writes(master, seen, count, chance)
    stop.set()
    thread.join()
    scanner.close()

    def bare() -> None:
        while not stop.is_set():
            if select.select([slave], [], [], 0.2)[0]:
                os.read(slave, 4096)
                seen.put(time.perf_counter())

    stop.clear()
    thread = threading.Thread(target=bare)
    thread.start()
    machine = _writes(master, seen, count // 5, chance)
    stop.set()
    thread.join()
    os.close(master)
    os.close(slave)
    return ours, machine


def _writes(
    master: int, seen: queue.SimpleQueue[float], count: int, chance: random.Random
) -> list[float]:
    took = []
    for number in range(count):
        time.sleep(chance.uniform(0.001, 0.004))
        began = time.perf_counter()
        os.write(master, b"]E0%013d\r" % number)
        took.append((seen.get(timeout=PATIENCE_S) - began) * 1000)
    return took


class Stream:
    """The panel's stream, read as a panel does: what came, and when."""

    def __init__(self, url: str) -> None:
        self.events: queue.SimpleQueue[tuple[float, str, dict[str, Any]]] = queue.SimpleQueue()
        self._client = httpx.Client(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=None)
        self._url = url
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        self._ready.wait(PATIENCE_S)

    def _read(self) -> None:
        kind = ""
        url = f"{self._url}/v1/events"
        with suppress(httpx.HTTPError), self._client.stream("GET", url) as answer:
            for line in answer.iter_lines():
                at = time.perf_counter()
                if line.startswith("event: "):
                    kind = line[7:]
                elif line.startswith("data: "):
                    # A state is what the screen is drawn from; its text is not needed here.
                    body = json.loads(line[6:]) if kind == "scan" else {}
                    self.events.put((at, kind, body))
                    self._ready.set()


def through_the_register(folder: Path) -> tuple[list[float], dict[str, int], float]:
    """Milliseconds to the stream for each scan, what went wrong, and idle CPU in percent."""
    rig = Rig(folder / "till")
    rig.start()
    assert rig.agent is not None
    desk = rig.agent.desk
    ports, workers = {}, []
    for mode, driver in MODES.items():
        ports[mode] = PtyEndpoint(folder / mode)
        url = ports[mode].url.replace("serial:", SCHEMES[mode], 1)
        options = {"protocol": "ssi"} if mode == "ssi" else {}
        opened = threading.Event()

        def heard(scan: Scan) -> Any:
            return desk.scans.heard(scan.text, scan.symbology)

        workers.append(
            ScannerWorker(
                lambda driver=driver, url=url, options=options: open_scanner(driver, url, options),
                heard,
                lambda _state, opened=opened: opened.set(),
            )
        )
        workers[-1].start()
        opened.wait(PATIENCE_S)
    rig.http.post("/v1/panel/sale", json={})
    stream = Stream(rig.url)
    _drain(stream, 1.0)
    idle = _idle_percent()
    gc.collect()
    took, wrong = _mixed(stream, ports)
    for worker in workers:
        worker.stop()
    for port in ports.values():
        port.close()
    rig.stop()
    return took, wrong, idle


def _mixed(stream: Stream, ports: dict[str, PtyEndpoint]) -> tuple[list[float], dict[str, int]]:
    chance = random.Random(SEED)
    outlets = {mode: OUTLETS[mode]("cr") for mode in ports}
    wrong = {"lost": 0, "doubled": 0, "misclassified": 0}
    took = []
    for number in range(SCANS):
        mode = list(ports)[number % len(ports)]
        text, kind, reason = CODES[chance.randrange(len(CODES))]
        pieces = outlets[mode].bytes_of(text, is_again=False, gap_ms=0, now_ms=number * 100)
        time.sleep(chance.uniform(0.005, 0.03))
        wrong["doubled"] += _drain(stream, 0.0)
        for piece in pieces[:-1]:
            ports[mode].send(piece.data)
        began = time.perf_counter()
        ports[mode].send(pieces[-1].data)
        drawn, heard = _next(stream)
        if heard is None:
            wrong["lost"] += 1
            continue
        took.append((drawn - began) * 1000)
        if (heard["kind"], heard["reason"]) != (kind, reason):
            wrong["misclassified"] += 1
            print(f"{mode} {text}: {heard}")
        ports[mode].receive()
    wrong["doubled"] += _drain(stream, 0.5)
    return took, wrong


def _next(stream: Stream) -> tuple[float, dict[str, Any] | None]:
    """When the state of a scan came, and the scan's own event, which follows it."""
    drawn = 0.0
    while True:
        try:
            at, kind, body = stream.events.get(timeout=PATIENCE_S)
        except queue.Empty:
            return drawn, None
        if kind == "state":
            drawn = drawn or at
        elif kind == "scan":
            return drawn or at, body


def _drain(stream: Stream, seconds: float) -> int:
    """Scan events that nobody waits for."""
    found = 0
    until = time.monotonic() + seconds
    while True:
        left = until - time.monotonic()
        try:
            _, kind, _ = stream.events.get(timeout=left) if left > 0 else stream.events.get_nowait()
        except queue.Empty:
            return found
        found += kind == "scan"


def _idle_percent() -> float:
    def used() -> float:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime

    before, began = used(), time.monotonic()
    time.sleep(IDLE_S)
    return 100 * (used() - before) / (time.monotonic() - began) / CORES


def main() -> int:
    """Run all, print the table."""
    ours, machine = last_byte_to_event(EVENTS)
    bare = [f"p{part} {percentile(machine, part):.3f}" for part in (50, 99)]
    beside = f"select and read: {', '.join(bare)}"
    with tempfile.TemporaryDirectory(prefix="bench-scanning-") as folder:
        took, wrong, idle = through_the_register(Path(folder))
        beeps = beep_rows(Path(folder) / "beeps")
    rows = [
        Row("last byte to event, p50", percentile(ours, 50), 0.2, "ms", beside),
        Row("last byte to event, p99", percentile(ours, 99), 5.0, "ms"),
        Row(f"last byte to stream, p50 of {SCANS}", percentile(took, 50), 15.0, "ms"),
        Row(f"last byte to stream, p95 of {SCANS}", percentile(took, 95), 15.0, "ms"),
        Row(f"last byte to stream, p99 of {SCANS}", percentile(took, 99), 35.0, "ms"),
        *(Row(f"scans {name}", count, 0.5, "") for name, count in wrong.items()),
        Row("idle register with four readers", idle, 1.5, "%", "of two cores"),
        *beeps,
    ]
    return finish("scanning", rows)


if __name__ == "__main__":
    sys.exit(main())
