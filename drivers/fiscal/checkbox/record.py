"""What the journal knows of a job at Checkbox: its receipt's id first, then how it ended."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field

from drivers.base import DeviceJournal, PrintOutcome, Verdict


@dataclass(frozen=True, slots=True)
class Attempt:
    """One id at the service. `sent` says that a request with it may have left this machine."""

    job_id: str
    receipt_id: str
    fingerprint: str
    sent: bool = False
    verdict: Verdict | None = None
    fiscal_number: str = ""
    reason: str = ""
    vendor_code: str = ""
    evidence: dict[str, str] = field(default_factory=dict)

    @property
    def outcome(self) -> PrintOutcome:
        """The stored end, `unknown` while there is none."""
        return PrintOutcome(
            self.verdict or "unknown",
            self.fiscal_number,
            self.reason,
            self.vendor_code,
            {"receipt_id": self.receipt_id, **self.evidence},
        )


class Attempts:
    """The attempts of one register, newest per job."""

    def __init__(self, journal: DeviceJournal) -> None:
        self.journal = journal

    def load(self, job_id: str) -> Attempt | None:
        """The latest attempt at a job."""
        text = self.journal.get(f"checkbox:{job_id}")
        return Attempt(**json.loads(text)) if text else None

    def store(self, attempt: Attempt) -> Attempt:
        """Durable when this returns."""
        text = json.dumps(dataclasses.asdict(attempt), ensure_ascii=False)
        self.journal.put(f"checkbox:{attempt.job_id}", text)
        return attempt

    def end(self, attempt: Attempt, outcome: PrintOutcome) -> PrintOutcome:
        """Store how it ended and hand it back."""
        ended = dataclasses.replace(
            attempt,
            verdict=outcome.verdict,
            fiscal_number=outcome.fiscal_number,
            reason=outcome.reason,
            vendor_code=outcome.vendor_code,
            evidence=dict(outcome.evidence),
        )
        return self.store(ended).outcome
