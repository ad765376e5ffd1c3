"""A hub's listener over real TLS: who gets in, what is there, what an island does without it."""

from __future__ import annotations

import asyncio
import sqlite3
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from edge_agent.anchor import Anchor
from edge_agent.hub import tls
from edge_agent.hub.island import StoreIsland
from edge_agent.hub.link import HubLink
from edge_agent.hub.listener import HubListener
from edge_agent.hub.past import HubPast
from edge_agent.hub.port import IslandClaim
from edge_agent.hub.runner import HubRunner
from edge_agent.hub.server import Hub
from edge_agent.hub.terms import FILE_NAME as TERM_FILE
from edge_agent.hub.terms import Terms
from edge_agent.ledger import hub_copies, hub_news
from edge_agent.ledger.hub_copies import Copy
from edge_agent.ledger.hub_file import HubFile
from edge_agent.ledger.hub_rights import HubLease
from edge_agent.ledger.ledger import Ledger
from edge_agent.ports import AuthorisationRow, SaleRow
from sync.contract.rights import BorrowRequest, HeadRequest
from sync.contract.signing import new_private_key
from sync.enrolment import Identity
from sync.errors import CentreRefused, CentreUnavailable
from tests.support.hub_shop import Shop

NOW = "2026-11-22T10:00:00.000Z"
MEMBER = 101


class Station:
    """One register with its hub parts on real files; no till around it."""

    def __init__(self, folder: Path, identity: Identity) -> None:
        folder.mkdir()
        self.folder, self.identity = folder, identity
        self.granted = 6_000
        self.is_confirmed = True
        self.ledger = Ledger(folder / "ledger.db", identity.register_id, identity.epoch)
        self.file = HubFile(folder / "hub.db")
        self.terms = Terms(folder / TERM_FILE, identity)
        who = (identity.register_id, identity.epoch)
        self.hub = Hub(
            self.file,
            self.terms,
            *who,
            self._lease_of,
            lambda lease: self.ledger.query(lambda c: hub_news.lease_spent(c, lease)),
            lambda: 1_000,
            lambda: self.is_confirmed,
            HubPast(self.file, self.anchor(), identity.epoch),
            lambda: NOW,
        )
        self.island = StoreIsland(
            *(self.terms, self.hub, self.file, self.ledger, identity, lambda: NOW),
            silence_s=1.0,
            claim_s=5.0,
        )

    def anchor(self, machine: str = "this one") -> Anchor:
        """The hub's anchor beside the folder."""
        who = (self.identity.register_id, self.identity.private_key)
        return Anchor(self.folder.with_suffix(".anchor"), *who, machine)

    def _lease_of(self, member_id: int) -> HubLease | None:
        who = f"{self.identity.register_id}.{self.identity.epoch}"
        return HubLease(f"{who}.{member_id}", self.granted, True)

    def sell(self, points: int, lease_id: str) -> None:
        """A committed sale with its burn, as the use case writes them."""
        sale_id, auth_id = str(uuid.uuid4()), str(uuid.uuid4())

        def work(uow: Any) -> None:
            uow.save_draft(SaleRow(sale_id, "open", 1, MEMBER, NOW, NOW, None, "{}", None, None))
            row = AuthorisationRow(
                auth_id, sale_id, MEMBER, points, "used", "lease", 0, lease_id, points, ""
            )
            uow.save_authorisation(row, NOW)
            uow.burn_lease(lease_id, sale_id, points)
            body = {"member_id": MEMBER, "redemption": {"points": points, "layer": "lease"}}
            uow.append_fact("sale", body, NOW)
            uow.close_sale(sale_id, "committed", NOW, "{}", "{}")

        self.ledger.unit(work)

    def close(self) -> None:
        self.island.close()
        self.file.close()
        self.ledger.close()


class Serving:
    """A station's listener on a thread with its own loop."""

    def __init__(self, station: Station) -> None:
        bound = threading.Event()
        ports: list[int] = []

        def on_bound(port: int) -> None:
            ports.append(port)
            bound.set()

        key = station.identity.private_key
        self._listener = HubListener(
            station.hub, station.terms, station.folder, key, "127.0.0.1:0", on_bound=on_bound
        )
        station.terms.on_change = self._listener.term_changed
        self._stop: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        assert bound.wait(10)
        self.port = ports[0]

    async def _run(self) -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        self._stop = lambda: loop.call_soon_threadsafe(stop.set)
        await self._listener.run(stop)

    def close(self) -> None:
        if self._thread.is_alive():
            self._stop()
            self._thread.join(10)
        assert not self._thread.is_alive()


@pytest.fixture
def shop() -> Shop:
    return Shop(3)


@pytest.fixture
def stations(tmp_path: Path, shop: Shop) -> Iterator[list[Station]]:
    made = [Station(tmp_path / each.register_id, each) for each in shop.identities]
    yield made
    for station in made:
        station.close()


@pytest.fixture
def serving(stations: list[Station], shop: Shop) -> Iterator[Serving]:
    """R1 is the hub, and its peers know where."""
    stations[0].terms.hear(shop.term_row(1))
    running = Serving(stations[0])
    for station in stations[1:]:
        station.terms.hear(shop.term_row(1, addresses={"R1": f"127.0.0.1:{running.port}"}))
    yield running
    running.close()


@pytest.mark.usefixtures("serving")
def test_two_tills_and_the_hubs_own_share_one_lease(stations: list[Station]) -> None:
    for station in stations:
        station.island.turn()
        assert station.island.island == "store"
    first = stations[1].island.borrow(MEMBER, 4_000)
    second = stations[2].island.borrow(MEMBER, 4_000)
    own = stations[0].island.borrow(MEMBER, 4_000)
    assert first is not None
    assert second is not None
    assert first.lease_id == second.lease_id == "R1.1.101"
    assert (first.granted_points, second.granted_points) == (4_000, 2_000)
    assert own is None
    assert stations[0].island.lends("R1.1.101")
    assert not stations[1].island.lends("R2.1.101")


def test_tills_go_on_with_what_was_lent_when_the_hub_dies(
    serving: Serving, stations: list[Station], shop: Shop
) -> None:
    till = stations[1].island
    till.turn()
    till.walk_up(MEMBER)
    till.turn()
    lent = till.lease(MEMBER)
    assert lent is not None
    assert lent.granted_points == 3_000
    serving.close()
    claim = IslandClaim(str(uuid.uuid4()), MEMBER, cache_points=500)
    assert till.claim(claim).state == "silent"
    assert till.island == "alone"
    assert till.claim(claim).cache_points == 500, "alone it grants itself"
    assert till.borrow(MEMBER, 5_000) == lent
    again = Serving(stations[0])
    stations[1].terms.hear(shop.term_row(2, addresses={"R1": f"127.0.0.1:{again.port}"}))
    till.turn()
    assert till.island == "store"
    again.close()


@pytest.mark.usefixtures("serving")
def test_a_receipt_is_copied_and_its_points_leave_the_peers_balance(
    stations: list[Station],
) -> None:
    hub, till, other = stations
    till.island.turn()
    lent = till.island.borrow(MEMBER, 500)
    assert lent is not None
    till.sell(300, lent.lease_id)
    till.sell(200, lent.lease_id)
    till.island.turn()
    other.island.turn()
    assert other.island.spent_by_peers(MEMBER) == 500
    assert till.island.spent_by_peers(MEMBER) == 0
    life = hub.file.read(lambda c: hub_copies.life_of(c, "R2", 1))
    assert life is not None
    assert life.head_seq == 2
    kept = hub.hub.next_to_hand_on(0.0)
    assert kept is not None
    assert (
        kept.headers[
            "x-loyalty-register" if "x-loyalty-register" in kept.headers else "X-Loyalty-Register"
        ]
        == "R2"
    )
    till.ledger.write(lambda c: c.execute("UPDATE outbox SET state = 'acked'"))
    till.island.turn()
    other.island.turn()
    assert other.island.spent_by_peers(MEMBER) == 0
    assert hub.hub.next_to_hand_on(0.0) is None


@pytest.mark.usefixtures("serving")
def test_a_claim_is_the_islands(stations: list[Station]) -> None:
    for station in stations:
        station.island.turn()
    purse = {"serial": 9, "value_points": 5_000, "is_still": True}
    first = IslandClaim(str(uuid.uuid4()), MEMBER, purse_points=5_000, **purse)
    again = IslandClaim(str(uuid.uuid4()), MEMBER, purse_points=5_000, **purse)
    assert stations[1].island.claim(first).purse_points == 5_000
    assert stations[1].island.claim(first).purse_points == 5_000
    assert stations[2].island.claim(again).purse_points == 0
    assert stations[0].island.claim(again).purse_points == 0


@pytest.mark.usefixtures("serving")
def test_receipts_of_a_silent_register_are_handed_on(stations: list[Station]) -> None:
    hub, till, _ = stations
    till.island.turn()
    till.sell(300, "R1.1.101")
    till.island.turn()
    sent: list[Copy] = []

    def send(copy: Copy) -> int:
        sent.append(copy)
        return copy.last_seq

    runner = HubRunner(hub.island, hub.hub, hub.terms, None, send)
    runner.hand_on_one(send)
    assert not sent, "it was heard of a moment ago"
    runner.hand_on_one(send, silent_s=0.0)
    runner.hand_on_one(send, silent_s=0.0)
    assert [(copy.register_id, copy.last_seq) for copy in sent] == [("R2", 1)]


@pytest.mark.usefixtures("serving")
def test_what_was_taken_alone_is_told_before_the_hub_grants_again(stations: list[Station]) -> None:
    _, till, other = stations
    other.island.turn()
    assert till.island.island == "alone"
    sale_id = str(uuid.uuid4())
    till.ledger.unit(lambda uow: uow.burn_purse(9, sale_id, 3_000, 100))
    till.island.turn()
    assert till.island.island == "store"
    purse = IslandClaim(str(uuid.uuid4()), MEMBER, 9, 5_000, purse_points=5_000, minute=101)
    assert other.island.claim(purse).purse_points == 2_000


def _link(station: Station, serving: Serving, identity: Identity) -> HubLink:
    hub = station.terms.hub
    assert hub is not None
    own = station.terms.own
    assert own is not None
    file = tls.write_own(station.folder, station.identity.private_key, own)
    address = f"127.0.0.1:{serving.port}"
    who = (identity.register_id, identity.private_key)
    return HubLink(hub, address, file, *who, lambda: NOW)


def test_nobody_without_a_certificate_of_the_term_gets_in(
    serving: Serving, stations: list[Station], tmp_path: Path
) -> None:
    url = f"https://127.0.0.1:{serving.port}/v1/hub/beat"
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.check_hostname, bare.verify_mode = False, ssl.CERT_NONE
    with httpx.Client(verify=bare) as client, pytest.raises(httpx.TransportError):
        client.post(url, json={})
    stranger = Shop(1)
    own = stranger._peer(stranger.identities[0], "")
    row = stranger.term_row(1)
    terms = Terms(tmp_path / "stranger.json", stranger.identities[0])
    terms.hear(row)
    assert terms.own is not None
    assert own.register_id == "R1"
    file = tls.write_own(tmp_path, stranger.identities[0].private_key, terms.own)
    hub = stations[1].terms.hub
    assert hub is not None
    key = stranger.identities[0].private_key
    link = HubLink(hub, f"127.0.0.1:{serving.port}", file, "R1", key, lambda: NOW)
    with pytest.raises(CentreUnavailable):
        link.borrow(BorrowRequest(member_id=MEMBER, epoch=1, total_points=1))
    link.close()


def test_a_peer_cannot_speak_for_another(
    serving: Serving, stations: list[Station], shop: Shop
) -> None:
    other = shop.identities[2]
    impostor = Identity(**{**_fields(other), "private_key": new_private_key()})
    link = _link(stations[1], serving, impostor)
    with pytest.raises(CentreRefused) as refused:
        link.borrow(BorrowRequest(member_id=MEMBER, epoch=1, total_points=1))
    assert refused.value.status == 401
    link.close()


def _fields(identity: Identity) -> dict[str, Any]:
    return {name: getattr(identity, name) for name in identity.__dataclass_fields__}


def test_no_other_route_is_reachable(serving: Serving, stations: list[Station], shop: Shop) -> None:
    link = _link(stations[1], serving, shop.identities[1])
    context = tls.calling(stations[1].folder / tls.OWN_FILE, link.hub)
    link.close()
    with httpx.Client(verify=context) as client:
        base = f"https://127.0.0.1:{serving.port}"
        for path in ("/v1/status", "/v1/sales/x/open", "/panel/", "/v1/enrol", "/v1/feed", "/docs"):
            assert client.get(base + path).status_code == 404, path
        assert client.get(base + "/v1/facts").status_code == 405


@pytest.mark.usefixtures("serving")
def test_an_older_image_of_the_hub_lends_no_more(stations: list[Station]) -> None:
    stations[1].island.turn()
    stations[1].island.borrow(MEMBER, 2_000)
    stations[0].file.write(lambda c: c.execute("DELETE FROM lease_lent"))
    stations[0].file.write(lambda c: c.execute("DELETE FROM lease_given"))
    lent = stations[1].island.borrow(MEMBER, 3_000)
    assert lent is not None
    assert lent.granted_points == 2_000
    assert stations[0].hub.is_fenced
    stations[2].island.turn()
    assert stations[2].island.borrow(MEMBER, 100) is None


def test_an_image_of_the_hub_finds_out_alone(stations: list[Station], tmp_path: Path) -> None:
    hub = stations[0]
    past = HubPast(hub.file, hub.anchor(), 1)
    assert past.is_newest
    image = tmp_path / "image.db"
    for number in range(3):
        if number == 1:
            with closing(sqlite3.connect(hub.file.path)) as source:
                source.execute("VACUUM INTO ?", (str(image),))
        known = hub.file.write(past.count)
        assert past.keep(known)
    assert HubPast(hub.file, hub.anchor(), 1).is_newest
    assert not HubPast(hub.file, hub.anchor("another machine"), 1).is_newest
    older = HubFile(image)
    assert not HubPast(older, hub.anchor(), 1).is_newest
    assert HubPast(older, hub.anchor(), 2).is_newest, "a new enrolment is a new life"
    older.close()
    hub.anchor().path.unlink()
    assert not HubPast(hub.file, hub.anchor(), 1).is_newest


@pytest.mark.usefixtures("serving")
def test_an_unconfirmed_hub_hands_out_nothing(stations: list[Station]) -> None:
    stations[0].is_confirmed = False
    stations[1].island.turn()
    assert stations[1].island.borrow(MEMBER, 100) is None


def test_a_term_is_taken_only_signed_newer_and_of_this_store(
    stations: list[Station], shop: Shop
) -> None:
    terms = stations[1].terms
    terms.hear(shop.term_row(5, signed_with=new_private_key()))
    assert terms.current is None
    terms.hear(shop.term_row(5, store="S2"))
    assert terms.current is None
    terms.hear(shop.term_row(5))
    terms.hear(shop.term_row(4, hub="R2"))
    assert terms.number == 5
    assert not terms.is_own
    again = Terms(stations[1].folder / TERM_FILE, stations[1].identity)
    assert again.number == 5
    terms.hear(shop.term_row(6, hub="R2"))
    assert terms.is_own
    terms.hear(shop.term_row(6).model_copy(update={"is_deleted": True, "body": {}}))
    assert terms.current is None


@pytest.mark.usefixtures("serving")
def test_a_hub_confirms_a_head_by_its_copy(stations: list[Station]) -> None:
    hub, till, _ = stations
    till.island.turn()
    till.sell(0 + 1, "R1.1.101")
    till.island.turn()
    fact = till.ledger.query(lambda c: c.execute("SELECT seq, hash FROM outbox").fetchone())
    caller = _caller(hub, "R2")
    ask = HeadRequest(epoch=1, seq=fact[0], hash=fact[1].hex())
    assert hub.hub.confirm_head(caller, ask).state == "confirmed"
    older = HeadRequest(epoch=1, seq=0, hash="00" * 32)
    assert hub.hub.confirm_head(caller, older).state == "behind"


def _caller(hub: Station, register_id: str) -> Any:
    from sync.serving.port import Caller

    keys = hub.hub.keys_of(register_id)
    assert keys is not None
    return Caller(register_id, keys.store_id, keys.epoch, True)
