"""The truth about paper under faults: lost replies, no paper, power cuts, cables, strangers."""

from itertools import pairwise

import pytest

from drivers.conformance.emulated import emulated_printer
from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.emulators.register.config import RegisterConfig
from drivers.errors import DeviceUnavailable
from drivers.fiscal.isl.frame import FrameDecoder
from loyalty.basket import Tender
from loyalty.receipt import ReceiptText

MONEY = (48, 58, 53, 56)
SLIP = ReceiptText(("у чеку",), ("на окремому чеку",), "https://l.ua/a1")


@pytest.fixture
def bench(tmp_path):
    with emulated_printer(tmp_path) as made:
        yield made


@pytest.fixture
def printer(bench):
    opened = bench.open()
    yield opened
    opened.close()


@pytest.fixture
def impatient(bench):
    """A driver that gives a silent printer up early, for tests that switch it off."""
    opened = bench.open(reply_timeout_ms=150, tries=3)
    yield opened
    opened.close()


def foreign_receipt(bench, *more):
    """What another program does on the printer: open a receipt, and so on."""
    bench.device.execute(107, "PА900,1,10.00,0000,Чуже".encode("cp1251"))
    for cmd, data in ((48, b"1,0000,1"), *more):
        _reply, status = bench.device.execute(cmd, data)
        assert not status[0] & 0x20


def open_slips(bench):
    return [document for document in bench.emulator.documents() if document.state == "open"]


@pytest.mark.parametrize("lost", [1, 3])
@pytest.mark.parametrize("cmd", [48, 58, 54, 53, 56])
def test_lost_replies_execute_the_command_exactly_once(bench, printer, cmd, lost):
    bench.emulator.send(f"drop_reply {lost} at {cmd}")
    job = sample_job(lines=1)
    assert printer.print_receipt(job, MemoryJournal()).verdict == "printed"
    assert bench.device.executed[cmd] == 1
    assert bench.fiscal_documents() == 1
    assert bench.last_total_minor() == job.document.payable_minor
    frames = [bytes.fromhex(hexed) for way, hexed in bench.emulator.frames() if way == ">"]
    resent = [frame for frame in frames if frame[3] == cmd]
    assert len(resent) > lost  # more, when the machine was slow to answer
    assert len(set(resent)) == 1


@pytest.mark.parametrize("fault", ["nak 2", "corrupt 2", "delay 400 1"])
@pytest.mark.parametrize("cmd", [58, 53, 56])
def test_refused_damaged_and_slow_replies(bench, printer, fault, cmd):
    bench.emulator.send(f"{fault} at {cmd}")
    assert printer.print_receipt(sample_job(lines=2), MemoryJournal()).verdict == "printed"
    assert bench.fiscal_documents() == 1
    assert bench.device.executed[56] == 1


def test_a_reply_to_56_that_never_comes_is_settled_by_the_counters(bench, printer):
    bench.emulator.send("drop_reply 5 at 56")
    outcome = printer.print_receipt(sample_job(), MemoryJournal())
    assert outcome.verdict == "printed"
    assert bench.fiscal_documents() == 1


@pytest.mark.parametrize("cmd", [48, 58, 54, 53])
def test_a_reply_that_never_comes_leaves_nothing_behind(bench, printer, cmd):
    bench.emulator.send(f"drop_reply 5 at {cmd}")
    journal, job = MemoryJournal(), sample_job(lines=1)
    outcome = printer.print_receipt(job, journal)
    truth = "printed" if bench.fiscal_documents() else "not_printed"
    assert outcome.verdict == truth
    assert not open_slips(bench)
    assert printer.print_receipt(job, journal).verdict == "printed"
    assert bench.fiscal_documents() == 1


def test_no_paper_before_the_receipt(bench, printer):
    bench.emulator.send("paper_out")
    journal, job = MemoryJournal(), sample_job()
    outcome = printer.print_receipt(job, journal)
    assert (outcome.verdict, outcome.reason) == ("not_printed", "paper_out")
    assert bench.device.executed[48] == 0
    bench.emulator.send("paper_in")
    assert printer.print_receipt(job, journal).verdict == "printed"


@pytest.mark.parametrize("where", ["at 48", "after 48", "at 58", "after 58", "at 54", "at 53"])
def test_paper_out_before_the_first_payment_is_not_printed(bench, printer, where):
    bench.emulator.send(f"paper_out {where}")
    journal, job = MemoryJournal(), sample_job(lines=2)
    outcome = printer.print_receipt(job, journal)
    assert (outcome.verdict, outcome.reason) == ("not_printed", "paper_out")
    assert bench.fiscal_documents() == 0
    bench.emulator.send("paper_in")
    assert printer.reconcile(job, journal).verdict == "not_printed"
    assert not open_slips(bench)
    assert printer.print_receipt(job, journal).verdict == "printed"
    assert bench.fiscal_documents() == 1


def test_the_next_sale_clears_away_our_own_receipt_that_stayed_open(bench, printer):
    journal = MemoryJournal()
    bench.emulator.send("paper_out at 58")
    assert printer.print_receipt(sample_job("first"), journal).verdict == "not_printed"
    (left,) = open_slips(bench)
    assert left.is_fiscal
    assert printer.print_receipt(sample_job("second"), journal).reason == "paper_out"
    bench.emulator.send("paper_in")
    assert printer.print_receipt(sample_job("second"), journal).verdict == "printed"
    assert bench.fiscal_documents() == 1
    assert printer.print_receipt(sample_job("first"), journal).verdict == "printed"
    assert bench.fiscal_documents() == 2


@pytest.mark.parametrize("where", ["after 53", "at 56"])
def test_paper_out_after_payment_is_unknown_until_the_receipt_is_closed(bench, printer, where):
    """Paid, the printer neither cancels nor closes without paper; with paper it is closed."""
    bench.emulator.send(f"paper_out {where}")
    journal, job = MemoryJournal(), sample_job()
    outcome = printer.print_receipt(job, journal)
    assert (outcome.verdict, outcome.reason) == ("unknown", "paper_out")
    assert printer.reconcile(job, journal).verdict == "unknown"
    bench.emulator.send("paper_in")
    settled = printer.reconcile(job, journal)
    assert settled.verdict == "printed"
    assert bench.fiscal_documents() == 1
    assert printer.print_receipt(job, journal).fiscal_number == settled.fiscal_number
    assert bench.fiscal_documents() == 1


def test_a_printer_that_takes_57_after_payment_is_cancelled(tmp_path):
    with emulated_printer(tmp_path, config=RegisterConfig(cancel_after_payment=True)) as bench:
        printer = bench.open(reply_timeout_ms=150, tries=3)
        journal, job = MemoryJournal(), sample_job()
        bench.emulator.send("power_off at 56")
        assert printer.print_receipt(job, journal).verdict == "unknown"
        bench.emulator.send("power_on")
        assert printer.reconcile(job, journal).reason == "cancelled"
        assert bench.fiscal_documents() == 0
        assert printer.print_receipt(job, journal).verdict == "printed"
        printer.close()
        assert bench.fiscal_documents() == 1


@pytest.mark.parametrize("cmd", [113, 48, 58, 53, 56])
@pytest.mark.parametrize("moment", ["at", "after"])
def test_a_power_cut_is_decided_once_the_power_is_back(bench, impatient, cmd, moment):
    printer = impatient
    bench.emulator.send(f"power_off {moment} {cmd}")
    journal, job = MemoryJournal(), sample_job(lines=2)
    first = printer.print_receipt(job, journal)
    opened = bench.device.executed[48] or cmd == 48
    assert first.verdict == ("unknown" if opened else "not_printed")
    assert first.reason == "no_link"
    bench.emulator.send("power_on")
    settled = printer.reconcile(job, journal)
    assert settled.verdict == ("printed" if bench.fiscal_documents() else "not_printed")
    assert not open_slips(bench)
    assert printer.print_receipt(job, journal).verdict == "printed"
    assert bench.fiscal_documents() == 1


@pytest.mark.parametrize("cmd", [48, 58, 53, 56])
@pytest.mark.parametrize("moment", ["at", "after"])
def test_a_pulled_cable_is_decided_after_it_is_back(bench, cmd, moment):
    bench.emulator.send(f"unplug 0.05 {moment} {cmd}")
    journal, job = MemoryJournal(), sample_job(lines=2)
    printer = bench.open()
    outcome = printer.print_receipt(job, journal)
    bench.emulator.counters()  # returns once the cable is back
    if outcome.verdict == "unknown":
        outcome = printer.reconcile(job, journal)
    assert outcome.verdict == ("printed" if bench.fiscal_documents() else "not_printed")
    assert printer.print_receipt(job, journal).verdict == "printed"
    printer.close()
    assert bench.fiscal_documents() == 1


def test_a_partly_paid_receipt_is_paid_and_closed(bench, impatient):
    """Power fails between two payments; afterwards the printer only goes forward."""
    bench.emulator.send("power_off after 53")
    journal = MemoryJournal()
    job = sample_job(tenders=(Tender("card", 5000), Tender("cash", 30_000)))
    assert impatient.print_receipt(job, journal).verdict == "unknown"
    bench.emulator.send("power_on")
    settled = impatient.reconcile(job, journal)
    assert settled.verdict == "printed"
    (receipt,) = bench.receipts()
    assert receipt.payments == [("D", 5000), ("P", 30_000)]
    assert receipt.total_minor == job.document.payable_minor


def test_a_foreign_receipt_is_never_touched(bench, printer):
    foreign_receipt(bench, (58, b"900*1.000#10.00"))
    journal, job = MemoryJournal(), sample_job()
    outcome = printer.print_receipt(job, journal)
    assert (outcome.verdict, outcome.reason) == ("not_printed", "foreign_receipt_open")
    assert bench.device.executed[57] == 0
    assert len(open_slips(bench)[0].items) == 1
    bench.device.execute(53, b"\tP")
    bench.device.execute(56, b"")
    assert printer.print_receipt(job, journal).verdict == "printed"
    assert bench.fiscal_documents() == 2


def test_a_foreign_service_slip_is_never_touched(bench, printer):
    bench.device.execute(38, b"")
    outcome = printer.print_receipt(sample_job(), MemoryJournal())
    assert (outcome.verdict, outcome.reason) == ("not_printed", "foreign_receipt_open")
    assert bench.device.executed[39] == 0


def test_a_foreign_receipt_in_place_of_ours_is_left_to_a_person(bench, impatient):
    """While we were away another program cancelled our receipt and opened its own."""
    journal, job = MemoryJournal(), sample_job(lines=2)
    bench.emulator.send("power_off at 54")
    assert impatient.print_receipt(job, journal).verdict == "unknown"
    bench.emulator.send("power_on")
    bench.device.execute(57, b"")
    foreign_receipt(bench, (58, b"900*7.000#10.00"))
    outcome = impatient.reconcile(job, journal)
    assert (outcome.verdict, outcome.reason) == ("unknown", "foreign_receipt_open")
    assert bench.device.executed[57] == 1
    assert len(open_slips(bench)) == 1


def test_a_foreign_document_of_the_same_sum_proves_nothing(bench, impatient):
    journal, job = MemoryJournal(), sample_job(lines=1)
    bench.emulator.send("power_off at 48")
    assert impatient.print_receipt(job, journal).verdict == "unknown"
    bench.emulator.send("power_on")
    amount = f"{job.document.payable_minor // 100}.{job.document.payable_minor % 100:02d}"
    sale = (58, f"900*1.000#{amount}".encode())
    foreign_receipt(bench, sale, (53, b"\tP"), (56, b""))
    outcome = impatient.reconcile(job, journal)
    assert (outcome.verdict, outcome.reason) == ("unknown", "foreign_document")


def test_on_a_shared_port_an_unconfirmed_open_receipt_is_left_alone(bench):
    printer = bench.open(port_exclusive=False, reply_timeout_ms=150, tries=3)
    journal, job = MemoryJournal(), sample_job(lines=1)
    bench.emulator.send("power_off after 48")
    printer.print_receipt(job, journal)
    bench.emulator.send("power_on")
    outcome = printer.reconcile(job, journal)
    assert (outcome.verdict, outcome.reason) == ("unknown", "open_receipt_not_proven_ours")
    assert bench.device.executed[57] == 0
    printer.close()


@pytest.mark.parametrize("where", ["at 38", "after 38", "at 42", "at 88", "at 39"])
def test_a_slip_that_fails_does_not_change_the_verdict(bench, printer, where):
    bench.emulator.send(f"paper_out {where}")
    journal = MemoryJournal()
    outcome = printer.print_receipt(sample_job("first", text=SLIP), journal)
    assert outcome.verdict == "printed"
    assert outcome.evidence["slip"].startswith("cut_short: paper_out")
    assert bench.fiscal_documents() == 1
    bench.emulator.send("paper_in")
    assert printer.print_receipt(sample_job("first", text=SLIP), journal).verdict == "printed"
    assert printer.print_receipt(sample_job("second", text=SLIP), journal).verdict == "printed"
    assert bench.fiscal_documents() == 2
    assert not open_slips(bench)


def test_a_cable_pulled_during_the_slip(bench, printer):
    bench.emulator.send("unplug 0.02 at 42")
    journal = MemoryJournal()
    assert printer.print_receipt(sample_job("first", text=SLIP), journal).verdict == "printed"
    bench.emulator.counters()
    assert printer.print_receipt(sample_job("second", text=SLIP), journal).verdict == "printed"
    assert bench.fiscal_documents() == 2


def test_a_dead_printer_is_not_printed_before_and_unavailable_to_questions(bench, impatient):
    bench.emulator.send("power_off")
    outcome = impatient.print_receipt(sample_job(), MemoryJournal())
    assert (outcome.verdict, outcome.reason) == ("not_printed", "no_link")
    with pytest.raises(DeviceUnavailable):
        impatient.status()
    with pytest.raises(DeviceUnavailable):
        impatient.info()
    bench.emulator.send("power_on")
    assert impatient.status().online


def test_three_wrong_passwords_are_never_tried(tmp_path):
    with emulated_printer(tmp_path, config=RegisterConfig(operator_password="1234")) as bench:
        printer = bench.open(set_cashier=False)
        outcome = printer.print_receipt(sample_job(), MemoryJournal())
        printer.close()
        frames = [bytes.fromhex(hexed) for way, hexed in bench.emulator.frames() if way == ">"]
    assert outcome.verdict == "not_printed"
    with_password = [r for f in frames for r in FrameDecoder().feed(f) if b"0000" in r.data]
    assert len(with_password) == 1


def test_seq_numbers_go_on_across_restarts(bench):
    journal = MemoryJournal()
    for number in range(6):
        printer = bench.open()
        assert printer.print_receipt(sample_job(str(number), lines=1), journal).verdict == "printed"
        printer.close()
    frames = [bytes.fromhex(hexed) for way, hexed in bench.emulator.frames() if way == ">"]
    assert all(before[2] != after[2] for before, after in pairwise(frames))
