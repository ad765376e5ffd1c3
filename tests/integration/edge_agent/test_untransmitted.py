"""Documents that the tax service has not got: told at 60 hours, whoever knows of them.

A clock that only the test moves, hour by hour; real drivers, real frames or HTTP, a real ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.conformance.emulated_checkbox import QUICK, emulated_checkbox
from drivers.conformance.samples import sample_job
from drivers.errors import DeviceError
from drivers.fiscal.checkbox.driver import Checkbox
from drivers.fiscal.checkbox.options import read_options
from tests.support.inline_printer import InlineBench
from tests.support.mortal_printing import driver_over
from tests.support.moved_day import MovedDay, MovedShop

PATIENT = {**QUICK, "reply_timeout_ms": 20_000}
SOON, OVER = "untransmitted_60_hours", "not_transmitted_72_hours"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[MovedShop]:
    found = MovedShop(tmp_path, MovedDay())
    yield found
    found.close()


@pytest.mark.parametrize("dialect", ["shtrih", "atol"])
def test_a_fiscal_storage_tells_how_old_its_queue_is(dialect: str, shop: MovedShop) -> None:
    bench = InlineBench(dialect, shop.day.calendar)
    printer = driver_over(bench, bench.connect)
    assert printer.print_receipt(sample_job("sent", 1), shop.journal).verdict == "printed"
    bench.emulator.send("tax_link_out")
    shop.day.hours(5)
    shop.errands.look(printer)
    assert printer.shift_state().untransmitted_min == 0
    assert printer.print_receipt(sample_job("waits", 1), shop.journal).verdict == "printed"
    heard: dict[str, int] = {}
    for hour in range(75):
        shop.errands.look(printer)
        for code in shop.told:
            heard.setdefault(code, hour)
        shop.day.hours(1)
    assert (heard[SOON], heard[OVER]) == (60, 72)
    assert (shop.told.count(SOON), shop.told.count(OVER)) == (1, 1)
    bench.emulator.send("tax_link_in")
    shop.errands.look(printer)
    assert not {SOON, OVER} & set(shop.warnings())
    printer.close()


@pytest.mark.parametrize("dialect", ["shtrih", "atol"])
def test_a_printer_without_a_storage_is_asked_once_and_tells_nothing(
    dialect: str, shop: MovedShop
) -> None:
    bench = InlineBench(dialect, shop.day.calendar, has_storage=False)
    printer = driver_over(bench, bench.connect)
    before = len(bench.emulator.frames())
    assert printer.shift_state().untransmitted_min is None
    first = len(bench.emulator.frames()) - before
    assert printer.shift_state().untransmitted_min is None
    assert len(bench.emulator.frames()) - before - first < first
    printer.close()


def test_a_maria_tells_when_it_sells_no_more(shop: MovedShop) -> None:
    bench = InlineBench("maria", shop.day.calendar)
    printer = driver_over(bench, bench.connect)
    bench.emulator.send("tax_link_out")
    assert printer.print_receipt(sample_job("waits", 1), shop.journal).verdict == "printed"
    shop.day.hours(73)
    shop.errands.look(printer)
    assert OVER not in shop.told
    outcome = printer.print_receipt(sample_job("refused", 1), shop.journal)
    assert (outcome.verdict, outcome.reason) == ("not_printed", OVER)
    shop.day.hours(1)
    shop.errands.look(printer)
    assert OVER in shop.told
    bench.emulator.send("tax_link_in")
    refused = printer.print_receipt(sample_job("refused", 1), shop.journal)
    assert refused.reason == "shift_over_24_hours"
    shop.day.hours(1)
    shop.errands.look(printer)
    assert OVER not in shop.warnings()
    printer.close()


def test_checkbox_s_queue_grows_old_though_the_service_is_out_of_reach(shop: MovedShop) -> None:
    """Its 36 hours end before: what was made until then waits all the same."""
    with emulated_checkbox() as bench:
        printer = Checkbox(
            bench.emulator.url, read_options(PATIENT), shop.day.wall, lambda _s: None
        )
        assert printer.print_receipt(sample_job("sent", 1), shop.journal).verdict == "printed"
        bench.emulator.send("power_off")
        shop.day.hours(2)
        assert printer.print_receipt(sample_job("waits", 1), shop.journal).verdict == "printed"
        shop.day.hours(35)
        assert printer.print_receipt(sample_job("waits too", 1), shop.journal).verdict == "printed"
        shop.day.hours(24)
        shop.errands.count_unsent(printer)
        assert shop.told == []
        shop.day.hours(1)
        shop.errands.count_unsent(printer)
        assert shop.told == [SOON]
        with pytest.raises(DeviceError):
            printer.shift_state()
        bench.emulator.send("power_on")
        assert printer.deliver(shop.journal) == 0
        shop.day.hours(1)
        shop.errands.count_unsent(printer)
        assert shop.warnings() == []
        printer.close()


def test_an_entry_that_cannot_be_read_is_as_old_as_the_offline_time(shop: MovedShop) -> None:
    with emulated_checkbox() as bench:
        printer = Checkbox(
            bench.emulator.url, read_options(PATIENT), shop.day.wall, lambda _s: None
        )
        assert printer.print_receipt(sample_job("sent", 1), shop.journal).verdict == "printed"
        bench.emulator.send("power_off")
        assert printer.print_receipt(sample_job("waits", 1), shop.journal).verdict == "printed"
        shop.day.hours(61)
        shop.journal.put("offline:0", "no entry")
        assert printer.unsent_min(shop.journal) == 61 * 60
        printer.close()
