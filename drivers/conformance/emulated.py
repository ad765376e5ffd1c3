"""A `PrinterBench` on any emulated fiscal printer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drivers.base import FiscalPrinter, Transport
from drivers.emulators.dialects import DIALECTS
from drivers.emulators.paper import Document
from drivers.emulators.printer import PrinterEmulator
from drivers.emulators.register.config import RegisterConfig
from drivers.emulators.register.device import RegisterDevice
from drivers.emulators.wire import open_endpoint
from drivers.fiscal.counted.pace import REAL_TIME
from drivers.registry import Options, open_fiscal_printer
from drivers.transport import open_transport

QUICK: Options = {"reply_timeout_ms": 150}
"""Driver options for a device that answers at once."""


class EmulatedPrinterBench:
    """The emulator, and drivers opened on it over its real address."""

    def __init__(
        self, emulator: PrinterEmulator, device: RegisterDevice, driver: str, options: Options
    ) -> None:
        self.emulator = emulator
        self.device = device
        self.driver = driver
        self._options = options

    pace = REAL_TIME

    def connect(self) -> Transport:
        """A new port, for a driver of the caller's making."""
        return open_transport(self.emulator.url)

    def open(self, **options: str | int | bool) -> FiscalPrinter:
        """A new driver on the emulator's address."""
        given = {**self._options, **options}
        return open_fiscal_printer(self.driver, self.emulator.url, given)

    def receipts(self) -> list[Document]:
        """Closed fiscal receipts, oldest first, as the emulator counted them."""
        found = self.emulator.documents()
        return [d for d in found if d.is_fiscal and d.state == "closed"]

    def fiscal_documents(self) -> int:
        """Sales and refunds by the emulator's counters."""
        counters = self.emulator.counters()
        return counters["sales"] + counters["refunds"]

    def last_total_minor(self) -> int:
        """Sum of the newest receipt."""
        return self.receipts()[-1].total_minor


@contextmanager
def emulated_printer(
    folder: Path,
    wire: str = "pty",
    delay_ms: int = 0,
    config: RegisterConfig | None = None,
    keep_paper: bool = False,
    dialect: str = "datecs_ua",
) -> Iterator[EmulatedPrinterBench]:
    """An emulated printer under `folder`, on a pty or on TCP, closed at the end."""
    link = str(folder / "printer") if wire == "pty" else ""
    endpoint = open_endpoint(link, "" if link else "127.0.0.1:0")
    kind = DIALECTS[dialect]
    device = kind.device(config or kind.config(), folder / "paper" if keep_paper else None)
    emulator = PrinterEmulator("printer", endpoint, device, delay_ms, kind.wire(device))
    try:
        yield EmulatedPrinterBench(emulator, device, f"fiscal.{dialect}", QUICK)
    finally:
        emulator.close()
