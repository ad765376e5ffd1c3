"""MARIA-304T fiscal registers as `drivers.base.FiscalPrinter`.

A receipt is PREP, FISC or BFIS per line, TEXT per text line, and COMP, which carries all sums and
prints; a slip is DBEG, TEXT, PRTX. The number of the last receipt (CONf) before and after, and the
last executed command (CONF), give the verdict.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.base import DeviceJournal, Transport
from drivers.fiscal.counted.pace import REAL_TIME, Pace
from drivers.fiscal.counted.printer import CountedPrinter
from drivers.fiscal.maria.link import MariaLink
from drivers.fiscal.maria.machine import MariaMachine
from drivers.fiscal.maria.options import DEFAULTS, MariaOptions, read_options
from drivers.registry import DriverSpec, Options
from drivers.transport import open_transport


class Maria(CountedPrinter):
    """One device; every connection begins with U, CSIN1, SYNC, UPAS and CONF."""

    def __init__(
        self,
        connect: Callable[[], Transport],
        options: MariaOptions,
        pace: Pace = REAL_TIME,
    ) -> None:
        def start(transport: Transport, journal: DeviceJournal | None) -> MariaMachine:
            link = MariaLink(transport, options.timing, pace.clock)
            return MariaMachine(link, options, journal)

        super().__init__(connect, start, options.rules, options.port_exclusive)


def open_maria(url: str, options: Options) -> Maria:
    """Open the device at `url`; `DeviceUnavailable` when the port cannot be opened."""
    return Maria(lambda: open_transport(url), read_options(options))


DRIVER = DriverSpec(name="fiscal.maria", kind="fiscal_printer", open=open_maria, options=DEFAULTS)
