"""The store's feed through its hub: real HTTP to the centre, real TLS to the hub, real files."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.hub.follow import BUNDLE_TRIES
from edge_agent.ledger.cache_hub import FROM_START
from sync.contract.bundle import seal
from sync.contract.cursor import read_cursor
from sync.contract.feed import FeedPage, FeedRow
from sync.contract.signing import new_private_key, sign_bundle
from sync.errors import CentreUnavailable, SyncError
from tests.support.feed_centre import FeedCentre, Listening
from tests.support.feed_stations import FeedStation, serve
from tests.support.hub_shop import Shop
from tests.support.hub_stations import NOW, Serving, Station

MEMBER, OTHER = 101, 102


class Store:
    """A centre, a hub that listens, and two tills."""

    def __init__(self, folder: Path) -> None:
        self.shop = Shop(3)
        self.centre = FeedCentre(self.shop.identities)
        self.listening = Listening(self.centre)
        self.registers = [
            FeedStation(Station(folder / each.register_id, each), self.listening.url)
            for each in self.shop.identities
        ]
        self.hub, self.till, self.other = self.registers
        self.serving: Serving | None = None
        self._term = 0

    def begin(self, hub: FeedStation | None = None) -> None:
        """A term by the feed; the hub listens, and everybody knows where."""
        hub = hub or self.hub
        self.end_serving()
        self._term += 1
        hub.station.terms.hear(self.shop.term_row(self._term, hub=hub.name))
        self.serving = serve(hub)
        row = self.shop.term_row(
            self._term, hub=hub.name, addresses={hub.name: f"127.0.0.1:{self.serving.port}"}
        )
        for each in self.registers:
            if each is not hub:
                each.station.terms.hear(row)

    def settle(self) -> None:
        """Two rounds of everything, so that each till reads behind the hub."""
        for _ in range(2):
            for each in self.registers:
                each.pull()
            for each in self.registers:
                each.beat()

    def cut(self) -> None:
        """The WAN is gone."""
        self.listening.close()
        for each in self.registers:
            each.is_online = False

    def end_serving(self) -> None:
        """The hub is gone."""
        if self.serving is not None:
            self.serving.close()
            self.serving = None

    def close(self) -> None:
        self.end_serving()
        for each in self.registers:
            each.close()
        self.listening.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path)
    made.centre.member(MEMBER, 5_000)
    for each in made.registers:
        each.pull()
    made.begin()
    made.settle()
    yield made
    made.close()


def _lease(register: str, member_id: int = MEMBER) -> tuple[str, dict[str, object]]:
    lease_id = f"{register}.1.{member_id}"
    who = {"lease_id": lease_id, "member_id": member_id, "register_id": register, "epoch": 1}
    return lease_id, {**who, "granted_points": 700, "state": "open"}


def test_a_store_reads_the_feed_once(store: Store) -> None:
    assert store.till.follower.is_current
    assert store.other.follower.is_current
    store.centre.asked.clear()
    for number in range(5):
        store.centre.member(MEMBER, 6_000 + number)
        store.settle()
    assert [each.points(MEMBER) for each in store.registers] == [6_004] * 3
    asked = store.centre.asked
    assert {name for name, what in asked if what == "feed"} == {"R1"}
    assert asked["R2", "own"] == asked["R3", "own"] == 10
    assert store.hub.feed.readers == 2


def test_a_till_cut_off_from_the_centre_gets_what_its_hub_has(store: Store) -> None:
    store.centre.member(MEMBER, 4_000)
    store.centre.put("deny", str(OTHER), {"member_id": OTHER, "reason": "blocked", "since": ""})
    store.hub.pull()
    store.cut()
    with pytest.raises(CentreUnavailable):
        store.till.pull()
    assert store.till.points(MEMBER) == 5_000
    store.till.beat()
    assert store.till.points(MEMBER) == 4_000
    assert store.till.cache.is_denied(OTHER)
    assert store.till.cache.balance_as_of() == store.hub.cache.balance_as_of()


def test_own_rows_come_from_the_centre_and_none_is_lost_when_the_hub_goes(store: Store) -> None:
    key, body = _lease("R2")
    store.centre.put("lease", key, body, "register:R2")
    store.till.pull()
    lease = store.till.cache.lease_for(MEMBER, "R2", 1)
    assert lease is not None
    assert lease.granted_points == 700
    late, body = _lease("R2", OTHER)
    store.centre.put("lease", late, body, "register:R2")
    store.centre.member(MEMBER, 7_000)
    store.hub.pull()
    store.till.beat()
    assert store.till.points(MEMBER) == 7_000, "the cursor is behind the lease's row now"
    store.end_serving()
    store.till.station.island._silence_s = 0.0
    store.till.beat()
    assert not store.till.follower.is_current
    store.centre.asked.clear()
    store.till.pull()
    assert store.till.cache.lease_for(OTHER, "R2", 1) is not None
    assert store.till.cache.own_cursor() == ""
    assert store.centre.asked["R2", "feed"] == 1


def test_a_stale_hub_sends_its_tills_to_the_centre(store: Store) -> None:
    store.hub.clock_s = 91.0
    store.till.beat()
    assert not store.till.follower.is_current
    store.centre.member(MEMBER, 9_000)
    store.till.pull()
    assert store.till.points(MEMBER) == 9_000
    store.till.beat()
    assert store.till.points(MEMBER) == 9_000, "a hub that is behind takes nothing back"
    store.hub.pull()
    store.till.beat()
    assert store.till.follower.is_current


def test_nothing_a_hub_says_is_a_right(store: Store) -> None:
    store.centre.put("deny", str(OTHER), {"member_id": OTHER, "reason": "blocked", "since": ""})
    store.till.pull()
    assert store.till.cache.is_denied(OTHER)
    key, lease = _lease("R2")
    policy = {"cache_budget_points": 10**9, "purse_any_store": True}
    signer = base64.b64encode(bytes(64)).decode()
    forged = {"key_id": "x", "public_key": signer[:44], "signature": signer, "signed_by": "x"}
    lies = [
        FeedRow(kind="lease", key=key, version=9, body=lease),
        FeedRow(kind="offline_policy", key="active", version=9, body=policy),
        FeedRow(kind="deny", key=str(OTHER), version=9, is_deleted=True),
        FeedRow(kind="purse_key", key="x", version=9, body=forged),
        FeedRow(kind="head", key="R3", version=9, body={"epoch": 1, "seq": 99}),
        FeedRow(kind="hub_term", key="S1", version=9, is_deleted=True),
        FeedRow(
            kind="member",
            key="103",
            version=1,
            body={"member_id": 103, "name": "", "balance_points": 1},
        ),
    ]
    at = store.hub.file.kept.at
    store.hub.file.keep(lies, (at[0] + 1, 0), None)
    store.till.beat()
    cache = store.till.cache
    assert store.till.points(103) == 1, "the page itself was taken"
    assert cache.lease_for(MEMBER, "R2", 1) is None
    assert cache.offline_policy() is None
    assert cache.is_denied(OTHER)
    assert cache.applied_seq() == (0, 0)
    assert store.till.station.terms.number == 1
    keys = store.till.station.identity.programme_keys
    assert cache.purse_keys(keys) == []


def test_a_page_that_does_not_follow_is_not_taken(store: Store) -> None:
    cursor = store.till.cache.cursor()
    here = read_cursor(cursor)
    assert here is not None
    sound = FeedPage(
        incarnation=here.incarnation, cursor=cursor, rows=[], more=False, server_time=NOW
    )
    older = str(replace(here, xid=here.xid - 1))
    unsound = [
        {"incarnation": "3" * 32},
        {"cursor": "5"},
        {"cursor": older},
        {"cursor": f"{cursor}.1.1"},
    ]
    for change in unsound:
        with pytest.raises(SyncError):
            store.till.follower._apply(cursor, sound.model_copy(update=change))
    assert not store.till.follower._apply(cursor, sound).moved
    assert store.till.follower._apply("another place", sound).moved, "asked again from here"


def test_a_head_comes_with_the_balances_that_contain_it(store: Store) -> None:
    store.centre.member(MEMBER, 4_500)
    store.centre.put("head", "R2", {"epoch": 1, "seq": 7}, "register:R2")
    store.till.pull()
    assert store.till.cache.applied_seq() == (0, 0), "the balance is not here yet"
    store.hub.pull()
    assert store.hub.cache.applied_seq() == (0, 0), "another register's"
    store.till.beat()
    assert store.till.cache.applied_seq() == (1, 7)
    assert store.till.points(MEMBER) == 4_500
    store.other.beat()
    assert store.other.cache.applied_seq() == (0, 0)


def test_a_till_that_is_far_behind_goes_by_the_centre(store: Store) -> None:
    for number in range(12):
        store.centre.member(200 + number, 100)
        store.hub.pull()
    assert store.hub.file.kept.floor > (0, 0)
    store.till.beat()
    assert store.till.points(211) is None
    assert not store.till.follower.is_current
    store.till.pull()
    assert store.till.points(211) == 100
    store.till.beat()
    assert store.till.follower.is_current


def test_a_till_that_lost_its_cache_takes_the_hubs_file_and_tells_its_rights_later(
    store: Store,
) -> None:
    key, body = _lease("R2")
    store.centre.put("lease", key, body, "register:R2")
    hub_lease, body = _lease("R1")
    store.centre.put("lease", hub_lease, body, "register:R1")
    store.centre.put("deny", str(OTHER), {"member_id": OTHER, "reason": "blocked", "since": ""})
    store.hub.pull()
    store.till.cache.reset("")
    for each in store.registers:
        each.is_online = False
    for _ in range(6):
        store.till.beat()
    assert store.till.points(MEMBER) == 5_000
    assert store.till.cache.is_denied(OTHER)
    assert store.till.cache.lease_for(MEMBER, "R1", 1) is None, "the hub's own rows stay there"
    assert store.till.cache.own_cursor() == FROM_START
    store.till.is_online = True
    told = len(store.centre.rights)
    store.till.pull()
    assert len(store.centre.rights) == told + 1
    assert store.till.cache.lease_for(MEMBER, "R2", 1) is not None
    cursor = read_cursor(store.till.cache.cursor())
    assert cursor is not None
    assert cursor.near is None


def test_a_restored_centre_is_believed_before_the_hub(store: Store) -> None:
    store.centre.incarnation = "2" * 32
    store.centre.member(MEMBER, 1_000)
    store.till.pull()
    assert store.till.points(MEMBER) == 1_000
    assert store.centre.rights, "the rights held here are told first"
    store.till.beat()
    assert store.till.points(MEMBER) == 1_000
    store.hub.pull()
    store.settle()
    assert store.till.follower.is_current


def test_an_older_centre_gets_all_its_readers_back(store: Store) -> None:
    store.centre.knows_hubs = False
    key, body = _lease("R2")
    store.centre.put("lease", key, body, "register:R2")
    store.till.pull()
    assert store.till.cache.lease_for(MEMBER, "R2", 1) is not None
    store.till.beat()
    assert not store.till.follower.is_current


def test_a_bundle_comes_from_the_hub_and_is_checked_here(store: Store) -> None:
    key, key_id = store.shop.key.private_key, store.shop.key_id
    content = _bundle(1)
    store.centre.put("ruleset", "active", _wanted(1, content))
    store.hub.pull()
    store.cut()
    store.till.beat()
    assert store.till.bundles.downloaded_sequence == 0, "the hub has not got it itself"
    assert store.till.follower.wanted() is None, "a turn later it may"
    now = store.hub.follower._now()
    store.hub.bundles.offer(content, sign_bundle(key, content), key_id, now, 1)
    store.till.beat()
    assert store.till.bundles.downloaded_sequence == 1
    forged = (content, sign_bundle(new_private_key(), content), key_id)
    store.hub.feed._bundle_of = lambda _sequence: forged
    store.other.beat()
    assert store.other.bundles.downloaded_sequence == 0
    assert store.other.bundles.refused is not None


def test_a_bundle_that_the_hub_never_has_is_asked_of_the_centre(store: Store) -> None:
    store.centre.put("ruleset", "active", _wanted(1, _bundle(1)))
    store.hub.pull()
    for _ in range(BUNDLE_TRIES):
        assert store.till.follower.wanted() is None
        store.till.beat()
    wanted = store.till.follower.wanted()
    assert wanted is not None
    assert not store.till.follower.wants


def _bundle(sequence: int) -> bytes:
    return seal(json.dumps({"note": "rules"}).encode(), sequence, "2026-05-01T00:00:00Z")


def _wanted(sequence: int, content: bytes) -> dict[str, object]:
    digest = hashlib.sha256(content).hexdigest()
    return {"sequence": sequence, "sha256": digest, "size": len(content)}
