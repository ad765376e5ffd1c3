"""A dry run of rules on past receipts, as the central team starts it: process start to last figure.

`python -m bench.simulate DIR`: DIR is the Complete Journey folder (see `bench.journey`). 10,000
receipts of 12 lines on average against 300 live promotions, on as many cores as there are. Beside
it stands what reading the same lines as JSON costs one process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.report import Row, finish

BUDGET_S = 30
_CENTRE = [sys.executable, "-m", "central.cli"]


def _made(folder: Path, into: Path, receipts: int, promotions: int) -> tuple[Path, Path]:
    out, rules = into / "receipts.jsonl", into / "rules.json"
    command = [sys.executable, "-m", "bench.journey", str(folder), str(out), "--rules", str(rules)]
    subprocess.run([*command, "--receipts", str(receipts), "--count", str(promotions)], check=True)
    return out, rules


def _reading_s(receipts: Path) -> float:
    started = time.perf_counter()
    with receipts.open("rb") as file:
        for line in file:
            json.loads(line)
    return time.perf_counter() - started


def main() -> int:
    """Make, run, print, write the report."""
    parser = argparse.ArgumentParser(prog="bench.simulate")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--receipts", type=int, default=10_000)
    parser.add_argument("--promotions", type=int, default=300)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="simulate-") as made:
        try:
            receipts, rules = _made(
                arguments.folder, Path(made), arguments.receipts, arguments.promotions
            )
        except subprocess.CalledProcessError:
            return 2
        command = [*_CENTRE, "rules", "simulate", str(rules), "--receipts", str(receipts)]
        started = time.perf_counter()
        done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - started
        if done.returncode:
            print(done.stdout, done.stderr, file=sys.stderr)
            return 2
        found = json.loads(done.stdout)
        beside = (
            f"reading the lines as JSON {_reading_s(receipts):.2f} s; a promotion acts on"
            f" {found['total']['acted']} of {found['total']['receipts']}; {os.cpu_count()} cores,"
            f" load {os.getloadavg()[0]:.1f}"
        )
    name = f"{arguments.receipts} receipts x {found['promotions']} live promotions"
    return finish("simulate", [Row(name, seconds, BUDGET_S, "s", beside)])


if __name__ == "__main__":
    raise SystemExit(main())
