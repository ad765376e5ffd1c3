"""Bulgarian ISL printers as `drivers.base.FiscalPrinter`; each driver module names its dialect.

A receipt is 76 and 113, 48, 49 per line, 51 for a discount on the whole, 54 per text line, 76 to
compare the sum, 53 per means of payment, 56, and the number again. Storno needs date and fiscal
memory of the first receipt, which no document of ours says, so returns are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drivers.base import DeviceJournal, Transport
from drivers.fiscal.counted.pace import REAL_TIME, Pace
from drivers.fiscal.counted.printer import CountedPrinter
from drivers.fiscal.isl.link import IslLink
from drivers.fiscal.isl.sequence import SequenceCounter
from drivers.fiscal.isl_bg.dialects import DatecsP
from drivers.fiscal.isl_bg.machine import BulgarianMachine
from drivers.fiscal.isl_bg.options import BulgarianOptions, read_options
from drivers.registry import DriverSpec, Options
from drivers.transport import open_transport


class BulgarianPrinter(CountedPrinter):
    """One printer; every connection begins with 74 and 90."""

    def __init__(
        self,
        connect: Callable[[], Transport],
        dialect: DatecsP,
        options: BulgarianOptions,
        pace: Pace = REAL_TIME,
    ) -> None:
        sequence = SequenceCounter()

        def start(transport: Transport, journal: DeviceJournal | None) -> BulgarianMachine:
            if journal is not None:
                sequence.bind(journal)
            link = IslLink(transport, sequence, options.timing, pace.clock, dialect.framing)
            return BulgarianMachine(link, dialect, options)

        super().__init__(connect, start, options.rules, options.port_exclusive)


@dataclass(frozen=True, slots=True)
class Family:
    """A dialect with its defaults; `modes` are its letters or digits of command 53."""

    name: str
    dialect: DatecsP
    defaults: Options
    modes: str
    qr_bytes: int

    def options(self, given: Options) -> BulgarianOptions:
        """Checked options."""
        return read_options(given, self.defaults, self.modes, self.qr_bytes)

    def printer(
        self,
        connect: Callable[[], Transport],
        options: BulgarianOptions,
        pace: Pace = REAL_TIME,
    ) -> BulgarianPrinter:
        """A printer over connections of the caller's making."""
        return BulgarianPrinter(connect, self.dialect, options, pace)

    def open(self, url: str, given: Options) -> BulgarianPrinter:
        """Open the printer at `url`; `DeviceUnavailable` when the port cannot be opened."""
        return self.printer(lambda: open_transport(url), self.options(given))

    def spec(self) -> DriverSpec:
        """What the registry is told."""
        return DriverSpec(self.name, "fiscal_printer", self.open, self.defaults)
