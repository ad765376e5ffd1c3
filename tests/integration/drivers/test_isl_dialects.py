"""The ISL dialects among each other: what may be sent where, and what each refuses to guess."""

from itertools import permutations

import pytest

from drivers.conformance.emulated import emulated_printer
from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.fiscal.datecs_ua.opcodes import ALLOWED as UKRAINIAN
from drivers.fiscal.isl_bg.dialects import Daisy, DatecsP, DatecsX
from drivers.registry import open_fiscal_printer
from loyalty.basket import Tender
from loyalty.receipt import ReceiptText

LISTS = {
    "datecs_ua": UKRAINIAN,
    "datecs_p": DatecsP.allowed,
    "datecs_x": DatecsX.allowed,
    "daisy": Daisy.allowed,
}
MEANS_SOMETHING_ELSE = {
    "datecs_ua": {45, 55, 60, 72, 83, 84, 91, 92, 98, 101},
    "datecs_p": {43, 46, 57, 72, 83, 88, 91, 98, 101, 130},
    "datecs_x": {43, 45, 46, 57, 72, 83, 88, 91, 98, 101, 113, 130},
    "daisy": {43, 46, 55, 57, 60, 72, 83, 84, 85, 88, 91, 98, 101},
}
TEXT = ReceiptText(("Ваш баланс: 312,00 балів",), ("Їжак, ґанок",), "https://l.ua/a1")


def sent(emulator):
    """Command numbers of every frame from the host."""
    found = []
    for way, hexed in emulator.frames():
        frame = bytes.fromhex(hexed)
        if way == ">":
            nibbles = frame[6:10]
            extended = frame[1:3] == b"00"
            found.append((nibbles[2] & 0xF) << 4 | nibbles[3] & 0xF if extended else frame[3])
    return found


@pytest.mark.parametrize("dialect", LISTS)
def test_no_list_holds_a_number_that_means_something_else_there(dialect):
    assert not LISTS[dialect] & MEANS_SOMETHING_ELSE[dialect]


@pytest.mark.parametrize("dialect", LISTS)
def test_a_whole_job_stays_on_its_list(dialect, tmp_path):
    with emulated_printer(tmp_path, dialect=dialect) as bench:
        printer = bench.open()
        job = sample_job("all", 3, TEXT, tenders=(Tender("card", 5000), Tender("cash", 30_000)))
        assert printer.print_receipt(job, MemoryJournal()).verdict == "printed"
        printer.close()
        commands = sent(bench.emulator)
        assert commands[:2] == [74, 90]
        assert set(commands) <= LISTS[dialect] | {74, 90}


@pytest.mark.parametrize(("driver", "dialect"), list(permutations(LISTS, 2)))
def test_a_foreign_dialect_is_sent_nothing_but_74_and_90(driver, dialect, tmp_path):
    with emulated_printer(tmp_path, dialect=dialect) as bench:
        options = {"reply_timeout_ms": 30, "tries": 2}
        printer = open_fiscal_printer(f"fiscal.{driver}", bench.emulator.url, options)
        outcome = printer.print_receipt(sample_job("foreign", 1), MemoryJournal())
        printer.close()
        assert outcome.verdict == "not_printed"
        assert outcome.reason in ("wrong_dialect", "no_link")
        assert set(sent(bench.emulator)) <= {74, 90}
        assert not bench.emulator.documents()


@pytest.mark.parametrize("dialect", ["datecs_p", "datecs_x", "daisy"])
def test_a_return_is_refused_before_anything_is_sent(dialect, tmp_path):
    with emulated_printer(tmp_path, dialect=dialect) as bench:
        printer = bench.open()
        outcome = printer.print_receipt(sample_job("r", 1, kind="return"), MemoryJournal())
        printer.close()
        assert (outcome.verdict, outcome.reason) == ("not_printed", "return_not_supported")
        assert not sent(bench.emulator)


@pytest.mark.parametrize("dialect", ["datecs_p", "datecs_x", "daisy"])
def test_a_cancelled_receipt_takes_a_number_and_is_still_no_print(dialect, tmp_path):
    """The number moved by one and the sum is ours, yet nothing was paid: not printed."""
    with emulated_printer(tmp_path, dialect=dialect) as bench:
        journal, job = MemoryJournal(), sample_job("cancelled", 2)
        bench.emulator.send("unplug 0.05 after 53")
        printer = bench.open()
        assert printer.print_receipt(job, journal).verdict in ("printed", "unknown")
        bench.emulator.counters()  # answered when the cable is in again
        again = printer.print_receipt(job, journal)
        bench.emulator.send("paper_out at 53")
        held = printer.print_receipt(sample_job("held", 2), journal)
        assert held.verdict == "not_printed"
        bench.emulator.send("paper_in")
        assert printer.reconcile(sample_job("held", 2), journal).verdict == "not_printed"
        assert printer.print_receipt(sample_job("held", 2), journal).verdict == "printed"
        printer.close()
        assert again.verdict == "printed"
        assert bench.fiscal_documents() == 2
        assert bench.emulator.counters()["documents"] > 2


@pytest.mark.parametrize(
    ("dialect", "cancel"), [("datecs_p", 60), ("datecs_x", 60), ("daisy", 130)]
)
def test_a_cancel_whose_reply_is_lost_is_no_print(dialect, cancel, tmp_path):
    """The number has moved by one and the last sum is ours: only the missing payment tells."""
    with emulated_printer(tmp_path, dialect=dialect) as bench:
        journal, job, printer = MemoryJournal(), sample_job("lost", 2), bench.open()
        bench.emulator.send("cable_out at 53")
        assert printer.print_receipt(job, journal).verdict == "unknown"
        bench.emulator.send(f"cable_in; cable_out after {cancel}")
        assert printer.reconcile(job, journal).verdict == "unknown"
        assert bench.emulator.counters()["documents"] == 1
        bench.emulator.send("cable_in")
        outcome = printer.reconcile(job, journal)
        assert (outcome.verdict, outcome.reason) == ("not_printed", "cancelled")
        assert printer.print_receipt(job, journal).verdict == "printed"
        printer.close()
        assert bench.fiscal_documents() == 1


@pytest.mark.parametrize("dialect", ["datecs_p", "datecs_x", "daisy"])
def test_a_receipt_that_is_not_ours_is_neither_cancelled_nor_closed(dialect, tmp_path):
    with emulated_printer(tmp_path, dialect=dialect) as bench:
        bench.emulator._loop.call(lambda: bench.device._till.open("sale"))
        printer = bench.open()
        outcome = printer.print_receipt(sample_job("ours", 1), MemoryJournal())
        printer.close()
        assert (outcome.verdict, outcome.reason) == ("not_printed", "foreign_receipt_open")
        assert not {60, 130} & set(sent(bench.emulator))
