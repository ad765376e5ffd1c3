"""The shift joined to the till, the cashier's desk and the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.clock import Clock, machine_monotonic
from edge_agent.config import Settings
from edge_agent.desk import Desk
from edge_agent.errors import AgentError
from edge_agent.ledger.ledger import Ledger
from edge_agent.sentences import sentence
from edge_agent.shift.approvals import Approvals, Policy
from edge_agent.shift.desk import ShiftDesk
from edge_agent.shift.languages import Languages
from edge_agent.shift.running import begun_after
from edge_agent.shift.sign_in import SignIn
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
    shift.on_change = desk.push
    till.cashier = shift.cashier
    till.shift_since = lambda: ledger.unit(begun_after, durable=False)
    return shift


@dataclass(frozen=True, slots=True)
class CashierParts:
    """What a person at this register brings along: a language, and a senior's word."""

    languages: Languages
    approvals: Approvals


def cashier_of(settings: Settings, shift: ShiftDesk, till: Till, desk: Desk) -> CashierParts:
    """The screen in the language of who is signed in, badges from the scanner, and approvals."""
    languages = Languages(settings.data_dir / "languages.json", settings.locale)
    desk.language = till.screen_language = lambda: languages.of(shift.cashier()[0])
    shift.on_change = _spoken_by(desk)
    desk.shift = lambda: shift.now(desk.language())
    desk.scans.is_badge = lambda code: _signed_in(shift, desk, code)
    asked = settings.approvals
    policy = Policy(void=asked.void, return_from_minor=asked.return_from_minor)
    return CashierParts(languages, Approvals(shift, machine_monotonic, policy))


def _spoken_by(desk: Desk) -> Callable[[], None]:
    """Push the state; where another language came with another cashier, say everything again."""
    desk.spoken = desk.language()

    def changed() -> None:
        if desk.spoken == desk.language():
            desk.push()
        else:
            desk.speak_anew()

    return changed


def _signed_in(shift: ShiftDesk, desk: Desk, code: str) -> bool:
    """A badge that was scanned signs its wearer in; anything else is not for the shift."""
    if not shift.is_badge(code):
        return False
    try:
        shift.sign_in(SignIn(badge=code))
    except AgentError as error:
        desk.notify("warn", error.code, sentence(error.code, desk.language(), **error.figures))
        desk.push()
    return True


def owner_of(settings: Settings, till: Till) -> Owner:
    """Whose printer makes the Z. A receipt printer counts none: it prints the slip alone."""
    if settings.till.print_mode != "agent":
        return "pos"
    printer = settings.printer
    if printer is None or not till.who.prints:
        return "none"
    return "device" if printer.driver.startswith("fiscal.") else "slip"
