"""Checkbox: one id for one sale, offline numbers and clocks, and a process killed anywhere."""

import json
import random
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from drivers.conformance.emulated_checkbox import QUICK, emulated_checkbox
from drivers.conformance.fiscal_printer import FISCAL_PRINTER_CHECKS
from drivers.conformance.samples import MemoryJournal, sample_job
from drivers.errors import BadDeviceUrl
from drivers.fiscal.checkbox.client import CheckboxClient
from drivers.fiscal.checkbox.driver import Checkbox
from drivers.fiscal.checkbox.offline import BrokenQueue, OfflineBook
from drivers.fiscal.checkbox.options import read_options
from drivers.registry import open_fiscal_printer
from loyalty.receipt import ReceiptText
from tests.support.mortal_printing import Fate, Killed, MortalJournal
from tests.support.seeds import fresh_seed

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TEXT = ReceiptText(("Ваш баланс: 312,00 балів",), ("Їжак, ґанок і Євро",), "https://l.ua/a1")


class MortalTransport(httpx.BaseTransport):
    """Real HTTP, in which a process may die before a request and after its answer."""

    def __init__(self, fate):
        self._inner, self._fate = httpx.HTTPTransport(verify=False), fate

    def handle_request(self, request):
        self._fate.point()
        answer = self._inner.handle_request(request)
        self._fate.point()
        return answer

    def close(self):
        self._inner.close()


@pytest.fixture
def bench():
    with emulated_checkbox() as bench:
        yield bench


def register(bench, fate=None, now=lambda: NOON, **options):
    transport = MortalTransport(fate) if fate is not None else None
    given = read_options({**QUICK, **options})
    return Checkbox(bench.emulator.url, given, now, lambda _s: None, transport)


def live(bench, job, disk, fate, verb="print_receipt"):
    """One life of the process: its outcome, `None` when it was killed."""
    driver = register(bench, fate)
    try:
        return getattr(driver, verb)(job, MortalJournal(disk, fate))
    except Killed:
        return None
    finally:
        driver.close()


@pytest.mark.parametrize("check", FISCAL_PRINTER_CHECKS, ids=lambda check: check.__name__)
def test_the_driver_conforms(check, bench):
    check(bench)


@pytest.mark.parametrize("fault", ["drop_reply", "drop_reply 2", "corrupt", "nak", "delay 900ms"])
def test_a_post_without_an_answer_makes_one_receipt(bench, fault):
    bench.emulator.send(f"{fault} at SELL")
    driver, journal = register(bench), MemoryJournal()
    outcome = driver.print_receipt(sample_job("lost", 3, TEXT), journal)
    again = driver.print_receipt(sample_job("lost", 3, TEXT), journal)
    driver.close()
    assert (outcome.verdict, again.verdict) == ("printed", "printed")
    assert outcome.fiscal_number == again.fiscal_number
    assert bench.fiscal_documents() == 1


def test_a_driver_that_takes_a_new_id_after_a_time_out_sells_twice(bench):
    """The naive driver, made by losing the journal between the attempts."""
    bench.emulator.send("drop_reply 9 at SELL; nak 9 at READ")
    driver = register(bench, tries=1)
    assert driver.print_receipt(sample_job("twice", 1), MemoryJournal()).verdict == "unknown"
    bench.emulator.send("clear")
    assert driver.print_receipt(sample_job("twice", 1), MemoryJournal()).verdict == "printed"
    driver.close()
    assert bench.fiscal_documents() == 2


def test_what_cannot_be_told_is_unknown_and_settles_later(bench):
    bench.emulator.send("drop_reply 9 at SELL; nak 9 at READ")
    driver, journal, job = register(bench), MemoryJournal(), sample_job("late", 1)
    assert driver.print_receipt(job, journal).verdict == "unknown"
    bench.emulator.send("clear")
    assert driver.reconcile(job, journal).verdict == "printed"
    driver.close()
    assert bench.fiscal_documents() == 1


class LateTransport(httpx.BaseTransport):
    """The first sale hangs in the network; `arrive` lets it through at last."""

    def __init__(self):
        self._inner, self._late = httpx.HTTPTransport(verify=False), None

    def handle_request(self, request):
        if request.url.path.endswith("/receipts/sell") and self._late is None:
            self._late = request
            raise httpx.ReadTimeout("no answer", request=request)
        return self._inner.handle_request(request)

    def arrive(self):
        """What the service says to the request that comes late."""
        return self._inner.handle_request(self._late).status_code

    def close(self):
        self._inner.close()


def test_a_request_that_arrives_late_finds_its_id_used(bench):
    network, journal, job = LateTransport(), MemoryJournal(), sample_job("late", 1)
    given = read_options({**QUICK, "tries": 1})
    driver = Checkbox(bench.emulator.url, given, lambda: NOON, lambda _s: None, network)
    assert driver.print_receipt(job, journal).verdict != "printed"
    assert driver.print_receipt(job, journal).verdict == "printed"
    assert network.arrive() == 400
    driver.close()
    assert bench.fiscal_documents() == 1


def test_killed_at_every_point(bench):
    for _ in range(2):  # the first opens the shift as well
        counting = Fate()
        assert live(bench, sample_job("count", 2), MemoryJournal(), counting).verdict == "printed"
    for deadly in range(1, counting.points + 1):
        job, disk = sample_job(f"job-{deadly}", 2), MemoryJournal()
        before = bench.fiscal_documents()
        assert live(bench, job, disk, Fate(deadly)) is None
        settled = live(bench, job, disk, Fate(), "reconcile")
        on_paper = bench.fiscal_documents() - before
        assert settled.verdict == ("printed" if on_paper else "not_printed"), deadly
        assert live(bench, job, disk, Fate()).verdict == "printed"
        assert bench.fiscal_documents() == before + 1, deadly


def test_random_faults_and_kills_never_double(bench):
    seed = fresh_seed()
    print("seed", seed)
    chance, disk = random.Random(seed), MemoryJournal()
    faults = ["drop_reply", "drop_reply 4", "corrupt 2", "nak 3"]
    for number in range(40):
        operation = chance.choice(["SELL", "READ", "INFO", "SHFT", "SIGN", "CODE"])
        bench.emulator.send(f"{chance.choice(faults)} at {operation}")
        job, before = sample_job(f"job-{number}", 1), bench.fiscal_documents()
        live(bench, job, disk, Fate(chance.randint(1, 40)))
        bench.emulator.send("clear")
        assert live(bench, job, disk, Fate()).verdict == "printed", seed
        driver = register(bench)
        assert driver.deliver(disk) == 0
        driver.close()
        assert bench.fiscal_documents() == before + 1, (seed, number)


def go_offline(bench, journal):
    """A register that knows its numbers, and a service that nobody can reach."""
    driver = register(bench)
    assert driver.print_receipt(sample_job("online", 1), journal).verdict == "printed"
    driver.close()
    bench.emulator.send("power_off")


def test_without_a_link_receipts_get_reserved_numbers_and_follow_in_order(bench):
    journal = MemoryJournal()
    go_offline(bench, journal)
    driver = register(bench)
    made = [driver.print_receipt(sample_job(f"off-{n}", 1), journal) for n in range(3)]
    assert [outcome.verdict for outcome in made] == ["printed"] * 3
    assert [outcome.fiscal_number for outcome in made] == [f"OFF-{n:07d}" for n in (1, 2, 3)]
    assert driver.print_receipt(sample_job("off-1", 1), journal).fiscal_number == "OFF-0000002"
    assert bench.fiscal_documents() == 1
    bench.emulator.send("power_on")
    assert driver.deliver(journal) == 0
    assert driver.reconcile(sample_job("off-1", 1), journal).verdict == "printed"
    assert driver.print_receipt(sample_job("online-2", 1), journal).fiscal_number.startswith("CB-")
    driver.close()
    assert bench.fiscal_documents() == 5
    assert not OfflineBook(journal).is_offline


def test_a_receipt_whose_id_may_have_left_never_gets_an_offline_number(bench):
    journal = MemoryJournal()
    driver = register(bench)
    bench.emulator.send("drop_reply 9 at SELL; nak 9 at READ")
    assert driver.print_receipt(sample_job("sent", 1), journal).verdict == "unknown"
    bench.emulator.send("clear; power_off")
    assert driver.print_receipt(sample_job("sent", 1), journal).verdict == "unknown"
    bench.emulator.send("power_on")
    assert driver.print_receipt(sample_job("sent", 1), journal).verdict == "printed"
    driver.close()
    assert OfflineBook(journal).waiting == 0
    assert bench.fiscal_documents() == 1


def test_killed_while_a_receipt_is_queued_or_sent(bench):
    counting, disk = Fate(), MemoryJournal()
    go_offline(bench, disk)
    assert live(bench, sample_job("count", 1), disk, counting).verdict == "printed"
    total = 2
    for deadly in range(1, counting.points + 1):
        job = sample_job(f"job-{deadly}", 1)
        live(bench, job, disk, Fate(deadly))
        assert live(bench, job, disk, Fate()).verdict == "printed"
        total += 1
    bench.emulator.send("power_on")
    for deadly in range(1, 400):
        driver = register(bench, Fate(deadly))
        try:
            left = driver.deliver(MortalJournal(disk, Fate(deadly)))
        except Killed:
            continue
        finally:
            driver.close()
        assert left == 0
        break
    assert bench.fiscal_documents() == total
    numbers = [json.loads(v)["fiscal_number"] for k, v in disk.values.items() if "checkbox:" in k]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize(
    ("hours", "reason", "warning"),
    [(28, "", ""), (29, "", "offline_36_hours_near"), (36, "offline_time_over", "")],
)
def test_thirty_six_hours_in_a_row(bench, hours, reason, warning):
    journal = MemoryJournal()
    go_offline(bench, journal)
    first, later = register(bench), register(bench, now=lambda: NOON + timedelta(hours=hours))
    assert first.print_receipt(sample_job("first", 1), journal).verdict == "printed"
    outcome = later.print_receipt(sample_job("later", 1), journal)
    first.close()
    later.close()
    assert outcome.reason == reason
    assert outcome.evidence.get("warning", "") == warning


def test_a_hundred_and_sixty_eight_hours_in_a_month():
    journal, book = MemoryJournal(), None
    book = OfflineBook(journal)
    book.store_codes([str(number) for number in range(100)])
    now = datetime(2026, 11, 1, tzinfo=UTC)
    for turn in range(5):
        book.add(f"job-{turn}", {}, now)
        now += timedelta(hours=34)
        book.back_online(now)
        now += timedelta(hours=1)
    with pytest.raises(Exception, match="168"):
        book.add("late", {}, now)
    book.add("december", {}, datetime(2026, 12, 1, tzinfo=UTC))


def test_numbers_run_out():
    book = OfflineBook(MemoryJournal())
    book.store_codes(["A", "B"])
    assert [book.add(f"job-{n}", {}, NOON).fiscal_code for n in range(2)] == ["A", "B"]
    assert book.warning(NOON) == "offline_numbers_few"
    with pytest.raises(Exception, match="no offline number"):
        book.add("job-2", {}, NOON)


def test_a_changed_entry_of_the_queue_is_noticed():
    journal = MemoryJournal()
    book = OfflineBook(journal)
    book.store_codes(["A", "B"])
    book.add("job-0", {"sum": 1}, NOON)
    book.add("job-1", {"sum": 2}, NOON)
    journal.put("offline:0", journal.get("offline:0").replace('"sum": 1', '"sum": 9'))
    book.sent(book.next())
    with pytest.raises(BrokenQueue):
        book.next()


def test_fifteen_requests_in_ten_seconds(bench):
    clock = [0.0]

    def pause(seconds):
        clock[0] += seconds

    client = CheckboxClient(bench.emulator.url, "", "", 1.0, clock=lambda: clock[0], pause=pause)
    times = []
    for _ in range(60):
        client.get("/cash-registers/info")
        times.append(clock[0])
    client.close()
    assert all(times[n + 15] - times[n] >= 10.0 for n in range(60 - 15))


def test_what_is_printed_is_what_was_sold(bench):
    driver = register(bench)
    job = sample_job("whole", 3, TEXT)
    assert driver.print_receipt(job, MemoryJournal()).verdict == "printed"
    driver.close()
    (receipt,) = bench.receipts()
    assert receipt.total_minor == job.document.payable_minor
    assert "Ваш баланс: 312,00 балів" in receipt.text()
    assert "[QR https://l.ua/a1]" in receipt.text()


def test_plain_http_is_for_this_machine_only():
    with pytest.raises(BadDeviceUrl):
        open_fiscal_printer("fiscal.checkbox", "http://api.checkbox.in.ua/api/v1", {})
