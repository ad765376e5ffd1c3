"""Jobs under random faults and kills on an inline printer, judged by the printer's own memory."""

from __future__ import annotations

import random

from drivers.conformance.samples import MemoryJournal, sample_job
from loyalty.receipt import ReceiptText
from tests.support.inline_printer import InlineBench
from tests.support.mortal_printing import Fate, run

FAULTS = (
    "drop_reply",
    "drop_reply 3",
    "drop_reply 9",
    "corrupt 2",
    "nak",
    "nak 3",
    "delay 700ms",
    "echo",
    "stale",
    "noise",
    "split",
    "syn_storm",
    "unplug 1",
    "power_off",
    "paper_out",
    "cover_open",
)
MENDED = "clear; paper_in; cover_close; power_on"
TEXT = ReceiptText(("рядок у чеку",), ("окремий рядок",))
ROUNDS = 4
LIVES_OF_A_PRINTER = 150


class FaultedPrinter:
    """One printer and its journal; `wrong` says what should never happen."""

    def __init__(self, dialect: str, seed: int, *, forgets: bool = False) -> None:
        self._dialect = dialect
        self._chance = random.Random(seed)
        self._forgets = forgets
        self.jobs = self.unknown = self.kills = 0
        self.wrong: list[str] = []
        self._renew()

    def _renew(self) -> None:
        """A printer out of the box, and what a whole job sends to it."""
        self._bench, self._disk = InlineBench(self._dialect), MemoryJournal()
        fate = Fate()
        first = run(self._bench, sample_job("count", 2, TEXT), self._disk, fate)
        assert first is not None
        assert first.verdict == "printed", first
        self._points = fate.points
        self._commands = sorted(map(str, self._bench.device.executed))

    def one_job(self) -> None:
        """A job under one fault, perhaps killed as well, then tried until it is printed."""
        if self.jobs % LIVES_OF_A_PRINTER == LIVES_OF_A_PRINTER - 1:
            self._renew()
        chance, bench = self._chance, self._bench
        fault = f"{chance.choice(FAULTS)} {chance.choice(('at', 'after'))} "
        fault += chance.choice(self._commands)
        deadly = chance.randint(1, self._points) if chance.random() < 0.3 else 0
        self.jobs += 1
        self.kills += bool(deadly)
        note = f"{self._dialect} job {self.jobs}: {fault}, killed at {deadly}"
        job = sample_job(f"job-{self.jobs}", chance.randint(1, 3), TEXT)
        before = bench.fiscal_documents()
        bench.emulator.send(fault)
        outcome = run(bench, job, self._disk, Fate(deadly))
        self._judge(outcome, before, f"{note}, at once")
        bench.emulator.send(MENDED)
        if self._forgets:
            self._disk = MemoryJournal()
        if chance.random() < 0.3:
            # Killed again while it is being settled, in the middle of a cancel for example.
            again = run(bench, job, self._disk, Fate(chance.randint(1, 60)), "reconcile")
            self._judge(again, before, f"{note}, killed again")
        settled = run(bench, job, self._disk, Fate(), "reconcile")
        self._judge(settled, before, f"{note}, reconciled")
        self.unknown += settled is not None and settled.verdict == "unknown"
        for _ in range(ROUNDS):
            if settled is not None and settled.verdict != "not_printed":
                break
            settled = run(bench, job, self._disk, Fate())
        printed = bench.fiscal_documents() - before
        if printed != 1 and not (settled is not None and settled.verdict == "unknown"):
            self.wrong.append(f"{note}: {printed} on paper, {settled}")

    def _judge(self, outcome, before, note) -> None:  # type: ignore[no-untyped-def]
        """A verdict that is none of `unknown` has to be the printer's own."""
        if outcome is None or outcome.verdict == "unknown":
            return
        truth = "printed" if self._bench.fiscal_documents() > before else "not_printed"
        if outcome.verdict != truth:
            self.wrong.append(f"{note}: {outcome} but {truth}")
