"""From a document to commands: exact sums, payments in order, and what is refused."""

import dataclasses

import pytest

from drivers.base import PrintJob
from drivers.conformance.samples import sample_document, sample_item, sample_job
from drivers.fiscal.counted.receipt_plan import DocumentMismatch, Payment, plan_receipt
from drivers.fiscal.datecs_ua.commands import sale_data
from drivers.fiscal.datecs_ua.options import read_options
from loyalty.basket import Tender
from loyalty.receipt import ReceiptItem, ReceiptText

OPTIONS = read_options({}).rules


def plan(document, text=None):
    return plan_receipt(PrintJob("job", document, text or ReceiptText()), OPTIONS)


def wire(sale, plu=7):
    return sale_data(plu, sale.qty_milli, sale.price_minor, sale.correction_minor).decode()


def test_a_discount_goes_into_the_line():
    made = plan(sample_document([sample_item(1, 4550, 2000, 1000)]))
    assert wire(made.sales[0]) == "7*2.000#45.50;-10.00"
    assert made.total_minor == 8100


def test_the_tills_line_sum_stands_even_where_the_printer_rounds_otherwise():
    item = dataclasses.replace(sample_item(1, 12_999, 345), sum_minor=4484)
    made = plan(sample_document([item]))
    assert wire(made.sales[0]) == "7*0.345#129.99;-0.01"
    item = dataclasses.replace(item, sum_minor=4486)
    assert wire(plan(sample_document([item])).sales[0]) == "7*0.345#129.99;+0.01"
    item = dataclasses.replace(item, sum_minor=4485)
    assert wire(plan(sample_document([item])).sales[0]) == "7*0.345#129.99"


def test_a_negative_line_is_a_discount_on_the_whole():
    minus = ReceiptItem("disc", "Знижка", 1000, "шт", -500, -500, 0, "А")
    made = plan(sample_document([sample_item(1), sample_item(2), minus]))
    assert len(made.sales) == 2
    assert made.subtotal_discount_minor == 500
    assert made.running_minor == (0, 9100, 18_200, 17_700)


def test_cash_goes_last_and_gives_the_change():
    tenders = (Tender("cash", 5000), Tender("card", 4000), Tender("gift_card", 1000))
    made = plan(sample_document([sample_item(1)], tenders))
    assert made.payments == (Payment("D", 4000), Payment("C", 1000), Payment("P", 5000))
    assert made.change_minor == 900


def test_bonuses_shown_as_a_payment_come_first():
    document = sample_document(
        [sample_item(1)],
        (Tender("card", 8100),),
        payable_minor=8100,
        redeemed_minor=1000,
        redeem_as="payment",
    )
    assert plan(document).payments == (Payment("N", 1000), Payment("D", 8100))
    told = dataclasses.replace(document, tenders=(Tender("bonus", 1000), *document.tenders))
    assert plan(told).payments == (Payment("N", 1000), Payment("D", 8100))


def test_a_receipt_paid_with_bonuses_alone():
    document = sample_document(
        [sample_item(1)], (), payable_minor=0, redeemed_minor=9100, redeem_as="payment"
    )
    assert plan(document).payments == (Payment("N", 9100),)


def test_cash_rounding_is_part_of_the_due_sum():
    item = sample_item(1, 10_020, 1000)
    made = plan(sample_document([item], (Tender("cash", 20_000),), rounding_minor=-20))
    assert made.change_minor == 10_000


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"tenders": (Tender("card", 9099),)}, "do not cover"),
        ({"tenders": (Tender("card", 9101),)}, "do not cover"),
        ({"tenders": (Tender("card", 9200), Tender("cash", 50))}, "do not cover"),
        ({"tenders": (Tender("card", 9100), Tender("cash", -1))}, "negative"),
        ({"payable_minor": 9000}, "the document says 9000"),
        ({"redeemed_minor": 100, "redeem_as": "payment"}, "the document says"),
        ({"rounding_minor": 10}, "do not cover"),
        ({"rounding_minor": 60, "tenders": (Tender("cash", 9160),)}, "at most 50"),
        ({"tenders": (Tender("card", 9100), Tender("bonus", 5))}, "bonus tender"),
    ],
)
def test_sums_that_do_not_fit_are_refused(changes, word):
    with pytest.raises(DocumentMismatch, match=word) as caught:
        plan(sample_document([sample_item(1)], **changes))
    assert caught.value.code == "document_mismatch"


@pytest.mark.parametrize(
    "changes",
    [
        {"tax_group": "A"},  # Latin
        {"tax_group": ""},
        {"qty_milli": 0},
        {"discount_minor": 9101},
        {"barcode": "ґ"},
    ],
)
def test_lines_that_cannot_be_sold_are_refused(changes):
    item = dataclasses.replace(sample_item(1), **changes)
    with pytest.raises(DocumentMismatch):
        plan(sample_document([item], payable_minor=9100))


def test_an_empty_receipt_is_refused():
    with pytest.raises(DocumentMismatch):
        plan(sample_document([]))


def test_an_article_is_its_goods_and_not_its_price():
    def key(**changes):
        document = sample_document([dataclasses.replace(sample_item(1), **changes)])
        return plan(dataclasses.replace(document, payable_minor=9100)).sales[0].article.key

    assert key() == key(unit_price_minor=100)
    assert len({key(), key(sku="x"), key(name="x"), key(tax_group="Б"), key(unit="кг")}) == 5


def test_long_names_take_two_lines_and_no_more():
    name = "Дуже довга назва товару яка не вміщується навіть у два рядки чека фіскального принтера"
    (sale,) = plan(sample_document([dataclasses.replace(sample_item(1), name=name)])).sales
    assert len(sale.article.name_lines) == 2
    assert all(len(line) <= 36 for line in sale.article.name_lines)


def test_texts_are_wrapped_to_the_profile():
    text = ReceiptText(("слово " * 20,), ("ще " * 30,), "https://l.ua/a1")
    made = plan(sample_document([sample_item(1)]), text)
    assert all(len(line) <= 34 for line in (*made.lines, *made.slip_lines))
    assert " ".join(made.lines).split() == ["слово"] * 20
    assert made.has_slip


@pytest.mark.parametrize("payload", ["ґ", "x" * 201, "a\x01b"])
def test_a_qr_that_cannot_be_printed_does_not_stop_the_receipt(payload):
    made = plan(sample_document([sample_item(1)]), ReceiptText(qr=payload))
    assert (made.slip_qr, made.qr_dropped) == ("", True)


def test_the_fingerprint_follows_the_content():
    first, same, other = sample_job("a"), sample_job("b"), sample_job("a", lines=4)
    prints = [plan_receipt(job, OPTIONS).fingerprint for job in (first, same, other)]
    assert prints[0] == prints[1] != prints[2]
