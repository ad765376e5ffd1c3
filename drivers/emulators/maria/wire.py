"""An emulated MARIA's end of the line: `U` wakes it, words answer, READY ends every answer."""

from __future__ import annotations

from typing import Final, Protocol

from drivers.emulators.byte_gap import ByteGap
from drivers.emulators.printer import Line
from drivers.fiscal.maria.frame import Frame, FrameDecoder, encode

WAKE: Final = 0x55


class MariaCommands(Protocol):
    """A register behind the words."""

    def execute(self, payload: str) -> list[str]:
        """Everything that is said before READY."""

    def forget_session(self) -> None:
        """Whoever had signed in has to do so again."""


class MariaWire:
    """Frames in, frames out, for one device; CRC mode and session end with the power."""

    def __init__(self, line: Line, device: MariaCommands) -> None:
        self._line = line
        self._device = device
        self._crc = False
        self._decoder = FrameDecoder(crc=False)
        self._gap = ByteGap(line.clock)
        device.forget_session()

    def feed(self, data: bytes) -> None:
        """Bytes from the host; half a frame before a pause is dropped."""
        if self._gap.passed():
            self.cable_pulled()
        for byte in data:
            if not self._line.powered:
                return
            if byte == WAKE and self._decoder.is_idle:
                self._wake()
                continue
            for event in self._decoder.feed(bytes((byte,))):
                if isinstance(event, Frame):
                    self._take(event)
                else:
                    self._line.transmit(self._frame("SOFTBADCS") + self._frame("READY"))

    def cable_pulled(self) -> None:
        """Half a frame is dropped; the session stays."""
        self._decoder = FrameDecoder(self._crc)

    def _wake(self) -> None:
        self._crc = False
        self.cable_pulled()
        self._device.forget_session()
        self._line.transmit(self._frame("READY"))

    def _take(self, frame: Frame) -> None:
        line, name = self._line, frame.text[:4]
        line.hear(name, encode(frame.payload, self._crc))
        if line.is_refused(name):
            line.transmit(self._frame("SOFTBADCS") + self._frame("READY"))
            return
        words: list[str] = []
        if line.carry_out(name, lambda: words.extend(self._device.execute(frame.text))):
            answer = b"".join(self._frame(word) for word in (*words, "READY"))
            spoilt = answer[:-1] + bytes((answer[-1] ^ 1,))
            line.deliver(name, answer, spoilt, self._frame("WAIT"))
        if name == "CSIN" and words == ["DONE"]:
            self._crc = frame.text[4:5] == "1"
            self.cable_pulled()

    def _frame(self, word: str) -> bytes:
        return encode(word.encode("cp866", "replace"), self._crc)
