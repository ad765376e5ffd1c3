"""How the emulated printer says no: status bits S0..S2 of one reply."""

from __future__ import annotations

GENERAL = 0x20


class Refusal(Exception):
    """A command that is not carried out; `bits` are or-ed into S0, S1, S2 of its reply."""

    bits = (GENERAL, 0, 0)
    code = 1

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class SyntaxRefusal(Refusal):
    """S0.0: the data cannot be read."""

    bits = (GENERAL | 0x01, 0, 0)
    code = 2


class UnknownCommand(Refusal):
    """S0.1: no such command."""

    bits = (GENERAL | 0x02, 0, 0)
    code = 3


class NotAllowed(Refusal):
    """S1.1: not in this state."""

    bits = (GENERAL, 0x02, 0)
    code = 4


class Overflow(Refusal):
    """S1.0 and S1.1: a sum would not fit."""

    bits = (GENERAL, 0x03, 0)
    code = 5


class NoPaper(Refusal):
    """S2.0: the paper is out; nothing has changed."""

    bits = (GENERAL, 0, 0x01)
    code = 6


class CoverOpen(Refusal):
    """S1.5: the cover is open; nothing has changed."""

    bits = (GENERAL, 0x20, 0)
    code = 7


class JournalFull(Refusal):
    """S2.2: the electronic journal is full; nothing has changed."""

    bits = (GENERAL, 0, 0x04)
    code = 8
