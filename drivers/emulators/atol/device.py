"""The emulated ATOL: commands in, `55h error` and data out, paper as it grows.

It takes the commands as `drivers.fiscal.atol.commands` describes them, and no device has been
compared with that, so it proves how the driver handles tasks and numbers, and no more.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from drivers.emulators.paper import SoldItem
from drivers.emulators.register.config import RegisterConfig
from drivers.emulators.register.core import kyiv_now
from drivers.emulators.register.device import RegisterDevice
from drivers.emulators.register.refusals import (
    CoverOpen,
    NoPaper,
    NotAllowed,
    Overflow,
    Refusal,
    SyntaxRefusal,
    UnknownCommand,
)
from loyalty.money import line_sum

GROUPS: Final = "АБВГДМН"
MEANS: Final = {1: "P", 2: "D", 3: "C", 4: "N"}
ERRORS: Final[dict[type[Refusal], int]] = {
    NoPaper: 0x67,
    CoverOpen: 0x67,
    SyntaxRefusal: 0x7A,
    UnknownCommand: 0x7A,
    Overflow: 0x9A,
    NotAllowed: 0x66,
}
SHIFT_OVER: Final = 0x88
NEEDS_PAPER: Final = frozenset(
    {0x43, 0x49, 0x4A, 0x4C, 0x4F, 0x52, 0x57, 0x59, 0x5A, 0x67, 0x75, 0x92, 0x99, 0x9A}
)
REGISTRATION, X_REPORTS, Z_REPORTS = 1, 2, 3
MODES: Final = {
    **dict.fromkeys((0x49, 0x4A, 0x4F, 0x52, 0x57, 0x92, 0x99, 0x9A), REGISTRATION),
    0x67: X_REPORTS,
    0x5A: Z_REPORTS,
}
"""The mode in which a command is taken."""


class AtolDevice(RegisterDevice):
    """An ATOL 30F; `executed` counts by command code."""

    lacks = frozenset({"journal_full", "journal_ok"})

    def __init__(
        self,
        config: RegisterConfig | None = None,
        folder: Path | None = None,
        clock: Callable[[], datetime] = kyiv_now,
    ) -> None:
        super().__init__(config, folder, clock)
        self._mode = 0
        self._name = ""
        self._handlers: dict[int, Callable[[bytes], bytes]] = {
            0x43: self._correct,
            0x48: lambda _params: self._set_mode(0),
            0x49: lambda params: self._move_cash(params, 1),
            0x4A: self._close,
            0x4F: lambda params: self._move_cash(params, -1),
            0x4C: self._line,
            0x52: lambda params: self._sell("sale", params),
            0x56: lambda params: self._set_mode(params[0] if params else 0),
            0x57: lambda params: self._sell("return", params),
            0x59: self._cancel,
            0x5A: lambda _params: self._report(True),
            0x67: lambda _params: self._report(False),
            0x75: self._cut,
            0x91: self._register,
            0x92: self._open,
            0x99: self._pay,
            0x9A: self._open_shift,
            0xA4: self._storage,
        }

    def execute(self, code: int, params: bytes) -> bytes:
        """The answer to one command."""
        if code in (0x3F, 0x45, 0xA5):
            self.executed[code] += 1
            return {0x3F: self._state, 0x45: self._printer, 0xA5: self._type}[code]()
        try:
            answer = self._run(code, params)
        except Refusal as refusal:
            over = isinstance(refusal, NotAllowed) and self._till.shift_is_over()
            return bytes((0x55, SHIFT_OVER if over else ERRORS[type(refusal)]))
        self.executed[code] += 1
        self._core.save()
        return b"\x55\0" + answer

    def power_on(self) -> None:
        """The mode is forgotten, the receipt is not."""
        super().power_on()
        self._mode = 0

    def _run(self, code: int, params: bytes) -> bytes:
        handler = self._handlers.get(code)
        if handler is None:
            raise UnknownCommand(f"command {code:02X}h is not known")
        if code in NEEDS_PAPER:
            self.demand_paper()
        if self._mode != MODES.get(code, self._mode):
            raise NotAllowed("not in the mode of this command")
        return handler(params)

    def _state(self) -> bytes:
        memory, now, slip = self._core.memory, self._core.clock(), self._core.slip
        flags = bool(memory.shift.opened_at) << 1 | (not memory.paper_out) << 3
        flags |= memory.cover_open << 5 | 1
        receipts = memory.fiscal_sales + memory.fiscal_refunds + 1
        is_open = slip is not None and slip.is_fiscal
        kind = 0 if not is_open else 2 if slip is not None and slip.kind == "return" else 1
        serial = int("".join(filter(str.isdigit, self._core.config.serial_number)) or "1")
        return b"".join(
            (
                b"\x44",
                _bcd(1, 1),
                _bcd(1, 1),
                *(_bcd(part, 1) for part in (now.year % 100, now.month, now.day)),
                *(_bcd(part, 1) for part in (now.hour, now.minute, now.second)),
                bytes((flags,)),
                _bcd(serial % 10**8, 4),
                bytes((57, 0, 0, self._mode)),
                _bcd(receipts % 10_000, 2),
                _bcd((memory.shift.number - 1) % 10_000, 2),
                bytes((kind,)),
                _bcd(self._till.total() if is_open else 0, 5),
                bytes((2, 1)),
            )
        )

    def _printer(self) -> bytes:
        memory = self._core.memory
        return bytes((0x55, self._mode, memory.paper_out | memory.cover_open << 3))

    def _type(self) -> bytes:
        return bytes((0, 1, 1, 57, 0, 0, 30, 50, 0)) + self._core.config.model.encode("cp866")

    def _set_mode(self, mode: int) -> bytes:
        if mode not in (0, REGISTRATION, X_REPORTS, Z_REPORTS):
            raise SyntaxRefusal("only the modes 1 to 3 are emulated")
        self._mode = mode
        return b""

    def _open(self, params: bytes) -> bytes:
        if len(params) != 2 or params[1] not in (1, 2):
            raise SyntaxRefusal("92h takes flags and 1 or 2")
        self._end_strip()
        self._name = ""
        self._till.open("return" if params[1] == 2 else "sale")
        return b""

    def _line(self, params: bytes) -> bytes:
        text = params.decode("cp866")
        if self._core.slip is None:
            self._till.open_slip()
        self._name = text
        self._till.text(text)
        return b""

    def _sell(self, kind: str, params: bytes) -> bytes:
        if len(params) != 12:
            raise SyntaxRefusal("a line needs flags, price, quantity and department")
        if self._till.receipt().kind != kind or not 1 <= params[11] <= len(GROUPS):
            raise NotAllowed("another kind of receipt is open")
        price, quantity = _number(params[1:6]), _number(params[6:11])
        self._till.sell(
            SoldItem(
                0, self._name, GROUPS[params[11] - 1], quantity, price, line_sum(price, quantity), 0
            )
        )
        return b""

    def _correct(self, params: bytes) -> bytes:
        if len(params) != 9 or params[2] != 1:
            raise SyntaxRefusal("43h takes flags, area, 1, sign and a sum")
        self._till.change_whole(_number(params[4:9]) * (1 if params[3] else -1))
        return b""

    def _pay(self, params: bytes) -> bytes:
        if self._till.pay(*_means(params)) == "F":
            raise NotAllowed("the payment is refused")
        return b""

    def _close(self, params: bytes) -> bytes:
        mode, amount = _means(params)
        self._till.pay_all([(mode, amount)])
        return b""

    def _cancel(self, _params: bytes) -> bytes:
        self._till.cancel()
        return b""

    def _cut(self, _params: bytes) -> bytes:
        self._end_strip()
        return b""

    def _end_strip(self) -> None:
        if self._core.slip is not None and not self._core.slip.is_fiscal:
            self._till.close_slip(counted=False)

    def _register(self, params: bytes) -> bytes:
        memory = self._core.memory
        values = {
            0x04: memory.shift.cash_in_minor,
            0x05: memory.shift.cash_out_minor,
            0x0A: memory.cash_minor,
            0x33: memory.last_sum_minor,
        }
        if not params or params[0] not in values:
            raise SyntaxRefusal("this register is not emulated")
        return b"\1" + _bcd(max(values[params[0]], 0), 5)

    def _move_cash(self, params: bytes, sign: int) -> bytes:
        if len(params) != 6 or not _number(params[1:]):
            raise SyntaxRefusal("service cash needs flags and a sum")
        amount = sign * _number(params[1:])
        if self._core.memory.cash_minor + amount < 0:
            raise NotAllowed("the drawer does not hold that much")
        self._end_strip()
        self._till.move_cash(amount)
        return b""

    def _report(self, closing: bool) -> bytes:
        self._end_strip()
        self._till.report(closing)
        return b""

    def _storage(self, params: bytes) -> bytes:
        if params != b"\x20":
            raise UnknownCommand("of the storage only 20h is emulated")
        return self.exchange_state()

    def _open_shift(self, _params: bytes) -> bytes:
        self._end_strip()
        self._till.open_shift()
        return b""


def _means(params: bytes) -> tuple[str, int]:
    if len(params) != 7 or params[1] not in MEANS:
        raise SyntaxRefusal("a payment needs flags, means and a sum")
    return MEANS[params[1]], _number(params[2:7])


def _bcd(value: int, size: int) -> bytes:
    return bytes.fromhex(str(value).rjust(2 * size, "0"))


def _number(data: bytes) -> int:
    if not data.hex().isdecimal():
        raise SyntaxRefusal("no packed decimal")
    return int(data.hex())
