"""What the journal knows of an act on the shift, so that a kill at any point can be decided.

    shift:<id>    the act with the state before it, and its end

The entry is durable before the first byte of the act goes out.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any

from drivers.base import DeviceJournal, PrintOutcome, Verdict
from drivers.fiscal.counted.job_record import BrokenRecord
from drivers.shift import ShiftAction, ShiftJob, ShiftState


@dataclass(frozen=True, slots=True)
class ShiftRecord:
    """One attempt at one act; without a verdict while nobody knows how it ended."""

    job_id: str
    action: ShiftAction
    amount_minor: int
    before: ShiftState
    verdict: Verdict | None = None
    fiscal_number: str = ""
    reason: str = ""
    vendor_code: str = ""
    evidence: dict[str, str] = field(default_factory=dict)

    @property
    def outcome(self) -> PrintOutcome:
        """The stored end; `unknown` while there is none."""
        return PrintOutcome(
            self.verdict or "unknown",
            self.fiscal_number,
            self.reason,
            self.vendor_code,
            dict(self.evidence),
        )

    def is_of(self, job: ShiftJob) -> bool:
        """The same act, not another one under its id."""
        return (self.action, self.amount_minor) == (job.action, job.amount_minor)


def load_record(journal: DeviceJournal, job_id: str) -> ShiftRecord | None:
    """The latest attempt, `None` when the device was never asked; `BrokenRecord`."""
    text = journal.get(_key(job_id))
    if not text:
        return None
    try:
        fields: dict[str, Any] = json.loads(text)
        fields["before"] = ShiftState(**fields["before"])
        return ShiftRecord(**fields)
    except (ValueError, TypeError, KeyError) as error:
        raise BrokenRecord(f"unreadable shift record: {error}") from error


def store_record(journal: DeviceJournal, record: ShiftRecord) -> None:
    """Durable when this returns."""
    text = json.dumps(dataclasses.asdict(record), ensure_ascii=False, separators=(",", ":"))
    journal.put(_key(record.job_id), text)


def end_record(journal: DeviceJournal, record: ShiftRecord, outcome: PrintOutcome) -> PrintOutcome:
    """Store how it ended and hand it back."""
    ended = dataclasses.replace(
        record,
        verdict=outcome.verdict,
        fiscal_number=outcome.fiscal_number,
        reason=outcome.reason,
        vendor_code=outcome.vendor_code,
        evidence=dict(outcome.evidence),
    )
    store_record(journal, ended)
    return outcome


def _key(job_id: str) -> str:
    return f"shift:{job_id}"
