"""The emulated Shtrih-M: commands in, error codes and data out, paper as it grows.

Modes, submodes and answers follow "FP protocol v1.10": text outside a receipt is allowed and makes
a strip of its own until it is cut; paper that ends while printing halts the printer until paper is
loaded and B0h is sent. What a document says is counted before it is printed, as in the real one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from drivers.emulators.paper import Row, SoldItem
from drivers.emulators.register.config import RegisterConfig
from drivers.emulators.register.core import kyiv_now
from drivers.emulators.register.device import RegisterDevice
from drivers.emulators.register.refusals import (
    CoverOpen,
    JournalFull,
    NoPaper,
    NotAllowed,
    Overflow,
    Refusal,
    SyntaxRefusal,
    UnknownCommand,
)
from loyalty.money import line_sum

TAX_LETTERS: Final = "АБВГ"
MEANS: Final = "PDCN"
"""Payment types 1 to 4 under the letters that the emulated till counts by."""

ERRORS: Final[dict[type[Refusal], int]] = {
    NoPaper: 0x6B,
    CoverOpen: 0x6B,
    JournalFull: 0x6C,
    SyntaxRefusal: 0x33,
    UnknownCommand: 0x37,
    Overflow: 0x4B,
    NotAllowed: 0x73,
}
SHIFT_OVER, WAITS_FOR_B0, HALTED = 0x4E, 0x58, 0x6B
NEEDS_PAPER: Final = frozenset(
    {0x17, 0x25, 0x29, 0x40, 0x41, 0x50, 0x51, 0x80, 0x82, 0x85, 0x86, 0x87, 0x88, 0x8D, 0xE0}
)
NO_PASSWORD: Final = frozenset({0xFC})
NO_OPERATOR: Final = frozenset({0xFC, 0x10, 0x11, 0xFF39})
"""Answers whose first byte the handler writes, or that name no operator."""


class ShtrihDevice(RegisterDevice):
    """A SHTRIH-FR-K; `executed` counts by command number."""

    lacks = frozenset()

    def __init__(
        self,
        config: RegisterConfig | None = None,
        folder: Path | None = None,
        clock: Callable[[], datetime] = kyiv_now,
    ) -> None:
        super().__init__(config, folder, clock)
        self._halted = False
        self._refilled = False
        self._last_cmd = 0
        self._handlers: dict[int, Callable[[bytes], bytes]] = {
            0x10: self._short_status,
            0x11: self._status,
            0x13: lambda _body: b"",
            0x17: self._line,
            0x1A: self._cash_register,
            0x1B: self._operation_register,
            0x25: self._cut,
            0x29: lambda _body: b"",
            0x40: lambda _body: self._report(False),
            0x41: lambda _body: self._report(True),
            0x50: lambda body: self._move_cash(body, 1),
            0x51: lambda body: self._move_cash(body, -1),
            0x80: lambda body: self._sell("sale", body),
            0x82: lambda body: self._sell("return", body),
            0x85: self._close,
            0x86: lambda body: self._change(body, -1),
            0x87: lambda body: self._change(body, 1),
            0x88: self._cancel,
            0x89: lambda _body: _money(self._till.total()),
            0x8D: self._open,
            0xB0: self._continue,
            0xE0: self._open_shift,
            0xFC: self._type,
            0xFF39: lambda _body: self.exchange_state(),
        }

    def execute(self, cmd: int, body: bytes) -> bytes:
        """Error code, operator and data, as they stand behind CMD in the answer."""
        try:
            return b"\0" + self._run(cmd, body)
        except Refusal as refusal:
            if isinstance(refusal, NotAllowed) and self._till.shift_is_over():
                return bytes((SHIFT_OVER,))
            return bytes((ERRORS[type(refusal)],))

    def set_paper(self, state: str) -> None:
        """Paper that ends behind a close halts its printing; new paper then waits for B0h."""
        super().set_paper(state)
        if state == "paper_out" and self._last_cmd == 0x85:
            self._halted = True
        if self._halted and state == "paper_in":
            self._halted, self._refilled = False, True

    def _run(self, cmd: int, body: bytes) -> bytes:
        handler = self._handlers.get(cmd)
        if handler is None:
            raise UnknownCommand(f"command {cmd:02X}h is not known")
        if cmd in NEEDS_PAPER:
            if self._halted or self._refilled:
                raise NoPaper("waits for B0h")
            self.demand_paper()
        if cmd not in NO_PASSWORD:
            if len(body) < 4:
                raise SyntaxRefusal("no password")
            body = body[4:]
        answer = handler(body)
        self._last_cmd = cmd
        self.executed[cmd] += 1
        self._core.save()
        return answer if cmd in NO_OPERATOR else b"\x1e" + answer

    def _short_status(self, _body: bytes) -> bytes:
        return b"\x1e" + self._state() + bytes((0, 0, 0, 0, 0, 0, 0, 0, 0))

    def _state(self) -> bytes:
        """Flags, mode and submode."""
        memory, slip = self._core.memory, self._core.slip
        flags = (not memory.paper_out) << 7 | (not memory.paper_low) << 1 | memory.cover_open << 10
        mode = 3 if self._till.shift_is_over() else 2 if memory.shift.opened_at else 4
        if slip is not None and slip.is_fiscal:
            mode = 8 | (2 if slip.kind == "return" else 0) << 4
        submode = 2 if self._halted else 3 if self._refilled else 1 if memory.paper_out else 0
        return flags.to_bytes(2, "little") + bytes((mode, submode))

    def _status(self, _body: bytes) -> bytes:
        memory, now = self._core.memory, self._core.clock()
        today = bytes((now.day, now.month, now.year % 100))
        serial = int("".join(filter(str.isdigit, self._core.config.serial_number)) or "1") % 10**8
        return b"".join(
            (
                b"\x1e",
                b"15",
                (100).to_bytes(2, "little"),
                bytes((1, 1, 20, 1)),
                (memory.documents % 10_000).to_bytes(2, "little"),
                self._state(),
                b"\0",
                b"15",
                bytes(2),
                bytes((1, 1, 20)),
                today,
                bytes((now.hour, now.minute, now.second, 0)),
                serial.to_bytes(4, "little"),
                (memory.shift.number - 1).to_bytes(2, "little"),
                bytes(2),
                bytes((1, 15)),
                int(self._core.config.tax_number).to_bytes(6, "little"),
            )
        )

    def _type(self, _body: bytes) -> bytes:
        return bytes((0, 0, 1, 10, 4, 0)) + "ШТРИХ-ФР-К".encode("cp1251")

    def _line(self, body: bytes) -> bytes:
        if len(body) < 2:
            raise SyntaxRefusal("17h needs a station and text")
        if self._core.slip is None:
            self._till.open_slip()
        self._till.text(_text(body[1:]))
        return b""

    def _cut(self, _body: bytes) -> bytes:
        self._end_strip()
        return b""

    def _end_strip(self) -> None:
        """Text outside a receipt is torn off before anything else begins; it is no document."""
        if self._core.slip is not None and not self._core.slip.is_fiscal:
            self._till.close_slip(counted=False)

    def _open(self, body: bytes) -> bytes:
        if body[:1] not in (b"\0", b"\2"):
            raise SyntaxRefusal("8Dh takes 0 or 2")
        self._end_strip()
        self._till.open("return" if body[0] == 2 else "sale")
        return b""

    def _sell(self, kind: str, body: bytes) -> bytes:
        if len(body) < 15 + 1:
            raise SyntaxRefusal("a sale needs quantity, price, department, taxes and name")
        if self._core.slip is None or not self._core.slip.is_fiscal:
            self._end_strip()
            self._till.open("return" if kind == "return" else "sale")
        if self._till.receipt().kind != kind:
            raise NotAllowed("another kind of receipt is open")
        quantity, price = (int.from_bytes(body[n : n + 5], "little") for n in (0, 5))
        tax = body[11]
        self._till.sell(
            SoldItem(
                plu=0,
                name=_text(body[15:]),
                tax_group=TAX_LETTERS[tax - 1] if 1 <= tax <= 4 else "Н",
                qty_milli=quantity,
                price_minor=price,
                sum_minor=line_sum(price, quantity),
                correction_minor=0,
            )
        )
        return b""

    def _change(self, body: bytes, sign: int) -> bytes:
        if len(body) < 9:
            raise SyntaxRefusal("a discount needs a sum and taxes")
        amount = sign * int.from_bytes(body[:5], "little")
        self._till.change_whole(amount)
        return b""

    def _close(self, body: bytes) -> bytes:
        if len(body) < 26:
            raise SyntaxRefusal("85h needs four sums")
        sums = [int.from_bytes(body[n : n + 5], "little") for n in range(0, 20, 5)]
        # Cash comes last, because only cash gives change.
        order = [*zip(MEANS[1:], sums[1:], strict=True), (MEANS[0], sums[0])]
        change = self._till.pay_all([(mode, amount) for mode, amount in order if amount])
        return _money(change)

    def _cancel(self, _body: bytes) -> bytes:
        self._till.cancel()
        return b""

    def _continue(self, _body: bytes) -> bytes:
        if not self._refilled:
            raise NotAllowed("nothing to go on with")
        self._refilled = False
        return b""

    def _report(self, closing: bool) -> bytes:
        self._end_strip()
        self._till.report(closing)
        return b""

    def _open_shift(self, _body: bytes) -> bytes:
        self._end_strip()
        self._till.open_shift()
        return b""

    def _move_cash(self, body: bytes, sign: int) -> bytes:
        amount = int.from_bytes(body[:5], "little")
        if not amount:
            raise SyntaxRefusal("a sum is needed")
        if self._core.memory.cash_minor + sign * amount < 0:
            raise NotAllowed("the drawer does not hold that much")
        self._end_strip()
        self._till.move_cash(sign * amount)
        return (self._core.memory.documents % 10_000).to_bytes(2, "little")

    def _operation_register(self, body: bytes) -> bytes:
        memory = self._core.memory
        values = {
            148: memory.fiscal_sales,
            150: memory.fiscal_refunds,
            152: memory.documents,
        }
        return (values.get(body[0] if body else 0, 0) % 10_000).to_bytes(2, "little")

    def _cash_register(self, body: bytes) -> bytes:
        which, shift = body[0] if body else 0, self._core.memory.shift
        drawer = max(self._core.memory.cash_minor, 0)
        value = {241: drawer, 242: shift.cash_in_minor, 243: shift.cash_out_minor}.get(which, 0)
        for first, sums in ((193, shift.paid), (195, shift.paid_out)):
            place, rest = divmod(which - first, 4)
            if rest == 0 and 0 <= place < 4:
                value = sums.get(MEANS[place], 0)
        return value.to_bytes(6, "little")

    def power_on(self) -> None:
        """A strip of text that was interrupted is torn off."""
        super().power_on()
        if self._core.slip is not None and not self._core.slip.is_fiscal:
            self._core.slip.rows.append(Row("space"))


def _money(amount_minor: int) -> bytes:
    return amount_minor.to_bytes(5, "little")


def _text(field: bytes) -> str:
    return field.rstrip(b"\0").decode("cp1251", "replace")
