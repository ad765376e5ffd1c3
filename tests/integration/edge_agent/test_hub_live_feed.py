"""A whole agent behind a hub: its rows come from there, and it says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.feed_centre import FeedCentre, Listening
from tests.support.feed_stations import FeedStation, serve
from tests.support.hub_shop import STORE, Shop
from tests.support.hub_stations import Station
from tests.support.live_register import LiveRegister, until

MEMBER = 101


class Pair:
    """A hub without a till, and an agent that is its peer."""

    def __init__(self, folder: Path) -> None:
        shop = Shop(2)
        self.centre = FeedCentre(shop.identities)
        self.listening = Listening(self.centre)
        self.hub = FeedStation(Station(folder / "R1", shop.identities[0]), self.listening.url)
        self.hub.station.terms.hear(shop.term_row(1))
        self.serving = serve(self.hub)
        row = shop.term_row(2, addresses={"R1": f"127.0.0.1:{self.serving.port}"})
        # For the agent alone: the hub would begin to listen anew, elsewhere.
        self.centre.put("hub_term", STORE, row.body, "register:R2")
        self.centre.member(MEMBER, 5_000)
        self.hub.pull()
        self.agent = LiveRegister(
            folder / "R2", shop.identities[1], self.listening.url, "[hub]\nsilence_s = 1\n"
        )
        self.agent.start()

    def feed(self) -> str:
        """Where the agent's rows come from, as its status tells."""
        return str(self.agent.status()["hub"]["feed"])

    def has_row(self, member_id: int) -> bool:
        """A member is in the agent's cache."""
        query = "SELECT 1 FROM member WHERE member_id = ? AND name IS NOT NULL"
        return bool(self.agent.rows(query, member_id, file="cache.db"))

    def close(self) -> None:
        self.agent.stop()
        self.serving.close()
        self.hub.close()
        self.listening.close()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = Pair(tmp_path)
    yield made
    made.close()


def test_an_agent_follows_its_hubs_feed_and_leaves_a_silent_one(pair: Pair) -> None:
    until("rows from the hub", lambda: pair.feed() == "hub")
    pair.centre.asked.clear()
    pair.centre.member(102, 700)
    pair.hub.pull()
    until("the hub's row", lambda: pair.has_row(102))
    assert pair.centre.asked["R2", "feed"] == 0
    pair.serving.close()
    until("rows from the centre", lambda: pair.feed() == "centre")
    pair.centre.member(103, 700)
    pair.listening.hint()
    until("the centre's row", lambda: pair.has_row(103))
    assert pair.centre.asked["R2", "feed"] > 0
    until("the silence told", lambda: pair.centre.beats[-1].silent_term == 2)
