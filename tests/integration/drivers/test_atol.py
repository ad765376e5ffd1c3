"""ATOL: tasks that run once under their id, and what a connection does about the one before."""

import pytest

from drivers.conformance.emulated import emulated_printer
from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.fiscal.atol.frame import encode
from drivers.fiscal.atol.link import LAST_TASK_KEY
from drivers.fiscal.atol.tasks import add, ask
from drivers.registry import open_fiscal_printer
from drivers.transport import open_transport
from loyalty.receipt import ReceiptText


@pytest.fixture
def bench(tmp_path):
    with emulated_printer(tmp_path, dialect="atol") as bench:
        yield bench


def show(bench, job, journal=None):
    printer = bench.open()
    try:
        return printer.print_receipt(job, journal or MemoryJournal())
    finally:
        printer.close()


@pytest.mark.parametrize("lost", ["drop_reply", "drop_reply 3", "corrupt 2", "nak 2"])
@pytest.mark.parametrize("cmd", [0x92, 0x52, 0x4A])
def test_a_lost_answer_is_asked_for_under_its_task(bench, lost, cmd):
    bench.emulator.send(f"{lost} at {cmd}")
    outcome = show(bench, sample_job("lost", 3))
    assert outcome.verdict == "printed"
    executed = bench.device.executed
    assert (executed[0x92], executed[0x52], executed[0x4A]) == (1, 3, 1)
    assert bench.fiscal_documents() == 1


def test_the_same_task_twice_runs_once_and_another_task_runs_again(bench):
    """What a naive driver does, a new task for the repeat, prints the line twice."""
    port = open_transport(bench.emulator.url)

    def say(packet_id, data):
        port.write(encode(packet_id, data))
        return port.read(100, 0.5)[4]

    line = b"\0\0\x4c" + "Бонус".encode("cp866")
    assert say(1, add(7, line)) == 0xA3
    assert say(2, add(7, line)) == 0xB2
    assert say(3, ask(7)) == 0xA3
    assert bench.device.executed[0x4C] == 1
    assert say(4, add(8, line)) == 0xA3
    assert bench.device.executed[0x4C] == 2
    port.close()


def test_two_processes_never_use_the_same_task_in_a_row(bench):
    journal = MemoryJournal()
    tasks = []
    for number in range(3):
        assert show(bench, sample_job(f"job-{number}", 1), journal).verdict == "printed"
        tasks.append(journal.get(LAST_TASK_KEY))
    assert len(set(tasks)) == 3


def test_every_task_is_forgotten_in_the_end(bench):
    assert show(bench, sample_job("tidy", 4)).verdict == "printed"
    assert not bench.emulator._loop.call(lambda: dict(bench.emulator._wire._tasks))


def test_paper_out_before_and_in_the_middle(bench):
    journal, job = MemoryJournal(), sample_job("paper", 2)
    bench.emulator.send("paper_out")
    assert show(bench, job, journal).reason == "paper_out"
    bench.emulator.send("paper_in; paper_out at 74")
    assert show(bench, job, journal).verdict == "not_printed"
    bench.emulator.send("paper_in")
    assert show(bench, job, journal).verdict == "printed"
    assert bench.fiscal_documents() == 1


def test_a_receipt_that_is_not_ours_is_neither_cancelled_nor_closed(bench):
    bench.emulator._loop.call(lambda: bench.device._till.open("sale"))
    outcome = show(bench, sample_job("ours", 1))
    assert (outcome.verdict, outcome.reason) == ("not_printed", "foreign_receipt_open")
    assert bench.device.executed[0x59] == 0


def test_text_comes_out_in_ukrainian_on_cp866(bench):
    text = ReceiptText(("Ваш баланс: 312,00 балів",), ("Їжак, ґанок і Євро",))
    assert show(bench, sample_job("text", 1, text)).verdict == "printed"
    paper = "\n".join(document.text() for document in bench.emulator.documents())
    assert "Ваш баланс: 312,00 балiв" in paper
    assert "Їжак, ганок i Євро" in paper
    assert "?" not in paper


def test_another_kind_of_printer_is_sent_nothing_that_prints(tmp_path):
    with emulated_printer(tmp_path) as datecs:
        options = {"reply_timeout_ms": 30, "tries": 2}
        printer = open_fiscal_printer("fiscal.atol", datecs.emulator.url, options)
        outcome = printer.print_receipt(sample_job("wrong", 1), MemoryJournal())
        printer.close()
        assert (outcome.verdict, outcome.reason) == ("not_printed", "no_link")
        assert not datecs.device.executed
