"""A network printer that resets a connection idle for 90 s and takes one connection at a time.

On virtual time, so that the 90 s are waited for a thousand times."""

from dataclasses import replace

import pytest

from drivers.conformance.receipt_printer import slip_job
from drivers.conformance.samples import MemoryJournal
from drivers.errors import DeviceUnavailable
from drivers.receipt.driver import DEFAULTS, read_options
from drivers.receipt.printer import EscPosPrinter
from tests.support.forked_lives import InlineSlipBench

IDLE_S = 90.0


class OneSocket:
    """The printer's network part: who holds the one connection, and since when it is silent."""

    def __init__(self, world, connect):
        self._world, self._connect = world, connect
        self._port = None
        self.refused = self.resets = 0

    def open(self):
        if self._port is not None:
            self.refused += 1
            raise DeviceUnavailable("no_port", "the printer is connected to somebody else")
        self._inner, self._port = self._connect(), self
        return self

    def idle(self, seconds):
        """Nobody says anything for so long."""
        self._world.pass_time(seconds)
        if self._port is not None and seconds >= IDLE_S:
            self.resets += 1
            self._world.unplug()
            self._world.replug()
            self._port = None

    def read(self, max_bytes, timeout_s):
        return self._inner.read(max_bytes, timeout_s)

    def write(self, data):
        self._inner.write(data)

    def close(self):
        self._port = None


def test_a_thousand_slips_with_ninety_idle_seconds_between_them():
    bench = InlineSlipBench()
    options = read_options(DEFAULTS, False)
    options = replace(options, timing=replace(options.timing, clock=bench.world.pace.clock))
    network, journal = OneSocket(bench.world, bench.connect), MemoryJournal()
    printer = EscPosPrinter(network.open, options)
    for number in range(1_000):
        network.idle(IDLE_S + 1)
        assert printer.status().paper == "ok"
        assert printer.print_receipt(slip_job(f"job-{number}"), journal).verdict == "printed"
    assert bench.slips() == 1_000
    assert (network.refused, network.resets) == (0, 0), "no connection is kept between slips"


def test_a_connection_that_is_kept_would_be_reset():
    bench = InlineSlipBench()
    network = OneSocket(bench.world, bench.connect)
    port = network.open()
    network.idle(IDLE_S + 1)
    assert network.resets == 1
    with pytest.raises(DeviceUnavailable):
        port.write(b"\x10\x04\x01")
