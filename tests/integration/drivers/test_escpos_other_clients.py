"""ESC/POS clients that nobody here wrote, on the emulated printer.

The bytes they sent once are kept and replayed; where npm's node-thermal-printer is installed
(its folder in LOYALTY_NODE_MODULES) it prints by itself.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from drivers.conformance.emulated_receipts import emulated_receipts

TESTS = Path(__file__).parents[2]
NODE_MODULES = os.environ.get("LOYALTY_NODE_MODULES", "")
NODE_SLIP = [
    "Магазин Приклад",
    "-" * 48,
    "Сир твердий" + "125,50".rjust(37),
    "Разом" + "125,50".rjust(43),
    "[QR https://loyalty.example/m/42]",
]


def captured(name):
    text = (TESTS / "data" / "escpos" / name).read_text(encoding="utf-8")
    return bytes.fromhex("".join(text.splitlines()[1:]))


def replay(bench, data, piece):
    host, _, port = bench.emulator.url.removeprefix("tcp:").rpartition(":")
    with socket.create_connection((host, int(port)), 5) as pos:
        for at in range(0, len(data), piece):
            pos.sendall(data[at : at + piece])
        deadline = time.monotonic() + 5
        while not bench.papers() and time.monotonic() < deadline:
            time.sleep(0.01)


@pytest.mark.parametrize("piece", [1, 7, 4096])
def test_node_thermal_printer_replayed(tmp_path, piece):
    with emulated_receipts(tmp_path) as bench:
        replay(bench, captured("node-thermal-printer-4.6.1.hex"), piece)
        assert [line.strip() for line in bench.last_lines()] == [s.strip() for s in NODE_SLIP]
        assert bench.emulator.counters()["unknown_commands"] == 0


def test_receiptline_replayed(tmp_path):
    """It places its columns by dots, draws its rules in the Katakana page, and has no і."""
    with emulated_receipts(tmp_path) as bench:
        replay(bench, captured("receiptline-4.0.4.hex"), 64)
        assert "Сир твердий" + "125,50".rjust(37) in bench.last_lines()
        assert "Хл?б" + "32,00".rjust(44) in bench.last_lines()
        assert bench.emulator.counters()["unknown_commands"] == 0


@pytest.mark.skipif(
    not (shutil.which("node") and NODE_MODULES),
    reason="needs node, and node-thermal-printer's folder in LOYALTY_NODE_MODULES",
)
def test_node_thermal_printer_prints_by_itself(tmp_path):
    client = TESTS / "support" / "escpos_npm_client.js"
    with emulated_receipts(tmp_path) as bench:
        address = bench.emulator.url.replace("tcp:", "tcp://")
        done = subprocess.run(
            ["node", str(client), address],
            env={**os.environ, "NODE_PATH": NODE_MODULES},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        said = [json.loads(line) for line in done.stdout.splitlines()]
        assert said == [{"connected": True}, {"done": True}]
        deadline = time.monotonic() + 5
        while not bench.papers() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [line.strip() for line in bench.last_lines()] == [s.strip() for s in NODE_SLIP]
