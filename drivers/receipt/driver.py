"""The driver `receipt.escpos`: one receipt printer over serial, USB, network, file or Windows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from drivers.receipt.link import Confirm, Timing
from drivers.receipt.model import printer_model
from drivers.receipt.ports import is_write_only, open_port
from drivers.receipt.printer import EscPosPrinter, ReceiptOptions
from drivers.registry import BadDriverOption, DriverSpec, Options, OptionValue

CONFIRMS: Final[tuple[Confirm, ...]] = ("status", "process_id", "none")
MAX_MS: Final = 600_000
DEFAULTS: Final[Mapping[str, OptionValue]] = {
    "model": "TM-T20II",
    "letters": "auto",
    "columns": 0,
    "confirm": "status",
    "counts": False,
    "reply_timeout_ms": 500,
    "print_timeout_ms": 15_000,
    "hold_timeout_ms": 60_000,
}


def open_escpos(url: str, options: Options) -> EscPosPrinter:
    """Open the printer at `url`; `DeviceUnavailable` when the port cannot be opened."""
    read = read_options(options, is_write_only(url))
    open_port(url).close()
    return EscPosPrinter(lambda: open_port(url), read)


def read_options(options: Options, write_only: bool) -> ReceiptOptions:
    """The options checked; `BadDriverOption` names the first that does not fit."""
    confirm = next((one for one in CONFIRMS if one == options["confirm"]), None)
    if confirm is None:
        raise BadDriverOption("bad_option", f"confirm must be one of {', '.join(CONFIRMS)}")
    seconds = {}
    for key in ("reply_timeout_ms", "print_timeout_ms", "hold_timeout_ms"):
        millis = int(options[key])
        if not 1 <= millis <= MAX_MS:
            raise BadDriverOption("bad_option", f"{key} must be 1 to {MAX_MS}")
        seconds[key] = millis / 1000
    return ReceiptOptions(
        printer_model(str(options["model"]), str(options["letters"]), int(options["columns"])),
        Timing(
            seconds["reply_timeout_ms"], seconds["print_timeout_ms"], seconds["hold_timeout_ms"]
        ),
        "none" if write_only else confirm,
        bool(options["counts"]) and not write_only,
    )


DRIVER = DriverSpec(
    name="receipt.escpos", kind="receipt_printer", open=open_escpos, options=DEFAULTS
)
