"""The shift as the screen, the POS and scripts see it."""

from __future__ import annotations

from pydantic import BaseModel

from edge_agent.sentences import Language, sentence
from edge_agent.shift.rows import ActRow, ShiftRow, SignInRow
from sync.contract.staff import WireShiftTotals

DONE = {
    "open": "shift_opened",
    "x": "shift_x_done",
    "z": "shift_z_done",
    "cash_in": "shift_cash_done",
    "cash_out": "shift_cash_done",
}


class PersonView(BaseModel):
    """Who is signed in, and how: pin, badge, or the POS said so."""

    cashier_id: str
    name: str
    role: str
    how: str
    signed_at: str


class ActView(BaseModel):
    """An act on the device's shift, with one sentence for the cashier."""

    job_id: str
    action: str
    state: str
    amount_minor: int
    fiscal_number: str
    reason: str
    sentence: str
    created_at: str


class WarningView(BaseModel):
    """Something that will stop sales soon, or does."""

    code: str
    sentence: str


class DeviceShiftView(BaseModel):
    """What the fiscal device last told of its own shift; None where it tells nothing."""

    z_reports: int
    is_open: bool | None
    age_min: int | None
    untransmitted_min: int | None
    cash_minor: int | None


class ShiftView(BaseModel):
    """The shift as it stands. `owner` is whose printer makes the Z: `device`, `pos` or nobody's,
    which is `slip` where a receipt printer prints the loyalty slip and `none` without one."""

    is_open: bool
    number: int
    owner: str
    opened_at: str = ""
    opened_by: str = ""
    age_min: int = 0
    cashier: PersonView | None = None
    signs_in: bool = False
    totals: WireShiftTotals = WireShiftTotals()
    act: ActView | None = None
    waiting: list[ActView] = []
    warnings: list[WarningView] = []
    device: DeviceShiftView | None = None
    last_z: str = ""
    last_closed_at: str = ""
    slip: list[str] = []
    ignored: list[str] = []


def act_view(act: ActRow, locale: Language) -> ActView:
    """An act with the sentence of its reason, else of its state."""
    if act.state == "printed":
        code = DONE[act.action]
    elif act.state == "not_printed":
        code = act.reason or "shift_not_done"
    elif act.state == "unknown":
        code = "shift_unknown"
    else:
        code = "shift_working"
    return ActView(
        job_id=act.job_id,
        action=act.action,
        state=act.state,
        amount_minor=act.amount_minor,
        fiscal_number=act.fiscal_number,
        reason=act.reason,
        sentence=sentence(code, locale, name=act.fiscal_number),
        created_at=act.created_at,
    )


def person_view(row: SignInRow | None) -> PersonView | None:
    """Who is signed in."""
    if row is None:
        return None
    return PersonView(
        cashier_id=row.cashier_id,
        name=row.name,
        role=row.role,
        how=row.how,
        signed_at=row.signed_at,
    )


def closed_totals(row: ShiftRow) -> WireShiftTotals:
    """Totals of a shift that is over."""
    return WireShiftTotals.model_validate_json(row.totals) if row.totals else WireShiftTotals()
