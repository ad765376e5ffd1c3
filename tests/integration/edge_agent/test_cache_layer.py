"""The risk-limited cache: no lease, a small cap, a count, a budget; off when the chain is down."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sync.contract.feed import FeedPage, FeedRow
from tests.support.rig import CARD, NO_LEASE_CARD, Rig, feed_rows, line, sell

REGISTERS = 2


class Shop:
    """A register of two in a store whose own link is cut."""

    def __init__(self, folder: Path) -> None:
        self.rig = Rig(folder)
        self.version = 1
        self.start()

    def start(self, *, age: timedelta = timedelta(minutes=5)) -> None:
        """Start, with balances of `age` and a store that counts its registers."""
        self.rig.start()
        agent = self.rig.agent
        assert agent is not None
        agent.till.store_registers = lambda: REGISTERS
        agent.till._gate.set_online(False, True)
        self.hear(*feed_rows(), at=datetime.now(UTC) - age)

    def hear(self, *rows: FeedRow, at: datetime | None = None) -> None:
        """A page of the feed."""
        self.version += 1
        stamp = (at or datetime.now(UTC)).isoformat(timespec="milliseconds")
        page = FeedPage(
            incarnation="i",
            cursor=f"c{self.version}",
            rows=list(rows),
            more=False,
            server_time=stamp.replace("+00:00", "Z"),
        )
        assert self.rig.agent is not None
        self.rig.agent.health._cache.apply_page(page)

    def policy(self, **fields: Any) -> None:
        """The programme's policy from now on."""
        self.hear(FeedRow(kind="offline_policy", key="active", version=self.version, body=fields))

    def spend(self, card: str = NO_LEASE_CARD, price: int = 20_000) -> tuple[int, str]:
        """Points redeemed in a sale, and by which layer or why not."""
        view = sell(self.rig.http, [line(1, "bread", price)], card=card, redeem=True)
        assert view["accrual_points"] > 0
        return view["redeemed_minor"], view["redeem"]["reason"] or view["redeem"]["layer"]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """The register, running."""
    made = Shop(tmp_path)
    yield made
    made.rig.stop()


def test_a_member_without_a_lease_spends_up_to_cap_and_count(shop: Shop) -> None:
    shop.policy(cache_cap_points=2_000, cache_times=2)
    assert shop.spend() == (2_000, "lowered_offline")
    assert shop.spend() == (2_000, "lowered_offline")
    assert shop.spend() == (0, "cache_used_up")
    shop.rig.stop()
    shop.start()
    assert shop.spend() == (0, "cache_used_up"), "a restart does not forget it"
    head = {"register_id": "R1", "epoch": 1, "seq": 2}
    shop.hear(FeedRow(kind="head", key="R1", version=1, body=head))
    assert shop.spend() == (2_000, "lowered_offline"), "the centre knows of the first two"
    with closing(sqlite3.connect(shop.rig.folder / "data" / "ledger.db")) as connection:
        body = connection.execute("SELECT body FROM outbox ORDER BY seq LIMIT 1").fetchone()[0]
    redemption = json.loads(body)["redemption"]
    assert (redemption["layer"], redemption["cache_points"]) == ("cache", 2_000)


def test_all_members_together_spend_no_more_than_this_registers_share(shop: Shop) -> None:
    shop.policy(cache_budget_points=8_000, cache_cap_points=5_000, cache_times=9)
    # Half of the budget is the hub's, the rest is split over the registers.
    assert shop.spend() == (2_000, "lowered_offline")
    assert shop.spend() == (0, "cache_used_up")


def test_a_member_with_a_lease_spends_that_alone(shop: Shop) -> None:
    assert shop.spend(CARD) == (6_000, "lowered_offline")
    assert shop.spend(CARD)[0] == 0


def test_an_old_row_is_not_trusted(shop: Shop) -> None:
    shop.rig.stop()
    shop.start(age=timedelta(days=3))
    assert shop.spend() == (0, "cache_too_old")


@pytest.mark.parametrize("change", ["chain", "alone", "budget"])
def test_the_layer_is_off_in_a_chain_outage_without_a_count_and_without_a_budget(
    shop: Shop, change: str
) -> None:
    agent = shop.rig.agent
    assert agent is not None
    if change == "chain":
        agent.till._gate.set_online(False, False)
    elif change == "alone":
        agent.till.store_registers = lambda: 0
    else:
        shop.policy(cache_budget_points=0)
    assert shop.spend() == (0, "offline_no_lease")
