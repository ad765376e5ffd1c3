"""Printing that can be killed: at the n-th write, read or journal entry the process is gone.

The kill is an exception no driver code can catch. What survives is what survives a SIGKILL: the
journal as it was put, and the printer.
"""

from __future__ import annotations

from drivers.conformance.emulated import QUICK, EmulatedPrinterBench
from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.fiscal.atol import driver as atol
from drivers.fiscal.atol.options import read_options as atol_options
from drivers.fiscal.counted.printer import CountedPrinter
from drivers.fiscal.datecs_ua import driver as datecs_ua
from drivers.fiscal.datecs_ua.options import read_options as datecs_ua_options
from drivers.fiscal.isl_bg import daisy, datecs_p, datecs_x
from drivers.fiscal.maria import driver as maria
from drivers.fiscal.maria.options import read_options as maria_options
from drivers.fiscal.shtrih import driver as shtrih
from drivers.fiscal.shtrih.options import read_options as shtrih_options
from loyalty.basket import Tender
from loyalty.receipt import ReceiptText
from tests.support.inline_printer import InlineBench

SLIP = ReceiptText(("рядок у чеку",), ("окремий рядок",), "https://l.ua/a1")

WITHOUT_RETURNS = ("datecs_p", "datecs_x", "daisy")

FAMILIES = {
    "fiscal.datecs_ua": (datecs_ua.DatecsUa, datecs_ua_options),
    "fiscal.atol": (atol.Atol, atol_options),
    **{
        family.name: (family.printer, family.options)
        for family in (daisy.FAMILY, datecs_p.FAMILY, datecs_x.FAMILY)
    },
    "fiscal.maria": (maria.Maria, maria_options),
    "fiscal.shtrih": (shtrih.Shtrih, shtrih_options),
}
"""Drivers that are made from a way to connect and checked options."""


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


def driver_over(bench: EmulatedPrinterBench | InlineBench, connect) -> CountedPrinter:
    """The bench's driver on a connection of the test's own making."""
    make, options = FAMILIES[bench.driver]
    return make(connect, options(QUICK), bench.pace)


def run(bench, job, disk, fate, verb="print_receipt"):
    """One life of the agent's process: its outcome, or `None` when it was killed."""
    opened = []

    def connect():
        opened.append(MortalPort(bench.connect(), fate))
        return opened[-1]

    driver = driver_over(bench, connect)
    try:
        return getattr(driver, verb)(job, MortalJournal(disk, fate))
    except Killed:
        return None
    finally:
        for port in opened:
            port.close()


def points_of(bench, job):
    """How many deadly points there are in printing this job."""
    fate = Fate()
    assert run(bench, job, MemoryJournal(), fate).verdict == "printed"
    return fate.points


def paid_by_both(kind):
    """Changes of a sample job: a return by number, or a sale, paid by card and cash."""
    tenders = (Tender("card", 5000), Tender("cash", 20_000))
    return {"kind": kind, "tenders": tenders, "original_fiscal_number": "7"}


def kill_and_check(bench, deadly, note, changes):
    """One cell of the kill matrix: a job killed at one point, settled, printed once."""
    job, disk = sample_job(f"job-{deadly}", 2, SLIP, **changes), MemoryJournal()
    before = bench.fiscal_documents()
    outcome = run(bench, job, disk, Fate(deadly))
    # Reads may come in fewer pieces than were counted; then the job was over before its death.
    assert outcome is None or outcome.verdict == "printed", note
    settle_and_check(bench, job, disk, before, note)


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
    assert not [d for d in bench.emulator.documents() if d.is_fiscal and d.state == "open"], note
