"""The hub's own till: it spends and gives back of the store's lease only what is lent to it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from central.keys import SigningKey
from edge_agent.hub.runner import HubRunner
from edge_agent.ledger.hub_rights import Wish
from edge_agent.usecases.return_rights import AskedBack
from sync.contract.feed import FeedLease, FeedRow
from tests.support.hub_shop import Shop
from tests.support.rig import CARD, Rig, line, sell

LEASE = "R1.1.101"
GRANTED = 6_000


class HubRig(Rig):
    """A register that a term makes its store's hub, with two peers beside it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.shop = Shop(1)
        self.shop.key = SigningKey("", "2026-01-01T00:00:00Z", self.programme_key)
        self.shop.key_id = self.key_id
        peers = [self.shop.identity(name) for name in ("R2", "R3")]
        self.shop.identities = [self.identity, *peers]
        with self.config.open("a", encoding="utf-8") as file:
            file.write("[hub]\n")

    def start(self) -> None:
        super().start()
        self.hub.terms.hear(self.shop.term_row(1))

    @property
    def hub(self) -> HubRunner:
        assert self.agent is not None
        assert self.agent.hub is not None
        return self.agent.hub

    def lend(self, till: str, total: int) -> int:
        """As a peer's question would: the sum that it then holds."""
        return self.hub.hub.lend(Wish(till, 1, 101, total))[1]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[HubRig]:
    made = HubRig(tmp_path)
    made.start()
    yield made
    made.stop()


def _redeemed(rig: HubRig, points: int) -> int:
    basket = [line(1, "milk", 4_590, 4, groups=["dairy"])]
    view = sell(rig.http, basket, card=CARD, redeem=points)
    return int(view["redeem"]["redeemed_points"])


def test_the_hubs_till_spends_what_the_peers_left(rig: HubRig) -> None:
    assert rig.lend("R2", 4_000) == 4_000
    assert _redeemed(rig, 3_000) == 2_000
    assert rig.lend("R3", 1_000) == 0


def test_what_was_spent_before_the_term_is_not_lent(tmp_path: Path) -> None:
    rig = HubRig(tmp_path)
    Rig.start(rig)
    try:
        assert _redeemed(rig, 2_500) == 2_500
        rig.hub.terms.hear(rig.shop.term_row(1))
        assert rig.lend("R2", GRANTED) == 3_500
        assert _redeemed(rig, 1_000) == 0
    finally:
        rig.stop()


def test_a_hub_that_is_replaced_keeps_off_what_it_lent(rig: HubRig) -> None:
    assert rig.lend("R2", 4_000) == 4_000
    rig.hub.terms.hear(rig.shop.term_row(2, hub="R2"))
    assert _redeemed(rig, 3_000) == 0
    rig.stop()
    Rig.start(rig)
    assert _redeemed(rig, 3_000) == 0


def test_a_recall_gives_back_what_is_still_here(rig: HubRig) -> None:
    assert rig.lend("R2", 3_500) == 3_500
    assert _redeemed(rig, 1_000) == 1_000
    assert rig.agent is not None
    row = FeedLease(
        lease_id=LEASE,
        member_id=101,
        register_id="R1",
        epoch=1,
        granted_points=GRANTED,
        state="open",
        recall_id="recall-1",
        recall_points=GRANTED,
    )
    rig.agent.till.answer_centre(AskedBack(leases=(row,)))
    rig.agent.till.answer_centre(AskedBack(leases=(row,)))
    assert _returned(rig) == [1_500]
    assert rig.lend("R3", 1_000) == 0
    assert _redeemed(rig, 500) == 0
    more = row.model_copy(update={"granted_points": GRANTED + 800})
    rig.agent.till._members.apply_rows(  # type: ignore[attr-defined]
        [FeedRow(kind="lease", key=LEASE, version=2, body=more.model_dump())]
    )
    assert rig.lend("R3", 1_000) == 800


def _returned(rig: HubRig) -> list[int]:
    with closing(sqlite3.connect(rig.folder / "data" / "ledger.db")) as connection:
        rows = connection.execute("SELECT body FROM outbox WHERE kind = 'lease_returned'")
        return [json.loads(row[0])["points"] for row in rows]
