"""What every command of the emulated printer works on: memory, the open slip, clock and paper."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from drivers.emulators.paper import Document, DocumentKind, Row
from drivers.emulators.register import layout
from drivers.emulators.register.articles import ArticleTable
from drivers.emulators.register.config import RegisterConfig
from drivers.emulators.register.memory import Archive
from drivers.emulators.register.refusals import NotAllowed, SyntaxRefusal

KYIV: Final = ZoneInfo("Europe/Kyiv")
DEFAULT_CASHIER: Final = "Касир 1"
MAX_PASSWORD_ERRORS: Final = 3


def kyiv_now() -> datetime:
    """The printer's clock."""
    return datetime.now(KYIV)


class PrinterCore:
    """State of one printer and the few things that change it."""

    def __init__(
        self, config: RegisterConfig, folder: Path | None, clock: Callable[[], datetime]
    ) -> None:
        self.config = config
        self.clock = clock
        self.archive = Archive(folder)
        self.articles = ArticleTable(
            config.article_capacity, frozenset(config.tax_rates), config.operator_password
        )
        self.memory, self.slip, articles = self.archive.load()
        self.articles.load(articles)
        self.password_errors = 0

    def now(self) -> str:
        """Date and time as printed."""
        return f"{self.clock():%d-%m-%Y %H:%M:%S}"

    def numbers(self) -> str:
        """The four counters as 113 and 56 give them."""
        memory = self.memory
        counters = (memory.documents, memory.fiscal_sales, memory.fiscal_refunds, memory.printed)
        return ",".join(f"{counter:07d}" for counter in counters)

    def begin(self, kind: DocumentKind, cashier: str = "") -> Document:
        """A new slip with the header on it; refused while another is open."""
        if self.slip is not None:
            raise NotAllowed("a receipt is open already")
        self.slip = Document(kind=kind, cashier=cashier)
        self.slip.rows += layout.header(self.config)
        return self.slip

    def open_slip(self, *kinds: DocumentKind) -> Document:
        """The open slip, refused when none of these kinds is open."""
        if self.slip is None or self.slip.kind not in kinds:
            raise NotAllowed("no such receipt is open")
        return self.slip

    def number_slip(self, document: Document, *, counted: bool) -> None:
        """Give the slip its numbers and its time; uncounted ones only take a print number."""
        self.memory.printed += 1
        document.printed_number = self.memory.printed
        document.at = self.now()
        if counted:
            self.memory.documents += 1
            document.number = self.memory.documents
            document.fiscal_number = str(document.number)

    def finish(self, document: Document, rows: list[Row]) -> None:
        """Print the last rows and tear the slip off."""
        document.rows += rows
        document.state = "cancelled" if document.state == "cancelled" else "closed"
        self.slip = None
        self.archive.finish(document)

    def check_operator(self, text: str) -> tuple[str, str]:
        """`operator,password,till[,I]` of 48 and 85; returns operator and till.

        Three wrong passwords in a row lock the printer until it is switched off and on."""
        fields = text.split(",")
        if len(fields) < 3 or not fields[0].isdecimal() or not fields[2].isdecimal():
            raise SyntaxRefusal("operator, password and till are needed")
        self.check_password(fields[1])
        return str(int(fields[0])), str(int(fields[2]))

    def check_password(self, password: str) -> None:
        """Refuse a wrong password, and every password once locked."""
        if self.password_errors >= MAX_PASSWORD_ERRORS:
            raise NotAllowed("locked after three wrong passwords")
        if password != self.config.operator_password:
            self.password_errors += 1
            raise NotAllowed("wrong password")
        self.password_errors = 0

    def save(self) -> None:
        """Everything to disk, where there is a folder."""
        self.archive.save(self.memory, self.slip)
