"""What a sale cost on the screen: told to the agent, kept apart, printed beside a model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edge_agent.cashier_pace import K_MS, M_MS, figures, model_ms
from edge_agent.cli import main
from edge_agent.ledger.screen_file import KEPT_DAYS, Pace, ScreenFile, paces
from tests.support.rig import CARD, PHONE, Rig, answer, line, sell

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A running register."""
    rig = Rig(tmp_path)
    rig.start()
    try:
        yield rig
    finally:
        rig.stop()


def panel_sale(rig: Rig, code: str = "") -> str:
    """A sale of the screen's own, with the member of a code; its id."""
    if code:
        source = "keyboard" if code.startswith("+") else "scanner"
        answer(rig.http.post("/v1/scan", json={"code": code, "source": source}))
    view = answer(rig.http.post("/v1/panel/sale", json={}))
    answer(rig.http.post("/v1/panel/goods", json={"code": "milk"}))
    sale_id = str(view["sale_id"])
    answer(rig.http.post(f"/v1/sales/{sale_id}/cancel", json={}))
    return sale_id


def told(sale_id: str, keys: int = 4, ms: int = 2_500) -> dict[str, Any]:
    """The counts of a sale."""
    return {"sale_id": sale_id, "keys": keys, "ms": ms, "verbs": {"submit": 2, "payCash": 1}}


def test_the_way_is_the_agents_own_knowledge(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    for code in (CARD, PHONE, ""):
        answer(rig.http.post("/v1/panel/pace", json=told(panel_sale(rig, code))))
    kept = paces(rig.folder / "data")
    assert [(pace.way, pace.lines, pace.keys) for pace in kept] == [
        ("card", 1, 4),
        ("phone", 1, 4),
        ("none", 1, 4),
    ]
    assert main(["cashier-time", "--config", str(rig.config)]) == 0
    printed = capsys.readouterr().out
    assert "Card, Moran, Newell 1980" in printed
    assert printed.splitlines()[1].split() == ["card", "1", "2.50", "2.50", "4", "5.17", "1.35"]
    assert main(["cashier-time", "--json", "--config", str(rig.config)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["way"] for each in found] == ["card", "phone", "none"]
    assert found[1]["identifying_ms"] == M_MS + 11 * K_MS


def test_the_first_account_of_a_sale_stands(rig: Rig) -> None:
    sale_id = panel_sale(rig)
    for keys in (4, 900):
        answer(rig.http.post("/v1/panel/pace", json=told(sale_id, keys)))
    assert [pace.keys for pace in paces(rig.folder / "data")] == [4]


def test_counts_of_no_sale_and_texts_are_refused(rig: Rig) -> None:
    stranger = told("00000000-0000-4000-8000-00000000000f")
    assert rig.http.post("/v1/panel/pace", json=stranger).status_code == 404
    of_pos = told(str(sell(rig.http, [line(1, "milk", 4_590)])["sale_id"]))
    assert rig.http.post("/v1/panel/pace", json=of_pos).json()["code"] == "unknown_sale"
    named = told(panel_sale(rig)) | {"verbs": {"0671234567": 1}}
    assert rig.http.post("/v1/panel/pace", json=named).status_code == 422
    assert paces(rig.folder / "data") == []


def test_nothing_is_told_before_the_first_sale(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cashier-time", "--config", str(rig.config)]) == 1
    assert "no sale was made" in capsys.readouterr().err
    (rig.folder / "data" / "screen.db").write_bytes(b"rubbish, " * 900)
    assert main(["cashier-time", "--config", str(rig.config)]) == 1
    assert "may be deleted" in capsys.readouterr().err


def test_old_rows_go_and_a_broken_file_costs_the_row(tmp_path: Path) -> None:
    file = ScreenFile(tmp_path)
    old = (NOW - timedelta(days=KEPT_DAYS + 1)).isoformat(timespec="milliseconds")
    file.keep(Pace("a", old, "card", 1, 1, 1, {}), NOW - timedelta(days=2))
    file.keep(Pace("b", NOW.isoformat(timespec="milliseconds"), "odd", 1, 3, 9, {}), NOW)
    file.close()
    file.close()
    assert [pace.sale_id for pace in paces(tmp_path)] == ["b"]
    assert [each.way for each in figures(paces(tmp_path))] == ["other"]
    assert figures(paces(tmp_path))[0].identifying_ms is None
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "screen.db").write_bytes(b"rubbish, " * 900)
    broken = ScreenFile(tmp_path / "broken")
    broken.keep(Pace("c", "", "card", 1, 1, 1, {}), NOW)
    broken.close()


def test_the_model_adds_its_operators() -> None:
    pace = Pace("a", "", "phone", 2, 12, 1, {"submit": 3, "payCash": 1})
    assert model_ms(pace) == 12 * K_MS + 4 * M_MS
