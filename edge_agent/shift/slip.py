"""The loyalty slip of an act: its lines, from what was added up when the report was asked for."""

from __future__ import annotations

import json
from typing import Literal

from edge_agent.shift.rows import ActRow, ShiftRow
from edge_agent.till_identity import TillIdentity
from loyalty.receipt import SlipRow
from loyalty.shift import ShiftSlip, ShiftTotals

WIDTH = 32
"""Of the lines as they are kept; a wider paper leaves room at the right, a narrower one wraps."""


def lines_of(
    act: ActRow, shift: ShiftRow | None, who: TillIdentity, cashier: str
) -> tuple[str, ...]:
    """Lines behind an X or a Z; none behind anything else."""
    if act.action not in ("x", "z") or shift is None:
        return ()
    totals = ShiftTotals(**json.loads(act.body)["totals"])
    return shift_slip_lines(
        shift, who, totals, act.created_at, cashier, "z" if act.action == "z" else "x"
    )


def rows_of(
    act: ActRow, shift: ShiftRow | None, who: TillIdentity, cashier: str, width: int
) -> tuple[SlipRow, ...]:
    """The same slip with its styles, as wide as a receipt printer's paper."""
    if act.action not in ("x", "z") or shift is None:
        return ()
    from receipt_templates.shift_slip import render_shift

    totals = ShiftTotals(**json.loads(act.body)["totals"])
    kind: Literal["x", "z"] = "z" if act.action == "z" else "x"
    slip = _slip(shift, who, totals, act.created_at, cashier, kind)
    return render_shift(slip, locale=who.locale, width=width)


def shift_slip_lines(
    shift: ShiftRow,
    who: TillIdentity,
    totals: ShiftTotals,
    at: str,
    cashier: str,
    kind: Literal["x", "z"],
) -> tuple[str, ...]:
    """The slip as plain lines."""
    # The templates are loaded when there is something to print.
    from receipt_templates.shift_slip import shift_lines

    slip = _slip(shift, who, totals, at, cashier, kind)
    return shift_lines(slip, locale=who.locale, width=WIDTH)


def _slip(
    shift: ShiftRow,
    who: TillIdentity,
    totals: ShiftTotals,
    at: str,
    cashier: str,
    kind: Literal["x", "z"],
) -> ShiftSlip:
    return ShiftSlip(
        store_name=who.store_name,
        register_id=who.register_id,
        number=shift.number,
        opened_at=shift.opened_at,
        printed_at=at,
        cashier=cashier,
        totals=totals,
        kind=kind,
    )
