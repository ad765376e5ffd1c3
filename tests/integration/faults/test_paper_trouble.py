"""A printer without power, without paper, without its cable: the sale stands, the paper's truth
is told, and it comes out once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edge_agent.devices import printer_worker
from tests.support.emulated_devices import EmulatedDevices
from tests.support.live_register import LiveRegister, until
from tests.support.real_centre import RealCentre
from tests.support.redeeming import PRICE, confirm, known_shopper, open_sale, redeem
from tests.support.rig import answer, line, sell

MakeRegister = Callable[..., LiveRegister]
BASKET = [line(1, "bread", 2_750, 2), line(2, "honey", 12_345)]
DUE = 2 * 2_750 + 12_345


def _retry(till: LiveRegister, job_id: str) -> None:
    answer(till.http.post(f"/v1/print-jobs/{job_id}/retry", json={}))


def _totals(devices: EmulatedDevices) -> list[int]:
    return [slip.total_minor for slip in devices.slips()]


def test_a_printer_that_is_off_leaves_the_sale_and_prints_it_once_later(
    register: MakeRegister, devices: EmulatedDevices, centre: RealCentre
) -> None:
    devices.printer.send("power_off")
    till = register(devices=devices.toml)
    sale_id = sell(till.http, BASKET)["sale_id"]
    job = till.until_paper(sale_id)
    assert (job["state"], job["reason"]) == ("not_printed", "no_link")
    assert job["sentence"] == "Принтер не відповідає: перевірте живлення й кабель"
    assert till.sale(sale_id)["state"] == "committed"
    assert till.status()["devices"]["printer"] == "offline"
    till.until_drained()
    facts = [(f["kind"], f.get("verdict")) for f in centre.facts(till.identity)]
    assert facts == [("sale", None), ("print_verdict", "not_printed")]

    devices.printer.send("power_on")
    _retry(till, job["job_id"])
    assert till.until_paper(sale_id)["state"] == "printed"
    assert till.sale(sale_id)["state"] == "posted"
    _retry(till, job["job_id"])
    sell(till.http, [line(1, "bread", 2_750)])
    until("the next slip", lambda: len(devices.slips()) == 2)
    assert _totals(devices) == [DUE, 2_750], "each sale once, in order"
    until("the printer", lambda: till.status()["devices"]["printer"] == "ok")


def test_a_sale_without_paper_can_be_voided_and_its_points_come_back(
    register: MakeRegister, devices: EmulatedDevices, centre: RealCentre
) -> None:
    till = register(devices=devices.toml)
    shopper = known_shopper(till, centre)
    till.until_drained()
    before = sum(centre.accounts(shopper.member_id).values())
    devices.printer.send("power_off")
    sale_id = open_sale(till, shopper.card)
    view = confirm(till, redeem(till, sale_id))
    assert view["redeemed_minor"] > 0
    job = till.until_paper(sale_id)
    assert job["state"] == "not_printed"
    till.until_drained()
    spent = view["result"]["redeemed_points"]
    accounts = centre.accounts(shopper.member_id)
    assert accounts.pop("pending") == (PRICE - spent) * 5 // 100
    assert sum(accounts.values()) == before - spent

    voided = answer(till.http.post(f"/v1/sales/{sale_id}/void", json={"reason": "немає чека"}))
    assert voided["state"] == "voided"
    till.until_drained()
    accounts = centre.accounts(shopper.member_id)
    assert "pending" not in accounts
    assert sum(accounts.values()) == before
    assert centre.audit()["ok"]


def test_a_voided_sale_is_never_printed(register: MakeRegister, devices: EmulatedDevices) -> None:
    devices.printer.send("power_off")
    till = register(devices=devices.toml)
    sale_id = sell(till.http, BASKET)["sale_id"]
    job = till.until_paper(sale_id)
    answer(till.http.post(f"/v1/sales/{sale_id}/void", json={"reason": "немає чека"}))
    devices.printer.send("power_on")
    refused = till.http.post(f"/v1/print-jobs/{job['job_id']}/retry", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "sale_closed")
    next_id = sell(till.http, [line(1, "bread", 2_750)])["sale_id"]
    assert till.until_paper(next_id)["state"] == "printed"
    assert _totals(devices) == [2_750]


def test_paper_that_ends_in_a_receipt_is_told_and_printed_again_once(
    register: MakeRegister, devices: EmulatedDevices
) -> None:
    till = register(devices=devices.toml)
    devices.printer.send("paper_out at 58")
    sale_id = sell(till.http, BASKET)["sale_id"]
    job = till.until_paper(sale_id)
    assert (job["state"], job["reason"]) == ("not_printed", "paper_out")
    assert job["sentence"].startswith("Немає паперу")
    until("the lamp", lambda: till.status()["devices"]["printer"] == "out")
    assert devices.slips() == []

    _retry(till, job["job_id"])
    assert till.until_paper(sale_id)["reason"] == "paper_out", "still no paper"
    devices.printer.send("paper_in")
    _retry(till, job["job_id"])
    assert till.until_paper(sale_id)["state"] == "printed"
    assert _totals(devices) == [DUE]
    assert till.faults() == []


def test_paper_that_ends_after_the_payment_is_for_a_person_and_comes_out_once(
    register: MakeRegister, devices: EmulatedDevices, centre: RealCentre
) -> None:
    """A paid receipt cannot be cancelled: the printer holds it until there is paper again."""
    till = register(devices=devices.toml)
    devices.printer.send("paper_out at 56")
    sale_id = sell(till.http, BASKET)["sale_id"]
    job = till.until_paper(sale_id)
    assert job["state"] == "unknown"
    assert till.sale(sale_id)["state"] == "committed"
    refused = till.http.post(f"/v1/print-jobs/{job['job_id']}/retry", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "print_unknown")
    refused = till.http.post(f"/v1/sales/{sale_id}/void", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "paper_pending")

    devices.printer.send("paper_in")
    path = f"/v1/print-jobs/{job['job_id']}/resolve"
    answer(till.http.post(path, json={"verdict": "not_printed", "author": "Оксана"}))
    _retry(till, job["job_id"])
    assert till.until_paper(sale_id)["state"] == "printed"
    assert till.sale(sale_id)["state"] == "posted"
    next_id = sell(till.http, [line(1, "bread", 2_750)])["sale_id"]
    assert till.until_paper(next_id)["state"] == "printed"
    assert _totals(devices) == [DUE, 2_750]
    till.until_drained()
    verdicts = [f["verdict"] for f in centre.facts(till.identity) if f["kind"] == "print_verdict"]
    assert verdicts == ["unknown", "not_printed", "printed", "printed"]


@pytest.mark.parametrize(
    ("command", "first"),
    [(48, "not_printed"), (58, "not_printed"), (53, "printed"), (56, "printed")],
)
def test_a_cable_pulled_in_a_receipt_never_costs_a_second_one(
    register: MakeRegister, devices: EmulatedDevices, command: int, first: str
) -> None:
    """The command is carried out, its reply is lost with the cable. Nobody is asked: the counters
    tell as soon as the cable is back; before payment our own open receipt is cancelled."""
    till = register(devices=devices.toml)
    devices.printer.send(f"unplug 300ms after {command}")
    sale_id = sell(till.http, BASKET)["sale_id"]
    job = till.until_paper(sale_id)
    assert job["state"] == first
    if first == "not_printed":
        assert devices.slips() == []
        _retry(till, job["job_id"])
        job = till.until_paper(sale_id)
    assert job["state"] == "printed"
    next_id = sell(till.http, [line(1, "bread", 2_750)])["sale_id"]
    assert till.until_paper(next_id)["state"] == "printed"
    assert _totals(devices) == [DUE, 2_750]


def test_a_printer_that_dies_in_a_receipt_and_stays_away_is_for_a_person(
    register: MakeRegister, devices: EmulatedDevices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for, in vain; then the cashier looks at the paper. The bound is shortened."""
    monkeypatch.setattr(printer_worker, "LINK_PATIENCE_S", 1.0)
    till = register(devices=devices.toml)
    devices.printer.send("power_off at 53")
    sale_id = sell(till.http, BASKET)["sale_id"]
    job = till.until_paper(sale_id)
    assert (job["state"], job["reason"]) == ("unknown", "no_link")
    assert job["sentence"].startswith("Невідомо, чи вийшов чек")
    assert devices.slips() == []
    devices.printer.send("power_on")
    path = f"/v1/print-jobs/{job['job_id']}/resolve"
    answer(till.http.post(path, json={"verdict": "not_printed", "author": "Оксана"}))
    _retry(till, job["job_id"])
    assert till.until_paper(sale_id)["state"] == "printed"
    assert _totals(devices) == [DUE]


def test_a_full_disk_in_the_middle_of_a_receipt_stops_no_printer(
    register: MakeRegister, devices: EmulatedDevices, caplog: pytest.LogCaptureFixture
) -> None:
    """The paper is out and cannot be noted; once there is room again, it is, and once only.

    The printer takes its time, so that the disk is full before it answers on any machine."""
    till = register(devices=devices.toml)
    devices.printer.send("delay 8s at 53")
    sale_id = sell(till.http, BASKET)["sale_id"]
    until("the payment", lambda: "closing" in str(till.rows("SELECT value FROM device_journal")))
    with till.full_disk():
        until("the trouble", lambda: "device_failed" in caplog.messages)
        assert till.sale(sale_id)["prints"][-1]["state"] == "printing"
        assert _totals(devices) == [DUE]
    assert till.until_paper(sale_id)["state"] == "printed"
    assert _totals(devices) == [DUE]
    assert till.faults() == []
