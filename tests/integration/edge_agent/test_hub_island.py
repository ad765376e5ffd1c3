"""An island of three registers over real TLS: one lease, one purse, a second copy, a dying hub."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge_agent.hub.past import HubPast
from edge_agent.hub.port import IslandClaim
from edge_agent.hub.runner import HubRunner
from edge_agent.ledger import hub_copies
from edge_agent.ledger.hub_copies import Copy
from edge_agent.ledger.hub_file import HubFile
from sync.contract.rights import HeadRequest
from tests.support.hub_shop import Shop
from tests.support.hub_stations import MEMBER, Serving, Station


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
