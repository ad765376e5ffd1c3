"""Receipts of the Checkbox driver under random faults and kills, judged by the service's own books.

The driver's HTTP library talks to the emulated service inside this process: no socket, no waiting.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

import httpx

from drivers.conformance.emulated_checkbox import QUICK
from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.emulators.checkbox.server import CheckboxEmulator
from drivers.emulators.checkbox.service import CheckboxService
from drivers.fiscal.checkbox.driver import Checkbox
from drivers.fiscal.checkbox.offline import OfflineBook
from drivers.fiscal.checkbox.options import read_options
from tests.support.mortal_printing import Fate, Killed, MortalJournal

FAULTS = ("drop_reply", "drop_reply 4", "corrupt 2", "nak 3", "out of reach")
PLACES = ("SELL", "READ", "INFO", "SHFT", "SIGN", "CODE", "SOFF", "GOFF", "GONL")
LIVES_OF_A_SERVICE = 150
POINTS = 40


class InlineTransport(httpx.BaseTransport):
    """The service as an HTTP library reaches it, or not; a process may die around each request."""

    def __init__(self, emulator: CheckboxEmulator, fate: Fate, is_up: bool) -> None:
        self._emulator, self._fate, self._is_up = emulator, fate, is_up

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request and its answer."""
        self._fate.point()
        if not self._is_up:
            raise httpx.ConnectError("nobody listens", request=request)
        body = json.loads(request.read() or b"{}")
        path = request.url.raw_path.decode("ascii")
        answer = self._emulator.answer(request.method, path, body)
        self._fate.point()
        if answer is None:
            raise httpx.ReadError("hung up", request=request)
        return httpx.Response(answer[0], json=answer[1], request=request)


class FaultedRegistrar:
    """One cash register at the service and its journal; `wrong` says what should never happen."""

    def __init__(self, seed: int, *, forgets: bool = False) -> None:
        self._chance = random.Random(seed)
        self._forgets = forgets
        self._now = datetime(2026, 11, 22, 6, tzinfo=UTC)
        self.jobs = self.unknown = self.kills = self.offline = 0
        self.wrong: list[str] = []
        self._renew()

    def _renew(self) -> None:
        self._disk = MemoryJournal()
        self._emulator = CheckboxEmulator("checkbox", CheckboxService())
        # Requests come without its port.
        self._emulator.close()
        outcome = self._live("print_receipt", "first", Fate(), True)
        assert outcome is not None
        assert outcome.verdict == "printed", outcome

    def one_job(self) -> None:
        """A receipt under one fault, perhaps killed as well, then tried until it is made."""
        if self.jobs % LIVES_OF_A_SERVICE == LIVES_OF_A_SERVICE - 1:
            self._renew()
        chance = self._chance
        self.jobs += 1
        self._now += timedelta(minutes=chance.randint(1, 30))
        fault, place = chance.choice(FAULTS), chance.choice(PLACES)
        is_up = fault != "out of reach"
        if is_up:
            self._emulator.send(f"{fault} at {place}")
        deadly = chance.randint(1, POINTS) if chance.random() < 0.5 else 0
        self.kills += bool(deadly)
        note = f"job {self.jobs}: {fault} at {place}, killed at {deadly}"
        job_id, before = f"job-{self.jobs}", self._documents()
        outcome = self._live("print_receipt", job_id, Fate(deadly), is_up)
        self._judge(outcome, job_id, before, f"{note}, at once")
        self._emulator.send("clear")
        if self._forgets:
            self._disk = MemoryJournal()
        settled = self._live("reconcile", job_id, Fate(), True)
        self._judge(settled, job_id, before, f"{note}, reconciled")
        self.unknown += settled is None or settled.verdict == "unknown"
        again = self._live("print_receipt", job_id, Fate(), True)
        left = self._live("deliver", job_id, Fate(), True)
        if again is None or again.verdict != "printed" or left or self._documents() != before + 1:
            self.wrong.append(
                f"{note}: {again}, {left} left, {self._documents() - before} at the service"
            )

    def _judge(self, outcome, job_id, before, note) -> None:  # type: ignore[no-untyped-def]
        """A verdict that is none of `unknown` has to be what the service or the queue holds."""
        if outcome is None or outcome.verdict == "unknown":
            return
        queued = OfflineBook(self._disk).find(job_id) is not None
        self.offline += queued
        made = self._documents() > before or queued
        if made != (outcome.verdict == "printed"):
            self.wrong.append(f"{note}: {outcome} but {'made' if made else 'not made'}")

    def _documents(self) -> int:
        counters = self._emulator.counters()
        return counters["sales"] + counters["refunds"]

    def _live(self, verb, job_id, fate, is_up):  # type: ignore[no-untyped-def]
        """One life of the agent's process: its outcome, `None` when it was killed."""
        network = InlineTransport(self._emulator, fate, is_up)
        url = "http://127.0.0.1:1/api/v1"
        driver = Checkbox(url, read_options(QUICK), lambda: self._now, lambda _s: None, network)
        journal = MortalJournal(self._disk, fate)
        try:
            if verb == "deliver":
                return driver.deliver(journal)
            return getattr(driver, verb)(sample_job(job_id, 1), journal)
        except Killed:
            return None
        finally:
            driver.close()
