"""Shtrih-M fiscal printers as `drivers.base.FiscalPrinter`.

A receipt is 8Dh, 80h or 82h per line with 86h or 87h behind it, 17h per text line, 89h to compare
the sum, and 85h, which pays and closes at once; registers before and after give the verdict.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.base import DeviceJournal, Transport
from drivers.fiscal.counted.pace import REAL_TIME, Pace
from drivers.fiscal.counted.printer import CountedPrinter
from drivers.fiscal.shtrih.commands import DETECTION
from drivers.fiscal.shtrih.link import ShtrihLink
from drivers.fiscal.shtrih.machine import ShtrihMachine
from drivers.fiscal.shtrih.options import DEFAULTS, ShtrihOptions, read_options
from drivers.registry import DriverSpec, Options
from drivers.transport import open_transport


class Shtrih(CountedPrinter):
    """One printer; every connection begins with ENQ, FCh, 11h and 10h."""

    def __init__(
        self,
        connect: Callable[[], Transport],
        options: ShtrihOptions,
        pace: Pace = REAL_TIME,
    ) -> None:
        def start(transport: Transport, _journal: DeviceJournal | None) -> ShtrihMachine:
            link = ShtrihLink(transport, DETECTION, options.timing, pace.clock)
            return ShtrihMachine(link, options, pace.pause)

        super().__init__(connect, start, options.rules, options.port_exclusive)


def open_shtrih(url: str, options: Options) -> Shtrih:
    """Open the printer at `url`; `DeviceUnavailable` when the port cannot be opened."""
    return Shtrih(lambda: open_transport(url), read_options(options))


DRIVER = DriverSpec(name="fiscal.shtrih", kind="fiscal_printer", open=open_shtrih, options=DEFAULTS)
