"""A register's shift desk on a clock that only a test moves, over a ledger on disk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from edge_agent.clock import Clock
from edge_agent.ledger.ledger import Ledger, LedgerJournal
from edge_agent.shift.desk import ShiftDesk
from edge_agent.shift.errands import ShiftErrands
from edge_agent.shift.surroundings import Owner
from edge_agent.till_identity import TillIdentity

KYIV = ZoneInfo("Europe/Kyiv")
TILL = TillIdentity(
    register_id="r-1",
    store_id="s-1",
    store_name="Магазин «Їжачок»",
    epoch=1,
    locale="uk",
    cash_step_minor=50,
    prints=True,
    cashier="",
    agent_version="0",
)


class MovedDay:
    """Wall clock, the device's calendar and monotonic time, all moved together."""

    def __init__(self) -> None:
        self.began = self.at = datetime(2026, 11, 22, 6, tzinfo=UTC)

    def wall(self) -> datetime:
        """Now."""
        return self.at

    def calendar(self) -> datetime:
        """Now, as a device in the store has it."""
        return self.at.astimezone(KYIV)

    def monotonic(self) -> float:
        """Seconds since the day began."""
        return (self.at - self.began).total_seconds()

    def hours(self, count: int) -> None:
        """Let hours pass."""
        self.at += timedelta(hours=count)


class MovedShop:
    """Ledger, shift desk and the printer's errands of one register; `told` are its warnings."""

    def __init__(self, folder: Path, day: MovedDay, owner: Owner = "device") -> None:
        self.day = day
        self.told: list[str] = []
        self.ledger = Ledger(folder / "ledger.db", TILL.register_id, TILL.epoch)
        clock = Clock(wall=day.wall, monotonic=day.monotonic, boot=lambda: "boot")
        self.desk = ShiftDesk(self.ledger, clock, TILL, owner, list, day.monotonic, lambda: "boot")
        self.desk.on_warning = self.told.append
        self.journal = LedgerJournal(self.ledger, "printer")
        self.errands = self.another_life()

    def another_life(self) -> ShiftErrands:
        """The printer's thread after a restart of the agent."""
        return ShiftErrands(self.desk, self.journal, self.day.monotonic)

    def warnings(self) -> list[str]:
        """Codes of what warns now."""
        return [each.code for each in self.desk.view().warnings]

    def close(self) -> None:
        """Close the ledger."""
        self.ledger.close()
