"""Random jobs under random faults: every verdict is true, nothing comes out twice, all come out.

`SEED` repeats a run, `RANDOM_FAULTS_JOBS` makes it longer."""

import os
import random

from drivers.conformance.emulated import emulated_printer
from drivers.conformance.samples import MemoryJournal, sample_item, sample_job
from drivers.emulators.register.config import RegisterConfig
from loyalty.basket import Tender
from loyalty.receipt import ReceiptText
from tests.support.seeds import fresh_seed

JOBS = int(os.environ.get("RANDOM_FAULTS_JOBS", "50"))
COMMANDS = (113, 107, 48, 85, 58, 54, 76, 53, 56, 57, 74, 38, 42, 39)


def random_fault(chance):
    cmd, moment = chance.choice(COMMANDS), chance.choice(["at", "after"])
    return chance.choice(
        [
            f"drop_reply {chance.randint(1, 4)} at {cmd}",
            f"nak {chance.randint(1, 4)} at {cmd}",
            f"corrupt {chance.randint(1, 4)} at {cmd}",
            f"delay {chance.randint(1, 90)} at {cmd}",
            f"paper_out {moment} {cmd}",
            f"cover_open {moment} {cmd}",
            f"power_off {moment} {cmd}",
            f"unplug 0.01 {moment} {cmd}",
        ]
    )


def random_job(chance, job_id):
    lines = chance.randint(1, 4)
    sums = [sample_item(number, discount_minor=50 * number) for number in range(1, lines + 1)]
    payable = sum(item.sum_minor - item.discount_minor for item in sums)
    tenders = (Tender("card", payable // 2), Tender("cash", payable))
    text = ReceiptText(("рядок",), ("окремо",) * chance.randint(0, 2), chance.choice(["", "Q1"]))
    kind = chance.choice(["sale", "sale", "return"])
    return sample_job(job_id, lines, text, kind=kind, tenders=chance.choice([None, tenders]))


def check(bench, job, outcome, before, note):
    """The verdict is what is on paper; a person would have to look only at an unknown one."""
    on_paper = bench.fiscal_documents() - before
    assert on_paper <= 1, note
    if outcome.verdict != "unknown":
        assert outcome.verdict == ("printed" if on_paper else "not_printed"), (note, outcome)
    if on_paper:
        assert bench.last_total_minor() == job.document.payable_minor, note


def test_random_jobs_under_random_faults(tmp_path):
    seed = fresh_seed()
    chance = random.Random(seed)
    config = RegisterConfig(cancel_after_payment=chance.random() < 0.5)
    with emulated_printer(tmp_path, config=config) as bench:
        printer = bench.open(reply_timeout_ms=100, tries=4)
        journal = MemoryJournal()
        for number in range(JOBS):
            faults = "; ".join(random_fault(chance) for _ in range(chance.randint(1, 2)))
            job, before = random_job(chance, f"job-{number}"), bench.fiscal_documents()
            note = f"seed {seed}, job {number}: {faults}"
            bench.emulator.send(faults)
            check(bench, job, printer.print_receipt(job, journal), before, note)
            bench.emulator.send("clear; paper_in; power_on; cover_close; delay 0")
            settled = printer.reconcile(job, journal)
            assert settled.verdict != "unknown", (note, settled)
            check(bench, job, settled, before, note)
            assert printer.print_receipt(job, journal).verdict == "printed", note
            assert bench.fiscal_documents() == before + 1, note
            still_open = [d for d in bench.emulator.documents() if d.state == "open"]
            assert not [d for d in still_open if d.is_fiscal], note
        printer.close()
