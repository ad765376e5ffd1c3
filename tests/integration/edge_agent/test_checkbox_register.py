"""A register with the Checkbox service as its printer: receipts made without it go out later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drivers.conformance.emulated_checkbox import emulated_checkbox
from drivers.fiscal.checkbox.offline import OfflineBook
from edge_agent.devices import printer_worker
from edge_agent.ledger.ledger import Ledger, LedgerJournal
from edge_agent.shift import errands
from tests.support.live_register import until
from tests.support.rig import Rig, line, sell


def test_a_receipt_made_offline_is_delivered_though_nobody_sells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printer_worker, "STATUS_EVERY_S", 1.0)
    register = Rig(tmp_path)
    with emulated_checkbox() as bench:
        with register.config.open("a", encoding="utf-8") as config:
            config.write(f'[printer]\ndriver = "fiscal.checkbox"\nurl = "{bench.emulator.url}"\n')
        register.start()
        assert register.agent is not None
        worker = register.agent.printer
        assert worker is not None
        worker.start()

        def state(sale_id: str) -> str:
            prints = register.http.get(f"/v1/sales/{sale_id}/status").json()["prints"]
            return str(prints[0]["state"]) if prints else ""

        try:
            first = sell(register.http, [line(1, "bread", 10_000)])["sale_id"]
            until("the first receipt", lambda: state(first) == "printed")
            assert bench.fiscal_documents() == 1
            bench.emulator.send("power_off")
            second = sell(register.http, [line(1, "milk", 4_590)])["sale_id"]
            until("a receipt without the service", lambda: state(second) == "printed")
            assert bench.fiscal_documents() == 1
            bench.emulator.send("power_on")
            until("its delivery", lambda: bench.fiscal_documents() == 2)
            assert bench.last_total_minor() == 4_590
        finally:
            worker.stop()
            register.stop()


def test_receipts_that_wait_sixty_hours_are_told_of_while_the_service_is_out_of_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printer_worker, "STATUS_EVERY_S", 1.0)
    monkeypatch.setattr(errands, "LOOK_EVERY_S", 0.5)
    register = Rig(tmp_path)
    with emulated_checkbox() as bench:
        with register.config.open("a", encoding="utf-8") as config:
            config.write(f'[printer]\ndriver = "fiscal.checkbox"\nurl = "{bench.emulator.url}"\n')
        # The queue as it was left three days ago.
        ledger = Ledger(register.folder / "data" / "ledger.db", "R1", 1)
        book = OfflineBook(LedgerJournal(ledger, "printer"))
        book.store_codes(["OFF-1"])
        book.add("earlier", {}, datetime.now(UTC) - timedelta(hours=61))
        ledger.close()
        bench.emulator.send("power_off")
        register.start()
        assert register.agent is not None
        worker = register.agent.printer
        assert worker is not None
        worker.start()

        def warned() -> bool:
            shift = register.http.get("/v1/shift").json()
            return "untransmitted_60_hours" in [each["code"] for each in shift["warnings"]]

        try:
            until("the warning", warned)
        finally:
            worker.stop()
            register.stop()
