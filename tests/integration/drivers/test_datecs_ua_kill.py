"""A driver killed at any point: before, inside or after any write, read or journal entry.

The kill is an exception no driver code can catch, raised by the port or the journal at the n-th of
all such points. What survives is what survives a SIGKILL: the journal as it was put, and the
printer. A new driver then has to say what the emulator knows, and the job must come out once."""

import random

import pytest

from drivers.conformance.emulated import QUICK, emulated_printer
from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.fiscal.datecs_ua.driver import DatecsUa
from drivers.fiscal.datecs_ua.options import read_options
from drivers.transport import open_transport
from loyalty.basket import Tender
from loyalty.receipt import ReceiptText

SLIP = ReceiptText(("рядок у чеку",), ("окремий рядок",), "https://l.ua/a1")


class Killed(BaseException):
    """The process is gone."""


class Fate:
    """Counts the points where a process may die, and kills at one of them."""

    def __init__(self, deadly=0):
        self.points = 0
        self._deadly = deadly

    def point(self):
        self.points += 1
        if self.points == self._deadly:
            raise Killed


class MortalJournal:
    def __init__(self, disk, fate):
        self._disk, self._fate = disk, fate

    def get(self, key):
        return self._disk.get(key)

    def put(self, key, value):
        self._fate.point()
        self._disk.put(key, value)
        self._fate.point()


class MortalPort:
    def __init__(self, port, fate):
        self._port, self._fate = port, fate

    def write(self, data):
        self._fate.point()
        half = len(data) // 2
        self._port.write(data[:half])
        self._fate.point()
        self._port.write(data[half:])
        self._fate.point()

    def read(self, max_bytes, timeout_s):
        data = self._port.read(max_bytes, timeout_s)
        if data:
            self._fate.point()
        return data

    def close(self):
        self._port.close()


def run(bench, job, disk, fate, verb="print_receipt"):
    """One life of the agent's process: its outcome, or `None` when it was killed."""
    opened = []

    def connect():
        opened.append(MortalPort(open_transport(bench.emulator.url), fate))
        return opened[-1]

    driver = DatecsUa(connect, read_options(QUICK))
    try:
        return getattr(driver, verb)(job, MortalJournal(disk, fate))
    except Killed:
        return None
    finally:
        for port in opened:
            port.close()


def points_of(bench, job):
    fate = Fate()
    assert run(bench, job, MemoryJournal(), fate).verdict == "printed"
    return fate.points


def settle_and_check(bench, job, disk, before, note):
    """A new process reconciles: true, and once printed never again."""
    outcome = run(bench, job, disk, Fate(), "reconcile")
    on_paper = bench.fiscal_documents() - before
    truth = "printed" if on_paper else "not_printed"
    assert on_paper <= 1, note
    assert outcome.verdict == truth, (note, outcome)
    again = run(bench, job, disk, Fate())
    assert again.verdict == "printed", (note, again)
    assert bench.fiscal_documents() - before == 1, note
    assert bench.last_total_minor() == job.document.payable_minor, note
    assert not [d for d in bench.emulator.documents() if d.state == "open"], note


@pytest.mark.parametrize("kind", ["sale", "return"])
def test_killed_at_every_single_point(tmp_path, kind):
    with emulated_printer(tmp_path) as bench:
        tenders = (Tender("card", 5000), Tender("cash", 20_000))
        changes = {"kind": kind, "tenders": tenders, "original_fiscal_number": "7"}
        total = points_of(bench, sample_job("count", 2, SLIP, **changes))
        assert total > 80
        for deadly in range(1, total + 1):
            job, disk = sample_job(f"job-{deadly}", 2, SLIP, **changes), MemoryJournal()
            before = bench.fiscal_documents()
            assert run(bench, job, disk, Fate(deadly)) is None
            settle_and_check(bench, job, disk, before, f"killed at point {deadly}")


def test_killed_again_while_reconciling(tmp_path):
    with emulated_printer(tmp_path) as bench:
        seed = random.SystemRandom().randrange(2**32)
        chance = random.Random(seed)
        total = points_of(bench, sample_job("count", 2, SLIP))
        for number in range(60):
            job, disk = sample_job(f"job-{number}", 2, SLIP), MemoryJournal()
            before = bench.fiscal_documents()
            deaths = [chance.randint(1, total), chance.randint(1, 20), chance.randint(1, 20)]
            run(bench, job, disk, Fate(deaths[0]))
            for deadly in deaths[1:]:
                verb = chance.choice(["reconcile", "print_receipt"])
                run(bench, job, disk, Fate(deadly), verb)
            settle_and_check(bench, job, disk, before, f"seed {seed}, job {number}, {deaths}")


def test_killed_and_another_job_printed_before_the_first_is_settled(tmp_path):
    """The next sale does not wait: it clears what the dead job left, and both come out once."""
    with emulated_printer(tmp_path) as bench:
        seed = random.SystemRandom().randrange(2**32)
        chance = random.Random(seed)
        total = points_of(bench, sample_job("count", 2, SLIP))
        for number in range(40):
            disk, deadly = MemoryJournal(), chance.randint(1, total)
            note = f"seed {seed}, job {number}, killed at {deadly}"
            first, second = sample_job(f"a{number}", 2, SLIP), sample_job(f"b{number}", 1)
            before = bench.fiscal_documents()
            run(bench, first, disk, Fate(deadly))
            died_printed = bench.fiscal_documents() - before
            outcome = run(bench, second, disk, Fate())
            assert outcome.verdict == "printed", (note, outcome)
            settled = run(bench, first, disk, Fate(), "reconcile")
            on_paper = bench.fiscal_documents() - before - 1
            if settled.verdict != "unknown":
                assert settled.verdict == ("printed" if on_paper else "not_printed"), note
            assert on_paper >= died_printed, note
            assert on_paper <= 1, note
