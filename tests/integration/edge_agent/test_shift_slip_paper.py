"""The loyalty slip of X and Z on a receipt printer, where nothing counts Z reports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.base import FiscalPrinter, PrintOutcome
from drivers.conformance.emulated_receipts import EmulatedSlipBench, emulated_receipts
from edge_agent.errors import Conflict
from tests.support.live_register import until
from tests.support.moved_day import MovedDay, MovedShop
from tests.support.rig import CARD, Rig, line, sell

PATIENT = {"reply_timeout_ms": 5_000, "print_timeout_ms": 15_000}
"""A slow machine is no printer that is silent."""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[MovedShop]:
    found = MovedShop(tmp_path, MovedDay(), "slip")
    yield found
    found.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[EmulatedSlipBench]:
    with emulated_receipts(tmp_path, counts=True, **PATIENT) as found:
        yield found


def work(shop: MovedShop, printer: FiscalPrinter) -> int:
    """Everything the printer's thread has to do; how many acts."""
    return sum(iter(lambda: shop.errands.run_next(lambda: printer), False))


def test_a_z_closes_the_shift_and_its_slip_comes_out_once(
    shop: MovedShop, bench: EmulatedSlipBench
) -> None:
    printer = bench.open()
    shop.desk.open()
    shop.desk.x()
    assert work(shop, printer) == 1
    assert "Зміна 1, проміжно" in " ".join(bench.last_lines())
    view = shop.desk.z()
    assert (view.owner, view.is_open) == ("slip", False)
    assert work(shop, printer) == 1
    said = bench.last_lines()
    assert said[0].strip() == "Магазин «Їжачок»"
    assert any("ЛОЯЛЬНІСТЬ" in text and "Зміна 1" in text for text in said)
    assert max(map(len, said)) > 40, "the slip is as wide as the paper"
    assert (work(shop, printer), bench.slips()) == (0, 2)
    assert shop.desk.view().waiting == []
    printer.close()


def test_a_z_without_paper_ends_the_shift_and_is_printed_when_asked_again(
    shop: MovedShop, bench: EmulatedSlipBench
) -> None:
    printer = bench.open()
    shop.desk.open()
    bench.emulator.send("paper_out")
    shop.desk.z()
    work(shop, printer)
    act = shop.desk.view().act
    assert act is not None
    assert (act.state, act.reason, shop.desk.view().is_open) == ("not_printed", "paper_out", False)
    bench.emulator.send("paper_in")
    view = shop.desk.z()
    assert view.number == 1, "no second shift was opened and closed for it"
    assert (work(shop, printer), bench.slips()) == (1, 1)
    assert shop.desk.view().act.state == "printed"  # type: ignore[union-attr]
    printer.close()


def test_a_slip_of_unknown_end_holds_up_no_later_shift_and_is_never_printed_twice(
    shop: MovedShop, tmp_path: Path
) -> None:
    """Without counters and without an answer behind the slip nobody knows."""
    with emulated_receipts(tmp_path, reply_timeout_ms=1_000, print_timeout_ms=2_000) as bench:
        printer = bench.open()
        shop.desk.open()
        bench.emulator.send("drop_reply 50 at ENDS")
        shop.desk.z()
        work(shop, printer)
        (waiting,) = shop.desk.view().waiting
        assert waiting.state == "unknown"
        shop.desk.z()
        work(shop, printer)
        assert bench.slips() == 1
        bench.emulator.send("clear")
        shop.desk.open()
        assert shop.desk.z().number == 2
        assert (work(shop, printer), bench.slips()) == (1, 2)
        shop.desk.resolve(waiting.job_id, "printed", "", "Олена")
        assert shop.desk.view().waiting == []
        printer.close()


def test_a_process_that_ends_between_paper_and_ledger_prints_no_second_slip(
    shop: MovedShop, bench: EmulatedSlipBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """The process is gone."""

    def die(_job_id: str, _outcome: PrintOutcome) -> None:
        raise Killed

    printer = bench.open()
    shop.desk.open()
    shop.desk.z()
    with monkeypatch.context() as patch:
        patch.setattr(shop.desk, "record_act", die)
        with pytest.raises(Killed):
            work(shop, printer)
    printer.close()
    printer, shop.errands = bench.open(), shop.another_life()
    assert (work(shop, printer), bench.slips()) == (1, 1)
    assert shop.desk.view().act.state == "printed"  # type: ignore[union-attr]
    printer.close()


def test_service_cash_is_not_for_a_receipt_printer(shop: MovedShop) -> None:
    shop.desk.open()
    with pytest.raises(Conflict):
        shop.desk.move_cash("cash_in", 100)


def test_a_shift_of_slips_alone_is_never_too_old(shop: MovedShop) -> None:
    shop.desk.open()
    shop.day.hours(30)
    shop.desk.watch()
    assert (shop.told, shop.warnings()) == ([], [])


def test_a_register_with_a_receipt_printer_prints_what_its_day_came_to(
    tmp_path: Path, bench: EmulatedSlipBench
) -> None:
    register = Rig(tmp_path)
    with register.config.open("a", encoding="utf-8") as config:
        config.write(f'[printer]\ndriver = "receipt.escpos"\nurl = "{bench.emulator.url}"\n')
        config.write("reply_timeout_ms = 5000\n")
    register.start()
    assert register.agent is not None
    worker = register.agent.printer
    assert worker is not None
    worker.start()
    try:
        sell(register.http, [line(1, "milk", 4_590, 2, groups=["dairy"])], card=CARD)
        until("the member's slip", lambda: bench.slips() == 1)
        asked = register.http.post("/v1/shift/z", json={}).json()

        def printed() -> Any:
            act = register.http.get("/v1/shift").json()["act"]
            return act if act["state"] == "printed" else None

        act = until("the slip of the shift", printed)
    finally:
        worker.stop()
        register.stop()
    assert (asked["owner"], asked["is_open"]) == ("slip", False)
    assert act["job_id"] == asked["act"]["job_id"]
    said = [" ".join(text.split()) for text in bench.last_lines()]
    assert "Продажів 1" in said
    assert "З учасником 1" in said
    assert bench.slips() == 2
