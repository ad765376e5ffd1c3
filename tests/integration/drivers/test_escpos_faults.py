"""What the driver says about paper, and what really is on it."""

import threading

import pytest

from drivers.conformance.emulated_receipts import emulated_receipts
from drivers.conformance.receipt_printer import slip_job
from drivers.conformance.samples import MemoryJournal
from drivers.emulators.escpos.device import EscPosConfig
from drivers.registry import open_receipt_printer
from tests.support.live_register import until


@pytest.fixture
def bench(tmp_path):
    with emulated_receipts(tmp_path) as bench:
        yield bench


def struck(bench):
    """No fault waits any more; answered once the cable is in again."""
    return not bench.emulator.describe()["faults"]


def printed(bench, journal=None, job_id="job", **options):
    printer = bench.open(**options)
    try:
        return printer.print_receipt(slip_job(job_id), journal or MemoryJournal())
    finally:
        printer.close()


@pytest.mark.parametrize(
    ("fault", "reason"), [("paper_out", "paper_out"), ("cover_open", "cover_open")]
)
def test_what_is_known_beforehand_sends_nothing(bench, fault, reason):
    bench.emulator.send(fault)
    outcome = printed(bench)
    assert (outcome.verdict, outcome.reason) == ("not_printed", reason)
    assert bench.emulator.documents() == []


def test_low_paper_is_shown_and_prints(bench):
    bench.emulator.send("paper_low")
    printer = bench.open()
    assert printer.status().paper == "low"
    printer.close()
    assert printed(bench).verdict == "printed"


def test_a_printer_that_says_nothing_is_unknown_and_never_ok(bench):
    bench.emulator.send("power_off")
    printer = bench.open()
    status = printer.status()
    printer.close()
    assert (status.online, status.paper) == (False, "unknown")
    assert printed(bench).reason == "no_answer"


def test_paper_loaded_in_time_prints_once(bench):
    bench.emulator.send("paper_out at LINE")

    def load_when_it_is_out():
        until("the paper to be out", lambda: struck(bench))
        bench.emulator.send("paper_in")

    loader = threading.Thread(target=load_when_it_is_out)
    loader.start()
    outcome = printed(bench, hold_timeout_ms=30_000)
    loader.join()
    assert outcome.verdict == "printed"
    assert bench.slips() == 1


def test_paper_loaded_too_late_is_asked_for_and_never_printed_again(bench):
    journal, job = MemoryJournal(), slip_job("late")
    bench.emulator.send("paper_out at LINE")
    printer = bench.open()
    outcome = printer.print_receipt(job, journal)
    assert (outcome.verdict, outcome.reason) == ("unknown", "paper_out")
    bench.emulator.send("paper_in")
    assert printer.reconcile(job, journal).verdict == "printed"
    assert printer.print_receipt(job, journal).verdict == "printed"
    printer.close()
    assert bench.slips() == 1


@pytest.mark.parametrize("confirm", ["status", "process_id"])
def test_a_lost_confirmation_is_unknown_without_counters(bench, confirm):
    bench.emulator.send("drop_reply at ENDS")
    journal = MemoryJournal()
    assert printed(bench, journal, confirm=confirm).verdict == "unknown"
    assert printed(bench, journal, confirm=confirm).verdict == "unknown"
    assert bench.slips() == 1


def test_a_lost_confirmation_is_settled_by_the_counter_of_cuts(bench):
    # The first two questions in the queue are the counters before the slip, the third is its end.
    journal, truth = MemoryJournal(), []
    printer = bench.open(counts=True)
    send = printer._connect  # the driver's own way to its port

    def connect():
        port = send()
        write = port.write

        def told(data):
            if data == b"\x1dr\x01":
                bench.emulator.send("drop_reply at ENDS")
                truth.append("dropped")
            write(data)

        port.write = told
        return port

    printer._connect = connect
    outcome = printer.print_receipt(slip_job("job"), journal)
    printer.close()
    assert truth == ["dropped"]
    assert outcome.verdict == "printed"
    assert outcome.evidence["cuts"] == "0 -> 1"


@pytest.mark.parametrize(
    ("fault", "verdict", "cut"),
    [
        ("power_off at LINE", "not_printed", 0),
        ("power_off after LINE", "unknown", 0),
        ("power_off after CUTS", "printed", 1),
        ("unplug 0.2 after CUTS", "printed", 1),
        ("unplug 0.2 at LINE", "printed", 1),
    ],
)
def test_after_power_or_cable_went_the_counters_tell(bench, fault, verdict, cut):
    journal = MemoryJournal()
    bench.emulator.send(fault)
    first = printed(bench, journal, counts=True)
    bench.emulator.send("power_on")
    until("the fault to be over", lambda: struck(bench))
    printer = bench.open(counts=True)
    outcome = printer.reconcile(slip_job("job"), journal)
    printer.close()
    assert first.verdict in ("unknown", verdict)
    assert outcome.verdict == verdict
    assert bench.slips() == cut


def test_after_power_went_nothing_is_claimed_without_counters(bench):
    journal = MemoryJournal()
    bench.emulator.send("power_off after LINE")
    assert printed(bench, journal).verdict == "unknown"
    bench.emulator.send("power_on")
    assert printed(bench, journal).verdict == "unknown"
    assert bench.slips() == 0


def test_an_answer_to_an_earlier_slip_proves_nothing(bench):
    """The first slip's late answer must not be taken for the second's."""
    journal = MemoryJournal()
    bench.emulator.send("delay 900 at ENDS")
    assert printed(bench, journal, "one").verdict in ("unknown", "printed")
    bench.emulator.send("power_off after LINE")
    assert printed(bench, journal, "two").verdict == "unknown"


def test_a_file_only_takes_and_so_is_unknown(tmp_path):
    target = tmp_path / "lp0"
    printer = open_receipt_printer("receipt.escpos", f"file:{target}", {})
    outcome = printer.print_receipt(slip_job("job"), MemoryJournal())
    assert printer.status().paper == "unknown"
    printer.close()
    assert (outcome.verdict, outcome.reason) == ("unknown", "no_confirmation")


def test_three_hundred_slips_on_a_printer_that_drops_idle_connections(bench):
    """It resets the connection now and then, between slips; a slip a connection rides over it."""
    journal = MemoryJournal()
    printer = bench.open()
    for number in range(300):
        if number % 50 == 49:
            bench.emulator.send("unplug 0.001")
        assert printer.print_receipt(slip_job(f"job-{number}"), journal).verdict == "printed"
    printer.close()
    assert bench.slips() == 300


def test_wrong_letters_of_a_printer_without_the_page_are_seen(tmp_path):
    """The emulator shows what a printer shows that was set up as another model."""
    with emulated_receipts(tmp_path, config=EscPosConfig(pages="cp866")) as bench:
        assert printed(bench).verdict == "printed"
        assert "Баланс" not in bench.last_lines()[0]
