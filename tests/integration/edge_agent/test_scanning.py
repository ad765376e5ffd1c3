"""A register with an emulated reader: what it sounds, when it waits, asks and hides."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.emulators.scanner import ScannerEmulator
from drivers.emulators.wire import open_endpoint
from edge_agent.config import load_settings
from edge_agent.ledger.cache import Cache
from edge_agent.log_setup import configure
from sync.contract.feed import FeedRow
from tests.support.live_register import until
from tests.support.rig import CARD, OTHER_CARD, RULES, Rig, answer, line

MILK = "4820000000017"
PANS = ("4111111111111111", "5555555555554444", "9804000000000009")
Start = Callable[..., "Till"]


class Till:
    """A running register and its reader."""

    def __init__(self, rig: Rig, reader: ScannerEmulator) -> None:
        self.rig, self.reader = rig, reader

    def state(self) -> dict[str, Any]:
        return answer(self.rig.http.get("/v1/state"))

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return answer(self.rig.http.post(path, json=body))

    def sounded(self, count: int) -> list[str]:
        until(f"{count} sounds", lambda: len(self.reader.sounds()) >= count)
        return self.reader.sounds()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    tills: list[Till] = []

    def begin(rules: dict[str, Any] | None = None, goods: list[FeedRow] | None = None) -> Till:
        reader = ScannerEmulator(
            "reader", open_endpoint(str(tmp_path / "port")), vendor="honeywell"
        )
        rig = Rig(tmp_path / "till", rules)
        options = f'driver = "scanner.serial"\nurl = "{reader.url}"\nsignals = "honeywell"\n'
        text = rig.config.read_text(encoding="utf-8")
        rig.config.write_text(f"{text}[scanner]\n{options}", encoding="utf-8")
        if goods:
            cache = Cache(rig.folder / "data" / "cache.db")
            cache.apply_rows(goods)
            cache.close()
        tills.append(Till(rig, reader))
        rig.start()
        assert rig.agent is not None
        rig.agent.start_devices()
        until("the reader", lambda: tills[-1].state()["strip"]["scanner"] == "ok")
        return tills[-1]

    yield begin
    for till in tills:
        assert till.rig.agent is not None
        till.rig.agent.stop_devices()
        till.rig.stop()
        till.reader.close()


def test_the_beep_says_what_the_code_is(start: Start) -> None:
    till = start()
    till.reader.send(f"scan ]E0{CARD}")
    assert till.sounded(1) == ["good"]
    till.reader.send("scan ]E00429999999995")
    assert till.sounded(2) == ["good", "razz"]
    till.reader.send(f"scan ]E0{MILK}; scan nonsense")
    assert till.sounded(4) == ["good", "razz", "good", "razz"]
    assert till.reader.model.stray() == 0


def test_a_scan_during_a_question_waits_for_its_end(start: Start) -> None:
    till = start()
    sale = till.post("/v1/panel/sale", {})
    assert till.post("/v1/panel/dialog", {"is_open": True})["held"] is True
    till.reader.send(f"scan ]E0{CARD}; scan ]E0{MILK}")
    assert till.sounded(2) == ["good", "good"]
    waiting = till.state()
    assert (waiting["sale"]["member"], waiting["sale"]["lines"]) == (None, [])
    till.post("/v1/panel/dialog", {"is_open": False})
    done = till.state()["sale"]
    assert done["sale_id"] == sale["sale_id"]
    assert (done["member"]["member_id"], [one["sku"] for one in done["lines"]]) == (101, ["milk"])


def test_it_is_never_the_next_buyers(start: Start) -> None:
    till = start()
    first = till.post("/v1/panel/sale", {})
    till.post("/v1/panel/dialog", {"is_open": True})
    till.reader.send(f"scan ]E0{OTHER_CARD}")
    till.sounded(1)
    till.post(f"/v1/sales/{first['sale_id']}/cancel", {})
    body = {"basket": {"lines": [line(1, "milk", 4_590)]}}
    till.post(f"/v1/sales/{uuid.uuid4()}/open", body)
    till.post("/v1/panel/dialog", {"is_open": False})
    state = till.state()
    assert (state["sale"]["member"], state["waiting"]) == (None, None)
    assert state["notice"]["code"] == "scan_dropped"


def test_a_code_with_two_meanings_is_asked_about(start: Start) -> None:
    rules = {**RULES, "programme": {**RULES["programme"], "code_order": [["card", "product"]]}}
    body = {"sku": "ghost", "name": "Термос", "unit_price_minor": 50_000, "barcodes": [CARD]}
    till = start(rules, [FeedRow(kind="good", key="ghost", version=1, body=body)])
    till.post("/v1/panel/sale", {})
    till.reader.send(f"scan ]E0{CARD}")
    assert till.sounded(1) == ["good"]
    state = until("a question", lambda: (now := till.state())["choices"] and now)
    assert state["choices"] == [
        {"kind": "member", "label": "Олена К."},
        {"kind": "product", "label": "Термос"},
    ]
    assert (state["sale"]["member"], state["sale"]["lines"]) == (None, [])
    assert state["notice"]["code"] == "ambiguous"
    chosen = till.post("/v1/panel/choice", {"place": 0})
    assert (chosen["sale"]["member"]["member_id"], chosen["choices"]) == (101, [])
    again = till.rig.http.post("/v1/panel/choice", json={"place": 0})
    assert (again.status_code, again.json()["code"]) == (404, "no_choice")


def test_what_only_one_thing_here_can_mean_is_not_asked(start: Start) -> None:
    rules = {**RULES, "programme": {**RULES["programme"], "code_order": [["card", "product"]]}}
    till = start(rules)
    till.post("/v1/panel/sale", {})
    till.reader.send(f"scan ]E0{CARD}")
    state = until("the member", lambda: (now := till.state())["sale"]["member"] and now)
    assert (state["sale"]["member"]["member_id"], state["choices"]) == (101, [])


def test_a_scale_label_brings_its_weight(start: Start) -> None:
    body = {
        "sku": "cheese",
        "name": "Сир",
        "unit": "кг",
        "unit_price_minor": 40_000,
        "barcodes": ["2100123"],
    }
    till = start(None, [FeedRow(kind="good", key="cheese", version=1, body=body)])
    till.post("/v1/panel/sale", {})
    by_hand = till.post("/v1/panel/goods", {"code": "2100123012343"})["lines"]
    till.reader.send("scan ]E02100123005000")
    lines = until("the line", lambda: len(found := till.state()["sale"]["lines"]) == 2 and found)
    assert by_hand[0]["qty_milli"] == 1234
    assert lines[1]["qty_milli"] == 500


def test_a_payment_card_stands_in_no_file_log_or_answer(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    till = start()
    settings = load_settings(till.rig.config)
    control = configure(settings, False)
    try:
        for count, pan in enumerate(PANS, 1):
            till.reader.send(rf"scan \;{pan}=29121010000?; scan {pan}")
            till.sounded(2 * count)
            for text in (pan, f";{pan}=2912?", " ".join(pan[n : n + 4] for n in range(0, 16, 4))):
                heard = till.post("/v1/scan", {"code": text})
                assert (heard["masked"], heard["reason"]) == ("****", "payment_card")
            assert pan not in str(till.state())
    finally:
        control.close()
    assert till.sounded(2 * len(PANS)) == ["razz"] * 2 * len(PANS)
    files = [path for path in till.rig.folder.rglob("*") if path.is_file()]
    assert any(path.parent.name == "logs" for path in files)
    for pan in PANS:
        assert pan not in caplog.text
        for path in files:
            assert pan.encode() not in path.read_bytes(), path
