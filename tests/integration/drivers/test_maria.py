"""MARIA-304T: SYNC and the last command after a lost answer, sums that the device checks itself."""

import pytest

from drivers.base import PrintJob
from drivers.conformance.emulated import emulated_printer
from drivers.conformance.samples import MemoryJournal, sample_document, sample_item, sample_job
from drivers.registry import open_fiscal_printer
from loyalty.receipt import ReceiptItem, ReceiptText


@pytest.fixture
def bench(tmp_path):
    with emulated_printer(tmp_path, dialect="maria") as bench:
        yield bench


def show(bench, job, journal=None, **options):
    printer = bench.open(**options)
    try:
        return printer.print_receipt(job, journal or MemoryJournal())
    finally:
        printer.close()


@pytest.mark.parametrize("lost", ["drop_reply", "corrupt"])
@pytest.mark.parametrize("cmd", ["PREP", "COMP"])
def test_a_lost_answer_is_told_from_a_lost_command_by_conf(bench, lost, cmd):
    bench.emulator.send(f"{lost} at {cmd}")
    outcome = show(bench, sample_job("lost", 2))
    assert outcome.verdict == "printed"
    executed = bench.device.executed
    assert (executed["PREP"], executed["FISC"], executed["COMP"]) == (1, 2, 1)
    assert bench.fiscal_documents() == 1


def test_a_command_that_never_arrived_is_sent_again(bench):
    bench.emulator.send("nak at COMP")
    assert show(bench, sample_job("refused", 2)).reason == "device_error"
    assert show(bench, sample_job("again", 2)).verdict == "printed"


def test_a_lost_line_among_lines_is_not_guessed(bench):
    """CONF names FISC whether or not the second FISC ran, so the receipt is given up."""
    journal, job = MemoryJournal(), sample_job("lines", 3)
    assert show(bench, sample_job("first", 1), journal).verdict == "printed"
    printer = bench.open()
    bench.emulator.send("drop_reply 2 at FISC")
    outcome = printer.print_receipt(job, journal)
    assert (outcome.verdict, outcome.reason) == ("not_printed", "cancelled")
    assert printer.print_receipt(job, journal).verdict == "printed"
    printer.close()
    assert bench.fiscal_documents() == 2


def test_another_sum_than_the_devices_own_never_becomes_a_receipt(bench):
    item = ReceiptItem("s", "Сир", 333, "кг", 10_000, 3_329, 0, "А")
    job = PrintJob("odd", sample_document([item]), ReceiptText())
    assert show(bench, job).verdict == "printed"
    assert bench.last_total_minor() == 3_329


def test_a_discount_on_the_whole_is_spread_over_the_lines(bench):
    items = [
        sample_item(1),
        sample_item(2),
        ReceiptItem("d", "Знижка", 1000, "шт", 0, -777, 0, "А"),
    ]
    job = PrintJob("spread", sample_document(items), ReceiptText())
    assert show(bench, job).verdict == "printed"
    (receipt,) = bench.receipts()
    assert receipt.total_minor == job.document.payable_minor
    assert sum(item.correction_minor for item in receipt.items) == -777


def test_other_goods_get_other_article_numbers(bench):
    journal = MemoryJournal()
    for number in (1, 2, 1):
        job = PrintJob(
            f"job-{len(journal.values)}", sample_document([sample_item(number)]), ReceiptText()
        )
        assert show(bench, job, journal).verdict == "printed"
    assert bench.fiscal_documents() == 3
    # A journal that was lost begins at the first number again, which is another article's now.
    document = sample_document([sample_item(3)])
    assert show(bench, PrintJob("lost", document, ReceiptText())).verdict == "printed"


def test_paper_out_before_and_at_the_end(bench):
    journal, job = MemoryJournal(), sample_job("paper", 2)
    bench.emulator.send("paper_out")
    assert show(bench, job, journal).reason == "paper_out"
    bench.emulator.send("paper_in; paper_out at COMP")
    assert show(bench, job, journal).verdict == "not_printed"
    bench.emulator.send("paper_in")
    assert show(bench, job, journal).verdict == "printed"
    assert bench.fiscal_documents() == 1


def test_a_receipt_that_is_not_ours_is_neither_cancelled_nor_closed(bench):
    bench.emulator._loop.call(lambda: bench.device._till.open("sale"))
    outcome = show(bench, sample_job("ours", 1))
    assert (outcome.verdict, outcome.reason) == ("not_printed", "foreign_receipt_open")
    assert bench.device.executed["CANC"] == 0


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
        printer = open_fiscal_printer("fiscal.maria", datecs.emulator.url, options)
        outcome = printer.print_receipt(sample_job("wrong", 1), MemoryJournal())
        printer.close()
        assert (outcome.verdict, outcome.reason) == ("not_printed", "no_link")
        assert not datecs.device.executed
