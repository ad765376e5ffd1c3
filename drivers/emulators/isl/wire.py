"""An emulated ISL printer's end of the line.

Rules of the wire (Datecs protocol P): one reply per frame; a frame with the SEQ of the last one is
not carried out, its reply is sent again, whatever the command; NAK for a frame that cannot be read;
SYN every 60 ms while a command takes longer. The SEQ memory does not survive a power cut.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from drivers.emulators.printer import Line, Wire
from drivers.fiscal.isl.frame import NAK, SYN, Rejected, Reply, Request
from drivers.fiscal.isl.framing import CLASSIC, EXTENDED, Framing


class IslDevice(Protocol):
    """A printer behind the frames."""

    def execute(self, cmd: int, data: bytes) -> tuple[bytes, bytes]:
        """Reply data and status bytes."""


class IslWire:
    """Frames in, frames out, for one device."""

    def __init__(self, line: Line, device: IslDevice, framing: Framing = CLASSIC) -> None:
        self._line = line
        self._device = device
        self._framing = framing
        self._decoder = framing.decoder()
        self._last_seq = -1
        self._last_reply = b""

    def feed(self, data: bytes) -> None:
        """Bytes from the host."""
        for event in self._decoder.feed(data):
            if not self._line.powered:
                return
            if isinstance(event, Request):
                self._answer(event)
            elif isinstance(event, Rejected | Reply):
                self._line.transmit(bytes((NAK,)))

    def cable_pulled(self) -> None:
        """Half a frame is dropped; the SEQ memory stays."""
        self._decoder = self._framing.decoder()

    def _answer(self, request: Request) -> None:
        line, cmd = self._line, request.cmd
        line.hear(cmd, self._framing.encode_request(request.seq, cmd, request.data))
        if line.is_refused(cmd):
            line.transmit(bytes((NAK,)))
            return
        repeated = request.seq == self._last_seq
        if line.after(cmd) if repeated else line.carry_out(cmd, lambda: self._execute(request)):
            damaged = self._last_reply[:-2] + bytes((self._last_reply[-2] ^ 1, 3))
            line.deliver(cmd, self._last_reply, damaged, bytes((SYN,)))

    def _execute(self, request: Request) -> None:
        data, status = self._device.execute(request.cmd, request.data)
        self._last_seq = request.seq
        self._last_reply = self._framing.encode_reply(request.seq, request.cmd, data, status)


def isl_wire(device: IslDevice) -> Callable[[Line], Wire]:
    """What `PrinterEmulator` makes the wire of this device with."""
    return lambda line: IslWire(line, device)


def extended_wire(line: Line, device: IslDevice) -> IslWire:
    """The wire of a device that speaks Datecs X frames."""
    return IslWire(line, device, EXTENDED)
