"""`python -m bench.tap`: what the tap costs a receipt, and how soon it is back.

The tap runs as in a shop: a supervised process between a POS and an emulated printer on this
machine. A receipt's time is from its first byte to the printer's answer behind its cut; the peer
is the same receipt sent straight to the printer.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.report import Row, finish, median, percentile
from drivers.conformance.emulated_receipts import emulated_receipts

RECEIPT = b"\x1b@\x1bt\x2e" + "Хліб 32,00\nСУМА 157,50\n".encode("cp1251") + b"\x1dVB\x00"
ASK_END = b"\x1dr\x01"
RECEIPTS = 200
KILLS = 8
ADDED_MS = 50.0
BACK_S = 1.0


def main() -> int:
    """Measure and report."""
    with tempfile.TemporaryDirectory() as folder, emulated_receipts(Path(folder)) as bench:
        printer = bench.emulator.url
        host, port = printer.removeprefix("tcp:").split(":")
        with socket.create_connection((host, int(port)), 10) as straight:
            alone = _receipts_ms(straight)
        rows = []
        with _free_port() as dead:
            pass
        with _tap(printer, "--agent", f"http://127.0.0.1:{dead[1]}/") as (_, address):
            rows.append(_row("agent dead: added to a receipt, p99", address, alone, 99))
        # A listener that nobody accepts at: connections hang, as with a frozen agent.
        with (
            socket.create_server(("127.0.0.1", 0)) as frozen,
            _tap(printer, "--agent", f"http://127.0.0.1:{frozen.getsockname()[1]}/") as (
                _,
                address,
            ),
        ):
            rows.append(_row("agent frozen: added to a receipt, worst", address, alone, 100))
        with _tap(printer) as (process, address):
            backs = [_back_s(process, address) for _ in range(KILLS)]
        beside = f"median {median(backs):.2f} s of {KILLS} kills"
        rows.append(
            Row("tap killed: until a receipt is answered, worst", max(backs), BACK_S, "s", beside)
        )
    return finish("tap", rows)


def _row(name: str, address: tuple[str, int], alone: list[float], percent: float) -> Row:
    with socket.create_connection(address, 10) as pos:
        tapped = _receipts_ms(pos)
    added = percentile(tapped, percent) - median(alone)
    beside = f"without a tap p50 {median(alone):.1f} ms, with it p50 {median(tapped):.1f} ms"
    return Row(name, max(0.0, added), ADDED_MS, "ms", beside)


def _receipts_ms(pos: socket.socket) -> list[float]:
    pos.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _ask(pos, ASK_END)
    return [1000 * _ask(pos, RECEIPT + ASK_END) for _ in range(RECEIPTS)]


def _ask(pos: socket.socket, data: bytes) -> float:
    began = time.perf_counter()
    pos.sendall(data)
    if not pos.recv(16):
        raise ConnectionError("the tap hung up")
    return time.perf_counter() - began


def _back_s(process: subprocess.Popen[str], address: tuple[str, int]) -> float:
    """Kill the worker; seconds until a POS that connects at once has its receipt answered."""
    with socket.create_connection(address, 10) as pos:
        _ask(pos, ASK_END)
        worker = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0]
        began = time.perf_counter()
        os.kill(int(worker), signal.SIGKILL)
    with socket.create_connection(address, 10) as pos:
        _ask(pos, RECEIPT + ASK_END)
    return time.perf_counter() - began


@contextmanager
def _free_port() -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        yield free.getsockname()


@contextmanager
def _tap(printer: str, *more: str) -> Iterator[tuple[subprocess.Popen[str], tuple[str, int]]]:
    with _free_port() as address:
        pass
    ends = ["--pos", f"tcp:{address[0]}:{address[1]}", "--printer", printer]
    command = [sys.executable, "-m", "drivers.tap", *ends, *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            json.loads(process.stdout.readline())
            yield process, address
        finally:
            process.terminate()
            process.wait(10)


if __name__ == "__main__":
    raise SystemExit(main())
