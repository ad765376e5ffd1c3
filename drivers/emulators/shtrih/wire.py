"""An emulated Shtrih-M's end of the line.

ENQ is answered with NAK when idle, with ACK and the waiting answer when there is one; a command
with ACK or, when its LRC is wrong, NAK. An answer waits until the host has said ACK, and is sent
again at the next ENQ. A power cut loses it. Source: "FP protocol v1.10", appendix 2.
"""

from __future__ import annotations

from typing import Protocol

from drivers.emulators.byte_gap import ByteGap
from drivers.emulators.printer import Line
from drivers.fiscal.shtrih.frame import ACK, ENQ, NAK, Control, Packet, PacketDecoder, encode


class ShtrihCommands(Protocol):
    """A printer behind the packets."""

    def execute(self, cmd: int, body: bytes) -> bytes:
        """The answer behind CMD: error code and data."""


class ShtrihWire:
    """Packets in, packets out, for one device."""

    def __init__(self, line: Line, device: ShtrihCommands) -> None:
        self._line = line
        self._device = device
        self._decoder = PacketDecoder()
        self._gap = ByteGap(line.clock)
        self._waiting: tuple[int, bytes] | None = None

    def feed(self, data: bytes) -> None:
        """Bytes from the host; half a packet before a pause is dropped, as the real one does."""
        if self._gap.passed():
            self._decoder = PacketDecoder()
        for event in self._decoder.feed(data):
            if not self._line.powered:
                return
            if isinstance(event, Packet):
                self._take(event)
            elif isinstance(event, Control):
                self._control(event.byte)
            else:
                self._line.transmit(bytes((NAK,)))

    def cable_pulled(self) -> None:
        """Half a packet is dropped; the answer goes on waiting."""
        self._decoder = PacketDecoder()

    def _control(self, byte: int) -> None:
        if byte == ACK:
            self._waiting = None
        elif byte == ENQ and self._waiting is None:
            self._line.transmit(bytes((NAK,)))
        elif byte == ENQ:
            self._line.transmit(bytes((ACK,)))
            self._answer()

    def _take(self, command: Packet) -> None:
        line, cmd = self._line, command.cmd
        line.hear(cmd, encode(cmd, command.body))
        if line.is_refused(cmd):
            line.transmit(bytes((NAK,)))
            return
        line.transmit(bytes((ACK,)))
        if line.carry_out(cmd, lambda: self._execute(command)):
            self._answer()

    def _execute(self, command: Packet) -> None:
        self._waiting = (command.cmd, self._device.execute(command.cmd, command.body))

    def _answer(self) -> None:
        if self._waiting is None:
            return
        cmd, body = self._waiting
        packet = encode(cmd, body)
        self._line.deliver(cmd, packet, packet[:-1] + bytes((packet[-1] ^ 1,)))
