"""An emulated ATOL's end of the line: packets, and the buffer of tasks.

A task runs once under its id: adding the id again answers B2h, asking for it gives the result until
it is acknowledged. The buffer does not survive a power cut.
"""

from __future__ import annotations

from typing import Final, Protocol

from drivers.emulators.printer import Line
from drivers.fiscal.atol.frame import ASYNC_ID, Packet, PacketDecoder, encode
from drivers.fiscal.atol.tasks import LAST_TASK, Buffer, State

MAX_TASKS: Final = 64
NO_CODE: Final = 0
PASSWORD_BYTES: Final = 2


class AtolCommands(Protocol):
    """A printer behind the tasks."""

    def execute(self, code: int, params: bytes) -> bytes:
        """The answer to one command, as it stands behind the state byte."""


class AtolWire:
    """Packets in, packets out, for one device."""

    def __init__(self, line: Line, device: AtolCommands) -> None:
        self._line = line
        self._device = device
        self._decoder = PacketDecoder()
        self._tasks: dict[int, bytes] = {}

    def feed(self, data: bytes) -> None:
        """Bytes from the host; a packet that cannot be read is passed over in silence."""
        for event in self._decoder.feed(data):
            if not self._line.powered:
                return
            if isinstance(event, Packet):
                self._answer(event)

    def cable_pulled(self) -> None:
        """Half a packet is dropped; the tasks stay."""
        self._decoder = PacketDecoder()

    def _answer(self, packet: Packet) -> None:
        data = packet.data
        verb = data[0] if data else 0
        adds = verb == Buffer.ADD and len(data) > 3 + PASSWORD_BYTES
        code = data[3 + PASSWORD_BYTES] if adds else NO_CODE
        self._line.hear(code, encode(packet.packet_id, data))
        if adds:
            self._add(packet.packet_id, data)
        elif verb in (Buffer.ASK, Buffer.ACK) and len(data) == 2:
            result = self._tasks.get(data[1])
            if verb == Buffer.ACK:
                self._tasks.pop(data[1], None)
            state = bytes((State.NOT_FOUND,)) if result is None else self._told(result)
            self._say(NO_CODE, packet.packet_id, state)
        elif verb == Buffer.ABORT:
            self._tasks.clear()
            self._say(NO_CODE, packet.packet_id, bytes((State.RESULT,)))
        else:
            self._say(NO_CODE, packet.packet_id, bytes((State.ILLEGAL_VALUE,)))

    def _add(self, packet_id: int, data: bytes) -> None:
        task, code = data[2], data[3 + PASSWORD_BYTES]
        if self._line.is_refused(code):
            return
        if task > LAST_TASK:
            self._say(code, packet_id, bytes((State.ILLEGAL_VALUE,)))
        elif task in self._tasks:
            self._say(code, packet_id, bytes((State.ALREADY_EXISTS,)))
        elif len(self._tasks) >= MAX_TASKS:
            self._say(code, packet_id, bytes((State.OVERFLOW,)))
        elif self._line.carry_out(code, lambda: self._run(task, code, data)):
            self._say(code, packet_id, self._told(self._tasks[task]))

    def _run(self, task: int, code: int, data: bytes) -> None:
        self._tasks[task] = self._device.execute(code, data[4 + PASSWORD_BYTES :])

    @staticmethod
    def _told(result: bytes) -> bytes:
        """A result with its state: an error code other than 0 is state A4h."""
        failed = len(result) > 1 and result[0] == 0x55 and result[1] != 0
        return bytes((State.ERROR if failed else State.RESULT,)) + result

    def _say(self, code: int, packet_id: int, data: bytes) -> None:
        packet = encode(packet_id, data)
        damaged = packet[:-1] + bytes((packet[-1] ^ 1,))
        self._line.deliver(code, packet, damaged, encode(ASYNC_ID, b""))
