"""The shift as the screen is pushed it: who is signed in, how it stands, and what warns."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from edge_agent.sentences import Language, sentence
from edge_agent.shift.rows import ActRow, ShiftRow, SignInRow
from edge_agent.shift.surroundings import Owner, ShiftStore
from edge_agent.shift.views import ActView, WarningView, act_view


class CashierNow(BaseModel):
    """Who is signed in."""

    cashier_id: str
    name: str
    role: str


class ShiftNow(BaseModel):
    """Part of every pushed state, so nothing of it is summed up from the ledger.

    `owner` is whose printer makes the Z, as in `ShiftView`. `signs_in` says that the centre has
    sent a list of staff; `act` is the last act on this shift, `waiting` are those without a
    verdict."""

    is_open: bool
    number: int
    owner: str
    opened_at: str
    signs_in: bool
    cashier: CashierNow | None
    act: ActView | None
    waiting: list[ActView]
    warnings: list[WarningView]


@dataclass(frozen=True, slots=True)
class Seen:
    """Rows of the shift as they were after the last change; a sale asks no disk for them."""

    who: SignInRow | None
    running: ShiftRow | None
    number: int
    act: ActRow | None
    waiting: tuple[ActRow, ...]


def seen_of(uow: ShiftStore) -> Seen:
    """Read them."""
    last = uow.last_shift()
    return Seen(
        who=uow.signed_in(),
        running=uow.open_shift(),
        number=last.number if last else 0,
        act=uow.latest_act(last.shift_id) if last else None,
        waiting=tuple(uow.undecided_acts()),
    )


def now_of(
    seen: Seen, owner: Owner, signs_in: bool, warnings: tuple[str, ...], language: Language
) -> ShiftNow:
    """What is pushed of them, in the cashier's language."""
    who, row = seen.who, seen.running
    return ShiftNow(
        is_open=row is not None,
        number=seen.number,
        owner=owner,
        opened_at=row.opened_at if row else "",
        signs_in=signs_in,
        cashier=CashierNow(cashier_id=who.cashier_id, name=who.name, role=who.role)
        if who
        else None,
        act=act_view(seen.act, language) if seen.act else None,
        waiting=[act_view(act, language) for act in seen.waiting],
        warnings=[WarningView(code=code, sentence=sentence(code, language)) for code in warnings],
    )
