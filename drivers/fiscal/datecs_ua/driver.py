"""Datecs FP-700 with Ukrainian firmware as `drivers.base.FiscalPrinter`.

A receipt is 113, 107 per article, 48 or 85, 58 per line, 51 for a discount on the whole, 54 per
text line, 76 to compare the sum, 53 per means of payment, 56, and 113 again; a slip is 38, 42, 88
and 39. The order and the verdict are `drivers.fiscal.counted`'s.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.base import DeviceJournal, Transport
from drivers.fiscal.counted.pace import REAL_TIME, Pace
from drivers.fiscal.counted.printer import CountedPrinter
from drivers.fiscal.datecs_ua.machine import DatecsUaMachine
from drivers.fiscal.datecs_ua.options import DEFAULTS, DatecsUaOptions, read_options
from drivers.fiscal.isl.link import IslLink
from drivers.fiscal.isl.sequence import SequenceCounter
from drivers.registry import DriverSpec, Options
from drivers.transport import open_transport


class DatecsUa(CountedPrinter):
    """One printer; every connection begins with 74 and 90."""

    def __init__(
        self,
        connect: Callable[[], Transport],
        options: DatecsUaOptions,
        pace: Pace = REAL_TIME,
    ) -> None:
        sequence = SequenceCounter()

        def start(transport: Transport, journal: DeviceJournal | None) -> DatecsUaMachine:
            if journal is not None:
                sequence.bind(journal)
            link = IslLink(transport, sequence, options.timing, pace.clock)
            return DatecsUaMachine(link, options)

        super().__init__(connect, start, options.rules, options.port_exclusive)


def open_datecs_ua(url: str, options: Options) -> DatecsUa:
    """Open the printer at `url`; `DeviceUnavailable` when the port cannot be opened."""
    return DatecsUa(lambda: open_transport(url), read_options(options))


DRIVER = DriverSpec(
    name="fiscal.datecs_ua", kind="fiscal_printer", open=open_datecs_ua, options=DEFAULTS
)
