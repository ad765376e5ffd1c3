"""The emulated Datecs FP-700 UA: commands in, reply data and status bytes out, paper as it grows.

What it may do in which state follows the FP3530T help and the Datecs PF-550 manual: no sale after
the first payment, no cancel after it either (unless configured), nothing that prints without paper,
and a refused command changes nothing. It checks what it is told and counts by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from drivers.emulators.datecs_ua.receipts import ReceiptDesk
from drivers.emulators.datecs_ua.reports import ReportDesk
from drivers.emulators.datecs_ua.slips import SlipDesk
from drivers.emulators.register.config import RegisterConfig
from drivers.emulators.register.core import kyiv_now
from drivers.emulators.register.device import RegisterDevice
from drivers.emulators.register.refusals import (
    GENERAL,
    Refusal,
    SyntaxRefusal,
    UnknownCommand,
)

ENCODING: Final = "cp1251"
NEEDS_PAPER: Final = frozenset({38, 39, 42, 44, 48, 53, 54, 55, 56, 57, 58, 69, 70, 85, 88, 93})
CHANGES_NOTHING: Final = frozenset({32, 33, 45, 46, 62, 74, 76, 90, 110, 113})
STATUS_BASE: Final = bytes((0x80, 0x80, 0x80, 0x80, 0x86, 0x9A))
"""Bit 7 always; S4: tax id and serial set; S5: formatted, fiscalised, rates set."""


class DatecsUaDevice(RegisterDevice):
    """An FP-700; `executed` counts by command number."""

    def __init__(
        self,
        config: RegisterConfig | None = None,
        folder: Path | None = None,
        clock: Callable[[], datetime] = kyiv_now,
    ) -> None:
        super().__init__(config, folder, clock)
        self._handlers: dict[int, Callable[[str], str]] = {
            32: self._last_error,
            74: lambda _text: "",
            **ReceiptDesk(self._till).commands(),
            **SlipDesk(self._till).commands(),
            **ReportDesk(self._till).commands(),
        }
        self._error = (0, 0, "")

    def execute(self, cmd: int, data: bytes) -> tuple[bytes, bytes]:
        """(reply data, six status bytes) of one command."""
        try:
            reply = self._run(cmd, data)
        except Refusal as refusal:
            self._error = (cmd, refusal.code, refusal.text)
            return b"", self.status_bytes(refusal.bits)
        self.executed[cmd] += 1
        if cmd not in CHANGES_NOTHING:
            self._core.save()
        status = self.status_bytes()
        return (status if cmd == 74 else reply.encode(ENCODING, "replace")), status

    def status_bytes(self, bits: tuple[int, int, int] = (0, 0, 0)) -> bytes:
        """S0..S5: lasting states or-ed with the errors of the last command."""
        memory, slip = self._core.memory, self._core.slip
        lasting_error = memory.paper_out or memory.cover_open or memory.journal_full
        s0 = GENERAL if lasting_error else 0
        s1 = 0x20 if memory.cover_open else 0
        s2 = memory.paper_out | memory.paper_low << 1 | memory.journal_full << 2
        if slip is not None:
            s1 |= 0x08 if slip.kind == "return" else 0
            s2 |= 0x08 if slip.is_fiscal else 0x20
        errors = (*bits, 0, 0, 0)
        states = (s0, s1, s2, 0, 0, 0)
        return bytes(b | e | s for b, e, s in zip(STATUS_BASE, errors, states, strict=True))

    def _run(self, cmd: int, data: bytes) -> str:
        handler = self._handlers.get(cmd)
        if handler is None:
            raise UnknownCommand(f"command {cmd} is not known")
        if cmd in NEEDS_PAPER:
            self.demand_paper()
        try:
            text = data.decode(ENCODING)
        except UnicodeDecodeError:
            raise SyntaxRefusal("not CP1251") from None
        return handler(text)

    def _last_error(self, _text: str) -> str:
        cmd, code, text = self._error
        return f"{cmd},{code},{self._core.clock():%d%m%y%H%M%S},{text}"
