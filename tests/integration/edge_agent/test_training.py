"""Training mode over HTTP: everything works, nothing of it stays."""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge_agent.cli import main
from edge_agent.single_instance import announce_port, lock
from tests.support.rig import CARD, OTHER_CARD, TOKEN, Rig, answer, line, payment, sell
from tests.support.staff import SENIOR, staffed


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A running register."""
    register = Rig(tmp_path)
    register.start()
    try:
        yield register
    finally:
        register.stop()


def contents(path: Path) -> dict[str, list[Any]]:
    """Every row of every table of a database."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        return {name: db.execute(f'SELECT * FROM "{name}"').fetchall() for name in sorted(names)}


def every_byte(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in sorted(folder.rglob("*")) if each.is_file())


def test_after_training_no_byte_of_it_is_left(rig: Rig) -> None:
    ledger = rig.folder / "data" / "ledger.db"
    sell(rig.http, [line(1, "milk", 4_590)], card=CARD)
    before = contents(ledger)
    assert len(before["outbox"]) >= 1
    answer(rig.http.post("/v1/training/enter", json={}))
    assert (rig.folder / "data" / "training" / "ledger.db").is_file()

    sale_id = str(uuid.uuid4())
    head = {"Idempotency-Key": str(uuid.uuid4())}
    secret = "ТРЕНУВАЛЬНИЙ-ТОВАР"
    opened = {
        "identity": {"code": CARD, "source": "scanner"},
        "basket": {"lines": [line(1, "milk", 4_590, 10, name=secret)]},
    }
    view = answer(rig.http.post(f"/v1/sales/{sale_id}/open", json=opened, headers=head))
    view = answer(rig.http.post(f"/v1/sales/{sale_id}/redeem", json={"points": 1_000}))
    assert view["redeem"]["redeemed_points"] == 1_000, view["redeem"]
    body = payment(view)
    done = answer(
        rig.http.post(
            f"/v1/sales/{sale_id}/confirm",
            json=body,
            headers={"Idempotency-Key": str(uuid.uuid4())},
        )
    )
    assert done["state"] == "posted"
    assert done["member"]["balance_points"] < 20_000, "the card shows what was spent"
    back = {"return_id": str(uuid.uuid4()), "reason": "lesson"}
    answer(rig.http.post(f"/v1/sales/{sale_id}/returns", json=back))
    answer(rig.http.post("/v1/panel/goods", json={"code": "milk"}))

    with closing(sqlite3.connect(rig.folder / "data" / "training" / "ledger.db")) as db:
        assert db.execute("SELECT count(*) FROM outbox").fetchone()[0] >= 2, "it was a real ledger"
    answer(rig.http.post("/v1/training/leave", json={}))
    assert not (rig.folder / "data" / "training").exists()
    assert contents(ledger) == before
    rig.stop()
    left = every_byte(rig.folder)
    assert sale_id.encode() not in left
    assert secret.encode() not in left


def test_writes_say_training_and_reads_show_it(rig: Rig) -> None:
    sale = f"/v1/sales/{uuid.uuid4()}"
    assert "training" not in rig.http.post("/v1/scan", json={"code": OTHER_CARD}).json()
    answer(rig.http.post("/v1/training/enter", json={}))
    assert answer(rig.http.get("/v1/training"))["training"] is True
    view = answer(rig.http.post(f"{sale}/open", json={}))
    assert view["training"] is True
    assert answer(rig.http.post("/v1/scan", json={"code": CARD}))["training"] is True
    refused = rig.http.post(f"{sale}/confirm", json=payment(view))
    assert refused.status_code == 409
    assert (refused.json()["training"], refused.json()["code"]) == (True, "empty_basket")
    assert answer(rig.http.get(f"{sale}/status"))["training"] is True
    state = answer(rig.http.get("/v1/state"))
    assert (state["training"], state["sale"]["member"]["member_id"]) == (True, 101)
    status = answer(rig.http.get("/v1/status"))
    assert (status["training"], status["epoch"], status["head"]) == (True, 1, "confirmed")
    body = {"lines": [line(1, "milk", 4_590)]}
    view = answer(rig.http.put(f"{sale}/basket", json=body))
    done = answer(rig.http.post(f"{sale}/confirm", json=payment(view)))
    assert done["receipt_blocks"][0]["text"] == ["*** НАВЧАННЯ: НЕ ЧЕК ***"]
    answer(rig.http.post("/v1/training/leave", json={}))
    assert rig.http.get(f"{sale}/status").status_code == 404
    state = answer(rig.http.get("/v1/state"))
    assert (state["training"], state["sale"], state["waiting"]["member_id"]) == (False, None, 102)
    assert "training" not in rig.http.post("/v1/scan", json={"code": CARD}).json()


def test_training_is_not_entered_with_a_sale_open(rig: Rig) -> None:
    sale = f"/v1/sales/{uuid.uuid4()}"
    answer(rig.http.post(f"{sale}/open", json={}))
    refused = rig.http.post("/v1/training/enter", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "training_sale_open")
    assert "відкритий чек" in refused.json()["cashier_message"]["uk"]
    assert answer(rig.http.get("/v1/training"))["training"] is False
    answer(rig.http.post(f"{sale}/cancel", json={}))
    answer(rig.http.post("/v1/training/enter", json={}))
    answer(rig.http.post("/v1/training/enter", json={}))
    answer(rig.http.post("/v1/training/leave", json={}))
    answer(rig.http.post("/v1/training/leave", json={}))


def test_a_stopped_agent_ends_its_training(rig: Rig) -> None:
    answer(rig.http.post("/v1/training/enter", json={}))
    rig.stop()
    assert not (rig.folder / "data" / "training").exists()
    left = rig.folder / "data" / "training" / "ledger.db"
    left.parent.mkdir()
    left.write_bytes(b"what a power cut left")
    rig.start()
    assert not left.parent.exists()
    assert answer(rig.http.get("/v1/training"))["training"] is False


def test_states_go_on_in_one_order_on_one_stream(rig: Rig) -> None:
    """A screen that is open follows into training and back without a new connection."""
    seen: list[dict[str, Any]] = []
    is_there = threading.Event()
    with rig.http.stream("GET", "/v1/events", timeout=30) as stream:

        def read() -> None:
            for text in stream.iter_lines():
                if text.startswith("data: {") and '"strip"' in text:
                    seen.append(json.loads(text[6:]))
                    is_there.set()
                    if len({each["training"] for each in seen}) == 2 and not seen[-1]["training"]:
                        return

        reader = threading.Thread(target=read)
        reader.start()
        assert is_there.wait(20)
        answer(rig.http.post("/v1/training/enter", json={}))
        answer(rig.http.post("/v1/panel/goods", json={"code": "milk"}))
        assert rig.agent is not None
        rig.agent.desk.push()
        answer(rig.http.post("/v1/training/leave", json={}))
        reader.join(20)
        assert not reader.is_alive()
    trained = [each for each in seen if each["training"]]
    assert any(each["sale"] for each in trained)
    assert [each["training"] for each in seen[-2:]] == [True, False]
    revisions = [each["revision"] for each in seen]
    assert revisions == sorted(set(revisions))


def test_a_cashier_at_the_screen_needs_a_senior(tmp_path: Path) -> None:
    """With a list of staff the screen is asked for a word; the register's own token is not."""
    rig = Rig(tmp_path)
    staffed(rig)
    rig.start()
    try:
        link = answer(rig.http.post("/v1/panel/links", json={}))["path"]
        code = {"code": link.partition("#")[2]}
        token = answer(rig.http.post("/v1/panel/sessions", json=code))["token"]
        screen = {"Authorization": f"Bearer {token}"}
        refused = rig.http.post("/v1/training/enter", json={}, headers=screen)
        assert (refused.status_code, refused.json()["code"]) == (403, "approval_needed")
        word = {**SENIOR, "act": "training", "subject": ""}
        approval = answer(rig.http.post("/v1/approvals", json=word))["approval_id"]
        body = {"approval": approval}
        answer(rig.http.post("/v1/training/enter", json=body, headers=screen))
        assert answer(rig.http.get("/v1/state"))["training"] is True
        answer(rig.http.post("/v1/training/leave", json={}, headers=screen))
        answer(rig.http.post("/v1/training/enter", json={}))
    finally:
        rig.stop()


def test_the_command_line_enters_and_leaves(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    port = int(rig.url.rpartition(":")[2])
    (rig.folder / "data" / "api.token").write_text(TOKEN, encoding="ascii")
    with lock(rig.folder / "data", port, rig.config):
        announce_port(rig.folder / "data", port)
        said = []
        for verb in ("status", "enter", "leave"):
            assert main(["training", verb, "--config", str(rig.config)]) == 0
            said.append(capsys.readouterr().out.strip())
        assert said == [
            "training is off",
            "training is on: nothing is sold",
            "training is off",
        ]
        answer(rig.http.post(f"/v1/sales/{uuid.uuid4()}/open", json={}))
        assert main(["training", "enter", "--config", str(rig.config)]) == 1
        assert "a sale is open" in capsys.readouterr().err
        assert main(["training", "status", "--json", "--config", str(rig.config)]) == 0
        assert json.loads(capsys.readouterr().out) == {"training": False}
