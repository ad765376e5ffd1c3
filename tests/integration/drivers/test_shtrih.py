"""Shtrih-M: pending answers, paper that ends, receipts of others, and a client of others."""

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from drivers.conformance.emulated import emulated_printer
from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.emulators.register.core import KYIV
from drivers.fiscal.shtrih.commands import sale_body
from drivers.fiscal.shtrih.frame import encode
from drivers.registry import open_fiscal_printer
from drivers.transport import open_transport
from loyalty.receipt import ReceiptText

CLIENT = Path(__file__).parents[2] / "support" / "pyshtrih_client.py"


@pytest.fixture
def bench(tmp_path):
    with emulated_printer(tmp_path, dialect="shtrih") as bench:
        yield bench


def show(bench, job, journal=None):
    printer = bench.open()
    try:
        return printer.print_receipt(job, journal or MemoryJournal())
    finally:
        printer.close()


@pytest.mark.parametrize("lost", ["drop_reply", "drop_reply 3", "corrupt 2", "nak 2"])
@pytest.mark.parametrize("cmd", [0x8D, 0x80, 0x17, 0x85])
def test_a_lost_answer_is_fetched_and_nothing_done_twice(bench, lost, cmd):
    bench.emulator.send(f"{lost} at {cmd}")
    outcome = show(bench, sample_job("lost", 3))
    assert outcome.verdict == "printed"
    assert bench.fiscal_documents() == 1
    assert len(bench.receipts()[0].items) == 3
    executed = bench.device.executed
    assert (executed[0x8D], executed[0x80], executed[0x85]) == (1, 3, 1)


def test_a_driver_that_sends_again_without_asking_sells_twice(bench):
    """The naive driver: the same command again after a lost answer."""
    port = open_transport(bench.emulator.url)
    frame = encode(0x80, bytes((30, 0, 0, 0)) + sale_body(1000, 100, 1, 1, "Кава"))
    bench.emulator.send("drop_reply at 128")
    for _ in range(2):
        port.write(frame)
        port.read(100, 0.3)
    port.close()
    (open_receipt,) = bench.emulator.documents()
    assert len(open_receipt.items) == 2


def test_paper_that_ends_while_closing_holds_the_job_until_it_is_refilled(bench):
    journal, job = MemoryJournal(), sample_job("paper", 2)
    bench.emulator.send("paper_out after 133")
    outcome = show(bench, job, journal)
    assert (outcome.verdict, outcome.reason) == ("unknown", "paper_out")
    printer = bench.open()
    assert printer.reconcile(job, journal).verdict == "unknown"
    printer.close()
    assert bench.device.executed[0xB0] == 0
    bench.emulator.send("paper_in")
    printer = bench.open()
    again = printer.reconcile(job, journal)
    third = printer.print_receipt(job, journal)
    printer.close()
    assert (again.verdict, third.verdict) == ("printed", "printed")
    assert bench.device.executed[0xB0] == 1
    assert bench.fiscal_documents() == 1


def test_paper_that_is_out_before_the_close_leaves_a_receipt_to_be_cleared(bench):
    journal, job = MemoryJournal(), sample_job("held", 2)
    bench.emulator.send("paper_out at 133")
    outcome = show(bench, job, journal)
    assert outcome.verdict in {"not_printed", "unknown"}
    bench.emulator.send("paper_in")
    assert show(bench, job, journal).verdict == "printed"
    assert bench.fiscal_documents() == 1


def test_a_receipt_that_is_not_ours_is_neither_cancelled_nor_closed(bench):
    port = open_transport(bench.emulator.url)
    port.write(encode(0x80, bytes((1, 0, 0, 0)) + sale_body(1000, 100, 1, 1, "Чуже")))
    port.read(100, 0.3)
    port.close()
    outcome = show(bench, sample_job("ours", 1))
    assert (outcome.verdict, outcome.reason) == ("not_printed", "foreign_receipt_open")
    assert [d.items[0].name for d in bench.emulator.documents()] == ["Чуже"]
    assert bench.device.executed[0x88] == 0


def test_an_old_answer_waiting_in_the_printer_is_not_taken_for_ours(bench):
    """Another life asked for the subtotal and died; its answer is read and put aside."""
    port = open_transport(bench.emulator.url)
    bench.emulator.send("drop_reply at 16")
    port.write(encode(0x10, bytes((1, 0, 0, 0))))
    port.read(100, 0.3)
    port.close()
    assert show(bench, sample_job("fresh", 1)).verdict == "printed"


def test_a_shift_over_24_hours_is_said_in_words(bench):
    assert show(bench, sample_job("first", 1)).verdict == "printed"
    bench.emulator._loop.call(
        lambda: setattr(bench.device._core.memory.shift, "opened_at", 1_600_000_000)
    )
    outcome = show(bench, sample_job("late", 1))
    assert (outcome.verdict, outcome.reason) == ("not_printed", "shift_over_24_hours")


def test_another_kind_of_printer_is_sent_nothing_that_prints(tmp_path):
    with emulated_printer(tmp_path) as datecs:
        options = {"reply_timeout_ms": 30, "tries": 2}
        printer = open_fiscal_printer("fiscal.shtrih", datecs.emulator.url, options)
        outcome = printer.print_receipt(sample_job("wrong", 1), MemoryJournal())
        printer.close()
        assert (outcome.verdict, outcome.reason) == ("not_printed", "no_link")
        assert not datecs.device.executed


def test_text_and_slip_come_out_in_ukrainian(bench):
    text = ReceiptText(("Ваш баланс: 312,00 балів",), ("Їжак, ґанок і Євро",))
    assert show(bench, sample_job("text", 1, text)).verdict == "printed"
    paper = "\n".join(document.text() for document in bench.emulator.documents())
    assert "Ваш баланс: 312,00 балів" in paper
    assert "Їжак, ґанок і Євро" in paper
    assert "?" not in paper


def test_pyshtrih_sells_on_the_emulator(bench):
    pytest.importorskip("pyshtrih")
    port = bench.emulator.url.removeprefix("serial:")
    done = subprocess.run(
        [sys.executable, str(CLIENT), port], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == {
        "class": "ShtrihFRK",
        "name": "ШТРИХ-ФР-К",
        "change": 2_900,
        "documents": 1,
        "mode": [2, 0],
        "sales": 1,
        "cash": 27_100,
    }
    (receipt,) = bench.receipts()
    assert [item.name for item in receipt.items] == ["Кава в зернах", "Хлiб"]
    assert receipt.total_minor == 27_100


def test_pyshtrih_and_our_driver_read_the_same_of_what_waits_to_be_sent(bench):
    pytest.importorskip("pyshtrih")
    bench.emulator.send("tax_link_out")
    assert show(bench, sample_job("first", 1)).verdict == "printed"
    assert show(bench, sample_job("second", 1)).verdict == "printed"
    port = bench.emulator.url.removeprefix("serial:")
    done = subprocess.run(
        [sys.executable, str(CLIENT), port, "exchange"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    second = bench.receipts()[1]
    assert (told["waiting"], told["number"]) == (2, second.number - 1)
    waited = datetime.now(KYIV).replace(tzinfo=None) - datetime.fromisoformat(told["made"])
    assert timedelta() <= waited < timedelta(minutes=10)
    printer = bench.open()
    assert abs(printer.shift_state().untransmitted_min - waited.seconds // 60) <= 1
    printer.close()


def test_a_slip_cut_short_does_not_hold_up_the_job_behind_it(bench):
    """Text outside a receipt is no document, so tearing it off moves no number."""
    text, journal = ReceiptText(("рядок",), ("окремий рядок",)), MemoryJournal()
    bench.emulator.send("nak 9 at 37")
    assert show(bench, sample_job("slip", 1, text), journal).verdict == "printed"
    bench.emulator.send("clear; paper_out after 141")
    assert show(bench, sample_job("behind", 1), journal).verdict == "not_printed"
    bench.emulator.send("paper_in")
    assert show(bench, sample_job("behind", 1), journal).verdict == "printed"
    assert bench.fiscal_documents() == 2
