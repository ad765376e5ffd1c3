"""`make soak-scanning`: a reader is unplugged over and over, in every mode, and loses no scan.

Each cycle opens the reader through its driver, scans in a random manner (split, repeated, behind
garbage where the mode can tell), reads back what was scanned, pulls the cable and must be told.
Afterwards as many descriptors are open as before. SOAK_S bounds the seconds; SEED repeats a run.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import threading
from pathlib import Path

from bench.soak.campaign import Outcome, Terms, run
from drivers.base import Scanner
from drivers.emulators.scanner import ScannerEmulator
from drivers.emulators.wire import open_endpoint
from drivers.errors import DeviceUnavailable
from drivers.registry import open_scanner

NAME = "scanning"
TARGET = 1_000
PATIENCE_S = 30
KINDS = {
    "serial": ("scanner.serial", {}),
    "ssi": ("scanner.serial", {"protocol": "ssi"}),
    "wedge": ("scanner.wedge", {}),
    "hid_pos": ("scanner.hidpos", {}),
}


class Cycles:
    """One emulated reader of each mode, and what went wrong with them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._chance = random.Random(seed)
        self.wrong: list[str] = []
        self.scans = 0
        self._readers = {
            mode: ScannerEmulator(mode, open_endpoint(str(folder / mode)), mode=mode, seed=seed)
            for mode in KINDS
        }
        self._descriptors = _descriptors()

    def one(self, number: int) -> None:
        """Attach, scan, read, unplug."""
        mode = list(KINDS)[number % len(KINDS)]
        driver, options = KINDS[mode]
        reader = self._readers[mode]
        scanner = open_scanner(driver, reader.url, options)
        try:
            self._scans(mode, reader, scanner, number)
            reader.send("unplug 0")
            self._gone(scanner, f"cycle {number} {mode}")
        finally:
            scanner.close()
        if _descriptors() > self._descriptors:
            self.wrong.append(f"cycle {number} {mode}: {_descriptors()} descriptors")
            self._descriptors = _descriptors()

    def close(self) -> None:
        """Unplug for good."""
        for reader in self._readers.values():
            reader.close()

    def _scans(self, mode: str, reader: ScannerEmulator, scanner: Scanner, number: int) -> None:
        wanted = [f"{number:06d}{place}" for place in range(self._chance.randint(1, 3))]
        split = f"split {self._chance.randint(1, 9)}; " if mode != "ssi" else ""
        manners = [split if self._chance.random() < 0.3 else "" for _ in wanted]
        script = "; ".join(f"{how}scan {text}" for how, text in zip(manners, wanted, strict=True))
        sending = threading.Thread(target=reader.send, args=(script,))
        sending.start()
        read = [scan.text for _ in wanted if (scan := scanner.read_scan(PATIENCE_S)) is not None]
        while sending.is_alive():
            late = scanner.read_scan(0.01)
            if late is not None:
                read.append(late.text)
        sending.join()
        self.scans += len(wanted)
        if read != wanted:
            self.wrong.append(f"cycle {number} {mode}: sent {wanted}, read {read}")

    def _gone(self, scanner: Scanner, where: str) -> None:
        try:
            scan = scanner.read_scan(PATIENCE_S)
        except DeviceUnavailable:
            return
        self.wrong.append(f"{where}: an unplugged reader gave {scan!r}")


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def work(terms: Terms) -> Outcome:
    """Cycles until the target or the time is reached."""
    with tempfile.TemporaryDirectory(prefix="soak-scanning-") as folder:
        cycles = Cycles(Path(folder), terms.seed)
        done = 0
        try:
            while done < terms.target and not terms.is_over:
                cycles.one(done)
                done += 1
        finally:
            cycles.close()
    for text in cycles.wrong[:5]:
        print(text)
    says = f"{len(cycles.wrong)} wrong, {cycles.scans} scans"
    figures = {"wrong": len(cycles.wrong), "scans": cycles.scans}
    return Outcome(done, not cycles.wrong, says, figures)


if __name__ == "__main__":
    sys.exit(run(NAME, TARGET, work))
