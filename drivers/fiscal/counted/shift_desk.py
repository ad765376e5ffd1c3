"""One act on the shift, carried out on an open session.

The order: the state before, durably in the journal, then the command, then the state after, which
alone decides. A slip with our own lines follows a report and cannot change the verdict.
"""

from __future__ import annotations

import dataclasses

from drivers.base import DeviceJournal, PrintOutcome
from drivers.errors import DeviceRefused
from drivers.fiscal.counted.machine import Machine
from drivers.fiscal.counted.press import Press
from drivers.fiscal.counted.shift_record import ShiftRecord, end_record, store_record
from drivers.fiscal.counted.shift_verdict import decide_shift
from drivers.fiscal.counted.slip import print_lines
from drivers.shift import MAX_CASH_MINOR, NOT_OPEN, ShiftJob, ShiftState


def check_amount(job: ShiftJob) -> None:
    """Refuse cash that no drawer takes, and a sum where none belongs."""
    moves = job.action in ("cash_in", "cash_out")
    if moves and not 0 < job.amount_minor <= MAX_CASH_MINOR:
        raise DeviceRefused("bad_amount", f"cash must be 1 to {MAX_CASH_MINOR} kopecks")
    if not moves and job.amount_minor:
        raise DeviceRefused("bad_amount", f"{job.action} moves no cash")


def act(press: Press, job: ShiftJob, lines: tuple[str, ...]) -> PrintOutcome:
    """Do it and tell how it ended; the device is clean and has paper.

    Raises `DeviceUnavailable` or `FrameError` when the device stopped answering: the act may then
    have been done or not."""
    before = press.machine.shift_state()
    if job.action == "open" and before.is_open:
        return PrintOutcome("printed", reason="already_open")
    record = ShiftRecord(job.job_id, job.action, job.amount_minor, before)
    store_record(press.journal, record)
    try:
        if job.action == "z" and before.is_open is False:
            raise DeviceRefused(NOT_OPEN, "no shift is open: there is nothing to close")
        _command(press.machine, job)
    except DeviceRefused as refusal:
        evidence = {"refusal": str(refusal)}
        outcome = PrintOutcome("not_printed", "", refusal.code, refusal.vendor_code, evidence)
        return end_record(press.journal, record, outcome)
    return _finish(press, record, job, press.machine.shift_state(), lines)


def _finish(
    press: Press, record: ShiftRecord, job: ShiftJob, after: ShiftState, lines: tuple[str, ...]
) -> PrintOutcome:
    outcome = decide_shift(job, record.before, after)
    if outcome.reason == "not_counted":
        # The device said that it did it, and nothing it counts could say more.
        outcome = dataclasses.replace(outcome, verdict="printed", reason="")
    end_record(press.journal, record, outcome)
    if outcome.verdict != "printed" or not lines:
        return outcome
    noted = print_lines(press.machine, press.book, job.job_id, lines)
    return dataclasses.replace(outcome, evidence={**outcome.evidence, "slip": noted})


def settle_shift(
    machine: Machine, journal: DeviceJournal, record: ShiftRecord, job: ShiftJob
) -> PrintOutcome:
    """The end of an act that was begun, stored; asks the device and does nothing."""
    machine.refresh()
    return end_record(journal, record, decide_shift(job, record.before, machine.shift_state()))


def _command(machine: Machine, job: ShiftJob) -> None:
    if job.action == "open":
        machine.open_shift()
    elif job.action in ("x", "z"):
        machine.report(job.action == "z")
    else:
        machine.move_cash(job.amount_minor if job.action == "cash_in" else -job.amount_minor)
