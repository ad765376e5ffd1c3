"""Reading a POS's receipt as it passes: its text by the page in force, its total, its look."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from drivers.receipt.commands import Command

PAGES: Final[Mapping[int, str]] = {
    0: "cp437",
    6: "cp1251",
    17: "cp866",
    34: "cp855",
    44: "cp1125",
    46: "cp1251",
    59: "cp866",
    60: "cp855",
    73: "cp1251",
}
"""Numbers of ESC t: Epson's, and those of the boards most printers are built on."""
TOTAL: Final = (
    r"^\W*(?:сума|разом|всього|усього|до сплати|итого|total)\b.*?"
    r"(\d{1,3}(?:[ \u00a0]\d{3})+|\d{1,9})[.,](\d{2})\s*\D{0,6}$"
)
MAX_LINE: Final = 200
_FOLD: Final = str.maketrans("iI", "іІ")
_RESET: Final[Mapping[str, bytes]] = {
    "ESC a": b"\0",
    "ESC !": b"\0",
    "GS !": b"\0",
    "ESC E": b"\0",
    "GS B": b"\0",
    "ESC t": b"\0",
}


@dataclass(slots=True)
class ReceiptReader:
    """State since the last cut; `look` holds the arguments of the commands that set it."""

    pages: Mapping[int, str] = field(default_factory=lambda: PAGES)
    pattern: re.Pattern[str] = field(default_factory=lambda: re.compile(TOTAL, re.IGNORECASE))
    look: dict[str, bytes] = field(default_factory=lambda: dict(_RESET))
    total_minor: int | None = None
    _line: str = ""

    @property
    def page(self) -> int:
        """The number of the page in force."""
        return self.look["ESC t"][0]

    @property
    def is_mid_line(self) -> bool:
        """Text waits for its line feed."""
        return bool(self._line)

    def take(self, command: Command) -> bool:
        """Note a command; true when it ended a line that names a total."""
        if command.name == "text":
            codec = self.pages.get(self.page, "cp437")
            self._line = (self._line + command.data.decode(codec, "replace"))[:MAX_LINE]
        elif command.name == "ESC @":
            self.look.update(_RESET)
            self._line = ""
        elif command.name in self.look:
            self.look[command.name] = command.data[:1]
        elif command.name in ("LF", "FF", "ESC d", "ESC J"):
            line, self._line = self._line, ""
            return self._read(line)
        return False

    def cut(self) -> None:
        """The receipt is over."""
        self.total_minor, self._line = None, ""

    def _read(self, line: str) -> bool:
        found = self.pattern.search(line.translate(_FOLD).strip())
        if found is None:
            return False
        whole = re.sub(r"\D", "", found[1])
        self.total_minor = int(whole) * 100 + int(found[2])
        return True
