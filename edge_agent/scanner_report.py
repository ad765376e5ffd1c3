"""What the reader has shown of itself: for `edge-agent doctor`, with every code masked."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pydantic import BaseModel

from drivers.base import Scanner

if TYPE_CHECKING:
    from drivers.scanner.framer import FramerCounters

KEPT = 10


@runtime_checkable
class Counting(Protocol):
    """A reader that counts what it dropped."""

    @property
    def counters(self) -> FramerCounters: ...


class ScannerOut(BaseModel):
    """The reader since it was opened. `last` are masked; `with_aim` counts scans that came with an
    AIM identifier; `gap_ms` is the median pause between keys in keyboard mode, 0 elsewhere."""

    scans: int = 0
    with_aim: int = 0
    without_separators: int = 0
    last: list[str] = []
    is_unfinished: bool = False
    gap_ms: int = 0
    overlong: int = 0
    not_text: int = 0
    high_bits: int = 0
    bad_packets: int = 0
    repeats: int = 0


class ScannerReport:
    """Filled by the reader's thread; read from any."""

    def __init__(self) -> None:
        self._scans = self._with_aim = self._without_separators = 0
        self._last: deque[str] = deque(maxlen=KEPT)
        self._reader: Scanner | None = None

    def opened(self, reader: Scanner) -> None:
        """This reader is open now."""
        self._reader = reader

    def note(self, masked: str, symbology: str, reason: str) -> None:
        """A scan and what came of it."""
        self._scans += 1
        self._with_aim += bool(symbology)
        self._without_separators += reason == "gs1_separator"
        shown = f"{symbology} {masked}".strip()
        self._last.append(f"{shown} ({reason})" if reason else shown)

    def out(self) -> ScannerOut:
        """As of now."""
        reader = self._reader
        counted: dict[str, int] = {}
        if isinstance(reader, Counting):
            counted = asdict(reader.counters)
        return ScannerOut(
            scans=self._scans,
            with_aim=self._with_aim,
            without_separators=self._without_separators,
            last=list(self._last),
            is_unfinished=bool(getattr(reader, "is_unfinished", False)),
            gap_ms=int(getattr(reader, "gap_ms", 0)),
            **counted,
        )
