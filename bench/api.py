"""What a cashier waits for: scan to screen, quote over the API, memory, and the start.

`python -m bench.api`. A real agent process; the scanner is a real pty; budgets are those of
docs/claims.md.
"""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import tempfile
import threading
import time
import tty
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from bench.held import quarter_of_a_core
from bench.report import Row, finish, median, percentile
from edge_agent.demo.processes import KEEPS_COMPILED
from tests.support.rig import CARD, OTHER_CARD, TOKEN, Rig, line, payment

SCANS = 300
QUOTES = 300
STARTS = 5


def rules_of(count: int) -> dict[str, Any]:
    """`count` promotions over groups g0…g49, every third of them in the basket's groups."""
    promotions: list[dict[str, Any]] = [
        {
            "promotion_id": f"p{number}",
            "name": {"uk": f"Акція {number}"},
            "effect": {
                "kind": "percent",
                "target": {"groups": [f"g{number % 150}"]},
                "percent_bp": 100 + number,
            },
            "conditions": [
                {
                    "kind": "scope_quantity",
                    "scope": {"groups": [f"g{number % 150}"]},
                    "at_least": 1 + number % 3,
                }
            ],
        }
        for number in range(count - 1)
    ]
    promotions.append(
        {
            "promotion_id": "earn",
            "name": {"uk": "5 %"},
            "effect": {"kind": "accrue_percent", "target": {"all": True}, "percent_bp": 500},
            "conditions": [{"kind": "member_known"}],
        }
    )
    return {"promotions": promotions}


class Process:
    """A real agent on a rig's files, with its scanner on a pty."""

    def __init__(self, rig: Rig) -> None:
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        config = (
            'data_dir = "data"\n[api]\nport = 0\n[scanner]\ndriver = "scanner.serial"\n'
            f'url = "serial:{os.ttyname(slave)}?baud=115200"\n'
        )
        rig.config.write_text(config, encoding="utf-8")
        (rig.folder / "data" / "api.token").write_text(TOKEN, encoding="ascii")
        script = str(Path(sys.executable).parent / "edge-agent")
        started = time.monotonic()
        self.child = subprocess.Popen(
            [script, "run", "--config", str(rig.config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **KEEPS_COMPILED},
        )
        assert self.child.stdout is not None
        ready = json.loads(self.child.stdout.readline())
        self.http = httpx.Client(
            base_url=ready["url"], headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10
        )
        self._sell()
        self.first_sale_s = time.monotonic() - started
        self.first_sale_cpu_s = self._cpu_s()
        os.close(slave)

    def _sell(self) -> None:
        sale = f"/v1/sales/{uuid.uuid4()}"
        view = self.http.post(
            f"{sale}/open", json={"basket": {"lines": [line(1, "bread", 2_750)]}}
        ).json()
        assert self.http.post(f"{sale}/confirm", json=payment(view)).status_code == 200

    def _cpu_s(self) -> float:
        """Processor time of all threads so far, seconds."""
        tasks = Path(f"/proc/{self.child.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def rss_mib(self) -> float:
        """Resident memory now."""
        status = Path(f"/proc/{self.child.pid}/status").read_text(encoding="ascii")
        kib = next(row for row in status.splitlines() if row.startswith("VmRSS")).split()[1]
        return int(kib) / 1024

    def stop(self) -> None:
        """End the process."""
        self.http.close()
        self.child.terminate()
        self.child.wait(10)
        os.close(self.master)


def _states(
    process: Process, found: list[tuple[float, dict[str, Any]]], over: threading.Event
) -> None:
    def lines() -> Iterator[str]:
        with process.http.stream("GET", "/v1/events", timeout=None) as stream:
            yield from stream.iter_lines()

    try:
        for text in lines():
            if text.startswith("data: ") and '"waiting"' in text:
                found.append((time.monotonic(), json.loads(text[6:])))
            if over.is_set():
                return
    except (httpx.HTTPError, RuntimeError):
        return


_PANEL = """
import sys, httpx
headers = {"Authorization": "Bearer " + sys.argv[2]}
with httpx.stream("GET", sys.argv[1] + "/v1/events", headers=headers, timeout=None) as stream:
    for _ in stream.iter_raw():
        pass
"""


@contextmanager
def panel(process: Process) -> Iterator[None]:
    """A screen that listens, in a process of its own as a browser is."""
    url = str(process.http.base_url).rstrip("/")
    child = subprocess.Popen([sys.executable, "-c", _PANEL, url, TOKEN], stderr=subprocess.DEVNULL)
    time.sleep(1)
    try:
        yield
    finally:
        child.kill()
        child.wait()


def scan_to_screen(process: Process) -> list[float]:
    """Milliseconds from the last byte on the pty to the member's card on the panel's stream."""
    found: list[tuple[float, dict[str, Any]]] = []
    over = threading.Event()
    threading.Thread(target=_states, args=(process, found, over), daemon=True).start()
    time.sleep(0.5)
    times = []
    for number in range(SCANS):
        card = CARD if number % 2 else OTHER_CARD
        member = 101 if number % 2 else 102
        seen = len(found)
        sent = time.monotonic()
        os.write(process.master, f"]E0{card}\r".encode())
        while True:
            fresh = [at for at, state in found[seen:] if _waits(state, member)]
            if fresh:
                times.append((fresh[0] - sent) * 1000)
                break
            if time.monotonic() - sent > 5:
                raise SystemExit(2)
            time.sleep(0.0002)
    over.set()
    os.write(process.master, f"]E0{CARD}\r".encode())
    time.sleep(0.3)
    return times


def _waits(state: dict[str, Any], member: int) -> bool:
    return bool(state.get("waiting")) and state["waiting"]["member_id"] == member


def pty_limit() -> list[float]:
    """The machine's own: bytes through a pty to a waiting thread, milliseconds."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    got = threading.Event()

    def read() -> None:
        while os.read(slave, 64) != b"x":
            got.set()

    threading.Thread(target=read, daemon=True).start()
    times = []
    for _ in range(SCANS):
        got.clear()
        sent = time.monotonic()
        os.write(master, b"0420000000013\r")
        got.wait(1)
        times.append((time.monotonic() - sent) * 1000)
    os.write(master, b"x")
    return times


def quotes(process: Process) -> tuple[list[float], list[float]]:
    """Milliseconds of a 50-line quote over the API, and of a bare answer of the same server."""
    lines = [
        line(number, f"sku{number}", 1_000 + 37 * number, 1 + number % 3, groups=[f"g{number}"])
        for number in range(50)
    ]
    sale = f"/v1/sales/{uuid.uuid4()}"
    body = {"identity": {"code": CARD, "source": "scanner"}}
    process.http.post(f"{sale}/open", json=body)
    times, bare = [], []
    for number in range(QUOTES):
        lines[0] = line(0, "sku0", 1_000, 1 + number % 9, groups=["g0"])
        sent = time.monotonic()
        answer = process.http.put(f"{sale}/basket", json={"lines": lines})
        times.append((time.monotonic() - sent) * 1000)
        assert answer.status_code == 200, answer.text
        sent = time.monotonic()
        process.http.get("/healthz")
        bare.append((time.monotonic() - sent) * 1000)
    process.http.post(f"{sale}/cancel", json={})
    return times, bare


def _starts(rig: Rig) -> tuple[list[float], list[float]]:
    """Seconds to the first sale, and the processor's part of them."""
    times, cpu = [], []
    for _ in range(STARTS):
        process = Process(rig)
        times.append(process.first_sale_s)
        cpu.append(process.first_sale_cpu_s)
        process.stop()
    return times, cpu


def _idle_mib(rig: Rig) -> float:
    process = Process(rig)
    time.sleep(2)
    idle = process.rss_mib()
    process.stop()
    return idle


def _interpreter_s() -> float:
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", "import fastapi, httpx"], check=True)
    return time.monotonic() - started


def held_rows() -> list[Row]:
    """The same with 500 rules and the agent held to a quarter of one core."""
    with tempfile.TemporaryDirectory() as folder:
        process = Process(Rig(Path(folder), rules_of(500)))
        try:
            with quarter_of_a_core(process.child.pid) as how:
                screen = scan_to_screen(process)
                quoted, bare = quotes(process)
        finally:
            process.stop()
    return [
        Row(
            "a quarter of a core: scan → member on the stream, p95",
            percentile(screen, 95),
            50,
            "ms",
            f"p50 {median(screen):.2f}; {how}",
        ),
        Row(
            "a quarter of a core: quote 50 lines × 500 rules, p95",
            percentile(quoted, 95),
            150,
            "ms",
            f"p50 {median(quoted):.2f}; empty answer p95 {percentile(bare, 95):.2f} ms",
        ),
    ]


def main() -> int:
    """Run all rows."""
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder), rules_of(100))
        first = _idle_mib(rig)
        process = Process(rig)
        time.sleep(2)
        idle = process.rss_mib()
        limit = pty_limit()
        screen = scan_to_screen(process)
        with panel(process):
            quoted, bare = quotes(process)
        process.stop()
        starts, cpu = _starts(rig)
    rows = [
        Row(
            "scan → member on the stream, p99",
            percentile(screen, 99),
            50,
            "ms",
            f"p50 {median(screen):.2f}; pty alone p99 {percentile(limit, 99):.2f} ms",
        ),
        Row(
            "quote 50 lines × 100 rules, p99",
            percentile(quoted, 99),
            15,
            "ms",
            f"p50 {median(quoted):.2f}; empty answer p99 {percentile(bare, 99):.2f} ms",
        ),
        Row(
            "idle memory without camera",
            idle,
            90,
            "MiB",
            f"first start, migrations run: {first:.1f} MiB",
        ),
        Row(
            "start → first sale",
            max(starts),
            2,
            "s",
            f"worst of {STARTS}; CPU {median(cpu):.2f} s; importing fastapi and httpx "
            f"{_interpreter_s():.2f} s",
        ),
    ]
    return finish("api", [*rows, *held_rows()])


if __name__ == "__main__":
    raise SystemExit(main())
