"""What the journal keeps of a slip: one entry a job, written before its first byte is."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

from drivers.base import DeviceJournal

Stage = Literal["sending", "printed", "not_printed"]


@dataclass(frozen=True, slots=True)
class SlipRecord:
    """`cuts` and `lines` are the printer's counters before the slip, -1 where it has none."""

    job_id: str
    fingerprint: str
    stage: Stage
    cuts: int = -1
    lines: int = -1


def load_record(journal: DeviceJournal, job_id: str) -> SlipRecord | None:
    """The entry of a job; `ValueError` when it cannot be read."""
    kept = journal.get(_key(job_id))
    if kept is None:
        return None
    try:
        return SlipRecord(**json.loads(kept))
    except (TypeError, ValueError) as error:
        raise ValueError(f"the entry of job {job_id} cannot be read: {error}") from error


def keep_record(journal: DeviceJournal, record: SlipRecord) -> None:
    """Store the entry; it is durable when this returns."""
    journal.put(_key(record.job_id), json.dumps(asdict(record)))


def _key(job_id: str) -> str:
    return f"slip.{job_id}"
