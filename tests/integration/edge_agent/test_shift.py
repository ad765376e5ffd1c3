"""The shift of a register with a fiscal printer of its own, and of one whose POS prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers.conformance.emulated import EmulatedPrinterBench, emulated_printer
from edge_agent.ledger.cache import Cache
from edge_agent.ledger.database import connect_reader
from edge_agent.shift.sign_in import LOCK_MIN, TRIES
from sync.contract.feed import FeedRow
from sync.contract.staff import WireShift, badge_digest, pin_verifier
from tests.support.live_register import until
from tests.support.rig import CARD, Rig, line, sell

SALT = bytes(range(16))
STAFF = (
    {"cashier_id": "c1", "name": "Олена К.", "role": "cashier", "pin": pin_verifier("4711", SALT)},
    {"cashier_id": "s1", "name": "Ірина С.", "role": "senior", "badge": badge_digest("B-900")},
)


def staffed(register: Rig) -> None:
    """The centre's rows about staff in the register's cache."""
    cache = Cache(register.folder / "data" / "cache.db")
    cache.apply_rows(
        [
            FeedRow(kind="staff", key=str(row["cashier_id"]), version=1, body=dict(row))
            for row in STAFF
        ]
    )
    cache.close()


def shift(register: Rig) -> dict[str, Any]:
    found: dict[str, Any] = register.http.get("/v1/shift").json()
    return found


def ask(register: Rig, path: str, **body: object) -> dict[str, Any]:
    answer = register.http.post(f"/v1/shift/{path}", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refused(register: Rig, path: str, **body: object) -> dict[str, Any]:
    answer = register.http.post(f"/v1/shift/{path}", json=body)
    assert answer.status_code in (403, 409), answer.text
    found: dict[str, Any] = answer.json()
    return found


def decided(register: Rig, asked: dict[str, Any]) -> dict[str, Any]:
    """The act after its verdict."""
    job_id = asked["act"]["job_id"]

    def look() -> dict[str, Any] | None:
        act: dict[str, Any] = shift(register)["act"]
        settled = act["job_id"] == job_id and act["state"] not in ("queued", "printing")
        return act if settled else None

    found: dict[str, Any] = until("the printer's verdict", look, 40)
    return found


def on_paper(register: Rig, sale_id: str) -> None:
    def look() -> bool:
        view = register.http.get(f"/v1/sales/{sale_id}/status").json()
        return bool(view["prints"]) and view["prints"][0]["state"] == "printed"

    until("the receipt on paper", look, 40)


def papers(bench: EmulatedPrinterBench, kind: str) -> int:
    found = bench.emulator.documents()
    return sum(paper.kind == kind and paper.state == "closed" for paper in found)


def said(bench: EmulatedPrinterBench) -> list[str]:
    """Text of the newest slip that is no receipt."""
    slips = [paper for paper in bench.emulator.documents() if paper.kind == "nonfiscal"]
    return [row.left for row in slips[-1].rows if row.kind == "text"]


def facts(register: Rig) -> list[WireShift]:
    reader = connect_reader(register.folder / "data" / "ledger.db")
    try:
        rows = reader.execute("SELECT body FROM outbox WHERE kind = 'shift' ORDER BY seq")
        return [WireShift.model_validate_json(row[0]) for row in rows]
    finally:
        reader.close()


@contextmanager
def working(register: Rig) -> Iterator[Rig]:
    """The register with its printer's thread."""
    register.start()
    assert register.agent is not None
    worker = register.agent.printer
    if worker is not None:
        worker.start()
    try:
        yield register
    finally:
        if worker is not None:
            worker.stop()
        register.stop()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[EmulatedPrinterBench]:
    with emulated_printer(tmp_path, "tcp", dialect="datecs_ua") as found:
        yield found


@pytest.fixture
def owner(tmp_path: Path, bench: EmulatedPrinterBench) -> Rig:
    """A register that owns a fiscal printer."""
    register = Rig(tmp_path)
    with register.config.open("a", encoding="utf-8") as config:
        config.write(
            f'[printer]\ndriver = "fiscal.datecs_ua"\nurl = "{bench.emulator.url}"\n'
            "reply_timeout_ms = 200\n"
        )
    return register


def test_a_day_from_sign_in_to_z(owner: Rig, bench: EmulatedPrinterBench) -> None:
    staffed(owner)
    with working(owner):
        ask(owner, "sign-in", cashier_id="c1", pin="4711")
        act = decided(owner, ask(owner, "open"))
        assert act["reason"] == "shift_opens_itself"
        assert decided(owner, ask(owner, "cash-in", amount_minor=50_000))["state"] == "printed"
        view = sell(owner.http, [line(1, "milk", 4_590, 2, groups=["dairy"])], card=CARD)
        on_paper(owner, view["sale_id"])
        on_paper(owner, sell(owner.http, [line(1, "bread", 10_000)])["sale_id"])
        assert decided(owner, ask(owner, "x"))["state"] == "printed"
        low = refused(owner, "cash-out", amount_minor=1_000)
        ask(owner, "sign-in", badge="B-900")
        assert decided(owner, ask(owner, "cash-out", amount_minor=1_000))["state"] == "printed"
        z = decided(owner, ask(owner, "z"))
        after = shift(owner)
        slip = said(bench)
        second = decided(owner, ask(owner, "z"))
    assert low["cashier_message"]["uk"].startswith("Потрібен старший касир")
    assert (z["state"], z["fiscal_number"]) == ("printed", "1")
    assert z["sentence"] == "Z-звіт № 1 надруковано, зміну закрито"
    assert (after["is_open"], after["last_z"], after["totals"]["sales"]) == (False, "1", 2)
    assert after["totals"]["identified"] == 1
    assert any(text.startswith("Продажів") and text.endswith(" 2") for text in slip), slip
    assert any(text.startswith("З учасником") and text.endswith(" 1") for text in slip), slip
    assert second["reason"] == "shift_not_open"
    assert [papers(bench, kind) for kind in ("cash_in", "cash_out", "x_report", "z_report")] == [
        1,
        1,
        1,
        1,
    ]
    told = facts(owner)
    assert [each.event for each in told][:3] == ["opened", "signed_in", "cash_in"]
    closed = [each for each in told if each.event == "closed"]
    assert (closed[0].z_number, closed[0].cashier_id, closed[0].amount_minor) == ("1", "s1", 0)
    assert closed[0].totals is not None
    assert closed[0].totals.sales == 2


def test_the_receipt_names_who_is_signed_in(owner: Rig, bench: EmulatedPrinterBench) -> None:
    staffed(owner)
    with working(owner):
        ask(owner, "sign-in", cashier_id="c1", pin="4711")
        view = sell(owner.http, [line(1, "bread", 10_000)])
        on_paper(owner, view["sale_id"])
    assert bench.device._core.memory.cashiers == {"1": "Олена К."}
    reader = connect_reader(owner.folder / "data" / "ledger.db")
    row = reader.execute("SELECT body FROM outbox WHERE kind = 'sale'").fetchone()
    reader.close()
    assert json.loads(row[0])["cashier_id"] == "c1"


def test_no_z_while_it_is_unknown_whether_a_receipt_came_out(
    owner: Rig, bench: EmulatedPrinterBench
) -> None:
    with working(owner):
        on_paper(owner, sell(owner.http, [line(1, "bread", 10_000)])["sale_id"])
        assert owner.agent is not None
        ledger = owner.agent.till._ledger
        sale_id = sell(owner.http, [line(1, "bread", 10_000)])["sale_id"]
        on_paper(owner, sale_id)
        ledger.unit(
            lambda uow: uow.set_print_state(
                uow.print_jobs_of(sale_id)[0].job_id, "unknown", "2026-11-22T10:00:00.000Z"
            )
        )
        no = refused(owner, "z")
        job_id = owner.http.get("/v1/print-jobs").json()[0]["job_id"]
        assert papers(bench, "z_report") == 0
        answer = owner.http.post(
            f"/v1/print-jobs/{job_id}/resolve",
            json={"verdict": "printed", "fiscal_number": "2", "author": "Олена"},
        )
        assert answer.status_code == 200, answer.text
        z = decided(owner, ask(owner, "z"))
    assert no["code"] == "z_unknown_papers"
    assert job_id in no["detail"]
    assert "(1)" in no["cashier_message"]["uk"]
    assert z["state"] == "printed"


@pytest.mark.parametrize("after_z", [True, False], ids=["counted", "never-reached"])
def test_an_agent_ended_in_a_z_asks_the_counter_and_makes_no_second_one(
    owner: Rig, bench: EmulatedPrinterBench, after_z: bool
) -> None:
    with working(owner):
        on_paper(owner, sell(owner.http, [line(1, "bread", 10_000)])["sale_id"])
        bench.emulator.send("power_off after 69" if after_z else "power_off at 69")
        asked = ask(owner, "z")
        until("the Z on its way", lambda: shift(owner)["act"]["state"] == "printing", 40)
        until("the power cut", lambda: not bench.emulator.describe()["powered"], 40)
    bench.emulator.send("power_on")
    with working(owner):
        act = decided(owner, asked)
        again = ask(owner, "z") if act["state"] == "not_printed" else None
        final = decided(owner, again) if again else act
        until("the shift closed", lambda: not shift(owner)["is_open"], 40)
    assert act["state"] == ("printed" if after_z else "not_printed")
    assert final["state"] == "printed"
    assert papers(bench, "z_report") == 1


def test_a_sale_that_an_old_shift_refuses_is_explained_and_goes_out_after_the_z(
    owner: Rig, bench: EmulatedPrinterBench
) -> None:
    with working(owner):
        on_paper(owner, sell(owner.http, [line(1, "bread", 10_000)])["sale_id"])
        bench.device._core.memory.shift.opened_at -= 25 * 3600
        sale_id = sell(owner.http, [line(1, "bread", 10_000)])["sale_id"]

        def refused_paper() -> dict[str, Any] | None:
            job: dict[str, Any] = owner.http.get(f"/v1/sales/{sale_id}/status").json()["prints"][0]
            return job if job["state"] == "not_printed" else None

        job = until("the refusal", refused_paper, 40)
        assert decided(owner, ask(owner, "z"))["state"] == "printed"
        owner.http.post(f"/v1/print-jobs/{job['job_id']}/retry", json={})
        on_paper(owner, sale_id)
    assert job["reason"] == "shift_over_24_hours"
    assert job["sentence"].startswith("Зміна триває понад 24 години")
    assert "Z-звіт" in job["sentence"]


def test_a_shift_of_23_hours_is_told(owner: Rig, bench: EmulatedPrinterBench) -> None:
    with working(owner):
        on_paper(owner, sell(owner.http, [line(1, "bread", 10_000)])["sale_id"])
        bench.device._core.memory.shift.opened_at -= 23 * 3600 + 60
        decided(owner, ask(owner, "x"))
        found = until("the warning", lambda: shift(owner)["warnings"], 40)
        until("the notice", lambda: (notice(owner) or {}).get("code") == "shift_23_hours", 40)
    assert [each["code"] for each in found] == ["shift_23_hours"]


def notice(register: Rig) -> dict[str, Any] | None:
    found: dict[str, Any] | None = register.http.get("/v1/state").json()["notice"]
    return found


def test_where_the_pos_prints_the_shift_is_only_observed(tmp_path: Path) -> None:
    register = Rig(tmp_path)
    with register.config.open("a", encoding="utf-8") as config:
        config.write('[till]\nprint_mode = "none"\n')
    with working(register):
        sell(register.http, [line(1, "milk", 4_590, 2, groups=["dairy"])], card=CARD)
        seen = shift(register)
        cash = refused(register, "cash-in", amount_minor=100)
        z = ask(register, "z")
        after = shift(register)
        sell(register.http, [line(1, "bread", 10_000)])
        next_one = shift(register)
    assert (seen["owner"], seen["is_open"], seen["totals"]["sales"]) == ("pos", True, 1)
    assert cash["code"] == "shift_of_pos"
    assert z["act"] is None
    assert any("З учасником" in text for text in z["slip"])
    assert (after["is_open"], after["last_z"], after["totals"]["identified"]) == (False, "", 1)
    assert (next_one["number"], next_one["totals"]["sales"]) == (2, 1)
    closed = [each for each in facts(register) if each.event == "closed"]
    assert len(closed) == 1


def test_wrong_pins_lock_the_person_out_also_over_a_restart(tmp_path: Path) -> None:
    register = Rig(tmp_path)
    staffed(register)
    with working(register):
        codes = [
            refused(register, "sign-in", cashier_id="c1", pin="0000")["code"] for _ in range(TRIES)
        ]
        right = refused(register, "sign-in", cashier_id="c1", pin="4711")
        other = ask(register, "sign-in", badge="B-900")
    with working(register):
        still = refused(register, "sign-in", cashier_id="c1", pin="4711")
        assert shift(register)["cashier"]["cashier_id"] == "s1"
        assert ask(register, "sign-out")["cashier"] is None
        nobody = refused(register, "z")
    assert codes == ["sign_in_wrong"] * TRIES
    assert right["code"] == still["code"] == "sign_in_locked"
    assert "до " in right["cashier_message"]["uk"]
    assert LOCK_MIN >= 1
    assert other["cashier"]["how"] == "badge"
    assert nobody["code"] == "sign_in_first"


def test_the_pos_may_say_who_works(tmp_path: Path) -> None:
    register = Rig(tmp_path)
    with working(register):
        view = ask(register, "sign-in", cashier_id="pos-7", by_pos=True)
        without = refused(register, "sign-in", cashier_id="pos-7", pin="4711")
        unclear = refused(register, "sign-in", cashier_id="pos-7", pin="4711", by_pos=True)
    assert (view["cashier"]["cashier_id"], view["cashier"]["how"]) == ("pos-7", "pos")
    assert without["code"] == "no_staff"
    assert unclear["code"] == "sign_in_unclear"
