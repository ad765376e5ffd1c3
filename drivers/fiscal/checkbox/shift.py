"""The shift at Checkbox: opened and closed under ids that are on disk before anything is sent.

A shift and a service receipt have ids of ours, and a Z is asked for by the id of the shift that it
closes, so a lost answer is settled by a GET. An X report has no id of ours: its lost answer stays
unknown, and harmless. Source: README of checkbox-sdk 1.6.0 (shifts, receipts/service, reports);
the query of the newest shift and the names of its states are as generally known.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from drivers.base import DeviceJournal, PrintOutcome
from drivers.errors import DeviceError, DeviceRefused, DeviceUnavailable
from drivers.fiscal.checkbox.client import CheckboxClient, NotSent
from drivers.fiscal.checkbox.record import Attempt, Attempts
from drivers.fiscal.counted.shift_desk import check_amount
from drivers.shift import NOT_OPEN, ShiftJob, ShiftState

NEWEST: Final = "/shifts?desc=true&limit=1"
MAX_POLLS: Final = 40
BUSY: Final = frozenset({"CREATED", "OPENING", "CLOSING", "PENDING"})


@dataclass(frozen=True, slots=True)
class ShiftDesk:
    """Acts on the shift of one register over its client."""

    client: CheckboxClient
    pause: Callable[[float], None]
    poll_s: float
    now: Callable[[], datetime]

    def state(self) -> ShiftState:
        """The newest shift as the service tells it."""
        newest = self._newest()
        balance = newest.get("balance") or {}
        closed = newest.get("status") == "CLOSED"
        serial = int(newest.get("serial") or 0)
        return ShiftState(
            z_reports=serial if closed else max(serial - 1, 0),
            is_open=bool(newest) and not closed,
            age_min=None if closed else _minutes(newest.get("opened_at"), self.now()),
            cash_minor=balance.get("balance"),
            cash_in_minor=balance.get("service_in"),
            cash_out_minor=balance.get("service_out"),
        )

    def run(self, job: ShiftJob, journal: DeviceJournal) -> PrintOutcome:
        """Do it once, whatever happened to earlier attempts at the same act."""
        attempts = Attempts(journal)
        attempt = attempts.load(_key(job))
        try:
            check_amount(job)
            if attempt is not None and attempt.fingerprint != _print_of(job):
                raise DeviceRefused("job_conflict", "this id was used for another act")
            if attempt is not None:
                earlier = self.reconcile(job, journal)
                if earlier.verdict != "not_printed":
                    return earlier
            newest = self._newest()
            attempt = attempts.store(self._fresh(job, newest))
            if job.action == "open" and newest and newest.get("status") != "CLOSED":
                return attempts.end(attempt, PrintOutcome("printed", reason="already_open"))
        except DeviceError as error:
            code = error.code if isinstance(error, DeviceRefused) else "no_link"
            return PrintOutcome("not_printed", "", code, evidence={"refusal": str(error)})
        return self._send(job, attempt, attempts)

    def reconcile(self, job: ShiftJob, journal: DeviceJournal) -> PrintOutcome:
        """The truth about an act, by its id; does nothing."""
        attempts = Attempts(journal)
        attempt = attempts.load(_key(job))
        if attempt is None or not attempt.sent:
            return PrintOutcome("not_printed", "", "never_sent")
        if attempt.verdict in ("printed", "not_printed"):
            return attempt.outcome
        try:
            return self._end_of(job, attempt, attempts)
        except DeviceError as error:
            return PrintOutcome("unknown", "", "no_link", evidence={"refusal": str(error)})

    def _fresh(self, job: ShiftJob, newest: dict[str, Any]) -> Attempt:
        """A Z goes under the id of the shift it closes, the others under a new one."""
        known = str(newest.get("id", "")) if job.action == "z" else str(uuid.uuid4())
        if job.action in ("z", "cash_in", "cash_out", "x") and (
            not newest or newest.get("status") == "CLOSED"
        ):
            raise DeviceRefused(NOT_OPEN, "no shift is open")
        return Attempt(_key(job), known, _print_of(job))

    def _send(self, job: ShiftJob, attempt: Attempt, attempts: Attempts) -> PrintOutcome:
        attempt = attempts.store(dataclasses.replace(attempt, sent=True, verdict=None))
        path, body = _request(job, attempt.receipt_id)
        try:
            answer = self.client.post(path, body)
        except NotSent:
            attempts.store(dataclasses.replace(attempt, sent=False))
            return PrintOutcome("not_printed", "", "no_link")
        except DeviceRefused as refusal:
            evidence = {"refusal": str(refusal)}
            outcome = PrintOutcome("not_printed", "", refusal.code, refusal.vendor_code, evidence)
            return attempts.end(attempt, outcome)
        except DeviceUnavailable:
            return self.reconcile(job, attempts.journal)
        if job.action == "x":
            number = str((answer or {}).get("serial", ""))
            return attempts.end(attempt, PrintOutcome("printed", number))
        return self.reconcile(job, attempts.journal)

    def _end_of(self, job: ShiftJob, attempt: Attempt, attempts: Attempts) -> PrintOutcome:
        """GET by id until it is decided."""
        if job.action == "x":
            return attempts.end(attempt, PrintOutcome("unknown", "", "not_counted"))
        kind = "receipts" if job.amount_minor else "shifts"
        for _ in range(MAX_POLLS):
            try:
                found = self.client.get(f"/{kind}/{attempt.receipt_id}")
            except DeviceRefused as refusal:
                if refusal.code != "not_found":
                    raise
                return attempts.end(attempt, PrintOutcome("not_printed", "", "not_found"))
            state = str(found.get("status", ""))
            if state not in BUSY:
                return attempts.end(attempt, _decided(job, state, found))
            self.pause(self.poll_s)
        raise DeviceUnavailable("busy", "the service has not decided yet")

    def _newest(self) -> dict[str, Any]:
        found = self.client.get(NEWEST) or {}
        results = found.get("results") or [{}]
        newest: dict[str, Any] = results[0]
        return newest


def _decided(job: ShiftJob, state: str, found: dict[str, Any]) -> PrintOutcome:
    evidence = {"status": state}
    if job.action == "z":
        if state == "CLOSED":
            return PrintOutcome("printed", str(found.get("serial", "")), evidence=evidence)
        return PrintOutcome("not_printed", "", "interrupted", evidence=evidence)
    done = state == ("DONE" if job.amount_minor else "OPENED")
    reason = "" if done else "device_error"
    number = str(found.get("fiscal_code", "")) if job.amount_minor else ""
    return PrintOutcome(
        "printed" if done else "not_printed", number if done else "", reason, evidence=evidence
    )


def _request(job: ShiftJob, known: str) -> tuple[str, dict[str, Any]]:
    if job.action == "open":
        return "/shifts", {"id": known}
    if job.action == "z":
        return "/shifts/close", {}
    if job.action == "x":
        return "/reports", {}
    value = job.amount_minor if job.action == "cash_in" else -job.amount_minor
    return "/receipts/service", {
        "id": known,
        "payment": {"type": "CASH", "value": value, "label": "Готівка"},
    }


def _key(job: ShiftJob) -> str:
    return f"shift:{job.job_id}"


def _print_of(job: ShiftJob) -> str:
    return f"{job.action}:{job.amount_minor}"


def _minutes(instant: object, now: datetime) -> int | None:
    try:
        moment = datetime.fromisoformat(str(instant))
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0, int((now - moment).total_seconds() // 60))
