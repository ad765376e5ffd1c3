"""Sales that are over leave the ledger whole; what anybody may still ask about stays."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edge_agent.ledger.ledger import Outbox
from edge_agent.ledger.old_sales import SLICE_SALES
from edge_agent.ledger.salvage import salvage
from edge_agent.ledger.verify import quick_check
from sync.contract.feed import FeedRow
from sync.contract.messages import FactVerdict, ItemVerdict, UploadReply
from tests.support.rig import CARD, RULES, Rig, line, sell

LATER = datetime.now(UTC) + timedelta(days=91)
TABLES = (
    *("sale", "outbox", "print_job", "authorisation", "sale_return", "member_effect"),
    *("coupon_change", "idempotency", "device_journal"),
)


class Shop:
    """A register that sells over HTTP and whose centre answers as it is told."""

    def __init__(self, rig: Rig) -> None:
        assert rig.agent is not None
        self.rig, self.agent = rig, rig.agent
        self.ledger = rig.agent.till._ledger
        self.outbox = Outbox(self.ledger, "R1")

    def sell(self, *, card: str = "", redeem: bool | int = False) -> str:
        sold = sell(self.rig.http, [line(1, "bread", 10_000)], card=card, redeem=redeem)
        return str(sold["sale_id"])

    def settle(self, verdict: FactVerdict = "accepted", count: int = 500) -> None:
        """The centre takes what waits, and its next page has it in the balances."""
        batch = self.outbox.pending(count, 10**7)
        assert batch is not None
        verdicts = [ItemVerdict(seq=fact.seq, verdict=verdict) for fact in batch.facts]
        last = batch.facts[-1]
        reply = UploadReply(
            verdicts=verdicts, head_seq=last.seq, head_hash=last.hash, server_time="t"
        )
        self.outbox.acknowledge(batch, reply)
        body = {"register_id": "R1", "epoch": 1, "seq": last.seq}
        head = FeedRow(kind="head", key="R1", version=last.seq, body=body)
        self.agent.till._members.apply_rows([head])  # type: ignore[attr-defined]

    def prune(self, now: datetime = LATER) -> int:
        gone = 0
        while some := self.agent.upkeep._retention.prune_some(now):
            gone += some
        return gone

    def count(self) -> dict[str, int]:
        return {table: self.rows(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.ledger.query(lambda c: [tuple(row) for row in c.execute(sql).fetchall()])


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    rig = Rig(tmp_path)
    rig.start()
    try:
        yield Shop(rig)
    finally:
        rig.stop()


def test_a_sale_goes_with_its_fact_and_all_that_belongs_to_it(shop: Shop) -> None:
    for _ in range(SLICE_SALES + 5):
        shop.sell(card=CARD, redeem=100)
    cancelled = str(uuid.uuid4())
    shop.rig.http.post(f"/v1/sales/{cancelled}/open", json={"basket": {"lines": []}})
    assert shop.rig.http.post(f"/v1/sales/{cancelled}/cancel", json={}).status_code == 200
    shop.settle()
    assert shop.prune(LATER - timedelta(days=2)) == 1, "only the cancelled one is old enough"
    shop.prune()
    left = shop.count()
    # The last fact of the epoch stays, and its sale with it.
    assert {name: count for name, count in left.items() if count} == {
        "sale": 1,
        "outbox": 1,
        "authorisation": 1,
        "member_effect": 1,
    }
    assert quick_check(shop.ledger.path) == []


def test_a_lease_stays_spent(shop: Shop) -> None:
    for _ in range(7):
        shop.sell(card=CARD, redeem=500)
    before = shop.ledger.unit(lambda uow: uow.lease_spent("R1.1.101"))
    assert before == 3_500
    shop.sell()
    shop.settle()
    shop.prune()
    assert shop.rows("SELECT sale_id, points FROM lease_burn") == [("", 3_500)]
    assert shop.ledger.unit(lambda uow: uow.lease_spent("R1.1.101")) == before
    shop.sell(card=CARD, redeem=500)
    shop.sell()
    shop.settle()
    shop.prune(LATER + timedelta(days=91))
    assert shop.rows("SELECT sale_id, points FROM lease_burn") == [("", 4_000)]
    assert quick_check(shop.ledger.path) == []


def test_numbers_of_questions_go_on(shop: Shop) -> None:
    shop.sell(card=CARD, redeem=500)
    shop.sell(card=CARD, redeem=500)
    before = shop.ledger.unit(lambda uow: uow.next_number())
    shop.sell()
    shop.settle()
    shop.prune()
    assert shop.count()["sale"] == 1
    assert shop.ledger.unit(lambda uow: uow.next_number()) == before > 2


def test_what_waits_holds_everything_after_it(shop: Shop) -> None:
    shop.sell(card=CARD)
    shop.settle()
    waiting = {shop.sell(), shop.sell()}
    shop.prune()
    assert {row[0] for row in shop.rows("SELECT sale_id FROM sale")} == waiting
    shop.settle()
    shop.prune()
    assert shop.count()["sale"] == 1


def test_a_quarantined_fact_keeps_its_sale(shop: Shop) -> None:
    asked = shop.sell(card=CARD)
    shop.settle("quarantined")
    shop.sell()
    shop.sell()
    shop.settle()
    shop.prune()
    assert asked in [row[0] for row in shop.rows("SELECT sale_id FROM sale")]
    assert shop.count()["sale"] == 2
    assert quick_check(shop.ledger.path) == []


def test_a_late_return_keeps_its_sale_and_a_pruned_sale_says_so(shop: Shop) -> None:
    gone, kept = shop.sell(), shop.sell(card=CARD)
    shop.sell()
    shop.settle()
    url = f"/v1/sales/{kept}/returns"
    back = shop.rig.http.post(url, json={"return_id": str(uuid.uuid4())})
    assert back.status_code == 200, back.text
    shop.settle()
    # Everything but the return is made old.
    shop.rows("UPDATE sale SET touched_at = '2020-01-01T00:00:00.000Z'")
    shop.rows("UPDATE sale_return SET created_at = '2099-01-01T00:00:00.000Z'")
    shop.prune()
    left = [row[0] for row in shop.rows("SELECT sale_id FROM sale")]
    assert kept in left
    assert gone not in left
    answer = shop.rig.http.post(f"/v1/sales/{gone}/returns", json={"return_id": str(uuid.uuid4())})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_sale")


def test_the_programme_says_how_long_a_sale_may_come_back(tmp_path: Path) -> None:
    rules = {**RULES, "programme": {**RULES["programme"], "return_days": 365}}
    rig = Rig(tmp_path, rules)
    rig.start()
    try:
        shop = Shop(rig)
        first = shop.sell(card=CARD)
        shop.sell()
        shop.settle()
        shop.prune()
        assert shop.count()["outbox"] == 1, "facts are gone after ninety days"
        assert shop.count()["sale"] == 2
        back = rig.http.post(f"/v1/sales/{first}/returns", json={"return_id": str(uuid.uuid4())})
        assert back.status_code == 200, "it still comes back here"
        target = tmp_path / "salvaged.db"
        salvage(shop.ledger.path, target, "R1")
        assert quick_check(target) == []
        shop.settle()
        shop.prune(datetime.now(UTC) + timedelta(days=366))
        assert shop.count()["sale"] == 0
    finally:
        rig.stop()
