"""Random faults at random commands, whatever the protocol: the verdict is the emulator's truth."""

import random

import pytest

from drivers.conformance.emulated import emulated_printer
from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.emulators.dialects import DIALECTS
from loyalty.receipt import ReceiptText

JOBS = 8
FAULTS = [
    "drop_reply",
    "drop_reply 3",
    "corrupt 2",
    "nak",
    "unplug 0.05",
    "paper_out",
    "cover_open",
]
TEXT = ReceiptText(("рядок у чеку",), ("окремий рядок",))


def commands_of(bench):
    """What a whole job sends, as the emulator counted it."""
    printer = bench.open()
    assert printer.print_receipt(sample_job("count", 2, TEXT), MemoryJournal()).verdict == "printed"
    printer.close()
    return sorted(map(str, bench.device.executed))


def one_job(bench, chance, journal, number, commands):
    """A job under one fault, tried until it is printed; returns its first verdict."""
    moment = chance.choice(["at", "after"])
    fault = f"{chance.choice(FAULTS)} {moment} {chance.choice(commands)}"
    note = f"job {number}: {fault}"
    bench.emulator.send(fault)
    before, job = bench.fiscal_documents(), sample_job(f"job-{number}", 2, TEXT)
    printer = bench.open()
    try:
        first = printer.print_receipt(job, journal)
        if first.verdict != "unknown":
            truth = "printed" if bench.fiscal_documents() > before else "not_printed"
            assert first.verdict == truth, (note, first)
        bench.emulator.send("clear; paper_in; cover_close; power_on")
        for _ in range(3):
            if printer.reconcile(job, journal).verdict == "printed":
                break
            last = printer.print_receipt(job, journal)
        assert printer.reconcile(job, journal).verdict == "printed", (note, last)
    finally:
        printer.close()
    assert bench.fiscal_documents() == before + 1, note
    return first.verdict


@pytest.mark.parametrize("dialect", DIALECTS)
def test_random_faults(dialect, tmp_path):
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    with emulated_printer(tmp_path, dialect=dialect) as bench:
        journal, commands = MemoryJournal(), commands_of(bench)
        for number in range(JOBS):
            one_job(bench, chance, journal, number, commands)
