"""Commands outside a receipt: 69 reports, 70 cash, 102 names, 107 articles, 46 62 90 110 113."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from drivers.emulators.register.refusals import NotAllowed, SyntaxRefusal
from drivers.emulators.register.till import Till

_CASH = re.compile(r"(?P<sign>[+-])(?P<amount>\d{1,8}\.\d{2})")


class ReportDesk:
    """Shift, cash drawer and everything that is only asked."""

    def __init__(self, till: Till) -> None:
        self._till = till
        self._core = till.core

    def commands(self) -> Mapping[int, Callable[[str], str]]:
        """Handlers by command number: data in, reply data out."""
        return {
            46: self._shift_state,
            62: lambda _text: f"{self._core.clock():%d-%m-%y %H:%M:%S}",
            69: self._report,
            70: self._move_cash,
            90: self._diagnostics,
            102: self._name_operator,
            107: self._article,
            110: self._day,
            113: lambda _text: self._core.numbers(),
        }

    def _shift_state(self, _text: str) -> str:
        opened = self._core.memory.shift.opened_at
        if not opened:
            return "Z,0000"
        minutes = int(self._core.clock().timestamp() - opened) // 60
        return f"{'F' if self._till.shift_is_over() else 'P'},{max(minutes, 0):04d}"

    def _report(self, text: str) -> str:
        password, comma, kind = text.partition(",")
        if not comma or kind[:1] not in ("0", "2"):
            raise SyntaxRefusal("69 takes a password and 0 or 2")
        core = self._core
        core.check_password(password)
        closing = kind[0] == "0"
        shift = self._till.report(closing)
        groups = [shift.sales.get(group, 0) for group in "АБВГД"]
        return ",".join([f"{shift.number:04d}", *(f"{amount:+012d}" for amount in groups)])

    def _move_cash(self, text: str) -> str:
        core, memory = self._core, self._core.memory
        shift = memory.shift
        if text:
            match = _CASH.fullmatch(text)
            if match is None:
                raise SyntaxRefusal("70 takes a signed amount")
            amount = int(match["amount"].replace(".", ""))
            if match["sign"] == "-" and amount > memory.cash_minor:
                return f"F,{memory.cash_minor},{shift.cash_in_minor},{shift.cash_out_minor}"
            self._till.move_cash(amount if match["sign"] == "+" else -amount)
        if core.slip is not None:
            raise NotAllowed("a receipt is open")
        return f"P,{memory.cash_minor},{shift.cash_in_minor},{shift.cash_out_minor}"

    def _diagnostics(self, _text: str) -> str:
        config = self._core.config
        fields = (
            config.model,
            "2.00UA 12Mar24 1030",
            "A1B2",
            "00000000",
            "2",
            config.serial_number,
            config.fiscal_number,
            "1001",
            "1",
            "00000001",
        )
        return ",".join(fields)

    def _name_operator(self, text: str) -> str:
        operator, password, name = [*text.split(",", 2), "", ""][:3]
        if not operator.isdecimal() or not 1 <= int(operator) <= 16:
            raise SyntaxRefusal("102 takes an operator 1 to 16")
        self._core.check_password(password)
        if self._core.slip is not None:
            raise NotAllowed("a receipt is open")
        self._core.memory.cashiers[str(int(operator))] = name[:24]
        return ""

    def _article(self, text: str) -> str:
        reply = self._core.articles.command(text)
        if reply == "P" and text[:1] == "P":
            plu = re.match(r"P.(\d+)", text)
            assert plu is not None
            self._core.archive.add_article(self._core.articles.state_of(int(plu[1])))
        elif text[:1] == "D":
            self._core.archive.save_articles(self._core.articles.to_state())
        return reply

    def _day(self, _text: str) -> str:
        shift = self._core.memory.shift
        sums = [shift.paid.get(mode, 0) for mode in "PNDC"]
        return ",".join(str(field) for field in (*sums, shift.number, shift.receipts))
