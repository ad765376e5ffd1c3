"""Receipts made while the service cannot be reached: numbers, clocks, and a queue that survives.

Law 265/95 (art. 5) and order 317/2020: at most 36 hours in a row and 168 hours in a month, only
under numbers that the tax service has issued before, and sent as soon as there is a link.

    offline.codes     numbers that are left, newest answer of the service
    offline.since     when this offline time began, "" while online
    offline.month     month and minutes of it that are used up
    offline.tail      number of the next entry, and the hash of the last one written
    offline.head      number of the oldest entry that waits, and the hash of the last one sent
    offline:N         one receipt, with the hash of the one before
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from drivers.base import DeviceJournal
from drivers.errors import DeviceRefused

IN_A_ROW_MIN: Final = 36 * 60
IN_A_MONTH_MIN: Final = 168 * 60
WARN_PERCENT: Final = 80
FEW_CODES: Final = 200
MAX_QUEUE: Final = 100_000


class BrokenQueue(ValueError):
    """The queue's hashes do not chain: an entry was changed or is missing."""


@dataclass(frozen=True, slots=True)
class Queued:
    """One receipt that waits to be sent."""

    number: int
    job_id: str
    fiscal_code: str
    at: str
    payload: dict[str, Any]


class OfflineBook:
    """Offline state of one register, all of it in the journal."""

    def __init__(self, journal: DeviceJournal) -> None:
        self._journal = journal

    @property
    def is_offline(self) -> bool:
        """An offline time has begun and not ended."""
        return bool(self._journal.get("offline.since"))

    @property
    def waiting(self) -> int:
        """Receipts in the queue."""
        return self._place("offline.tail")[0] - self._place("offline.head")[0]

    @property
    def codes_left(self) -> int:
        """Numbers that can still be used."""
        return len(self._codes())

    def oldest_min(self, now: datetime) -> int:
        """Minutes since the oldest receipt that waits was made; 0 when none waits.

        An entry that cannot be read is as old as the offline time."""
        if not self.waiting:
            return 0
        head = self._place("offline.head")[0]
        try:
            entry = json.loads(self._journal.get(f"offline:{head}") or "")
            made = datetime.fromisoformat(entry["at"])
        except (ValueError, KeyError, TypeError):
            return self._in_a_row(now)
        return max(0, int((now - made).total_seconds() // 60))

    def store_codes(self, codes: list[str]) -> None:
        """Replace the numbers that are left by the service's newest answer."""
        self._journal.put("offline.codes", json.dumps(codes))

    def warning(self, now: datetime) -> str:
        """What the shop should know: time or numbers are running out; "" while they are not."""
        if self._in_a_row(now) * 100 >= IN_A_ROW_MIN * WARN_PERCENT:
            return "offline_36_hours_near"
        if self._in_month(now) * 100 >= IN_A_MONTH_MIN * WARN_PERCENT:
            return "offline_168_hours_near"
        return "offline_numbers_few" if self.is_offline and self.codes_left < FEW_CODES else ""

    def add(self, job_id: str, payload: dict[str, Any], now: datetime) -> Queued:
        """Make a receipt under the next number; on disk when this returns.

        Raises `DeviceRefused` when time or numbers are used up. The entry is written before it is
        counted; a crash between the two is mended by whoever looks next."""
        if self._in_a_row(now) >= IN_A_ROW_MIN or self._in_month(now) >= IN_A_MONTH_MIN:
            raise DeviceRefused("offline_time_over", "36 hours in a row or 168 in a month are used")
        self._mend()
        codes = self._codes()
        if not codes:
            raise DeviceRefused("offline_numbers_over", "no offline number is left")
        if self.waiting >= MAX_QUEUE:
            raise DeviceRefused("offline_queue_full", f"{MAX_QUEUE} receipts wait to be sent")
        if not self.is_offline:
            self._journal.put("offline.since", now.isoformat())
        tail, previous = self._place("offline.tail")
        entry = {
            "job_id": job_id,
            "fiscal_code": codes[0],
            "at": now.isoformat(),
            "payload": payload,
            "previous": previous,
        }
        text = json.dumps(entry, ensure_ascii=False, sort_keys=True)
        self._journal.put(f"offline:{tail}", text)
        self._mend()
        return _queued(tail, entry)

    def find(self, job_id: str) -> Queued | None:
        """The queued receipt of a job, also one whose entry was written just before a crash."""
        self._mend()
        for number in range(self._place("offline.head")[0], self._place("offline.tail")[0]):
            text = self._journal.get(f"offline:{number}")
            if text and json.loads(text)["job_id"] == job_id:
                return _queued(number, json.loads(text))
        return None

    def next(self) -> Queued | None:
        """The oldest that waits, its chain checked; `BrokenQueue` when it does not hold."""
        self._mend()
        head, last_sent = self._place("offline.head")
        if head >= self._place("offline.tail")[0]:
            return None
        text = self._journal.get(f"offline:{head}") or ""
        try:
            entry = json.loads(text)
            chained = entry["previous"] == last_sent
        except (ValueError, KeyError, TypeError):
            raise BrokenQueue(f"entry {head} of the offline queue cannot be read") from None
        if not chained:
            raise BrokenQueue(f"entry {head} of the offline queue does not follow the one before")
        return _queued(head, entry)

    def sent(self, queued: Queued) -> None:
        """The service has it."""
        text = self._journal.get(f"offline:{queued.number}") or ""
        self._journal.put("offline.head", f"{queued.number + 1} {_digest(text)}")
        self._journal.put(f"offline:{queued.number}", "")

    def back_online(self, now: datetime) -> None:
        """The offline time ends; its minutes count for the month."""
        minutes = self._in_month(now)
        self._journal.put("offline.month", f"{now:%Y-%m} {minutes}")
        self._journal.put("offline.since", "")

    def _mend(self) -> None:
        """Count the entry that was written and, but for a crash, not counted yet."""
        tail = self._place("offline.tail")[0]
        text = self._journal.get(f"offline:{tail}")
        if text:
            # The number is struck off first: a number may be lost, but is never used twice.
            taken = json.loads(text)["fiscal_code"]
            self.store_codes([code for code in self._codes() if code != taken])
            self._journal.put("offline.tail", f"{tail + 1} {_digest(text)}")

    def _codes(self) -> list[str]:
        codes: list[str] = json.loads(self._journal.get("offline.codes") or "[]")
        return codes

    def _in_a_row(self, now: datetime) -> int:
        since = self._journal.get("offline.since")
        if not since:
            return 0
        return max(0, int((now - datetime.fromisoformat(since)).total_seconds() // 60))

    def _in_month(self, now: datetime) -> int:
        month, _, minutes = (self._journal.get("offline.month") or "").partition(" ")
        before = int(minutes) if month == f"{now:%Y-%m}" and minutes.isdecimal() else 0
        return before + self._in_a_row(now)

    def _place(self, key: str) -> tuple[int, str]:
        number, _, digest = (self._journal.get(key) or "0").partition(" ")
        return (int(number) if number.isdecimal() else 0), digest


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _queued(number: int, entry: dict[str, Any]) -> Queued:
    return Queued(number, entry["job_id"], entry["fiscal_code"], entry["at"], entry["payload"])
