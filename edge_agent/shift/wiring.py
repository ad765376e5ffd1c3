"""The shift joined to the till, the cashier's desk and the settings."""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.clock import Clock
from edge_agent.config import Settings
from edge_agent.desk import Desk
from edge_agent.ledger.ledger import Ledger
from edge_agent.shift.desk import ShiftDesk
from edge_agent.shift.surroundings import Owner
from edge_agent.till import Till
from sync.contract.staff import FeedStaff


def shift_of(
    settings: Settings,
    ledger: Ledger,
    clock: Clock,
    staff: Callable[[], list[FeedStaff]],
    till: Till,
    desk: Desk,
) -> ShiftDesk:
    """The shift of this register; the till learns from it who sells."""
    shift = ShiftDesk(ledger, clock, till.who, owner_of(settings, till), staff)
    shift.on_warning = lambda code: desk.notify("warn", code)
    till.cashier = shift.cashier
    return shift


def owner_of(settings: Settings, till: Till) -> Owner:
    """Whose printer makes the Z. A receipt printer has no fiscal memory, so nobody does."""
    if settings.till.print_mode != "agent":
        return "pos"
    printer = settings.printer
    is_fiscal = printer is not None and printer.driver.startswith("fiscal.")
    return "device" if till.who.prints and is_fiscal else "none"
