"""The emulated Datecs FP-700 UA: commands in, reply data and status bytes out, paper as it grows.

What it may do in which state follows the FP3530T help and the Datecs PF-550 manual: no sale after
the first payment, no cancel after it either (unless configured), nothing that prints without paper,
and a refused command changes nothing. It checks what it is told and counts by itself.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from drivers.emulators.datecs_ua.config import DatecsUaConfig
from drivers.emulators.datecs_ua.core import PrinterCore, kyiv_now
from drivers.emulators.datecs_ua.receipts import ReceiptDesk
from drivers.emulators.datecs_ua.refusals import (
    GENERAL,
    CoverOpen,
    NoPaper,
    Refusal,
    SyntaxRefusal,
    UnknownCommand,
)
from drivers.emulators.datecs_ua.reports import ReportDesk
from drivers.emulators.datecs_ua.slips import SlipDesk
from drivers.emulators.paper import Document, Row

ENCODING: Final = "cp1251"
NEEDS_PAPER: Final = frozenset({38, 39, 42, 44, 48, 53, 54, 55, 56, 57, 58, 69, 70, 85, 88, 93})
CHANGES_NOTHING: Final = frozenset({32, 33, 45, 46, 62, 74, 76, 90, 110, 113})
STATUS_BASE: Final = bytes((0x80, 0x80, 0x80, 0x80, 0x86, 0x9A))
"""Bit 7 always; S4: tax id and serial set; S5: formatted, fiscalised, rates set."""


class DatecsUaDevice:
    """One printer without its cable. Not thread safe: the loop of its host owns it.

    `executed` counts the commands that were carried out, by number."""

    def __init__(
        self,
        config: DatecsUaConfig | None = None,
        folder: Path | None = None,
        clock: Callable[[], datetime] = kyiv_now,
    ) -> None:
        self._core = PrinterCore(config or DatecsUaConfig(), folder, clock)
        self._handlers: dict[int, Callable[[str], str]] = {
            32: self._last_error,
            74: lambda _text: "",
            **ReceiptDesk(self._core).commands(),
            **SlipDesk(self._core).commands(),
            **ReportDesk(self._core).commands(),
        }
        self._error = (0, 0, "")
        self.executed: Counter[int] = Counter()

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
        lasting_error = memory.paper_out or memory.cover_open
        s0 = GENERAL if lasting_error else 0
        s1 = 0x20 if memory.cover_open else 0
        s2 = memory.paper_out | memory.paper_low << 1
        if slip is not None:
            s1 |= 0x08 if slip.kind == "return" else 0
            s2 |= 0x08 if slip.is_fiscal else 0x20
        errors = (*bits, 0, 0, 0)
        states = (s0, s1, s2, 0, 0, 0)
        return bytes(b | e | s for b, e, s in zip(STATUS_BASE, errors, states, strict=True))

    def documents(self) -> list[Document]:
        """Finished slips, oldest first, and a copy of the open one last."""
        open_slip = [copy.deepcopy(self._core.slip)] if self._core.slip else []
        return [*self._core.archive.finished, *open_slip]

    def counters(self) -> dict[str, int]:
        """The numbers of 113, by name."""
        memory = self._core.memory
        return {
            "documents": memory.documents,
            "sales": memory.fiscal_sales,
            "refunds": memory.fiscal_refunds,
            "printed": memory.printed,
        }

    def set_paper(self, state: str) -> None:
        """`paper_in`, `paper_low` or `paper_out`."""
        self._core.memory.paper_out = state == "paper_out"
        self._core.memory.paper_low = state == "paper_low"
        self._core.save()

    def set_cover(self, is_open: bool) -> None:
        """Open or close the cover."""
        self._core.memory.cover_open = is_open
        self._core.save()

    def power_on(self) -> None:
        """After a power cut: sums are kept, the paper shows where it was interrupted."""
        self._core.password_errors = 0
        if self._core.slip is not None:
            self._core.slip.rows.append(Row("center", "*** ЗБІЙ ЖИВЛЕННЯ ***"))
            self._core.save()

    def _run(self, cmd: int, data: bytes) -> str:
        handler = self._handlers.get(cmd)
        if handler is None:
            raise UnknownCommand(f"command {cmd} is not known")
        if cmd in NEEDS_PAPER and self._core.memory.paper_out:
            raise NoPaper("no paper")
        if cmd in NEEDS_PAPER and self._core.memory.cover_open:
            raise CoverOpen("the cover is open")
        try:
            text = data.decode(ENCODING)
        except UnicodeDecodeError:
            raise SyntaxRefusal("not CP1251") from None
        return handler(text)

    def _last_error(self, _text: str) -> str:
        cmd, code, text = self._error
        return f"{cmd},{code},{self._core.clock():%d%m%y%H%M%S},{text}"
