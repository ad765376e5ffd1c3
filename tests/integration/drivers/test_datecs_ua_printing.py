"""Receipts of the Ukrainian Datecs driver on the emulator's paper."""

import dataclasses

import pytest

from drivers.base import PrintJob
from drivers.conformance.emulated import emulated_printer
from drivers.conformance.samples import MemoryJournal, sample_document, sample_item, sample_job
from drivers.emulators.datecs_ua.device import DatecsUaDevice
from drivers.emulators.isl.wire import isl_wire
from drivers.emulators.printer import PrinterEmulator
from drivers.emulators.register.config import RegisterConfig
from drivers.emulators.wire import open_endpoint
from drivers.fiscal.datecs_ua.opcodes import ALLOWED
from drivers.fiscal.isl.frame import FrameDecoder
from drivers.registry import open_fiscal_printer
from loyalty.basket import Tender
from loyalty.receipt import ReceiptItem, ReceiptText


@pytest.fixture
def bench(tmp_path):
    with emulated_printer(tmp_path) as made:
        yield made


@pytest.fixture
def printer(bench):
    opened = bench.open()
    yield opened
    opened.close()


def paper(bench):
    return "\n".join(document.text() for document in bench.emulator.documents())


def show(printer, document, text=None, journal=None, job_id="job"):
    job = PrintJob(job_id, document, text or ReceiptText())
    return printer.print_receipt(job, journal or MemoryJournal())


def sent(bench):
    frames = [bytes.fromhex(hexed) for way, hexed in bench.emulator.frames() if way == ">"]
    return [FrameDecoder().feed(frame)[0] for frame in frames]


def test_a_sale_with_discounts_texts_and_change(bench, printer):
    items = [sample_item(1, 4550, 2000, 1000), sample_item(2, 12_990, 345, 82)]
    due = 8100 + 4400
    document = sample_document(items, (Tender("card", 5000), Tender("cash", 10_000)))
    assert document.payable_minor == due
    text = ReceiptText(("Ваш баланс: 312,00 балів", "Нараховано — 12,50 ₴"))
    outcome = show(printer, document, text)
    assert outcome.verdict == "printed"
    assert outcome.fiscal_number == "1"
    (receipt,) = bench.receipts()
    assert [(i.sum_minor, i.correction_minor, i.tax_group) for i in receipt.items] == [
        (9100, -1000, "А"),
        (4482, -82, "Б"),
    ]
    assert receipt.payments == [("D", 5000), ("P", 10_000)]
    assert (receipt.total_minor, receipt.change_minor) == (due, 2500)
    assert receipt.taxes == {"А": 1350, "Б": 288}
    assert receipt.cashier == "Олена"
    lines = paper(bench).splitlines()
    assert "Ваш баланс: 312,00 балів" in lines
    assert "Нараховано - 12,50 грн" in lines
    assert "Ґречаний хліб «Їжак» № 1" in lines
    assert not [line for line in lines if "?" in line]


def test_the_extra_slip_and_its_qr(bench, printer):
    text = ReceiptText((), ("Чекаємо на вас знову!",), "https://l.ua/a1")
    outcome = show(printer, sample_document([sample_item(1)]), text)
    assert outcome.evidence["slip"] == "printed"
    receipt, slip = bench.emulator.documents()
    assert receipt.is_fiscal
    assert slip.kind == "nonfiscal"
    assert "НЕ ФІСКАЛЬНИЙ" in slip.text()
    assert "Чекаємо на вас знову!" in slip.text()
    assert slip.to_json()["qr"] == ["https://l.ua/a1"]


def test_a_return_is_a_refund_and_names_the_first_receipt(bench, printer):
    document = sample_document(
        [sample_item(1)], (Tender("cash", 9100),), kind="return", original_fiscal_number="77"
    )
    outcome = show(printer, document)
    assert outcome.verdict == "printed"
    assert bench.emulator.counters()["refunds"] == 1
    assert bench.emulator.counters()["sales"] == 0
    assert "Повернення до чека 77" in paper(bench)


def test_a_manual_discount_comes_off_the_whole(bench, printer):
    minus = ReceiptItem("d", "Знижка касира", 1000, "шт", -500, -500, 0, "А")
    outcome = show(printer, sample_document([sample_item(1), sample_item(2), minus]))
    assert outcome.verdict == "printed"
    (receipt,) = bench.receipts()
    assert (receipt.discount_minor, receipt.total_minor) == (-500, 17_700)
    assert "Знижка на чек" in receipt.text()


def test_bonuses_as_a_payment(bench, printer):
    document = sample_document(
        [sample_item(1)],
        (Tender("card", 8100),),
        payable_minor=8100,
        redeemed_minor=1000,
        redeem_as="payment",
    )
    assert show(printer, document).verdict == "printed"
    (receipt,) = bench.receipts()
    assert receipt.payments == [("N", 1000), ("D", 8100)]
    assert receipt.total_minor == 9100


@pytest.mark.parametrize(("due", "rounding"), [(9020, -20), (9030, 20), (9025, 25)])
def test_cash_rounding_by_the_printer(bench, printer, due, rounding):
    item = sample_item(1, due, 1000)
    document = sample_document([item], (Tender("cash", 20_000),), rounding_minor=rounding)
    outcome = show(printer, document)
    assert outcome.verdict == "printed"
    assert "change_minor" not in outcome.evidence
    (receipt,) = bench.receipts()
    assert receipt.rounding_minor == rounding
    assert receipt.total_minor == due


def test_a_printer_that_does_not_round_is_paid_to_the_kopeck(tmp_path):
    with emulated_printer(tmp_path, config=RegisterConfig(cash_rounding=0)) as bench:
        printer = bench.open()
        item = sample_item(1, 9020, 1000)
        document = sample_document([item], (Tender("cash", 9000),), rounding_minor=-20)
        outcome = show(printer, document)
        printer.close()
    assert outcome.verdict == "printed"
    assert outcome.evidence["rounding_paid_minor"] == "20"


def test_the_tills_sum_wins_over_the_printers_product(bench, printer):
    item = dataclasses.replace(sample_item(1, 12_999, 345), sum_minor=4484)
    assert show(printer, sample_document([item])).verdict == "printed"
    assert bench.receipts()[0].total_minor == 4484


def test_excise_stamps_uktzed_and_barcode_reach_the_receipt(bench, printer):
    item = dataclasses.replace(
        sample_item(1),
        barcode="4820000000017",
        uktzed="2203000100",
        excise_stamps=("ABCD123456", "EFGH654321"),
    )
    assert show(printer, sample_document([item])).verdict == "printed"
    (sold,) = bench.receipts()[0].items
    assert (sold.barcode, sold.uktzed, sold.excise_stamp) == (
        "4820000000017",
        "2203000100",
        "ABCD123456",
    )
    assert "EFGH654321" in paper(bench)


def test_long_texts_are_wrapped_and_nothing_is_cut(bench, printer):
    words = [f"слово{number}" for number in range(40)]
    text = ReceiptText((" ".join(words),), (" ".join(words),))
    show(printer, sample_document([sample_item(1)]), text)
    for document in bench.emulator.documents():
        printed = " ".join(document.text().split())
        assert " ".join(words) in printed


def test_an_article_is_programmed_once_even_by_a_new_driver(bench):
    journal = MemoryJournal()
    for number in range(3):
        printer = bench.open()
        document = sample_document([sample_item(1), sample_item(2)])
        assert show(printer, document, journal=journal, job_id=str(number)).verdict == "printed"
        printer.close()
    programmed = [r for r in sent(bench) if r.cmd == 107 and r.data.startswith(b"P")]
    assert len(programmed) == 2


def test_articles_that_the_printer_has_lost_are_programmed_again(bench):
    journal, printer = MemoryJournal(), bench.open()
    assert show(printer, sample_document([sample_item(1)]), None, journal, "1").verdict == "printed"
    bench.device.execute(69, b"0000,0")
    assert bench.device.execute(107, b"DA,0000")[0] == b"P"
    assert show(printer, sample_document([sample_item(1)]), None, journal, "2").verdict == "printed"
    printer.close()


def test_a_number_taken_by_another_program_is_left_alone(bench):
    journal, printer = MemoryJournal(), bench.open()
    assert show(printer, sample_document([sample_item(1)]), None, journal, "1").verdict == "printed"
    taken = "PА2,1,10.00,0000,Чужий товар".encode("cp1251")
    assert bench.device.execute(107, taken)[0] == b"P"
    other = sample_document([sample_item(2)])
    assert show(printer, other, None, journal, "2").verdict == "printed"
    printer.close()
    assert "Чужий товар" not in paper(bench)


def test_only_commands_of_the_dialect_are_ever_sent(bench):
    journal, printer = MemoryJournal(), bench.open()
    printer.info()
    printer.status()
    show(printer, sample_document([sample_item(1)]), ReceiptText(("a",), ("b",), "c"), journal)
    job = sample_job("other", kind="return", original_fiscal_number="1")
    printer.print_receipt(job, journal)
    printer.close()
    commands = {request.cmd for request in sent(bench)}
    assert commands <= ALLOWED
    assert not commands & {61, 69, 72, 83, 84, 91, 92, 98, 101}


class BulgarianDevice(DatecsUaDevice):
    """The same model with Bulgarian firmware: its identification has six fields."""

    def execute(self, cmd, data):
        _reply, status = super().execute(cmd, data)
        return (b"FP-700,1.00BG 23NOV18 1000,FFFF,00000000,DT123456,02123456", status)


def test_a_printer_of_another_dialect_is_sent_nothing_but_74_and_90(tmp_path):
    endpoint = open_endpoint(str(tmp_path / "printer"))
    device = BulgarianDevice()
    emulator = PrinterEmulator("bg", endpoint, device, 0, isl_wire(device))
    printer = open_fiscal_printer("fiscal.datecs_ua", emulator.url, {})
    outcome = show(printer, sample_document([sample_item(1)]))
    printer.close()
    frames = [bytes.fromhex(hexed) for way, hexed in emulator.frames() if way == ">"]
    emulator.close()
    assert (outcome.verdict, outcome.reason) == ("not_printed", "wrong_dialect")
    assert [frame[3] for frame in frames] == [74, 90]


def test_identification_and_status(bench, printer):
    info = printer.info()
    assert (info.model, info.fiscal_number, info.serial_number) == (
        "FP-700",
        "3000012345",
        "ПБ40012345",
    )
    assert printer.status().paper == "ok"
    bench.emulator.send("paper_low")
    assert printer.status().paper == "low"
    bench.emulator.send("paper_out")
    status = printer.status()
    assert (status.paper, status.error) == ("out", "paper_out")
    bench.emulator.send("paper_in; cover_open")
    assert printer.status().error == "cover_open"


def test_the_profile_is_what_the_options_say(bench):
    printer = bench.open(line_width=40, trailer_width=38)
    assert (printer.profile.line_width, printer.profile.trailer_width) == (40, 38)
    assert printer.profile.code_page == "cp1251"
    printer.close()
