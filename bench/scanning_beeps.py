"""`python -m bench.scanning_beeps`: last byte of a reader to its sound; in `bench.scanning` too.

Readers of five vendor families are ptys, the register's speaker is a named pipe; the register is a
whole one with its ledger on disk. Each reader is asked for all three sounds in turn: members and
goods it has (found), numbers nobody has (unknown), a signed code that is past its time (expired).
The time ends when the last byte of that very sound has come back. Budget: 100 ms for each, none
wrong. The centre is out of reach: what only it can answer sounds when it has, 300 ms at most.
"""

from __future__ import annotations

import os
import random
import select
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.report import Row, finish, percentile
from drivers.base import ScanSignal
from drivers.emulators.scanning.outlets import OUTLETS
from drivers.emulators.wire import PtyEndpoint
from drivers.registry import open_scanner
from drivers.scanner.signals import SIGNALS
from drivers.scanner.speaker import EV_SND, TONES
from edge_agent.devices.scanner_worker import ScannerWorker
from edge_agent.ledger.cache import Cache
from tests.support.purses import Page
from tests.support.rig import CARD, OTHER_CARD, Rig

SCANS: Final = 60
SPEAKER_SCANS: Final = 30
PATIENCE_S: Final = 10.0
BUDGET_MS: Final = 100.0
SPEAKER: Final = "speaker"
SEED: Final = 20261122
_EVENT: Final = struct.Struct("llHHi")


@dataclass(frozen=True, slots=True)
class Asked:
    """A code and the sound it deserves."""

    text: str
    sound: ScanSignal


class Reader:
    """A reader of one vendor, or one that has none and stands beside the register's speaker."""

    def __init__(self, vendor: str, folder: Path, rig: Rig) -> None:
        self.vendor = vendor
        self._mode = "ssi" if vendor == "zebra_ssi" else "serial"
        self._port = PtyEndpoint(folder / vendor)
        self._pipe = folder / f"{vendor}.pipe"
        options: dict[str, str] = {"protocol": "ssi" if self._mode == "ssi" else "text"}
        if vendor == SPEAKER:
            os.mkfifo(self._pipe)
            # Open for writing as well: a pipe that nobody writes to is at its end.
            self._ear = os.open(self._pipe, os.O_RDWR | os.O_NONBLOCK)
            options["speaker"] = str(self._pipe)
        else:
            self._ear = -1
            options["signals"] = vendor
        assert rig.agent is not None
        scans = rig.agent.desk.scans
        opened = threading.Event()
        self._worker = ScannerWorker(
            lambda: open_scanner("scanner.serial", self._port.url, options),
            lambda scan: scans.heard(scan.text, scan.symbology),
            lambda _state: opened.set(),
        )
        self._worker.start()
        opened.wait(PATIENCE_S)

    def took_ms(self, asked: Asked) -> float | None:
        """Milliseconds from the last byte to the end of the sound's first command; `None` when
        another sound came, or none."""
        wanted = self._wanted(asked.sound)
        pieces = OUTLETS[self._mode]("cr").bytes_of(asked.text, is_again=False, gap_ms=0, now_ms=0)
        for piece in pieces[:-1]:
            self._port.send(piece.data)
        began = time.perf_counter()
        self._port.send(pieces[-1].data)
        heard = b""
        while wanted not in heard:
            more = self._hear(PATIENCE_S)
            if not more:
                return None
            heard += more
        took = (time.perf_counter() - began) * 1000
        rest = self._rest()
        return took if self._names(heard + rest) == [asked.sound] else None

    def close(self) -> None:
        """Stop the worker and pull the cable."""
        self._worker.stop()
        self._port.close()
        if self._ear >= 0:
            os.close(self._ear)

    def _wanted(self, sound: ScanSignal) -> bytes:
        if self.vendor == SPEAKER:
            return _EVENT.pack(0, 0, EV_SND, 2, TONES[sound][0][0])
        return SIGNALS[self.vendor][sound]

    def _hear(self, seconds: float) -> bytes:
        handles = [self._ear] if self._ear >= 0 else self._port.readers()
        if not select.select(handles, [], [], seconds)[0]:
            return b""
        return os.read(self._ear, 4096) if self._ear >= 0 else self._port.receive()

    def _rest(self) -> bytes:
        """What follows: the speaker's further tones and its silence, nothing from others."""
        rest = b""
        end = _EVENT.pack(0, 0, EV_SND, 2, 0)
        while more := self._hear(0.5 if self.vendor == SPEAKER else 0.005):
            rest += more
            if rest.endswith(end):
                break
        return rest

    def _names(self, heard: bytes) -> list[ScanSignal]:
        """Which sounds these bytes are; the longest that fits, one after the other."""
        if self.vendor == SPEAKER:
            tones = tuple(_EVENT.unpack_from(heard, at)[4] for at in range(0, len(heard), 24))
            by_tones = {(*(hertz for hertz, _ in tone), 0): kind for kind, tone in TONES.items()}
            return [by_tones[tones]] if tones in by_tones else []
        found: list[ScanSignal] = []
        by_bytes = sorted(SIGNALS[self.vendor].items(), key=lambda each: -len(each[1]))
        while heard:
            kind, size = next(
                ((kind, len(data)) for kind, data in by_bytes if heard.startswith(data)), (None, 1)
            )
            found += [kind] if kind else []
            heard = heard[size:]
        return found


@contextmanager
def register(folder: Path) -> Iterator[tuple[Rig, Page]]:
    """A running register that knows the key of a member's page."""
    rig = Rig(folder / "till")
    page = Page(rig.programme_key, rig.key_id)
    cache = Cache(rig.folder / "data" / "cache.db")
    cache.apply_rows([page.row()])
    cache.close()
    rig.start()
    try:
        rig.http.post("/v1/panel/sale", json={})
        yield rig, page
    finally:
        rig.stop()


def asked_codes(page: Page) -> list[Asked]:
    """Codes of all three kinds, in turn."""
    past = page.still(page.claim(age_min=700))
    return [
        Asked(f"]E0{CARD}", "found"),
        Asked("]E00429999999995", "unknown"),
        Asked(f"]Q1{past}", "expired"),
        Asked("]E04820000000017", "found"),
        Asked("]Q1https://example.com/menu", "unknown"),
        Asked(f"]E0{OTHER_CARD}", "found"),
        Asked("]Q1LC1:7K3M9QX2ABE", "unknown"),
    ]


def beep_rows(folder: Path) -> list[Row]:
    """One row a vendor and one for what sounded wrong."""
    rows, wrong = [], 0
    chance = random.Random(SEED)
    with register(folder) as (rig, page):
        asked = asked_codes(page)
        for vendor in (*SIGNALS, SPEAKER):
            reader = Reader(vendor, folder, rig)
            took: list[float] = []
            try:
                count = SPEAKER_SCANS if vendor == SPEAKER else SCANS
                for number in range(count):
                    time.sleep(chance.uniform(0.005, 0.03))
                    one = reader.took_ms(asked[number % len(asked)])
                    wrong += one is None
                    took += [one] if one is not None else []
            finally:
                reader.close()
            took = took or [PATIENCE_S * 1000]
            beside = f"p50 {percentile(took, 50):.1f}, worst of {len(took)} {max(took):.1f}"
            p95 = percentile(took, 95)
            rows.append(Row(f"last byte to sound, {vendor}, p95", p95, BUDGET_MS, "ms", beside))
    return [*rows, Row("sounds wrong or missing", wrong, 0.5, "")]


def main() -> int:
    """The beeps alone."""
    with tempfile.TemporaryDirectory(prefix="bench-beeps-") as folder:
        return finish("scanning_beeps", beep_rows(Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
