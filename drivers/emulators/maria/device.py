"""The emulated MARIA-304T: words in, words out, paper when COMP or PRTX says so.

The receipt is composed in memory and counted by COMP, which must carry the register's own sums. A
text document that is idle for two seconds is given up (SOFTTXTOUT).
"""

from __future__ import annotations

import re
import time
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

PASSWORD: Final = "1111111111"
MEANS: Final = "CDNP"
TEXT_IDLE_S: Final = 2.0
SESSION: Final = frozenset({"CSIN", "SYNC", "UPAS", "CONF", "CONf"})
NEEDS_PAPER: Final = frozenset({"PREP", "COMP", "DBEG", "PRTX", "ZREP", "NREP", "nrep", "CAIO"})
WORDS: Final[dict[type[Refusal], str]] = {
    NoPaper: "HARDPAPER",
    CoverOpen: "HARDPOINT",
    SyntaxRefusal: "SOFTPARAM",
    UnknownCommand: "SOFTCOMMAN",
    Overflow: "SOFTOVER",
    NotAllowed: "SOFTPROTOC",
}
_LINE: Final = re.compile(
    r"(?P<head>.{12})(?P<sum>\d{9})(?P<price>\d{9})(?P<qty>\d{5})(?P<divisible>[01])[012]"
    r"(?P<taxes>.{48})(?P<article>\w{4})(?P<sign>[-+0])(?P<note>.{13})(?P<change>\d{9})(?P<tail>.*)"
)


class _Said(Refusal):
    """A refusal with a word of its own."""


class MariaDevice(RegisterDevice):
    """A MARIA-304T; `executed` counts by command name."""

    lacks = frozenset({"journal_full", "journal_ok"})

    def __init__(
        self,
        config: RegisterConfig | None = None,
        folder: Path | None = None,
        clock: Callable[[], datetime] = kyiv_now,
    ) -> None:
        super().__init__(config, folder, clock)
        self._cashier = ""
        self._last = "    "
        self._kind_known = True
        self._articles: dict[str, tuple[str, str]] = {}
        self._text_at = 0.0
        self._handlers: dict[str, Callable[[str], list[str]]] = {
            "CSIN": lambda _body: [],
            "SYNC": lambda body: [f"SYNC{body}"],
            "UPAS": self._sign_in,
            "CONF": lambda _body: [*self._trouble(), f"CONF{self._configuration()}"],
            "CONf": lambda _body: [f"CONf{self._configuration()}"],
            "PREP": self._open,
            "BCHN": lambda _body: [],
            "FISC": lambda body: self._sell("sale", body),
            "BFIS": lambda body: self._sell("return", body),
            "TEXT": self._text,
            "COMP": self._complete,
            "CANC": self._cancel,
            "DBEG": self._begin_text,
            "PRTX": self._print_text,
            "CTXT": self._drop_text,
            "ZREP": lambda _body: self._report(False),
            "NREP": lambda _body: self._report(True),
            "nrep": self._open_shift,
            "CAIO": self._move_cash,
        }

    def forget_session(self) -> None:
        """Nobody is signed in."""
        self._cashier = ""

    def execute(self, payload: str) -> list[str]:
        """Everything that is said before READY."""
        name, body = payload[:4], payload[4:]
        try:
            words = self._run(name, body)
        except _Said as refusal:
            return [refusal.text]
        except Refusal as refusal:
            over = isinstance(refusal, NotAllowed) and self._till.shift_is_over()
            return ["SOFT24HOUR" if over else WORDS[type(refusal)]]
        self.executed[name] += 1
        if name not in SESSION:
            self._last = name
        self._core.save()
        return [*words, "DONE"]

    def _run(self, name: str, body: str) -> list[str]:
        handler = self._handlers.get(name)
        if handler is None:
            raise UnknownCommand(f"no command {name}")
        if name not in ("CSIN", "SYNC", "UPAS") and not self._cashier:
            raise _Said("SOFTUPAS")
        self._give_up_idle_text()
        if name in NEEDS_PAPER:
            self.demand_paper()
        return handler(body)

    def _give_up_idle_text(self) -> None:
        slip = self._core.slip
        idle = time.monotonic() - self._text_at > TEXT_IDLE_S
        if slip is not None and not slip.is_fiscal and idle:
            self._till.cancel_slip()

    def _trouble(self) -> list[str]:
        memory = self._core.memory
        low = ["SOFTPAPER"] if memory.paper_low else []
        return [
            *(["HARDPAPER"] if memory.paper_out else low),
            *(["HARDPOINT"] if memory.cover_open else []),
        ]

    def _configuration(self) -> str:
        memory, now, slip = self._core.memory, self._core.clock(), self._core.slip
        state = 3 if slip is None else 1 if slip.is_fiscal else 2
        receipts = memory.fiscal_sales + memory.fiscal_refunds
        config = self._core.config
        return "".join(
            (
                "".join(filter(str.isdigit, config.serial_number)).rjust(10, "0")[:10],
                config.fiscal_number.rjust(10, "0")[:10],
                config.store_name[:36].ljust(36),
                f"{now:%Y%m%d%H%M%S}",
                "\x01",
                chr(state),
                "\x00",
                f"{memory.shift.number % 10_000:04d}",
                "\x00" if memory.shift.opened_at else "\x01",
                f"{memory.documents:012d}",
                f"{receipts:012d}",
                self._last,
                "0000" + "0" * 38,
            )
        )

    def _sign_in(self, body: str) -> list[str]:
        if body[:10] != PASSWORD:
            raise _Said("SOFTUPAS")
        self._cashier = body[10:] or "?"
        return []

    def _open(self, _body: str) -> list[str]:
        if self._till.is_blocked():
            raise _Said("SOFTpOVER72H")
        self._till.open("sale", self._cashier)
        self._kind_known = False
        return []

    def _sell(self, kind: str, body: str) -> list[str]:
        match = _LINE.fullmatch(body)
        if match is None:
            raise SyntaxRefusal("a line cannot be read")
        slip = self._till.receipt()
        if not self._kind_known:
            # PREP does not tell the kind; the first line does.
            slip.kind, self._kind_known = "return" if kind == "return" else "sale", True
        if slip.kind != kind:
            raise NotAllowed("another kind of receipt is open")
        name = (match["head"] + match["tail"]).strip()
        letter = next((c for c in match["taxes"][::6] if c != "0"), "Н")
        if self._articles.setdefault(match["article"], (name, letter)) != (name, letter):
            raise _Said("SOFTDIFART")
        quantity = int(match["qty"]) * (1 if match["divisible"] == "1" else 1000)
        price, change = int(match["price"]), int(match["change"])
        if line_sum(price, quantity) != int(match["sum"]):
            raise _Said("SOFTCHECK")
        self._till.sell(
            SoldItem(
                0,
                name,
                letter,
                quantity,
                price,
                int(match["sum"]),
                -change if match["sign"] == "-" else change,
            )
        )
        return []

    def _text(self, body: str) -> list[str]:
        if len(body) < 3 or not body[:3].isdecimal():
            raise SyntaxRefusal("TEXT needs place, tape and height")
        if self._core.slip is None:
            raise _Said("SOFTTXTOUT")
        self._till.text(body[3:])
        self._text_at = time.monotonic()
        return []

    def _complete(self, body: str) -> list[str]:
        if len(body) != 60 or not body.isdecimal():
            raise SyntaxRefusal("COMP needs six sums")
        sold, returned, *sums = (int(body[n : n + 10]) for n in range(0, 60, 10))
        slip = self._till.receipt()
        if (returned if slip.kind == "return" else sold) != self._till.total():
            raise _Said("SOFTCHECK")
        try:
            self._till.pay_all(
                [(mode, amount) for mode, amount in zip(MEANS, sums, strict=True) if amount]
            )
        except NotAllowed:
            raise _Said("SOFTCHECK") from None
        return []

    def _cancel(self, _body: str) -> list[str]:
        if self._core.slip is not None and self._core.slip.is_fiscal:
            self._till.cancel()
        return []

    def _begin_text(self, _body: str) -> list[str]:
        self._till.open_slip()
        self._text_at = time.monotonic()
        return []

    def _print_text(self, _body: str) -> list[str]:
        self._till.close_slip()
        return []

    def _drop_text(self, _body: str) -> list[str]:
        if self._core.slip is not None and not self._core.slip.is_fiscal:
            self._till.cancel_slip()
        return []

    def _open_shift(self, _body: str) -> list[str]:
        self._till.open_shift()
        return []

    def _move_cash(self, body: str) -> list[str]:
        if not re.fullmatch(r"[IO]\d{10}", body) or not int(body[1:]):
            raise SyntaxRefusal("CAIO needs I or O and a sum")
        amount = int(body[1:]) * (1 if body[0] == "I" else -1)
        if self._core.memory.cash_minor + amount < 0:
            raise _Said("SOFTCHECK")
        self._till.move_cash(amount)
        return []

    def _report(self, closing: bool) -> list[str]:
        self._till.report(closing)
        if closing:
            self._articles.clear()
        return []
