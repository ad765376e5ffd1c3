"""Acts on the shift: asked for in one transaction, done by the printer's thread, then decided.

A Z is a job like a paper: queued, printing, then one of three verdicts by the device's Z counter.
While its end is unknown the same job is asked about again, and no second one is made.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import replace

from drivers.base import PrintOutcome
from drivers.shift import MAX_CASH_MINOR, NOT_OPEN, ShiftAction
from edge_agent.errors import Conflict, NotFound
from edge_agent.ports import PrintJobRow
from edge_agent.shift.rows import ActRow, ActState, ShiftRow
from edge_agent.shift.running import running_shift, tell
from edge_agent.shift.surroundings import ShiftContext, ShiftStore
from sync.contract.staff import WireShiftTotals

UNDECIDED = ("queued", "printing", "unknown")
PRINTS = ("device", "slip")


class PapersWait(Conflict):
    """A Z is refused while it is not known what the papers of its shift are; `jobs` are they."""

    def __init__(self, jobs: list[PrintJobRow]) -> None:
        unknown = any(job.state == "unknown" for job in jobs)
        listed = ", ".join(f"{job.job_id} {job.state}" for job in jobs[:20])
        code = "z_unknown_papers" if unknown else "z_papers_printing"
        super().__init__(code, f"these papers are not settled: {listed}", quantity=str(len(jobs)))
        self.jobs = jobs


def open_by_hand(uow: ShiftStore, ctx: ShiftContext, cashier_id: str) -> ActRow | None:
    """Open the shift, and the device's where that is ours to do; the act, if one was needed."""
    row = running_shift(uow, ctx, cashier_id)
    if ctx.owner != "device":
        return None
    waiting = _waiting(uow, "open")
    return waiting or _queue(uow, ctx, row, "open", cashier_id, 0, {})


def x_report(uow: ShiftStore, ctx: ShiftContext, cashier_id: str) -> ActRow | None:
    """An X report with our totals so far; `None` where no printer of ours prints it."""
    row = running_shift(uow, ctx, cashier_id)
    if ctx.owner not in PRINTS:
        return None
    totals = uow.shift_totals(_after(row), uow.head())
    return _queue(uow, ctx, row, "x", cashier_id, 0, {"totals": totals.model_dump()})


def move_cash(
    uow: ShiftStore, ctx: ShiftContext, action: ShiftAction, amount_minor: int, cashier_id: str
) -> ActRow:
    """Service cash; only a device of ours can print it."""
    if not 0 < amount_minor <= MAX_CASH_MINOR:
        raise Conflict("bad_amount", f"cash must be 1 to {MAX_CASH_MINOR} kopecks")
    if ctx.owner != "device":
        raise Conflict("shift_of_pos", "the POS owns the printer: move the cash there")
    waiting = [act for act in uow.undecided_acts() if act.action in ("cash_in", "cash_out")]
    if waiting:
        raise Conflict("shift_act_waits", f"act {waiting[0].job_id} is {waiting[0].state}")
    row = running_shift(uow, ctx, cashier_id)
    return _queue(uow, ctx, row, action, cashier_id, amount_minor, {})


def z_report(uow: ShiftStore, ctx: ShiftContext, cashier_id: str) -> ActRow | None:
    """Ask for the Z, with the totals of this moment; `None` when there is no device of ours: then
    the shift is closed at once.

    Raises `PapersWait`, and `Conflict` while another act is undecided. A Z whose end is unknown is
    the same job again, to be decided by the counter. Where a receipt printer prints the slip alone,
    Z with no shift open asks for the last slip, if it did not come out."""
    earlier = _waiting(uow, "z")
    if ctx.owner == "slip":
        earlier = last_slip(uow)
        if earlier is not None and earlier.state == "not_printed":
            return print_again(uow, ctx, earlier, cashier_id)
    if earlier is not None:
        if earlier.state != "unknown":
            return earlier
        again = replace(earlier, state="printing", reason="")
        uow.put_act(again)
        return again
    papers = [job for job in uow.waiting_print_jobs() if job.state in UNDECIDED]
    if papers:
        raise PapersWait(papers)
    acts = [act for act in uow.undecided_acts() if act.action in ("cash_in", "cash_out")]
    if acts:
        raise Conflict("shift_act_waits", f"act {acts[0].job_id} is {acts[0].state}")
    row = running_shift(uow, ctx, cashier_id)
    until = uow.head()
    totals = uow.shift_totals(_after(row), until)
    body = {"totals": totals.model_dump(), "until": list(until)}
    if ctx.owner != "device":
        # Nothing counts a Z here, so the shift is over at once, whatever its slip comes to.
        close_shift(uow, ctx, row, cashier_id, until, totals, "")
        if ctx.owner != "slip":
            return None
    return _queue(uow, ctx, row, "z", cashier_id, 0, body)


def last_slip(uow: ShiftStore) -> ActRow | None:
    """The slip of the last shift, if that is over and the slip is not known to be on paper."""
    last = uow.last_shift()
    if last is None or last.state == "open":
        return None
    act = uow.latest_act(last.shift_id)
    return act if act is not None and act.action == "z" and act.state != "printed" else None


def print_again(uow: ShiftStore, ctx: ShiftContext, act: ActRow, cashier_id: str) -> ActRow:
    """The same slip under a new id, for the old one is known not to have come out."""
    shift = uow.shift(act.shift_id)
    if shift is None:
        raise NotFound("unknown_shift_act", f"no shift {act.shift_id}")
    return _queue(uow, ctx, shift, "z", cashier_id, 0, json.loads(act.body))


def close_shift(
    uow: ShiftStore,
    ctx: ShiftContext,
    row: ShiftRow,
    cashier_id: str,
    until: tuple[int, int],
    totals: WireShiftTotals,
    z_number: str,
) -> None:
    """End the shift; what was sold after `until` belongs to the next one."""
    uow.put_shift(
        replace(
            row,
            state="closed",
            until_epoch=until[0],
            until_seq=until[1],
            closed_at=ctx.clock.stamp(),
            closed_by=cashier_id,
            z_number=z_number,
            totals=totals.model_dump_json(),
        )
    )
    tell(uow, ctx, "closed", cashier_id, z_number=z_number, totals=totals)


def start_act(uow: ShiftStore, job_id: str) -> ActRow:
    """Mark the act as being done, before the first byte goes out."""
    row = replace(_known(uow, job_id), state="printing")
    uow.put_act(row)
    return row


def record_act(uow: ShiftStore, ctx: ShiftContext, job_id: str, outcome: PrintOutcome) -> ActRow:
    """Store what became of an act; a printed Z closes its shift, moved cash is told the centre."""
    act = _known(uow, job_id)
    if act.state == "printed":
        return act
    state: ActState = outcome.verdict
    act = replace(
        act,
        state=state,
        fiscal_number=outcome.fiscal_number,
        reason=outcome.reason,
        evidence=json.dumps(dict(outcome.evidence), ensure_ascii=False),
        decided_at=ctx.clock.stamp(),
    )
    uow.put_act(act)
    done = state == "printed"
    if act.action == "z" and (done or outcome.reason == NOT_OPEN):
        # A device without an open shift has nothing to close; ours is over all the same.
        _close_by(uow, ctx, act)
    if act.action in ("cash_in", "cash_out") and done:
        tell(
            uow,
            ctx,
            "cash_in" if act.action == "cash_in" else "cash_out",
            act.cashier_id,
            amount_minor=act.amount_minor,
        )
    return act


def resolve_act(uow: ShiftStore, ctx: ShiftContext, job_id: str, outcome: PrintOutcome) -> ActRow:
    """A person looked at the paper: turn `unknown` into what they saw."""
    if _known(uow, job_id).state != "unknown":
        raise Conflict("not_unknown", "only an act with an unknown end is resolved by a person")
    return record_act(uow, ctx, job_id, outcome)


def _close_by(uow: ShiftStore, ctx: ShiftContext, act: ActRow) -> None:
    row = uow.open_shift()
    if row is None or row.shift_id != act.shift_id:
        return
    body = json.loads(act.body)
    epoch, seq = body["until"]
    totals = WireShiftTotals.model_validate(body["totals"])
    close_shift(uow, ctx, row, act.cashier_id, (epoch, seq), totals, act.fiscal_number)


def _queue(
    uow: ShiftStore,
    ctx: ShiftContext,
    shift: ShiftRow,
    action: ShiftAction,
    cashier_id: str,
    amount_minor: int,
    body: Mapping[str, object],
) -> ActRow:
    row = ActRow(
        job_id=str(uuid.uuid4()),
        shift_id=shift.shift_id,
        action=action,
        state="queued",
        amount_minor=amount_minor,
        cashier_id=cashier_id,
        body=json.dumps({**body, "number": shift.number}, ensure_ascii=False),
        fiscal_number="",
        reason="",
        evidence="{}",
        created_at=ctx.clock.stamp(),
    )
    uow.put_act(row)
    return row


def _waiting(uow: ShiftStore, action: ShiftAction) -> ActRow | None:
    return next((act for act in uow.undecided_acts() if act.action == action), None)


def _after(row: ShiftRow) -> tuple[int, int]:
    return row.after_epoch, row.after_seq


def _known(uow: ShiftStore, job_id: str) -> ActRow:
    act = uow.act(job_id)
    if act is None:
        raise NotFound("unknown_shift_act", f"no act {job_id} on the shift")
    return act
