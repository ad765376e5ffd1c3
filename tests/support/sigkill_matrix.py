"""Cells of the kill matrix: a job killed by SIGKILL at one point, settled by the next life."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from drivers.conformance.emulated import emulated_printer
from drivers.conformance.emulated_receipts import emulated_receipts
from drivers.emulators.dialects import DIALECTS
from tests.support.sigkill_lives import ESCPOS, job_of

PROTOCOLS = (*DIALECTS, ESCPOS)
TRIES = 3
NO_LINK = "no_link"
TWICE = 2


class Living(Protocol):
    """Where lives come from."""

    def live(self, order: dict[str, Any]) -> dict[str, Any]:
        """One life to its end."""


class Lives:
    """The process that forks lives; it loads everything once."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.sigkill_lives"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def live(self, order: dict[str, Any]) -> dict[str, Any]:
        """One life to its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert answer["killed"] or "verdict" in answer, (order, answer)
        return answer

    def close(self) -> None:
        """No more lives."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


class Matrix:
    """One emulated printer, one ledger, and lives that print on it."""

    def __init__(self, dialect: str, bench: Any, folder: Path, lives: Living) -> None:
        self.dialect = dialect
        self._bench = bench
        self._folder = folder
        self._jobs = 0
        self._lives = lives
        whole = self._live("count", "print_receipt", self._folder / "ledger.db")
        assert whole["verdict"] == "printed", whole
        self.points: dict[str, int] = whole["points"]
        self.verdicts: dict[str, int] = {}

    def kill(self, point: str, number: int) -> None:
        """One cell: killed, reconciled truly, printed once in the end, and never twice."""
        self._jobs += 1
        job, note = f"job-{self._jobs}", f"{self.dialect}: killed at {point} {number}"
        ledger, before = self._folder / "ledger.db", self.papers()
        first = self._live(job, "print_receipt", ledger, point, number)
        # A reply may come in fewer pieces than were counted; then the job was over before its end.
        assert first["killed"] or first.get("verdict") == "printed", (note, first)
        found = self._live(job, "reconcile", ledger)
        for _ in range(TRIES):
            if found["reason"] != NO_LINK:
                break
            # Nobody answered in time, as on a machine that is busy: the register asks again.
            found = self._live(job, "reconcile", ledger)
        came_out = self.papers() - before
        assert came_out <= 1, note
        if found["verdict"] != "unknown":
            assert found["verdict"] == ("printed" if came_out else "not_printed"), (note, found)
        else:
            assert self.dialect == ESCPOS, (note, found)
        again = self._live(job, "print_receipt", ledger)
        for _ in range(TRIES):
            if again["verdict"] != "not_printed":
                break
            # Nothing came out, for example for want of an answer in time: a cashier presses again.
            assert self.papers() == before + came_out, (note, again)
            again = self._live(job, "print_receipt", ledger)
        papers = self.papers() - before
        assert papers <= 1, f"{note}: doubled"
        expected = "unknown" if found["verdict"] == "unknown" else "printed"
        assert again["verdict"] == expected, (note, found, again)
        assert papers == 1 or again["verdict"] == "unknown", f"{note}: lost"
        self.verdicts[found["verdict"]] = self.verdicts.get(found["verdict"], 0) + 1

    def kill_naive(self, point: str, number: int) -> int:
        """The same with a driver that forgets: it prints again. Returns the papers of the job, 0
        where it was over before the kill."""
        self._jobs += 1
        job, before = f"job-{self._jobs}", self.papers()
        first = self._live(job, "print_receipt", self._folder / f"a-{job}.db", point, number)
        self._live(job, "print_receipt", self._folder / f"b-{job}.db")
        return self.papers() - before if first["killed"] else 0

    def naive(self, point: str, extra: Sequence[int] = (0, 0, -1, -2, 0)) -> int:
        """Papers of a job whose forgetful driver died when its paper was out: 2, or 0 where no kill
        fell there. Replies come in fewer pieces at times than were counted: the kill then never
        falls. Where they come in more it is early, and the printer is left with an open receipt,
        which no driver that forgets may touch: only another printer helps."""
        tries = (self.kill_naive(point, self.points[point] + each) for each in extra)
        return next((found for found in tries if found == TWICE), 0)

    def papers(self) -> int:
        """What stands on paper, by the printer."""
        bench = self._bench
        return bench.slips() if self.dialect == ESCPOS else bench.fiscal_documents()

    def _live(
        self, job: str, verb: str, ledger: Path, point: str = "", number: int = 0
    ) -> dict[str, Any]:
        assert job_of(self.dialect, job).job_id == job
        order = {
            "dialect": self.dialect,
            "url": self._bench.emulator.url,
            "ledger": str(ledger),
            "job": job,
            "verb": verb,
            "point": point,
            "number": number,
        }
        return self._lives.live(order)


@contextmanager
def matrix_of(dialect: str, folder: Path, lives: Lives) -> Iterator[Matrix]:
    """The printer of this protocol on a pty under `folder`."""
    opened = (
        emulated_receipts(folder, "pty")
        if dialect == ESCPOS
        else emulated_printer(folder, dialect=dialect)
    )
    with opened as bench:
        yield Matrix(dialect, bench, folder, lives)
