"""The emulated Bulgarian printers: one till, and the words of Datecs P, Daisy and Datecs X.

A cancelled receipt takes a document number, as 113 and 76 tell it; nothing can be cancelled once a
payment is on it. What each number means follows the manuals named in `drivers.fiscal.isl_bg`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from drivers.emulators.paper import SoldItem
from drivers.emulators.register.config import RegisterConfig
from drivers.emulators.register.core import kyiv_now
from drivers.emulators.register.device import RegisterDevice
from drivers.emulators.register.refusals import (
    GENERAL,
    NotAllowed,
    Refusal,
    SyntaxRefusal,
    UnknownCommand,
)
from loyalty.money import format_minor, line_sum

ENCODING: Final = "cp1251"
GROUPS: Final = "АБВГДЕЖЗ"
NEEDS_PAPER: Final = frozenset({38, 39, 42, 44, 48, 49, 51, 53, 54, 56, 60, 69, 70, 84, 130})
_CHANGE: Final = r"(?:{sign}(?P<change>[+-]\d{{1,8}}\.\d\d))?"
_SALE: Final = r"(?P<name>[^\t]*)\t(?P<group>.)(?P<price>\d{1,8}\.\d\d)\*(?P<qty>\d{1,6}\.\d{3})"
_PAYMENT: Final = re.compile(r"[^\t]*\t(?P<mode>[PNCD])(?P<amount>\d{1,8}\.\d\d)")
X_ERROR: Final = "-111016"


class DatecsPDevice(RegisterDevice):
    """An FP-2000 with Bulgarian firmware; `executed` counts by command number."""

    change_sign = ";"
    cancel_number = 60
    status_length = 6
    cover_bit = 0x40
    identity = "{model},1.00BG 23NOV18 1000,FFFF,00000000,DT123456,02123456"

    def __init__(
        self,
        config: RegisterConfig | None = None,
        folder: Path | None = None,
        clock: Callable[[], datetime] = kyiv_now,
    ) -> None:
        super().__init__(config, folder, clock)
        self._handlers: dict[int, Callable[[str], str]] = {
            38: self._open_slip,
            39: self._close_slip,
            42: self._text,
            48: self._open,
            49: self._sell,
            51: self._subtotal,
            53: self._pay,
            54: self._text,
            56: self._close,
            self.cancel_number: self._cancel,
            64: self._closure,
            69: self._report,
            70: self._cash,
            74: lambda _text: "",
            76: self._transaction,
            84: self._code,
            90: lambda _text: self.identity.format(model=self._core.config.model),
            113: lambda _text: f"{self._core.memory.documents:07d}",
        }

    def execute(self, cmd: int, data: bytes) -> tuple[bytes, bytes]:
        """(reply data, status bytes) of one command."""
        try:
            reply = self._run(cmd, data)
        except Refusal as refusal:
            return self._refused(cmd), self.status_bytes(refusal.bits)
        self.executed[cmd] += 1
        self._core.save()
        status = self.status_bytes()
        return (status if cmd == 74 else reply.encode(ENCODING, "replace")), status

    def status_bytes(self, bits: tuple[int, int, int] = (0, 0, 0)) -> bytes:
        """S0..S5 or S7: lasting states or-ed with the errors of the last command."""
        memory, slip = self._core.memory, self._core.slip
        trouble = memory.paper_out or memory.cover_open or memory.journal_full
        lasting = GENERAL if trouble else 0
        s0 = bits[0] | lasting | (self.cover_bit if memory.cover_open else 0)
        s1 = bits[1] & ~0x20
        s2 = bits[2] | memory.paper_out | memory.paper_low << 1 | memory.journal_full << 2
        if slip is not None:
            s2 |= 0x08 if slip.is_fiscal else 0x20
        states = (s0, s1, s2, 0, 0x06, 0x1A, 0, 0)
        return bytes(0x80 | state for state in states[: self.status_length])

    def _refused(self, _cmd: int) -> bytes:
        return b""

    def _run(self, cmd: int, data: bytes) -> str:
        handler = self._handlers.get(cmd)
        if handler is None:
            raise UnknownCommand(f"command {cmd} is not known")
        if cmd in NEEDS_PAPER:
            self.demand_paper()
        try:
            return handler(data.decode(ENCODING))
        except UnicodeDecodeError:
            raise SyntaxRefusal("not CP1251") from None

    def _open_slip(self, _text: str) -> str:
        self._till.open_slip()
        return f"{self._core.memory.documents:07d}"

    def _close_slip(self, _text: str) -> str:
        self._till.close_slip()
        return f"{self._core.memory.documents:07d}"

    def _text(self, text: str) -> str:
        self._till.text(text)
        return ""

    def _open(self, text: str) -> str:
        operator, till = self._core.check_operator(text)
        self._till.open("sale", f"Оператор {operator}", till)
        return f"{self._core.memory.documents:07d},{self._core.memory.fiscal_sales:07d}"

    def _sell(self, text: str) -> str:
        pattern = _SALE + _CHANGE.format(sign=re.escape(self.change_sign))
        match = re.fullmatch(pattern, text)
        if match is None:
            raise SyntaxRefusal("49 cannot be read")
        self._sell_item(
            match["name"],
            match["group"],
            _minor(match["price"]),
            _minor(match["qty"]),
            _minor(match["change"] or "0.00"),
        )
        return ""

    def _sell_item(self, name: str, group: str, price: int, qty: int, change: int) -> None:
        if group not in GROUPS:
            raise SyntaxRefusal(f"no tax group {group!r}")
        self._till.sell(SoldItem(0, name, group, qty, price, line_sum(price, qty), change))

    def _subtotal(self, text: str) -> str:
        sign = re.escape(self.change_sign)
        match = re.fullmatch(r"[01][01]" + _CHANGE.format(sign=sign), text)
        if match is None:
            raise SyntaxRefusal("51 cannot be read")
        if match["change"]:
            self._till.change_whole(_minor(match["change"]))
        return f"{self._till.total():010d}"

    def _pay(self, text: str) -> str:
        match = _PAYMENT.fullmatch(text)
        if match is None:
            raise SyntaxRefusal("53 cannot be read")
        return self._till.pay(match["mode"], _minor(match["amount"]))

    def _close(self, _text: str) -> str:
        self._till.close()
        return f"{self._core.memory.documents:07d},{self._core.memory.fiscal_sales:07d}"

    def _cancel(self, _text: str) -> str:
        self._till.cancel(counted=True)
        return ""

    def _sums(self) -> tuple[bool, int, int, int]:
        """Open, items, amount, paid of the open or the last receipt."""
        memory, slip = self._core.memory, self._core.slip
        if slip is not None and slip.is_fiscal:
            self._till.remember(slip)
        return slip is not None, memory.last_items, memory.last_sum_minor, memory.last_paid_minor

    def _transaction(self, text: str) -> str:
        is_open, items, amount, paid = self._sums()
        tender = f",{paid:+010d}" if text == "T" else ""
        return f"{int(is_open)},{items:04d},{amount:+010d}{tender}"

    def _closure(self, _text: str) -> str:
        closed = self._core.memory.shift.number - 1
        return f"P,{closed:04d},0,0,0,0" if closed else "F"

    def _report(self, text: str) -> str:
        if text[:1] not in ("0", "2"):
            raise SyntaxRefusal("69 takes 0 or 2")
        shift = self._till.report(text[0] == "0")
        return f"{shift.number:04d},0,0,0,0"

    def _cash(self, text: str) -> str:
        if text and not re.fullmatch(r"[+-]\d{1,8}\.\d\d", text):
            raise SyntaxRefusal("70 takes a signed amount")
        letter, sums = self._drawer(_minor(text) if text else 0)
        return ",".join((letter, *map(str, sums)))

    def _drawer(self, amount: int) -> tuple[str, tuple[int, int, int]]:
        """P or F, and drawer, cash in and cash out after it."""
        memory = self._core.memory
        if self._core.slip is not None:
            raise NotAllowed("a receipt is open")
        letter = "F" if amount + memory.cash_minor < 0 else "P"
        if amount and letter == "P":
            self._till.move_cash(amount)
        shift = memory.shift
        return letter, (memory.cash_minor, shift.cash_in_minor, shift.cash_out_minor)

    def _code(self, text: str) -> str:
        if not text.startswith("QC;"):
            raise SyntaxRefusal("only a centred QR code is emulated")
        self._till.code(text[3:])
        return ""


class DaisyDevice(DatecsPDevice):
    """A Daisy: `$` before a discount, cancels with 130, tells no cover."""

    change_sign = "$"
    cancel_number = 130
    cover_bit = 0
    identity = "{model} ONL01-4.01BG 01-02-2019 10:00,C8D2,00000000,1,DY400123,36400123"

    def _code(self, text: str) -> str:
        raise SyntaxRefusal(f"84 takes no {text[:2]!r}")


class DatecsXDevice(DatecsPDevice):
    """An FP-700X: TAB behind every field, an error code in front of every reply."""

    status_length = 8
    identity = "0\t{model}\t2.00BG\t23NOV18\t1000\tFFFF\t00000000\tDT123456\t02123456\t"

    def _refused(self, _cmd: int) -> bytes:
        return f"{X_ERROR}\t".encode()

    def _run(self, cmd: int, data: bytes) -> str:
        reply = super()._run(cmd, data)
        if cmd in (74, 90):
            return reply
        return "\t".join(("0", *filter(None, reply.split(",")), ""))

    def _open(self, text: str) -> str:
        operator, password, till, _invoice, _end = _fields(text, 4)
        return super()._open(f"{operator},{password},{till}")

    def _text(self, text: str) -> str:
        return super()._text(_fields(text, 6)[0])

    def _sell(self, text: str) -> str:
        name, group, price, qty, kind, value, _department, _end = _fields(text, 7)
        if group not in "12345678" or kind not in ("", "3", "4"):
            raise SyntaxRefusal("49 cannot be read")
        change = _minor(value) if kind else 0
        letter = GROUPS[int(group) - 1]
        self._sell_item(
            name, letter, _minor(price), _minor(qty), -change if kind == "4" else change
        )
        return f"{self._core.memory.documents + 1:07d}"

    def _subtotal(self, text: str) -> str:
        _print, _display, kind, value, _end = _fields(text, 4)
        if kind:
            self._till.change_whole(_minor(value) * (-1 if kind == "4" else 1))
        return f"{self._core.memory.documents + 1:07d},{format_minor(self._till.total())}"

    def _pay(self, text: str) -> str:
        mode, amount, _type, _end = _fields(text, 3)
        if mode not in "012345":
            raise SyntaxRefusal("53 cannot be read")
        reply = self._till.pay("PDDCNN"[int(mode)], _minor(amount))
        if reply == "F":
            raise SyntaxRefusal("the payment is refused")
        return f"{reply[0]},{format_minor(int(reply[1:]))}"

    def _transaction(self, _text: str) -> str:
        is_open, items, amount, paid = self._sums()
        slip = self._core.slip
        is_receipt = is_open and slip is not None and slip.is_fiscal
        number = self._core.memory.documents + is_receipt
        sums = f"{format_minor(amount)},{format_minor(paid)}"
        return f"{int(is_receipt)},{number},{items},{sums}"

    def _closure(self, text: str) -> str:
        _fields(text, 1)
        return f"{self._core.memory.shift.number - 1},0,0,0,0"

    def _report(self, text: str) -> str:
        kind = _fields(text, 1)[0]
        if kind not in ("X", "Z"):
            raise SyntaxRefusal("69 takes X or Z")
        return f"{self._till.report(kind == 'Z').number},0,0,0,0"

    def _cash(self, text: str) -> str:
        kind, amount, _end = _fields(text, 2)
        if kind not in ("0", "1"):
            raise SyntaxRefusal("70 takes 0 or 1")
        letter, sums = self._drawer(_minor(amount) * (-1 if kind == "1" else 1))
        if letter == "F":
            raise NotAllowed("the drawer does not hold that much")
        return ",".join(map(format_minor, sums))

    def _code(self, text: str) -> str:
        kind, payload, *_ = _fields(text, 3)
        if kind != "4":
            raise SyntaxRefusal("only a QR code is emulated")
        self._till.code(payload)
        return ""


def _minor(text: str) -> int:
    """A decimal without its point."""
    if not re.fullmatch(r"[+-]?\d{1,9}\.\d{2,3}", text):
        raise SyntaxRefusal(f"{text!r} is no amount")
    return int(text.replace(".", ""))


def _fields(text: str, count: int) -> list[str]:
    fields = text.split("\t")
    if len(fields) != count + 1 or fields[-1]:
        raise SyntaxRefusal(f"{count} fields, each with TAB behind it, are needed")
    return fields
