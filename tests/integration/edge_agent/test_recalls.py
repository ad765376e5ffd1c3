"""Rights that the centre asks back: each recall answered once, by a fact, with what is left."""

from __future__ import annotations

import json
import shutil
import sqlite3
import uuid
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge_agent.centre_asks import CentreAsks
from edge_agent.ledger.verify import quick_check
from sync.contract.feed import FeedRow
from sync.contract.lanes import BURNS, lane_of
from sync.contract.messages import Fact, UploadBatch
from sync.contract.rights import WireCounterLeaseReturned, WireLeaseReturned, WirePurseFloor
from tests.support.purses import Page, minute_now
from tests.support.rig import CARD, Rig, answer, line, payment, sell

LEASE = "R1.1.101"
GRANTED = 6_000


def _recall(version: int, recall_id: str, points: int, granted: int = GRANTED) -> FeedRow:
    body = {
        "lease_id": LEASE,
        "member_id": 101,
        "register_id": "R1",
        "epoch": 1,
        "granted_points": granted,
        "state": "open",
        "recall_id": recall_id,
        "recall_points": points,
    }
    return FeedRow(kind="lease", key=LEASE, version=version, body=body)


def _hear(rig: Rig, *rows: FeedRow) -> None:
    """Rows of the centre come in, and what they ask is answered."""
    agent = rig.agent
    assert agent is not None
    cache = agent.health._cache
    cache.apply_rows(rows)
    CentreAsks(cache, rig.identity, agent.till, agent.till._guard, None).answer()


def _facts(rig: Rig, kind: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(rig.folder / "data" / "ledger.db")) as connection:
        rows = connection.execute("SELECT body FROM outbox WHERE kind = ? ORDER BY seq", (kind,))
        return [json.loads(row[0]) for row in rows]


def _open(rig: Rig, code: str = CARD, points: int = 1_000) -> dict[str, Any]:
    body = {
        "identity": {"code": code, "source": "scanner"},
        "basket": {"lines": [line(1, "bread", 10_000)]},
    }
    view = answer(rig.http.post(f"/v1/sales/{uuid.uuid4()}/open", json=body))
    return answer(rig.http.post(f"/v1/sales/{view['sale_id']}/redeem", json={"points": points}))


def _confirm(rig: Rig, view: dict[str, Any]) -> dict[str, Any]:
    return answer(rig.http.post(f"/v1/sales/{view['sale_id']}/confirm", json=payment(view)))


def _points(facts: Sequence[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(fact["recall_id"], fact["points"]) for fact in facts]


def test_a_recall_is_answered_once_and_what_is_given_back_is_gone(rig: Rig) -> None:
    sell(rig.http, [line(1, "bread", 10_000)], card=CARD, redeem=1_000)
    for _ in range(3):
        _hear(rig, _recall(2, "a", 4_500))
    facts = _facts(rig, "lease_returned")
    assert _points(facts) == [("a", 4_500)]
    assert WireLeaseReturned.model_validate(facts[0]).model_dump() == facts[0]
    _hear(rig, _recall(3, "b", 4_500))
    assert _points(_facts(rig, "lease_returned")) == [("a", 4_500), ("b", 500)]
    _hear(rig, _recall(4, "c", 4_500))
    assert _points(_facts(rig, "lease_returned"))[-1] == ("c", 0), "nothing left is an answer too"
    assert _open(rig)["redeemed_minor"] == 0
    _hear(rig, _recall(5, "", 0, GRANTED + 2_000))
    assert _open(rig, points=5_000)["redeemed_minor"] == 2_000, "a new grant counts from there"
    rig.stop()
    assert quick_check(rig.folder / "data" / "ledger.db") == []


def test_what_an_open_sale_was_promised_stays_with_it(rig: Rig) -> None:
    view = _open(rig, points=2_000)
    _hear(rig, _recall(2, "a", GRANTED))
    assert _points(_facts(rig, "lease_returned")) == [("a", GRANTED - 2_000)]
    assert _confirm(rig, view)["redeemed_minor"] == 2_000


def test_an_image_from_before_an_answer_spends_nothing_of_it(rig: Rig, tmp_path: Path) -> None:
    rig.stop()
    shutil.copytree(rig.folder / "data", tmp_path / "image")
    rig.start()
    _hear(rig, _recall(2, "a", GRANTED))
    rig.stop()
    shutil.rmtree(rig.folder / "data")
    shutil.copytree(tmp_path / "image", rig.folder / "data")
    rig.start()
    assert _open(rig)["redeem"]["reason"] == "head_unconfirmed"


def test_an_answer_goes_up_before_what_only_earns(rig: Rig) -> None:
    _hear(rig, _recall(2, "a", 1_000))
    with closing(sqlite3.connect(rig.folder / "data" / "ledger.db")) as connection:
        row = connection.execute("SELECT seq, kind, body, prev_hash, hash FROM outbox").fetchone()
    fact = Fact(seq=row[0], kind=row[1], body=row[2], prev_hash=row[3].hex(), hash=row[4].hex())
    assert lane_of(UploadBatch(register_id="R1", epoch=1, facts=[fact])) == BURNS


def test_leases_of_another_life_or_register_are_not_answered(rig: Rig) -> None:
    row = _recall(2, "a", 1_000)
    for name, other in (("register_id", "R2"), ("epoch", 7)):
        body = {**row.body, name: other, "lease_id": f"x{other}"}
        _hear(rig, FeedRow(kind="lease", key=f"x{other}", version=1, body=body))
    assert _facts(rig, "lease_returned") == []


@pytest.mark.parametrize("machine", ["another machine"])
def test_an_unconfirmed_register_gives_nothing_back(rig: Rig, machine: str) -> None:
    rig.stop()
    rig.start(machine)
    _hear(rig, _recall(2, "a", 1_000))
    assert _facts(rig, "lease_returned") == []


def test_a_counter_lease_is_given_back_the_same_way(rig: Rig) -> None:
    body = {
        "counter_id": "R1.1.coupon.HELLO",
        "kind": "coupon",
        "key": "HELLO",
        "register_id": "R1",
        "epoch": 1,
        "granted_units": 3,
        "state": "open",
        "recall_id": "r1",
        "recall_units": 2,
    }
    row = FeedRow(kind="counter_lease", key="R1.1.coupon.HELLO", version=1, body=body)
    _hear(rig, row)
    _hear(rig, row)
    facts = _facts(rig, "counter_lease_returned")
    assert [(fact["units"], fact["closes"]) for fact in facts] == [(2, False)]
    assert WireCounterLeaseReturned.model_validate(facts[0]).model_dump() == facts[0]


def test_a_floor_is_stated_once_kept_for_ever_and_closes_open_promises(rig: Rig) -> None:
    page = Page(rig.programme_key, rig.key_id)
    _hear(rig, page.row())
    code = page.still(page.claim(3_000, life_min=60))
    view = _open(rig, code)
    assert view["redeemed_minor"] == 1_000
    floor = minute_now() + 60
    for version, minute in ((1, floor), (2, floor - 30), (3, floor)):
        body = {"floor_min": minute}
        _hear(rig, FeedRow(kind="purse_floor", key="S1", version=version, body=body))
    facts = _facts(rig, "purse_floor")
    assert [fact["floor_min"] for fact in facts] == [floor]
    assert WirePurseFloor.model_validate(facts[0]).model_dump() == facts[0]
    refused = rig.http.post(f"/v1/sales/{view['sale_id']}/confirm", json=payment(view))
    assert refused.json()["code"] == "sum_changed"
    rig.stop()
    rig.start()
    later = _open(rig, code)
    assert answer(rig.http.get("/v1/state"))["notice"]["code"] == "purse_expired"
    assert (later["redeemed_minor"], later["accrual_points"]) == (0, 500)
    newer = page.still(page.claim(3_000, life_min=600))
    assert _open(rig, newer)["redeemed_minor"] == 1_000
