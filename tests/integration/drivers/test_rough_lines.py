"""Everything a bad line does to a reply, on every command of every protocol: the verdict is true.

The printers run inline, on time that only waiting moves; the same faults over a real pty stand at
the end."""

from itertools import permutations

import pytest

from drivers.conformance.emulated import emulated_printer
from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.emulators.dialects import DIALECTS
from drivers.emulators.script import ScriptError
from drivers.errors import DeviceUnavailable
from drivers.fiscal.isl.link import IslLink
from drivers.fiscal.isl.sequence import SequenceCounter
from drivers.fiscal.maria.frame import encode
from drivers.fiscal.maria.link import MariaLink
from loyalty.receipt import ReceiptText
from tests.support.inline_printer import InlineBench
from tests.support.mortal_printing import Fate, run

TEXT = ReceiptText(("рядок у чеку",), ("окремий рядок",))
ROUGH = ("echo", "stale", "split", "noise", "syn_storm 2000", "echo 3", "stale 3", "noise 2")
TOGETHER = (
    "stale at {cmd}; drop_reply at {cmd}",
    "echo at {cmd}; drop_reply 2 at {cmd}",
    "stale at {cmd}; corrupt at {cmd}; noise at {cmd}; split 2 at {cmd}",
)


def commands_of(dialect):
    bench = InlineBench(dialect)
    outcome = run(bench, sample_job("count", 2, TEXT), MemoryJournal(), Fate())
    assert outcome.verdict == "printed", outcome
    return sorted(map(str, bench.device.executed))


def settled(bench, job, journal):
    """What stands on paper in the end: by the driver, and by the printer."""
    before = bench.fiscal_documents()
    outcome = run(bench, job, journal, Fate())
    came_out = bench.fiscal_documents() - before
    if outcome.verdict != "unknown":
        assert outcome.verdict == ("printed" if came_out else "not_printed"), outcome
    bench.emulator.send("clear")
    outcome = run(bench, job, journal, Fate(), "reconcile")
    if outcome.verdict == "not_printed":
        outcome = run(bench, job, journal, Fate())
    return outcome.verdict, bench.fiscal_documents() - before


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_rough_line_costs_no_receipt_and_makes_no_second(dialect):
    bench, number = InlineBench(dialect), 0
    for cmd in commands_of(dialect):
        for fault in (*(f"{rough} at {{cmd}}" for rough in ROUGH), *TOGETHER):
            number += 1
            script = fault.format(cmd=cmd)
            bench.emulator.send(script)
            job = sample_job(f"job-{number}", 2, TEXT)
            assert settled(bench, job, MemoryJournal()) == ("printed", 1), script
            assert bench.last_total_minor() == job.document.payable_minor, script


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("fault", ["echo", "split", "noise", "syn_storm 2000"])
def test_what_only_disturbs_the_line_is_ridden_over_at_once(dialect, fault):
    """No reconciling, no second attempt: `printed` the first time, whichever command it strikes."""
    bench = InlineBench(dialect)
    for number, cmd in enumerate(commands_of(dialect)):
        bench.emulator.send(f"{fault} at {cmd}")
        outcome = run(bench, sample_job(f"job-{number}", 1, TEXT), MemoryJournal(), Fate())
        assert outcome.verdict == "printed", (cmd, outcome)


@pytest.mark.parametrize("dialect", ["datecs_ua", "datecs_p", "datecs_x", "daisy", "maria"])
def test_a_printer_that_works_for_twenty_seconds_is_waited_for(dialect):
    """It says so every 60 ms; nothing is sent again."""
    bench = InlineBench(dialect)
    closing = "COMP" if dialect == "maria" else "56"
    bench.emulator.send(f"delay 20s at {closing}")
    outcome = run(bench, sample_job("slow", 1), MemoryJournal(), Fate())
    assert outcome.verdict == "printed"
    assert bench.device.executed[closing if dialect == "maria" else 56] == 1


class BusyForEver:
    """A line whose printer only ever says that it works; every word takes 60 ms."""

    def __init__(self, word):
        self.now, self._word = 0.0, word

    def read(self, _max_bytes, _timeout_s):
        self.now += 0.06
        return self._word

    def write(self, _data):
        pass

    def close(self):
        pass


@pytest.mark.parametrize("family", ["isl", "maria"])
def test_a_printer_that_works_for_ever_is_given_up(family):
    """Each command has a bound, whatever the printer says meanwhile."""
    line = BusyForEver(b"\x16" if family == "isl" else encode(b"WAIT", crc=False))
    if family == "isl":
        link = IslLink(line, SequenceCounter(), clock=lambda: line.now)
        with pytest.raises(DeviceUnavailable):
            link.exchange(74)
    else:
        link = MariaLink(line, clock=lambda: line.now)
        with pytest.raises(DeviceUnavailable):
            link.exchange(b"CONF")
    assert 60 <= line.now < 3_600


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_shift_over_24_hours_is_said_in_words(dialect):
    bench = InlineBench(dialect)
    run(bench, sample_job("first", 1), MemoryJournal(), Fate())
    bench.emulator.send("shift_over")
    outcome = run(bench, sample_job("late", 1), MemoryJournal(), Fate())
    assert outcome.verdict == "not_printed"
    tells = dialect in ("datecs_ua", "shtrih", "maria", "atol")
    assert outcome.reason == ("shift_over_24_hours" if tells else "not_allowed")
    assert bench.fiscal_documents() == 1


@pytest.mark.parametrize("dialect", [d for d in DIALECTS if d not in ("maria", "atol")])
@pytest.mark.parametrize("when", ["before", "within"])
def test_a_full_journal_is_no_missing_paper(dialect, when):
    bench, journal = InlineBench(dialect), MemoryJournal()
    line = {"datecs_ua": 58, "shtrih": 128}.get(dialect, 49)
    bench.emulator.send("journal_full" if when == "before" else f"journal_full at {line}")
    job = sample_job("full", 1)
    outcome = run(bench, job, journal, Fate())
    assert (outcome.verdict, outcome.reason) == ("not_printed", "journal_full")
    bench.emulator.send("journal_ok")
    assert run(bench, job, journal, Fate()).verdict == "printed"
    assert bench.fiscal_documents() == 1


@pytest.mark.parametrize("dialect", ["maria", "atol"])
def test_a_fault_that_a_printer_cannot_have_is_refused(dialect):
    with pytest.raises(ScriptError, match="journal_full"):
        InlineBench(dialect).emulator.send("paper_out; journal_full")


@pytest.mark.parametrize(("dialect", "other"), list(permutations(DIALECTS, 2)))
def test_every_driver_on_every_other_printer_prints_nothing(dialect, other):
    """The printer was exchanged for one of another maker; nothing that prints is sent to it."""
    bench = InlineBench(dialect)
    bench.emulator.send(f"become {other}")
    outcome = run(bench, sample_job("wrong", 1), MemoryJournal(), Fate())
    assert outcome.verdict == "not_printed"
    assert outcome.reason in ("wrong_dialect", "no_link")
    assert bench.emulator.documents() == []
    assert bench.emulator.dialect == other


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_same_over_a_real_line(dialect, tmp_path):
    """Byte by byte, with everything in front, on a pty."""
    with emulated_printer(tmp_path, dialect=dialect) as bench:
        bench.emulator.send("split 9; echo 4; syn_storm 50; stale 2")
        outcome = run(bench, sample_job("rough", 1), journal := MemoryJournal(), Fate())
        bench.emulator.send("clear")
        if outcome.verdict != "printed":
            outcome = run(bench, sample_job("rough", 1), journal, Fate())
        assert outcome.verdict == "printed"
        assert bench.fiscal_documents() == 1
