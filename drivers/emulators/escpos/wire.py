"""The end of a receipt printer's line: a queue that stops without paper, and real-time questions
that are answered past it.

Commands have these names for faults: LINE (a line feed), RAST (a picture), QRCD, CUTS, ENDS (a
question in the queue: GS r, GS ( H, GS g) and STAT (a real-time one).
"""

from __future__ import annotations

from collections import deque
from typing import Final

from drivers.emulators.escpos.device import EscPosDevice
from drivers.emulators.printer import Line
from drivers.receipt.commands import Command, CommandReader

_NAMES: Final = {
    "LF": "LINE",
    "FF": "LINE",
    "ESC d": "LINE",
    "GS v": "RAST",
    "ESC *": "RAST",
    "GS V": "CUTS",
    "ESC i": "CUTS",
    "ESC m": "CUTS",
    "GS r": "ENDS",
    "GS g": "ENDS",
    "GS I": "STAT",
    "GS a": "STAT",
}
_PRINTS: Final = frozenset({"LINE", "RAST", "QRCD", "CUTS", "ENDS"})
MAX_QUEUE: Final = 50_000


class EscPosWire:
    """Commands in, answers out; forgets its queue without power."""

    def __init__(self, line: Line, device: EscPosDevice) -> None:
        self._line = line
        self._device = device
        self._reader = CommandReader()
        self._queue: deque[Command] = deque(maxlen=MAX_QUEUE)
        self._is_running = False
        device.on_ready = self._run

    def feed(self, data: bytes) -> None:
        """Bytes from the host."""
        self._line.note(">", data)
        for command in self._reader.feed(data):
            if command.name == "DLE 04":
                self._realtime(command.data[0])
            elif not command.name.startswith("DLE"):
                self._queue.append(command)
        self._run()

    def cable_pulled(self) -> None:
        """Half a command is dropped; what was received whole is still printed."""
        self._reader.forget()

    def _realtime(self, number: int) -> None:
        if self._line.powered and self._line.carry_out("STAT", lambda: None):
            self._deliver("STAT", self._device.realtime(number))

    def _run(self) -> None:
        """Work the queue until it is empty, or something is lacking."""
        if self._is_running:
            return
        self._is_running = True
        try:
            while self._queue and self._line.powered:
                name = _name(self._queue[0])
                if name in _PRINTS and not self._device.can_print:
                    return
                self._one(name)
        finally:
            self._is_running = False

    def _one(self, name: str) -> None:
        command = self._queue[0]

        def carry_out() -> None:
            # A fault may have taken the paper away just before: then the command stays in line.
            if name not in _PRINTS or self._device.can_print:
                self._queue.popleft()
                self._device.run(command)

        if not name:
            carry_out()
            return
        goes_on = self._line.carry_out(name, carry_out)
        done = not self._queue or self._queue[0] is not command
        if goes_on and done and (answer := self._device.answer(command)):
            self._deliver(name, answer)

    def _deliver(self, name: str, answer: bytes) -> None:
        damaged = bytes((answer[0] | 0x81, *answer[1:]))
        self._line.deliver(name, answer, damaged)


def _name(command: Command) -> str:
    """The command's name for faults, empty for one that only sets something."""
    if command.name == "GS (":
        if command.data[:1] == b"H":
            return "ENDS"
        return "QRCD" if command.data[3:5] == b"1Q" else ""
    return _NAMES.get(command.name, "")
