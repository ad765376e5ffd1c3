"""What every emulated printer has in common behind its protocol: paper, counters, power."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Final

from drivers.emulators.faults import TAX_LINK
from drivers.emulators.paper import Document, Row
from drivers.emulators.register.config import RegisterConfig
from drivers.emulators.register.core import PrinterCore, kyiv_now
from drivers.emulators.register.refusals import CoverOpen, JournalFull, NoPaper, UnknownCommand
from drivers.emulators.register.till import Till

AGED_S: Final = 25 * 3600


class RegisterDevice:
    """One printer without its cable. Not thread safe: the loop of its host owns it.

    `executed` counts the commands that were carried out, by name or number."""

    lacks: ClassVar[frozenset[str]] = TAX_LINK

    def __init__(
        self,
        config: RegisterConfig | None = None,
        folder: Path | None = None,
        clock: Callable[[], datetime] = kyiv_now,
    ) -> None:
        self._core = PrinterCore(config or RegisterConfig(), folder, clock)
        self._till = Till(self._core)
        self.executed: Counter[int | str] = Counter()

    def documents(self) -> list[Document]:
        """Finished slips, oldest first, and a copy of the open one last."""
        open_slip = [copy.deepcopy(self._core.slip)] if self._core.slip else []
        return [*self._core.archive.finished, *open_slip]

    def counters(self) -> dict[str, int]:
        """What the device has counted, by name."""
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

    def tear(self) -> None:
        """A register cuts its documents itself; what is open hangs on until it is closed."""

    def set_journal(self, is_full: bool) -> None:
        """The electronic journal is full, or a new one is in."""
        self._core.memory.journal_full = is_full
        self._core.save()

    def set_tax_link(self, is_up: bool) -> None:
        """While the link is out, documents wait; when it is back, they are sent at once."""
        memory = self._core.memory
        memory.tax_link_out = not is_up
        if is_up:
            memory.unsent = memory.unsent_number = memory.unsent_since = 0
        self._core.save()

    def exchange_state(self) -> bytes:
        """What a fiscal storage says of its exchange; see `drivers.fiscal.counted.exchange`."""
        memory = self._core.memory
        if not self._core.config.has_storage:
            raise UnknownCommand("no fiscal storage")
        first = datetime.fromtimestamp(memory.unsent_since, self._core.clock().tzinfo)
        made = (first.year % 100, first.month, first.day, first.hour, first.minute)
        return b"".join(
            (
                bytes(((not memory.tax_link_out) | bool(memory.unsent) << 1, 0)),
                memory.unsent.to_bytes(2, "little"),
                memory.unsent_number.to_bytes(4, "little"),
                bytes(made if memory.unsent else (0, 0, 0, 0, 0)),
            )
        )

    def age_shift(self) -> None:
        """The shift was opened 25 hours ago."""
        self._core.memory.shift.opened_at = int(self._core.clock().timestamp()) - AGED_S
        self._core.save()

    def state(self) -> dict[str, object]:
        """What a person would see of it."""
        memory = self._core.memory
        tax = {} if TAX_LINK & self.lacks else {"tax_link_out": memory.tax_link_out}
        return {
            "paper": "out" if memory.paper_out else "low" if memory.paper_low else "ok",
            "cover_open": memory.cover_open,
            "journal_full": memory.journal_full,
            "shift_over": self._till.shift_is_over(),
            **tax,
        }

    def power_on(self) -> None:
        """After a power cut: sums are kept, the paper shows where it was interrupted."""
        self._core.password_errors = 0
        if self._core.slip is not None:
            self._core.slip.rows.append(Row("center", "*** ЗБІЙ ЖИВЛЕННЯ ***"))
            self._core.save()

    def demand_paper(self) -> None:
        """Refuse what would print when it cannot."""
        if self._core.memory.paper_out:
            raise NoPaper("no paper")
        if self._core.memory.cover_open:
            raise CoverOpen("the cover is open")
        if self._core.memory.journal_full:
            raise JournalFull("the journal is full")
