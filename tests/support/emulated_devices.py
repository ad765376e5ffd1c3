"""An emulated scanner and fiscal printer in this process, for a live register."""

from __future__ import annotations

from pathlib import Path

from drivers.emulators.bench_file import device_entry
from drivers.emulators.fleet import start_device
from drivers.emulators.printer import PrinterEmulator
from drivers.emulators.scanner import ScannerEmulator
from edge_agent.demo.evidence import PaperSlip, read_paper

_TOML = """
[scanner]
driver = "scanner.serial"
url = "serial:{folder}/scanner?baud=115200"

[printer]
driver = "fiscal.datecs_ua"
url = "serial:{folder}/printer?baud=115200"
reply_timeout_ms = 150
tries = 4
"""


class EmulatedDevices:
    """Both devices on ptys under `folder`; `toml` is what a register's settings say of them."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.toml = _TOML.format(folder=folder)
        scanner = start_device(
            device_entry({"name": "scanner", "kind": "scanner", "link": "scanner"}, folder)
        )
        printer = start_device(
            device_entry(
                {
                    "name": "printer",
                    "kind": "printer",
                    "link": "printer",
                    "delay_ms": 0,
                    "paper_dir": "paper",
                },
                folder,
            )
        )
        assert isinstance(scanner, ScannerEmulator)
        assert isinstance(printer, PrinterEmulator)
        self.scanner, self.printer = scanner, printer

    def slips(self) -> list[PaperSlip]:
        """Finished fiscal slips on the paper."""
        return read_paper(self._folder / "paper" / "paper.txt")

    def close(self) -> None:
        """Unplug both."""
        self.scanner.close()
        self.printer.close()
