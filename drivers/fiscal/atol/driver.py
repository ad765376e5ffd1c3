"""ATOL fiscal printers (protocol 3) as `drivers.base.FiscalPrinter`.

A receipt is 56h, 92h, 4Ch and 52h or 57h per line with 43h behind it, 4Ch per text line, 3Fh to
compare the sum, 99h per further means of payment and 4Ah; each is one task of the device's own
buffer. The receipt number before and after gives the verdict.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.base import DeviceJournal, Transport
from drivers.fiscal.atol.commands import DETECTION
from drivers.fiscal.atol.link import AtolLink
from drivers.fiscal.atol.machine import AtolMachine
from drivers.fiscal.atol.options import DEFAULTS, AtolOptions, read_options
from drivers.fiscal.atol.tasks import LAST_TASK
from drivers.fiscal.counted.pace import REAL_TIME, Pace
from drivers.fiscal.counted.printer import CountedPrinter
from drivers.fiscal.isl.sequence import SequenceCounter
from drivers.registry import DriverSpec, Options
from drivers.transport import open_transport


class Atol(CountedPrinter):
    """One printer; every connection begins with the task left behind, A5h and 3Fh."""

    def __init__(
        self,
        connect: Callable[[], Transport],
        options: AtolOptions,
        pace: Pace = REAL_TIME,
    ) -> None:
        sequence = SequenceCounter(0, LAST_TASK, "atol.task.ceiling")

        def start(transport: Transport, journal: DeviceJournal | None) -> AtolMachine:
            link = AtolLink(transport, sequence, DETECTION, options.timing, pace)
            if journal is not None:
                link.bind(journal)
            return AtolMachine(link, options)

        super().__init__(connect, start, options.rules, options.port_exclusive)


def open_atol(url: str, options: Options) -> Atol:
    """Open the printer at `url`; `DeviceUnavailable` when the port cannot be opened."""
    return Atol(lambda: open_transport(url), read_options(options))


DRIVER = DriverSpec(name="fiscal.atol", kind="fiscal_printer", open=open_atol, options=DEFAULTS)
