"""What the journal knows of a print job, written so that a kill at any point can be decided.

    job.current   the job last begun: its counters before, and how far it got
    job:<id>      a job's end, or a job that was interrupted and then overtaken by another
    slip          the job whose service slip is being printed, "" when none is

Stages, each durable before the first byte of what it announces: `opening` (a receipt is about to be
opened; nothing can have been sold), `opened` (the printer confirmed it; kept only where the port is
shared), `closing` (payment is about to begin; from here on the receipt can come out).
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, Literal

from drivers.base import DeviceJournal, PrintOutcome, Verdict
from drivers.fiscal.counted.machine import Counters

Stage = Literal["opening", "opened", "closing"]

CURRENT_KEY = "job.current"
SLIP_KEY = "slip"
LEFT_OPEN = "receipt_left_open"
"""Evidence key: the receipt of a job that did not come out still stands open in the printer."""


class BrokenRecord(ValueError):
    """A journal value that this driver did not write."""


@dataclass(frozen=True, slots=True)
class JobRecord:
    """One attempt at one job. `running_minor` are the sums the open receipt may show."""

    job_id: str
    attempt: int
    stage: Stage
    kind: str
    fingerprint: str
    total_minor: int
    running_minor: tuple[int, ...]
    baseline: Counters
    verdict: Verdict | None = None
    fiscal_number: str = ""
    reason: str = ""
    vendor_code: str = ""
    evidence: dict[str, str] = field(default_factory=dict)

    @property
    def may_be_open(self) -> bool:
        """The printer may still hold the open receipt of this job."""
        return self.verdict in (None, "unknown") or LEFT_OPEN in self.evidence

    @property
    def outcome(self) -> PrintOutcome:
        """The stored end of the job."""
        if self.verdict is None:
            raise BrokenRecord(f"job {self.job_id} has no verdict yet")
        return PrintOutcome(
            self.verdict, self.fiscal_number, self.reason, self.vendor_code, dict(self.evidence)
        )

    def ended(self, outcome: PrintOutcome) -> JobRecord:
        """The record with its end."""
        return dataclasses.replace(
            self,
            verdict=outcome.verdict,
            fiscal_number=outcome.fiscal_number,
            reason=outcome.reason,
            vendor_code=outcome.vendor_code,
            evidence=dict(outcome.evidence),
        )

    def to_json(self) -> str:
        """Journal value."""
        return json.dumps(dataclasses.asdict(self), ensure_ascii=False, separators=(",", ":"))


def record_from_json(text: str) -> JobRecord:
    """Read a journal value, or raise `BrokenRecord`."""
    try:
        fields: dict[str, Any] = json.loads(text)
        fields["baseline"] = Counters(**fields["baseline"])
        fields["running_minor"] = tuple(fields["running_minor"])
        return JobRecord(**fields)
    except (ValueError, TypeError, KeyError) as error:
        raise BrokenRecord(f"unreadable job record: {error}") from error


class JobBook:
    """The records of one printer."""

    def __init__(self, journal: DeviceJournal) -> None:
        self._journal = journal

    def load(self, job_id: str) -> JobRecord | None:
        """The latest attempt at a job, `None` when the printer was never asked for it."""
        stored = self._journal.get(f"job:{job_id}")
        ended = record_from_json(stored) if stored else None
        current = self.current()
        if current is None or current.job_id != job_id:
            return ended
        return ended if ended and ended.attempt >= current.attempt else current

    def current(self) -> JobRecord | None:
        """The record of the job last begun, ended or not."""
        text = self._journal.get(CURRENT_KEY)
        return record_from_json(text) if text else None

    def begin(self, record: JobRecord) -> None:
        """Make `record` the current one; a job it overtakes keeps its record."""
        previous = self.current()
        if previous is not None and previous.job_id != record.job_id:
            latest = self.load(previous.job_id)
            if latest is None or latest.verdict is None:
                self._journal.put(f"job:{previous.job_id}", previous.to_json())
        self._journal.put(CURRENT_KEY, record.to_json())

    def advance(self, record: JobRecord, stage: Stage) -> JobRecord:
        """The same job one stage on, durable when this returns."""
        moved = dataclasses.replace(record, stage=stage)
        self._journal.put(CURRENT_KEY, moved.to_json())
        return moved

    def end(self, record: JobRecord, outcome: PrintOutcome) -> PrintOutcome:
        """Store the verdict of this attempt and hand it back."""
        ended = record.ended(outcome)
        # The running sums are only needed while the receipt is open.
        if outcome.verdict == "printed":
            ended = dataclasses.replace(ended, running_minor=())
        self._journal.put(f"job:{record.job_id}", ended.to_json())
        return outcome

    def slip_of(self) -> str:
        """Job id of a slip that was begun and not ended, "" when there is none."""
        return self._journal.get(SLIP_KEY) or ""

    def begin_slip(self, job_id: str) -> None:
        """A service receipt is about to be opened."""
        self._journal.put(SLIP_KEY, job_id)

    def end_slip(self) -> None:
        """No service receipt of ours is open."""
        self._journal.put(SLIP_KEY, "")
