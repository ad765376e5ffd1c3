"""What counters and journal together prove, and what they leave to a person."""

import dataclasses

import pytest

from drivers.base import PrintOutcome
from drivers.conformance.samples import MemoryJournal
from drivers.fiscal.counted.job_record import (
    BrokenRecord,
    JobBook,
    JobRecord,
    record_from_json,
)
from drivers.fiscal.counted.verdict import Finding, decide
from drivers.fiscal.datecs_ua.commands import Counters, Transaction
from drivers.fiscal.datecs_ua.status import decode_status

BEFORE = Counters(123, 45, 1, 168)
AFTER = Counters(124, 46, 1, 169)
RECORD = JobRecord("job", 1, "closing", "sale", "f" * 32, 8100, (0, 9100, 8100), BEFORE)
CLOSED = decode_status(bytes.fromhex("80808080869a"))
OPEN = decode_status(bytes.fromhex("80808880869a"))
RETURN_OPEN = decode_status(bytes.fromhex("80888880869a"))
LAST = Transaction(is_open=False, amount_minor=8100, paid_minor=8100)


def finding(record=RECORD, status=CLOSED, counters=AFTER, last=LAST, exclusive=True):
    return decide(record, status, counters, last, exclusive).finding


def test_one_more_with_our_sum_after_we_began_to_pay_is_printed():
    assert finding() is Finding.PRINTED


def test_the_same_sum_alone_proves_nothing():
    assert finding(dataclasses.replace(RECORD, stage="opening")) is Finding.UNKNOWN


@pytest.mark.parametrize(
    "counters",
    [
        Counters(125, 47, 1, 170),  # two more
        Counters(124, 46, 2, 169),  # a refund besides
        Counters(10, 4, 0, 12),  # another printer
        Counters(123, 44, 1, 168),  # one less
    ],
)
def test_counters_that_moved_otherwise_are_for_a_person(counters):
    assert finding(counters=counters) is Finding.UNKNOWN


def test_another_sum_is_for_a_person():
    assert finding(last=dataclasses.replace(LAST, amount_minor=8101)) is Finding.UNKNOWN


def test_one_more_while_another_receipt_is_open_is_for_a_person():
    assert finding(status=OPEN) is Finding.UNKNOWN


@pytest.mark.parametrize("stage", ["opening", "opened", "closing"])
def test_an_unmoved_counter_with_nothing_open_is_not_printed(stage):
    assert finding(dataclasses.replace(RECORD, stage=stage), counters=BEFORE) is Finding.NOT_PRINTED


@pytest.mark.parametrize("amount", [0, 9100, 8100])
def test_an_open_receipt_at_one_of_our_sums_is_ours(amount):
    record = dataclasses.replace(RECORD, stage="opening")
    last = Transaction(is_open=True, amount_minor=amount, paid_minor=0)
    assert finding(record, OPEN, BEFORE, last) is Finding.OURS_OPEN


def test_an_open_receipt_at_another_sum_is_not_ours():
    record = dataclasses.replace(RECORD, stage="opening")
    for last in (Transaction(True, 5000, 0), Transaction(True, 9100, 100)):
        assert finding(record, OPEN, BEFORE, last) is Finding.UNKNOWN


def test_an_open_return_is_not_our_sale():
    last = Transaction(True, 8100, 0)
    assert finding(status=RETURN_OPEN, counters=BEFORE, last=last) is Finding.UNKNOWN


def test_an_open_receipt_after_another_document_is_not_ours():
    last = Transaction(True, 8100, 0)
    moved = Counters(124, 45, 1, 169)
    assert finding(status=OPEN, counters=moved, last=last) is Finding.UNKNOWN


def test_on_a_shared_port_only_a_confirmed_receipt_is_ours():
    record = dataclasses.replace(RECORD, stage="opening")
    last = Transaction(True, 0, 0)
    assert finding(record, OPEN, BEFORE, last, exclusive=False) is Finding.UNKNOWN
    record = dataclasses.replace(RECORD, stage="opened")
    assert finding(record, OPEN, BEFORE, last, exclusive=False) is Finding.OURS_OPEN


def test_refunds_are_judged_by_their_own_counter():
    record = dataclasses.replace(RECORD, kind="return")
    assert finding(record, counters=Counters(124, 45, 2, 169)) is Finding.PRINTED
    assert finding(record, counters=AFTER) is Finding.NOT_PRINTED


def test_a_record_survives_the_journal():
    ended = RECORD.ended(PrintOutcome("unknown", "", "no_link", "80 80", {"a": "ґ"}))
    assert record_from_json(ended.to_json()) == ended
    for broken in ("", "{}", "[]", '{"job_id": 1}', ended.to_json()[:-3]):
        with pytest.raises(BrokenRecord):
            record_from_json(broken)


def test_a_job_that_is_overtaken_keeps_its_record():
    book = JobBook(MemoryJournal())
    book.begin(RECORD)
    book.begin(dataclasses.replace(RECORD, job_id="next"))
    assert book.load("job") == RECORD
    assert book.load("next").job_id == "next"
    assert book.load("never") is None


def test_the_latest_attempt_counts():
    book = JobBook(MemoryJournal())
    book.begin(RECORD)
    book.end(RECORD, PrintOutcome("not_printed", "", "paper_out"))
    assert book.load("job").verdict == "not_printed"
    book.begin(dataclasses.replace(RECORD, attempt=2))
    assert book.load("job").verdict is None
