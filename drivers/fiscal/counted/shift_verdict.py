"""Was the act on the shift done? Decided from the device's own figures before and after. Pure."""

from __future__ import annotations

from drivers.base import PrintOutcome, Verdict
from drivers.shift import ShiftJob, ShiftState

CASH_COMMANDS = "cash"


def decide_shift(job: ShiftJob, before: ShiftState, after: ShiftState) -> PrintOutcome:
    """Only `Z counter + 1` proves a Z and only an unmoved one that there was none; service cash is
    proved by its sums. An X report counts nowhere, so without an answer its end is unknown."""
    evidence = {"shift_before": told(before), "shift_after": told(after)}
    made = after.z_reports - before.z_reports
    if job.action == "z":
        return _by(
            "printed" if made == 1 else "not_printed" if made == 0 else "unknown",
            "" if made == 1 else "interrupted" if made == 0 else "counters_moved",
            evidence,
            str(before.z_reports + 1) if made == 1 else "",
        )
    if made != 0:
        return _by("unknown", "counters_moved", evidence)
    if job.action == "open":
        return _opened(after, evidence)
    if job.action == "x":
        return _by("unknown", "not_counted", evidence)
    return _moved(job, before, after, evidence)


def told(state: ShiftState) -> str:
    """The figures that decide, as evidence: Z reports, open, drawer, cash in, cash out."""
    known = (state.z_reports, state.is_open, state.cash_minor)
    sums = (state.cash_in_minor, state.cash_out_minor)
    return ",".join("?" if value is None else str(int(value)) for value in (*known, *sums))


def _by(verdict: Verdict, reason: str, evidence: dict[str, str], number: str = "") -> PrintOutcome:
    return PrintOutcome(verdict, number, reason, evidence=evidence)


def _opened(after: ShiftState, evidence: dict[str, str]) -> PrintOutcome:
    if after.is_open is None:
        return _by("unknown", "not_counted", evidence)
    return _by("printed" if after.is_open else "not_printed", "", evidence)


def _moved(
    job: ShiftJob, before: ShiftState, after: ShiftState, evidence: dict[str, str]
) -> PrintOutcome:
    sums = (before.cash_in_minor, before.cash_out_minor, after.cash_in_minor, after.cash_out_minor)
    if any(each is None for each in sums):
        return _by_last_command(before, after, evidence)
    came = (after.cash_in_minor or 0) - (before.cash_in_minor or 0)
    went = (after.cash_out_minor or 0) - (before.cash_out_minor or 0)
    wanted = (job.amount_minor, 0) if job.action == "cash_in" else (0, job.amount_minor)
    if (came, went) == wanted:
        return _by("printed", "", evidence)
    if (came, went) == (0, 0):
        return _by("not_printed", "interrupted", evidence)
    return _by("unknown", "sum_differs", evidence)


def _by_last_command(
    before: ShiftState, after: ShiftState, evidence: dict[str, str]
) -> PrintOutcome:
    """Without sums the last command the device carried out may tell: `cash`, or the same as
    before. Two movements of cash in a row look alike."""
    if before.last_done is None or before.last_done == CASH_COMMANDS:
        return _by("unknown", "not_counted", evidence)
    if after.last_done == CASH_COMMANDS:
        return _by("printed", "", evidence)
    if after.last_done == before.last_done:
        return _by("not_printed", "interrupted", evidence)
    return _by("unknown", "counters_moved", evidence)
