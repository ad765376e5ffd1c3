"""The shift that runs: begun by hand, at a sign-in or with the first sale, and its age."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from edge_agent.shift.rows import ShiftRow
from edge_agent.shift.surroundings import ShiftContext, ShiftStore
from sync.contract.staff import WireShift, WireShiftTotals

Happening = Literal["opened", "closed", "cash_in", "cash_out", "signed_in", "signed_out"]


def running_shift(
    uow: ShiftStore, ctx: ShiftContext, cashier_id: str, *, told: bool = True
) -> ShiftRow:
    """The open shift, opened now if there is none, and the centre `told` of it.

    It begins where the last one ended, so that no sale falls between two shifts."""
    found = uow.open_shift()
    if found is not None:
        return found
    last = uow.last_shift()
    after = _end_of(last)
    row = ShiftRow(
        shift_id=str(uuid.uuid4()),
        number=last.number + 1 if last else 1,
        state="open",
        opened_at=ctx.clock.stamp(),
        opened_by=cashier_id,
        boot=ctx.boot,
        opened_ms=ctx.mono_ms,
        after_epoch=after[0],
        after_seq=after[1],
    )
    uow.put_shift(row)
    if told:
        tell(uow, ctx, "opened", cashier_id)
    return row


def begin_by_sale(uow: ShiftStore, ctx: ShiftContext) -> bool:
    """Open the shift for a sale that nobody opened one for; whether one runs now.

    The centre hears of it with the next act: what is written here may be lost in a power cut."""
    if uow.open_shift() is not None:
        return True
    if not uow.has_sold_after(_end_of(uow.last_shift())):
        return False
    running_shift(uow, ctx, "", told=False)
    return True


def begun_after(uow: ShiftStore) -> tuple[int, int] | None:
    """The fact (epoch, seq) after which the present shift's own begin; None before the first shift.

    Between two shifts nothing is of the present one, until a sale begins it."""
    running = uow.open_shift()
    if running is not None:
        return running.after_epoch, running.after_seq
    last = uow.last_shift()
    return _end_of(last) if last is not None else None


def _end_of(last: ShiftRow | None) -> tuple[int, int]:
    return (last.until_epoch or 0, last.until_seq or 0) if last else (0, 0)


def tell(
    uow: ShiftStore,
    ctx: ShiftContext,
    event: Happening,
    cashier_id: str,
    *,
    amount_minor: int = 0,
    z_number: str = "",
    totals: WireShiftTotals | None = None,
) -> None:
    """Write the fact for the centre."""
    row = uow.last_shift()
    if row is None:
        return
    now = ctx.clock.stamp()
    body = WireShift(
        shift_id=row.shift_id,
        number=row.number,
        event=event,
        at=now,
        opened_at=row.opened_at,
        cashier_id=cashier_id,
        amount_minor=amount_minor,
        z_number=z_number,
        totals=totals,
    )
    uow.append_fact("shift", body.model_dump(mode="json"), now)


def age_min(row: ShiftRow, ctx: ShiftContext) -> int:
    """Minutes since the shift was opened: by the monotonic clock within one run of the machine, so
    that a clock set by hand changes nothing; by the corrected wall clock after a restart."""
    if row.boot and row.boot == ctx.boot:
        return max(0, ctx.mono_ms - row.opened_ms) // 60_000
    opened = datetime.fromisoformat(row.opened_at)
    return max(0, int((ctx.clock.now() - opened).total_seconds() // 60))
