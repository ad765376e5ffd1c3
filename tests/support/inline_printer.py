"""An emulated printer that runs inside its driver's writes, on time that only waiting moves.

The wire, the faults and the device are those that ship; pty, thread and clock are left out, so a
time-out of half a second costs nothing and a soak can try a hundred thousand jobs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from drivers.emulators.dialects import DIALECTS, another_printer
from drivers.emulators.printer import PrinterEmulator
from drivers.emulators.register.core import kyiv_now
from drivers.errors import DeviceUnavailable
from drivers.fiscal.counted.pace import Pace

BYTE_S = 0.000_1


class InlineWorld:
    """One clock for the device and its driver, and the cable between them."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.url = "inline:"
        self.plugged_times = 0
        self.is_plugged = True
        self.to_host = bytearray()
        self.on_bytes: Callable[[bytes], None] = lambda _data: None
        self.pace = Pace(lambda: self.now, self.pass_time)

    def pass_time(self, seconds: float) -> None:
        """Somebody waits."""
        self.now += max(seconds, 0.0)

    def send(self, data: bytes) -> None:
        """The device speaks; nobody hears it while the cable is out."""
        if self.is_plugged:
            self.to_host += data

    def unplug(self) -> None:
        """Every open port is gone for good; later ones are new."""
        self.is_plugged = False
        self.plugged_times += 1
        self.to_host.clear()

    def replug(self) -> None:
        """Ports can be opened again."""
        self.is_plugged = True

    def readers(self) -> list[int]:
        """No file descriptors here."""
        return []

    def receive(self) -> bytes:
        """Bytes come by `InlinePort.write`."""
        return b""

    def close(self) -> None:
        """Nothing to release."""


class InlineLoop:
    """`drivers.emulators.loop.Loop` without a thread."""

    def __init__(self, _name: str, world: Any, on_bytes: Callable[[bytes], None]) -> None:
        self.endpoint = world
        self.clock = lambda: world.now
        self.pause = world.pass_time
        world.on_bytes = on_bytes

    def start(self) -> None:
        """Nothing to start."""

    def call(self, work: Callable[[], Any]) -> Any:
        """At once."""
        return work()

    def close(self) -> None:
        """Nothing to stop."""


class InlinePort:
    """`drivers.base.Transport` straight into the device."""

    def __init__(self, world: InlineWorld) -> None:
        self._world, self._plug = world, world.plugged_times
        world.to_host.clear()

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        """What the device has said, or nothing after the time-out."""
        self._check()
        held = self._world.to_host
        if not held:
            self._world.pass_time(timeout_s)
            return b""
        data = bytes(held[:max_bytes])
        del held[:max_bytes]
        return data

    def write(self, data: bytes) -> None:
        """The device takes the bytes and answers before this returns."""
        self._check()
        self._world.pass_time(len(data) * BYTE_S)
        self._world.on_bytes(data)
        self._check()

    def close(self) -> None:
        """Nothing to release."""

    def _check(self) -> None:
        if self._plug != self._world.plugged_times or not self._world.is_plugged:
            raise DeviceUnavailable("port_gone", "the cable is out")


class InlineBench:
    """A bench as `drivers.conformance.emulated` has it, without threads and waiting; `calendar` is
    the device's own date and time."""

    def __init__(
        self, dialect: str, calendar: Callable[[], datetime] = kyiv_now, **config: Any
    ) -> None:
        kind = DIALECTS[dialect]
        self.driver = f"fiscal.{dialect}"
        self.world = InlineWorld()
        self.pace = self.world.pace
        self.device = kind.device(kind.config(**config), None, calendar)
        self.emulator = PrinterEmulator(
            "printer",
            self.world,
            self.device,
            0,
            kind.wire(self.device),
            InlineLoop,
            dialect=dialect,
            another=another_printer,
        )

    def connect(self) -> InlinePort:
        """A new port."""
        return InlinePort(self.world)

    def fiscal_documents(self) -> int:
        """Sales and refunds by the device's counters."""
        counters = self.emulator.counters()
        return counters["sales"] + counters["refunds"]

    def last_total_minor(self) -> int:
        """Sum of the newest receipt."""
        found = self.emulator.documents()
        return [d for d in found if d.is_fiscal and d.state == "closed"][-1].total_minor
