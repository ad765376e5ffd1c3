"""Finding a driver by name: entry points of the group `loyalty_edge.drivers`, loaded when used.

A driver module exposes `DRIVER: DriverSpec`. A new driver is one entry point and one module;
nothing here knows any device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal, TypeAlias

from drivers.base import FiscalPrinter, ReceiptPrinter, Scanner
from drivers.errors import DeviceError

ENTRY_POINT_GROUP = "loyalty_edge.drivers"

OptionValue: TypeAlias = str | int | bool
Options: TypeAlias = Mapping[str, OptionValue]
DriverKind = Literal["scanner", "fiscal_printer", "receipt_printer"]

KIND_OF_PREFIX: Mapping[str, DriverKind] = {
    "scanner": "scanner",
    "fiscal": "fiscal_printer",
    "receipt": "receipt_printer",
}


class UnknownDriver(DeviceError):
    """No driver of that name and kind is installed."""


class BadDriverOption(DeviceError):
    """An option the driver does not have, or a value of the wrong type."""


@dataclass(frozen=True, slots=True)
class DriverSpec:
    """What a driver module offers: its `open` and the options it takes, with their defaults.

    `open(url, options)` gets every option, defaults filled in; it raises `DeviceUnavailable` when
    the port cannot be opened."""

    name: str
    kind: DriverKind
    open: Callable[[str, Options], Any]
    options: Options = field(default_factory=dict)

    def checked(self, given: Options) -> Options:
        """Defaults overlaid by `given`; `BadDriverOption` names the first that does not fit."""
        for key, value in given.items():
            if key not in self.options:
                known = ", ".join(sorted(self.options)) or "none"
                raise BadDriverOption(
                    "unknown_option", f"driver {self.name!r} has no option {key!r}; it has: {known}"
                )
            wanted = type(self.options[key])
            if type(value) is not wanted:
                raise BadDriverOption(
                    "bad_option",
                    f"driver {self.name!r}: option {key!r} must be {wanted.__name__},"
                    f" not {type(value).__name__}",
                )
        return {**self.options, **given}


def _entry_points() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}


def known_drivers() -> dict[str, DriverKind]:
    """Name and kind of every installed driver, by name; loads none of them."""
    return {
        name: KIND_OF_PREFIX[name.partition(".")[0]]
        for name in sorted(_entry_points())
        if name.partition(".")[0] in KIND_OF_PREFIX
    }


def load_driver(name: str) -> DriverSpec:
    """Import one driver, or raise `UnknownDriver` that lists what there is."""
    entry = _entry_points().get(name)
    if entry is None:
        raise UnknownDriver(
            "unknown_driver", f"no driver {name!r}; installed: {', '.join(known_drivers())}"
        )
    spec = entry.load().DRIVER
    if not isinstance(spec, DriverSpec):
        raise UnknownDriver("unknown_driver", f"{name!r} does not expose a DriverSpec as DRIVER")
    return spec


def open_scanner(driver_name: str, url: str, options: Options) -> Scanner:
    """Open a scanner; `UnknownDriver`, `BadDriverOption`, `BadDeviceUrl` or `DeviceUnavailable`."""
    device: Scanner = _open(driver_name, "scanner", url, options)
    return device


def open_fiscal_printer(driver_name: str, url: str, options: Options) -> FiscalPrinter:
    """Open a fiscal printer; raises like `open_scanner`."""
    device: FiscalPrinter = _open(driver_name, "fiscal_printer", url, options)
    return device


def open_receipt_printer(driver_name: str, url: str, options: Options) -> ReceiptPrinter:
    """Open a receipt printer; raises like `open_scanner`."""
    device: ReceiptPrinter = _open(driver_name, "receipt_printer", url, options)
    return device


def open_printer(driver_name: str, url: str, options: Options) -> FiscalPrinter:
    """Open the printer that prints what the agent composed, fiscal or not; raises likewise."""
    is_receipt = driver_name.startswith("receipt.")
    device: FiscalPrinter = _open(
        driver_name, "receipt_printer" if is_receipt else "fiscal_printer", url, options
    )
    return device


def _open(driver_name: str, kind: DriverKind, url: str, options: Options) -> Any:
    spec = load_driver(driver_name)
    if spec.kind != kind:
        raise UnknownDriver("wrong_kind", f"driver {driver_name!r} is a {spec.kind}, not a {kind}")
    return spec.open(url, spec.checked(options))
