"""A `ShiftBench` on any emulated fiscal printer."""

from __future__ import annotations

from typing import Any, Protocol

from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.shift import ShiftPrinter


class EmulatedBench(Protocol):
    """What `emulated_printer` and `emulated_checkbox` give."""

    emulator: Any

    def open(self) -> Any:
        """A new driver on the emulator's address."""


class EmulatedShiftBench:
    """The emulator's paper, and drivers opened on it over its real address."""

    def __init__(self, bench: EmulatedBench) -> None:
        self._bench = bench
        self._sold = 0

    def open(self) -> ShiftPrinter:
        """A new driver."""
        printer = self._bench.open()
        assert isinstance(printer, ShiftPrinter), "this driver keeps no shift"
        return printer

    def papers(self, kind: str) -> int:
        """Finished papers of a kind."""
        found = self._bench.emulator.documents()
        return sum(paper.kind == kind and paper.state == "closed" for paper in found)

    def sell(self) -> None:
        """One receipt."""
        self._sold += 1
        printer = self._bench.open()
        try:
            outcome = printer.print_receipt(sample_job(f"sold-{self._sold}", 1), MemoryJournal())
        finally:
            printer.close()
        assert outcome.verdict == "printed", str(outcome)
