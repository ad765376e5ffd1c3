"""A `SlipBench` on an emulated receipt printer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from drivers.base import ReceiptPrinter
from drivers.emulators.escpos.device import EscPosConfig, EscPosDevice
from drivers.emulators.escpos.slip import Slip
from drivers.emulators.escpos.wire import EscPosWire
from drivers.emulators.printer import PrinterEmulator
from drivers.emulators.wire import open_endpoint
from drivers.registry import Options, open_receipt_printer

QUICK: Final[Options] = {
    "reply_timeout_ms": 120,
    "print_timeout_ms": 500,
    "hold_timeout_ms": 700,
}


class EmulatedSlipBench:
    """The emulator, and drivers opened on it over its real address."""

    def __init__(self, emulator: PrinterEmulator, options: Options) -> None:
        self.emulator = emulator
        self._options = options

    def open(self, **options: str | int | bool) -> ReceiptPrinter:
        """A new driver on the emulator's address."""
        given = {**QUICK, **self._options, **options}
        return open_receipt_printer("receipt.escpos", self.emulator.url, given)

    def papers(self) -> list[Slip]:
        """Slips that were cut off, oldest first."""
        return [slip for slip in self.emulator.documents() if slip.is_cut]

    def slips(self) -> int:
        """How many there are."""
        return len(self.papers())

    def last_lines(self) -> list[str]:
        """Text of the newest slip."""
        return [line for line in self.papers()[-1].lines() if line.strip()]


@contextmanager
def emulated_receipts(
    folder: Path, wire: str = "tcp", config: EscPosConfig | None = None, **options: str | int | bool
) -> Iterator[EmulatedSlipBench]:
    """An emulated receipt printer on a pty or on TCP, closed at the end."""
    link = str(folder / "receipts") if wire == "pty" else ""
    endpoint = open_endpoint(link, "" if link else "127.0.0.1:0")
    device = EscPosDevice(config or EscPosConfig())
    emulator = PrinterEmulator(
        "receipts", endpoint, device, 0, lambda line: EscPosWire(line, device)
    )
    try:
        yield EmulatedSlipBench(emulator, options)
    finally:
        emulator.close()
