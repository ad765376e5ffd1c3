"""An emulated ISL printer on its cable: frames, SEQ memory, timing and faults around a device.

Rules of the wire (Datecs protocol P): one reply per frame; a frame with the SEQ of the last one is
not carried out, its reply is sent again, whatever the command; NAK for a frame that cannot be read;
SYN every 60 ms while a command takes longer. The SEQ memory does not survive a power cut.
"""

from __future__ import annotations

from collections import deque
from typing import Final, Protocol

from drivers.emulators.faults import Fault, FaultBox, parse_fault
from drivers.emulators.loop import DeviceLoop
from drivers.emulators.paper import Document
from drivers.emulators.script import parse_script
from drivers.emulators.wire import Endpoint
from drivers.fiscal.isl.frame import (
    NAK,
    SYN,
    FrameDecoder,
    Rejected,
    Reply,
    Request,
    encode_reply,
    encode_request,
)

SYN_EVERY_S: Final = 0.06
MAX_FRAMES: Final = 200
_BEFORE: Final = frozenset({"paper_out", "paper_low", "paper_in", "cover_open", "cover_close"})
_CUTS: Final = frozenset({"power_off", "unplug"})


class Device(Protocol):
    """A printer behind the frames."""

    def execute(self, cmd: int, data: bytes) -> tuple[bytes, bytes]:
        """Reply data and status bytes."""

    def documents(self) -> list[Document]:
        """Slips, oldest first."""

    def counters(self) -> dict[str, int]:
        """Counters by name."""

    def set_paper(self, state: str) -> None:
        """Load or take away paper."""

    def set_cover(self, is_open: bool) -> None:
        """Open or close the cover."""

    def power_on(self) -> None:
        """Come back after a power cut."""


class PrinterEmulator:
    """One printer with its cable; `send` gives it faults, the rest is for looking at it."""

    def __init__(self, name: str, endpoint: Endpoint, device: Device, delay_ms: int = 60) -> None:
        self.name = name
        self.kind = "printer"
        self._device = device
        self._delay_s = delay_ms / 1000
        self._powered = True
        self._decoder = FrameDecoder()
        self._last_seq = -1
        self._last_reply = b""
        self._faults = FaultBox()
        self._frames: deque[tuple[str, str]] = deque(maxlen=MAX_FRAMES)
        self._loop = DeviceLoop(name, endpoint, self._on_bytes)
        self._loop.start()

    @property
    def url(self) -> str:
        """What a driver opens."""
        return self._loop.endpoint.url

    def send(self, script: str) -> None:
        """Give it faults (see `faults`), or `clear` to forget those that wait; `ScriptError`."""
        steps = parse_script(script)
        faults = [None if step.verb == "clear" else parse_fault(step) for step in steps]
        self._loop.call(lambda: self._take(faults))

    def documents(self) -> list[Document]:
        """Slips, oldest first."""
        return self._loop.call(self._device.documents)

    def counters(self) -> dict[str, int]:
        """Counters by name."""
        return self._loop.call(self._device.counters)

    def frames(self) -> list[tuple[str, str]]:
        """The last frames as (`>` from the host or `<` to it, hex)."""
        return self._loop.call(lambda: list(self._frames))

    def describe(self) -> dict[str, object]:
        """What `GET /devices` shows."""
        return self._loop.call(
            lambda: {
                "kind": self.kind,
                "url": self.url,
                "powered": self._powered,
                "delay_ms": round(self._delay_s * 1000),
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
            self._delay_s = fault.millis / 1000
        elif verb == "power_off":
            self._powered = False
        elif verb == "power_on":
            self._power_on()
        elif verb == "unplug":
            self._decoder = FrameDecoder()
            self._loop.endpoint.unplug()
            self._loop.pause(fault.millis / 1000)
            self._loop.endpoint.replug()
        elif verb.startswith("cover"):
            self._device.set_cover(verb == "cover_open")
        else:
            self._device.set_paper(verb)

    def _power_on(self) -> None:
        if not self._powered:
            self._powered = True
            self._last_seq, self._last_reply = -1, b""
            self._decoder = FrameDecoder()
            self._device.power_on()

    def _on_bytes(self, data: bytes) -> None:
        for event in self._decoder.feed(data):
            if not self._powered:
                return
            if isinstance(event, Request):
                self._answer(event)
            elif isinstance(event, Rejected | Reply):
                self._transmit(bytes((NAK,)))

    def _answer(self, request: Request) -> None:
        cmd = request.cmd
        self._note(">", encode_request(request.seq, cmd, request.data))
        if self._faults.strike("at", cmd, frozenset({"nak"})):
            self._transmit(bytes((NAK,)))
            return
        if request.seq != self._last_seq:
            for fault in self._faults.strike("at", cmd, _BEFORE):
                self._apply(fault)
            if self._cut("at", cmd):
                return
            data, status = self._device.execute(cmd, request.data)
            self._last_seq = request.seq
            self._last_reply = encode_reply(request.seq, cmd, data, status)
        for fault in self._faults.strike("after", cmd, _BEFORE):
            self._apply(fault)
        if not self._cut("after", cmd):
            self._reply(cmd)

    def _cut(self, when: str, cmd: int) -> bool:
        """Power or cable cut at this moment: nothing more is said."""
        cuts = self._faults.strike("at" if when == "at" else "after", cmd, _CUTS)
        for fault in cuts:
            self._apply(fault)
        return bool(cuts)

    def _reply(self, cmd: int) -> None:
        slow = self._faults.strike("at", cmd, frozenset({"delay"}))
        self._work(slow[0].millis / 1000 if slow else self._delay_s)
        if self._faults.strike("at", cmd, frozenset({"drop_reply"})):
            self._note("x", self._last_reply)
        elif self._faults.strike("at", cmd, frozenset({"corrupt"})):
            self._transmit(self._last_reply[:-2] + bytes((self._last_reply[-2] ^ 1, 3)))
        else:
            self._transmit(self._last_reply)

    def _work(self, seconds: float) -> None:
        """Take time, saying SYN now and then as a real printer does."""
        while seconds > SYN_EVERY_S:
            self._loop.pause(SYN_EVERY_S)
            self._loop.endpoint.send(bytes((SYN,)))
            seconds -= SYN_EVERY_S
        if seconds > 0:
            self._loop.pause(seconds)

    def _transmit(self, data: bytes) -> None:
        self._note("<", data)
        self._loop.endpoint.send(data)

    def _note(self, direction: str, frame: bytes) -> None:
        self._frames.append((direction, frame.hex(" ")))
