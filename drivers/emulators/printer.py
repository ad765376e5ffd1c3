"""An emulated printer on its cable: power, faults, timing, and a wire that speaks its protocol.

The wire (`drivers.emulators.<family>.wire`) turns bytes into commands and answers into bytes; what
befalls a command on its way, whatever its protocol, stands here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

from drivers.emulators.faults import DEVICE_STATES, Fault, FaultBox, parse_fault
from drivers.emulators.loop import DeviceLoop, Loop
from drivers.emulators.script import ScriptError, parse_script
from drivers.emulators.wire import Endpoint

MAX_FRAMES: Final = 200
BUSY_EVERY_S: Final = 0.06
SPLIT_PAUSE_S: Final = 0.001
NOISE: Final = bytes((0x00, 0xFF, 0x7F, 0x3F, 0xA5, 0x5A, 0x20))
_CUTS: Final = frozenset({"power_off", "unplug", "cable_out"})


class Device(Protocol):
    """A printer behind the wire."""

    @property
    def lacks(self) -> frozenset[str]:
        """Faults that a script cannot give it."""

    def documents(self) -> list[Any]:
        """Slips, oldest first: `Document`s, or a receipt printer's `Slip`s."""

    def counters(self) -> dict[str, int]:
        """Counters by name."""

    def set_paper(self, state: str) -> None:
        """Load or take away paper."""

    def set_cover(self, is_open: bool) -> None:
        """Open or close the cover."""

    def power_on(self) -> None:
        """Come back after a power cut."""

    def tear(self) -> None:
        """Take the paper off by hand."""

    def set_journal(self, is_full: bool) -> None:
        """Fill or change the electronic journal."""

    def age_shift(self) -> None:
        """Let the shift be older than a day."""

    def set_tax_link(self, is_up: bool) -> None:
        """Cut or mend its own link to the tax service."""

    def state(self) -> dict[str, object]:
        """What a person would see of it: `paper` (ok, low, out), `cover_open` and so on."""


Another = Callable[[str], tuple[Device, Callable[["Line"], "Wire"]]]
"""A printer of another dialect and its wire; raises `ScriptError` for a name it does not know."""


class Wire(Protocol):
    """A protocol spoken for one device; keeps what the device forgets without power."""

    def feed(self, data: bytes) -> None:
        """Bytes from the host."""

    def cable_pulled(self) -> None:
        """Drop what has arrived of a frame; the rest of it will never come."""


class Line:
    """What a wire may do: answer, take its time, and suffer the faults it was given."""

    def __init__(self, loop: Loop, faults: FaultBox, delay_s: float) -> None:
        self._loop = loop
        self.faults = faults
        self.delay_s = delay_s
        self.powered = True
        self.frames: deque[tuple[str, str]] = deque(maxlen=MAX_FRAMES)
        self._reply_before = b""
        self.apply: Callable[[Fault], None] = lambda _fault: None

    def clock(self) -> float:
        """Seconds of the device's own time."""
        return self._loop.clock()

    def hear(self, cmd: int | str, frame: bytes) -> None:
        """A frame of the host has arrived whole; an `echo` fault sends it back."""
        self.note(">", frame)
        if self._strikes(cmd, "echo"):
            self.transmit(frame)

    def is_refused(self, cmd: int | str) -> bool:
        """A `nak` fault strikes: the frame counts as unreadable."""
        return self._strikes(cmd, "nak")

    def carry_out(self, cmd: int | str, run: Callable[[], None]) -> bool:
        """Run one command between its faults; false when power or cable went: say nothing."""
        for fault in self.faults.strike("at", cmd, DEVICE_STATES):
            self.apply(fault)
        if self._cut("at", cmd):
            return False
        run()
        return self.after(cmd)

    def after(self, cmd: int | str) -> bool:
        """Faults behind a command that was carried out; false when nothing more is said."""
        for fault in self.faults.strike("after", cmd, DEVICE_STATES):
            self.apply(fault)
        return not self._cut("after", cmd)

    def deliver(self, cmd: int | str, reply: bytes, damaged: bytes, busy: bytes = b"") -> None:
        """Send a reply in its time, `busy` every 60 ms before it; lose or damage it if told to."""
        slow = self.faults.strike("at", cmd, frozenset({"delay"}))
        self._work(slow[0].millis / 1000 if slow else self.delay_s, busy)
        for storm in self.faults.strike("at", cmd, frozenset({"syn_storm"})):
            self._loop.endpoint.send(busy * storm.size)
        before, self._reply_before = self._reply_before, reply
        if self._strikes(cmd, "stale") and before:
            self.transmit(before)
        if self._strikes(cmd, "drop_reply"):
            self.note("x", reply)
            return
        said = damaged if self._strikes(cmd, "corrupt") else reply
        if self._strikes(cmd, "noise"):
            said = NOISE + said
        if self._strikes(cmd, "split"):
            self._transmit_slowly(said)
        else:
            self.transmit(said)

    def transmit(self, data: bytes) -> None:
        """Bytes to the host."""
        self.note("<", data)
        self._loop.endpoint.send(data)

    def note(self, direction: str, frame: bytes) -> None:
        """Keep a frame for those who look at them."""
        self.frames.append((direction, frame.hex(" ")))

    def _strikes(self, cmd: int | str, verb: str) -> bool:
        return bool(self.faults.strike("at", cmd, frozenset({verb})))

    def _transmit_slowly(self, data: bytes) -> None:
        self.note("<", data)
        for byte in data:
            self._loop.endpoint.send(bytes((byte,)))
            self._loop.pause(SPLIT_PAUSE_S)

    def _cut(self, when: str, cmd: int | str) -> bool:
        """Power or cable cut at this moment."""
        cuts = self.faults.strike("at" if when == "at" else "after", cmd, _CUTS)
        for fault in cuts:
            self.apply(fault)
        return bool(cuts)

    def _work(self, seconds: float, busy: bytes) -> None:
        """Take time, saying that it works now and then as a real printer does."""
        while seconds > BUSY_EVERY_S and busy:
            self._loop.pause(BUSY_EVERY_S)
            self._loop.endpoint.send(busy)
            seconds -= BUSY_EVERY_S
        if seconds > 0:
            self._loop.pause(seconds)


class PrinterEmulator:
    """One printer with its cable; `send` gives it faults, the rest is for looking at it."""

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        device: Device,
        delay_ms: int,
        wire: Callable[[Line], Wire],
        loop: Callable[[str, Endpoint, Callable[[bytes], None]], Loop] = DeviceLoop,
        *,
        dialect: str = "",
        another: Another | None = None,
    ) -> None:
        self.name = name
        self.kind = "printer"
        self.dialect = dialect
        self._device = device
        self._another = another
        self._plugged = True
        self._faults = FaultBox()
        self._loop = loop(name, endpoint, self._on_bytes)
        self._line = Line(self._loop, self._faults, delay_ms / 1000)
        self._line.apply = self._apply
        self._make_wire = wire
        self._wire = self._make_wire(self._line)
        self._loop.start()

    @property
    def url(self) -> str:
        """What a driver opens."""
        return self._loop.endpoint.url

    def send(self, script: str) -> None:
        """Give it faults (see `faults`), or `clear` to forget those that wait; `ScriptError`."""
        steps = parse_script(script)
        faults = [None if step.verb == "clear" else parse_fault(step) for step in steps]
        for fault in faults:
            if fault is not None and fault.verb in self._device.lacks:
                raise ScriptError(f"this printer cannot have {fault.verb!r}")
        self._loop.call(lambda: self._take(faults))

    def documents(self) -> list[Any]:
        """Slips, oldest first."""
        return self._loop.call(self._device.documents)

    def counters(self) -> dict[str, int]:
        """Counters by name."""
        return self._loop.call(self._device.counters)

    def frames(self) -> list[tuple[str, str]]:
        """The last frames as (`>` from the host or `<` to it, hex)."""
        return self._loop.call(lambda: list(self._line.frames))

    def describe(self) -> dict[str, object]:
        """What `GET /devices` shows."""
        return self._loop.call(
            lambda: {
                "kind": self.kind,
                "url": self.url,
                "dialect": self.dialect,
                "state": {"plugged": self._plugged, **self._device.state()},
                "powered": self._line.powered,
                "delay_ms": round(self._line.delay_s * 1000),
                "faults": self._faults.describe(),
                "counters": self._device.counters(),
            }
        )

    def close(self) -> None:
        """Unplug for good."""
        self._loop.close()

    def _take(self, faults: list[Fault | None]) -> None:
        for fault in faults:
            if fault is None:
                self._faults.clear()
            elif fault.waits:
                self._faults.add(fault)
            else:
                self._apply(fault)

    def _apply(self, fault: Fault) -> None:
        verb = fault.verb
        if verb == "delay":
            self._line.delay_s = fault.millis / 1000
        elif verb == "power_off":
            self._line.powered = False
        elif verb == "power_on":
            self._power_on()
        elif verb == "unplug":
            self._pull_cable()
            self._loop.pause(fault.millis / 1000)
            self._plug_in()
        elif verb == "cable_out":
            self._pull_cable()
        elif verb == "cable_in":
            self._plug_in()
        elif verb == "become":
            self._become(fault.name)
        else:
            self._befall(verb)

    def _befall(self, verb: str) -> None:
        """Something on the device itself."""
        if verb.startswith("cover"):
            self._device.set_cover(verb == "cover_open")
        elif verb.startswith("journal"):
            self._device.set_journal(verb == "journal_full")
        elif verb == "tear":
            self._device.tear()
        elif verb.startswith("tax_link"):
            self._device.set_tax_link(verb == "tax_link_in")
        elif verb == "shift_over":
            self._device.age_shift()
        else:
            self._device.set_paper(verb)

    def _pull_cable(self) -> None:
        self._plugged = False
        self._wire.cable_pulled()
        self._loop.endpoint.unplug()

    def _plug_in(self) -> None:
        self._plugged = True
        self._loop.endpoint.replug()

    def _become(self, name: str) -> None:
        if self._another is None:
            raise ScriptError("this printer cannot become another")
        self._device, self._make_wire = self._another(name)
        self._wire = self._make_wire(self._line)
        self.dialect = name

    def _power_on(self) -> None:
        if not self._line.powered:
            self._line.powered = True
            self._wire = self._make_wire(self._line)
            self._device.power_on()

    def _on_bytes(self, data: bytes) -> None:
        if self._line.powered:
            self._wire.feed(data)
