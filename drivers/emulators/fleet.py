"""All devices of one bench, by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from drivers.emulators.bench_file import REGISTER_KEYS, DeviceEntry
from drivers.emulators.checkbox.server import CheckboxEmulator
from drivers.emulators.checkbox.service import CheckboxService
from drivers.emulators.dialects import CHECKBOX, DIALECTS, another_printer
from drivers.emulators.escpos.device import EscPosConfig, EscPosDevice
from drivers.emulators.escpos.wire import EscPosWire
from drivers.emulators.printer import PrinterEmulator
from drivers.emulators.register.config import RegisterConfig
from drivers.emulators.scanner import ScannerEmulator, VirtualTime
from drivers.emulators.wire import open_endpoint

DEFAULT_DELAY_MS = 60
DEFAULT_DIALECT = "datecs_ua"

if TYPE_CHECKING:
    from drivers.emulators.camera import CameraEmulator

PrintingEmulator = PrinterEmulator | CheckboxEmulator
Emulator: TypeAlias = "ScannerEmulator | CameraEmulator | PrintingEmulator"


class UnknownDevice(KeyError):
    """No device of that name on this bench."""

    def __str__(self) -> str:
        return str(self.args[0])


class Fleet:
    """Devices that run until `close`. Safe to use from several threads."""

    def __init__(self) -> None:
        self._devices: dict[str, Emulator] = {}

    def start(self, entry: DeviceEntry) -> Emulator:
        """Plug one device in; raises when its port cannot be had."""
        device = start_device(entry)
        self._devices[entry.name] = device
        return device

    def names(self) -> list[str]:
        """Names, in the order they were started."""
        return list(self._devices)

    def get(self, name: str) -> Emulator:
        """A device, or `UnknownDevice` that lists what there is."""
        if name not in self._devices:
            raise UnknownDevice(f"no device {name!r}; there are: {', '.join(self._devices)}")
        return self._devices[name]

    def printer(self, name: str) -> PrintingEmulator:
        """A printer, or `UnknownDevice`."""
        device = self.get(name)
        if not isinstance(device, PrintingEmulator):
            raise UnknownDevice(f"{name!r} is not a printer")
        return device

    def describe(self) -> dict[str, dict[str, object]]:
        """Every device by name."""
        return {name: device.describe() for name, device in self._devices.items()}

    def close(self) -> None:
        """Unplug all."""
        for device in self._devices.values():
            device.close()


def start_device(entry: DeviceEntry) -> Emulator:
    """One device on its own."""
    settings = dict(entry.settings)
    if settings.get("dialect") == CHECKBOX:
        return _checkbox(entry)
    if entry.kind == "camera":
        return _camera(entry)
    endpoint = open_endpoint(entry.link, entry.tcp, int(settings.pop("baud", 0)))
    if entry.kind == "scanner":
        is_virtual, record = settings.pop("is_virtual", False), settings.pop("record", "")
        return ScannerEmulator(
            entry.name,
            endpoint,
            clock=VirtualTime() if is_virtual else None,
            record=Path(record) if record else None,
            **settings,
        )
    if entry.kind == "receipt_printer":
        delay_ms = int(settings.pop("delay_ms", 0))
        receipts = EscPosDevice(EscPosConfig(**settings))
        return PrinterEmulator(
            entry.name,
            endpoint,
            receipts,
            delay_ms,
            lambda line: EscPosWire(line, receipts),
            dialect="escpos",
        )
    dialect = str(settings.get("dialect", DEFAULT_DIALECT))
    kind = DIALECTS[dialect]
    config = kind.config(**{key: settings[key] for key in REGISTER_KEYS if key in settings})
    delay_ms = int(settings.get("delay_ms", DEFAULT_DELAY_MS))
    device = kind.device(config, _folder(entry))
    return PrinterEmulator(
        entry.name,
        endpoint,
        device,
        delay_ms,
        kind.wire(device),
        dialect=dialect,
        another=another_printer,
    )


def _camera(entry: DeviceEntry) -> CameraEmulator:
    # Pillow takes 60 ms to import; most benches have no camera.
    from drivers.emulators.camera import CameraEmulator

    folder, video = entry.settings.get("folder"), entry.settings.get("video")
    return CameraEmulator(
        entry.name,
        int(entry.tcp.rpartition(":")[2] or 0),
        folder=Path(folder) if folder else None,
        video=Path(video) if video else None,
        fps=int(entry.settings.get("fps", 15)),
        seed=int(entry.settings.get("seed", 1)),
    )


def _checkbox(entry: DeviceEntry) -> CheckboxEmulator:
    settings = {key: entry.settings[key] for key in REGISTER_KEYS if key in entry.settings}
    service = CheckboxService(RegisterConfig(**settings), _folder(entry))
    port = int(entry.tcp.rpartition(":")[2] or 0)
    return CheckboxEmulator(entry.name, service, port, int(entry.settings.get("delay_ms", 0)))


def _folder(entry: DeviceEntry) -> Path | None:
    return Path(entry.settings["paper_dir"]) if "paper_dir" in entry.settings else None
