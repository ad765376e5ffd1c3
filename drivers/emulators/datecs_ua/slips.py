"""Commands around service slips and paper: 38 42 39 44 88 93, and 33 45 which do nothing here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drivers.emulators.paper import Row
from drivers.emulators.register.refusals import NotAllowed, SyntaxRefusal
from drivers.emulators.register.till import Till

TEXT_WIDTH = 40
BARCODE_NAMES = {"1": "EAN-8", "2": "EAN-13", "3": "Code 128", "4": "ITF", "5": "ITF"}


class SlipDesk:
    """Slips that are no receipts, and what else can be printed."""

    def __init__(self, till: Till) -> None:
        self._till = till
        self._core = till.core

    def commands(self) -> Mapping[int, Callable[[str], str]]:
        """Handlers by command number: data in, reply data out."""
        return {
            33: lambda _text: "",
            38: self._open,
            39: self._close,
            42: self._text,
            44: self._feed,
            45: lambda _text: "",
            88: self._code,
            93: self._divider,
        }

    def _open(self, _text: str) -> str:
        self._till.open_slip()
        return f"{self._core.memory.documents:07d}"

    def _close(self, _text: str) -> str:
        self._till.close_slip()
        return f"{self._core.memory.documents:07d}"

    def _text(self, text: str) -> str:
        self._core.open_slip("nonfiscal").rows.append(Row("text", text[:TEXT_WIDTH]))
        return ""

    def _feed(self, text: str) -> str:
        if text and not (text.isdecimal() and 1 <= int(text) <= 99):
            raise SyntaxRefusal("44 takes 1 to 99 lines")
        if self._core.slip is not None:
            self._core.slip.rows += [Row("space")] * int(text or "1")
        return ""

    def _code(self, text: str) -> str:
        if self._core.slip is None:
            raise NotAllowed("no receipt is open")
        kind, comma, data = text.partition(",")
        if not comma or not data:
            raise SyntaxRefusal("88 needs a type and data")
        if kind == "Q":
            self._core.slip.rows.append(Row("qr", data))
        elif kind in BARCODE_NAMES and data.isascii():
            self._core.slip.rows.append(Row("center", f"|||| {data} ||||"))
        else:
            raise SyntaxRefusal(f"88 knows no type {kind!r}")
        return ""

    def _divider(self, text: str) -> str:
        if text not in ("", "1", "2", "3"):
            raise SyntaxRefusal("93 takes 1 to 3")
        if self._core.slip is None:
            raise NotAllowed("no receipt is open")
        self._core.slip.rows.append(Row("rule"))
        return ""
