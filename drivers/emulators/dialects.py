"""The protocols an emulated printer can speak, by the name used in bench files and drivers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from drivers.emulators.atol.device import AtolDevice
from drivers.emulators.atol.wire import AtolWire
from drivers.emulators.datecs_ua.device import DatecsUaDevice
from drivers.emulators.isl.wire import IslWire, extended_wire
from drivers.emulators.isl_bg.device import DaisyDevice, DatecsPDevice, DatecsXDevice
from drivers.emulators.maria.device import MariaDevice
from drivers.emulators.maria.wire import MariaWire
from drivers.emulators.printer import Line, Wire
from drivers.emulators.register.config import RegisterConfig
from drivers.emulators.register.device import RegisterDevice
from drivers.emulators.script import ScriptError
from drivers.emulators.shtrih.device import ShtrihDevice
from drivers.emulators.shtrih.wire import ShtrihWire


@dataclass(frozen=True, slots=True)
class Dialect:
    """A device class, the wire it speaks over, and what is programmed into it by default."""

    device: Callable[..., RegisterDevice]
    speaks: Callable[[Line, Any], Wire]
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def config(self, **changes: Any) -> RegisterConfig:
        """Its configuration with these changes."""
        return RegisterConfig(**{**self.defaults, **changes})

    def wire(self, device: RegisterDevice) -> Callable[[Line], Wire]:
        """What `PrinterEmulator` makes its wire with."""
        return lambda line: self.speaks(line, device)


BULGARIAN: Final[Mapping[str, Any]] = {
    "tax_rates": {
        letter: 0 if letter in "А" else 900 if letter == "Г" else 2000 for letter in "АБВГДЕЖЗ"
    }
}
"""Bulgarian VAT by letter: А none, Г 9 %, else 20 %, in basis points."""

DIALECTS: Final[Mapping[str, Dialect]] = {
    "datecs_ua": Dialect(DatecsUaDevice, IslWire),
    "datecs_p": Dialect(DatecsPDevice, IslWire, {"model": "FP-2000", **BULGARIAN}),
    "datecs_x": Dialect(DatecsXDevice, extended_wire, {"model": "FP-700X", **BULGARIAN}),
    "daisy": Dialect(DaisyDevice, IslWire, {"model": "CompactM", **BULGARIAN}),
    "shtrih": Dialect(
        ShtrihDevice, ShtrihWire, {"model": "ШТРИХ-ФР-К", "cancel_after_payment": True}
    ),
    "maria": Dialect(MariaDevice, MariaWire, {"model": "MARIA-304T", "cancel_after_payment": True}),
    "atol": Dialect(AtolDevice, AtolWire, {"model": "АТОЛ 30Ф", "cancel_after_payment": True}),
}


def another_printer(name: str) -> tuple[RegisterDevice, Callable[[Line], Wire]]:
    """A printer of this dialect out of its box, and its wire; `ScriptError` for another name."""
    kind = DIALECTS.get(name)
    if kind is None:
        raise ScriptError(f"no dialect {name!r}; there are: {', '.join(DIALECTS)}")
    device = kind.device(kind.config(), None)
    return device, kind.wire(device)


CHECKBOX: Final = "checkbox"
"""The one printer that is an HTTP service and not a device on a cable."""
PRINTER_DIALECTS: Final = (*DIALECTS, CHECKBOX)
