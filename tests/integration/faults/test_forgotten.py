"""A person erased while the register runs: within a cycle no file of its folder has the name.

The folder is read as bytes, logs of the databases and what was moved aside included.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.ledger import upkeep as keeping
from edge_agent.ledger.database import connect_reader
from edge_agent.ledger.verify import quick_check
from edge_agent.usecases.record_print import PaperVerdict
from sync.contract.feed import FeedPage, FeedRow
from tests.support.rig import CARD, Rig, answer, feed_rows, line, payment

NAME = "Зореслава Д."
OTHER = "Ігор Ґ."
BOUGHT = "Рідкісна книга"
PRINTS = '[printer]\ndriver = "fiscal.datecs_ua"\nurl = "serial:/dev/null"\n'


def member(version: int, body: dict[str, Any] | None) -> FeedRow:
    return FeedRow(
        kind="member", key="101", version=version, is_deleted=body is None, body=body or {}
    )


BODY = {
    "member_id": 101,
    "name": NAME,
    "balance_points": 20_000,
    "purchases": [{"at": "2026-11-01T10:00:00Z", "total_minor": 100, "items": [BOUGHT]}],
}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    register = Rig(tmp_path)
    register.config.write_text(f"{register.config.read_text()}{PRINTS}", encoding="utf-8")
    register.start()
    try:
        yield register
    finally:
        register.stop()


def feed(rig: Rig, number: int, *rows: FeedRow) -> None:
    assert rig.agent is not None
    page = FeedPage(
        incarnation="i", cursor=f"c{number}", rows=list(rows), more=False, server_time="2026-11-22"
    )
    rig.agent.health._cache.apply_page(page)


def buy(rig: Rig, card: str) -> str:
    """A sale whose every write has a key, so that each answer is kept."""
    sale_id = str(uuid.uuid4())
    body = {
        "basket": {"lines": [line(1, "bread", 10_000)]},
        "identity": {"code": card, "source": "scanner"},
    }
    view = answer(rig.http.post(f"/v1/sales/{sale_id}/open", json=body, headers=key()))
    url = f"/v1/sales/{sale_id}/confirm"
    answer(rig.http.post(url, json=payment(view), headers=key()))
    job = answer(rig.http.get(f"/v1/sales/{sale_id}/status"))["prints"][0]["job_id"]
    assert rig.agent is not None
    rig.agent.till.papers.start_printing(job)
    rig.agent.till.papers.record_print(PaperVerdict(job, "printed", "1"))
    return sale_id


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


def traces(folder: Path, text: str) -> list[str]:
    """Files of the folder that hold a text."""
    files = sorted(file for file in (folder / "data").rglob("*") if file.is_file())
    return [file.name for file in files if text.encode() in file.read_bytes()]


def cycle(rig: Rig) -> None:
    assert rig.agent is not None
    rig.agent.upkeep.forget()
    assert rig.agent.upkeep.empty_logs()


def test_no_file_of_a_running_register_has_the_erased_name(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "KEEP_BROKEN_S", -1.0)
    feed(rig, 1, *feed_rows()[2:], member(2, BODY), feed_rows()[1])
    sale_id = buy(rig, CARD)
    buy(rig, "0420000000020")
    aside = tmp_path / "data" / "cache.db.broken-1"
    aside.write_bytes(NAME.encode())
    assert {"ledger.db-wal", "cache.db-wal", aside.name} <= set(traces(tmp_path, NAME))
    cycle(rig)
    assert traces(tmp_path, NAME) == ["cache.db", "ledger.db"], "nobody is gone yet"

    feed(rig, 2, member(3, None))
    cycle(rig)
    assert traces(tmp_path, NAME) == traces(tmp_path, BOUGHT) == []
    assert traces(tmp_path, OTHER) == ["cache.db", "ledger.db"]
    shown = answer(rig.http.get(f"/v1/sales/{sale_id}/status"))
    assert shown["state"] == "posted"
    assert quick_check(tmp_path / "data" / "ledger.db") == []
    back = rig.http.post(f"/v1/sales/{sale_id}/returns", json={"return_id": str(uuid.uuid4())})
    assert back.status_code == 200, "goods of a forgotten member still come back"


def test_who_is_only_absent_is_forgotten_at_the_second_pass(rig: Rig, tmp_path: Path) -> None:
    feed(rig, 1, member(2, BODY))
    buy(rig, CARD)
    assert rig.agent is not None
    cache = rig.agent.health._cache
    cache.reset("i")
    cycle(rig)
    assert NAME in (tmp_path / "data" / "ledger.db").read_text("utf-8", "ignore"), "not filled"
    feed(rig, 2, *feed_rows()[2:])
    cycle(rig)
    assert traces(tmp_path, NAME) == ["ledger.db"]
    cycle(rig)
    assert traces(tmp_path, NAME) == []


def test_a_reader_in_the_way_is_asked_again(rig: Rig, tmp_path: Path) -> None:
    feed(rig, 1, member(2, BODY))
    reader = connect_reader(tmp_path / "data" / "cache.db")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM member").fetchone()
    feed(rig, 2, member(3, None))
    assert rig.agent is not None
    assert not rig.agent.upkeep.empty_logs()
    reader.close()
    assert rig.agent.upkeep.empty_logs()
    assert traces(tmp_path, NAME) == []
