"""A `PrinterBench` on the emulated Checkbox service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drivers.base import FiscalPrinter
from drivers.emulators.checkbox.server import CheckboxEmulator
from drivers.emulators.checkbox.service import CheckboxService
from drivers.emulators.paper import Document
from drivers.registry import Options, open_fiscal_printer

QUICK: Options = {"reply_timeout_ms": 600, "poll_ms": 1, "rate_limit": 10_000}
"""Driver options for a service that answers at once and has no limit."""


class EmulatedCheckboxBench:
    """The emulator, and drivers opened on it over its real address."""

    driver = "fiscal.checkbox"

    def __init__(self, emulator: CheckboxEmulator) -> None:
        self.emulator = emulator

    def open(self, **options: str | int | bool) -> FiscalPrinter:
        """A new driver on the emulator's address."""
        return open_fiscal_printer(self.driver, self.emulator.url, {**QUICK, **options})

    def receipts(self) -> list[Document]:
        """Receipts, oldest first, as the service has them."""
        found = self.emulator.documents()
        return [d for d in found if d.is_fiscal and d.state == "closed"]

    def fiscal_documents(self) -> int:
        """Sales and refunds by the service's counters."""
        counters = self.emulator.counters()
        return counters["sales"] + counters["refunds"]

    def last_total_minor(self) -> int:
        """Sum of the newest receipt."""
        return self.receipts()[-1].total_minor


@contextmanager
def emulated_checkbox(folder: Path | None = None) -> Iterator[EmulatedCheckboxBench]:
    """An emulated service on a free port, closed at the end."""
    emulator = CheckboxEmulator("checkbox", CheckboxService(folder=folder))
    try:
        yield EmulatedCheckboxBench(emulator)
    finally:
        emulator.close()
