"""A stand-in in a silent hub's place, and what a store behind a hub reads of the feed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from central import cli
from sync.contract.rights import HubTerm
from tests.support.hub_net import UNAPPLIED
from tests.support.live_register import until

pytestmark = pytest.mark.postgres


def _name(centre: Any, *more: str) -> int:
    place = ["--data-dir", str(centre.data_dir), "--database-url", centre.database_url]
    words = ("hub", "name", "--store", "S1", "--register", "R1", "--reason", "wired")
    return cli.main([*words, *more, *place])


def _term(till: Any) -> HubTerm:
    till.pull()
    return HubTerm.model_validate_json(till.cache["hub_term", "S1"]["body"]["content"])


def _beat(till: Any, silent_term: int = 0, waiting: int = 0) -> None:
    report = {
        "agent_version": "0",
        "epoch": till.epoch,
        "outbox_pending": waiting,
        "last_seq": till.seq + waiting,
        "ruleset_active": 0,
        "ruleset_downloaded": 0,
        "silent_term": silent_term,
    }
    reply = till.post("/v1/heartbeat", report)
    assert reply.status_code == 200, reply.text


def _applied(db: psycopg.Connection[Any]) -> None:
    until("every fact applied", lambda: db.execute(UNAPPLIED).fetchone() == (0,))


def _appoint(centre: Any) -> None:
    addresses = ("--address", "R1=10.0.0.1:1", "--address", "R2=10.0.0.2:1")
    assert _name(centre, *addresses, "--stand-in", "R9") == 2
    assert _name(centre, *addresses, "--stand-in", "R1") == 2
    assert _name(centre, *addresses, "--stand-in", "R2") == 0


def _fall_silent(centre: Any, hub: Any, heir: Any, till: Any) -> None:
    """The centre believes in a silence only when it has not heard the hub either, twice told."""
    _beat(hub)
    centre.clock.advance(seconds=20)
    _beat(heir, silent_term=1)
    assert _term(till).term == 1, "the centre has heard of the hub a moment ago"
    centre.clock.advance(seconds=20)
    _beat(till, silent_term=1)
    _beat(heir, silent_term=7)
    _beat(heir)
    assert _term(till).term == 1, "another register, another term, or no silence"
    _beat(heir, silent_term=1)


def test_a_stand_in_takes_a_silent_hubs_place_and_gives_it_back_by_log(
    centre: Any,
    db: psycopg.Connection[Any],
    add_member: Callable[..., int],
    sale_body: Callable[..., dict[str, Any]],
    books: Callable[[int], dict[str, int]],
) -> None:
    hub, heir, till = (centre.till("S1", name) for name in ("R1", "R2", "R3"))
    _appoint(centre)
    assert (_term(till).stand_in, _term(till).term) == ("R2", 1)
    member = add_member("100")
    assert hub.send("sale", sale_body(hub, member)) == "accepted"
    _applied(db)
    held = hub.lease(member)["granted_points"]
    assert held > 0

    _fall_silent(centre, hub, heir, till)
    term = _term(till)
    assert (term.term, term.register_id, term.stands_for) == (2, "R2", "R1")
    assert {peer.register_id: peer.address for peer in term.peers}["R2"] == "10.0.0.2:1"

    assert till.send("sale", sale_body(till, member)) == "accepted"
    _applied(db)
    mine = heir.lease(member)["granted_points"]
    account = books(member)
    assert mine > 0
    assert account[f"lease:R1.1.{member}"] == held, "what the silent hub held stays back"
    assert account[f"lease:R2.1.{member}"] == mine, "and nothing is lent twice"
    assert "overdraft" not in account

    _beat(hub)
    assert _term(till).term == 2, "a moment of life is no return"
    centre.clock.advance(seconds=61)
    _beat(hub, waiting=1)
    assert _term(till).term == 2, "its log is not here"
    assert hub.send("sale", sale_body(hub, member)) == "accepted"
    _applied(db)
    _beat(hub)
    term = _term(till)
    assert (term.term, term.register_id, term.stand_in, term.stands_for) == (3, "R1", "R2", "")


def _own(till: Any, cursor: str) -> dict[str, Any]:
    reply = till.request("GET", f"/v1/feed/own?cursor={cursor}&limit=500")
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


def test_a_till_behind_a_hub_reads_its_own_rows_and_the_hub_its_heads(
    centre: Any,
    db: psycopg.Connection[Any],
    add_member: Callable[..., int],
    sale_body: Callable[..., dict[str, Any]],
) -> None:
    hub, till = centre.till("S1", "R1"), centre.till("S1", "R2")
    member = add_member("100")
    till.pull()
    cursor = till.cursor
    assert till.send("sale", sale_body(till, member)) == "accepted"
    _applied(db)

    page: dict[str, Any] = {}

    def has_lease() -> bool:
        page.update(_own(till, cursor))
        return any(row["kind"] == "lease" for row in page["rows"])

    until("the till's own lease", has_lease)
    assert {row["kind"] for row in page["rows"]} <= {"lease", "offline_policy", "deny"}
    assert _own(till, page["cursor"])["rows"] == []
    everything = _own(till, "")
    assert any(row["kind"] == "lease" for row in everything["rows"])
    assert not any(row["kind"] in ("member", "token", "good") for row in everything["rows"])
    gone = till.request("GET", f"/v1/feed/own?cursor={'0' * 32}.1.1.0&limit=5")
    assert gone.status_code == 410

    hub.pull()

    def heads(mark: int) -> dict[str, Any]:
        target = f"/v1/feed?cursor={hub.cursor}&limit=500&heads={mark}"
        return dict(hub.request("GET", target).json())

    told: dict[str, Any] = {}

    def has_head() -> bool:
        told.update(heads(0))
        return any(row["kind"] == "head" and row["key"] == "R2" for row in told["rows"])

    until("the other till's head", has_head)
    assert not any(row["key"] == "R2" for row in heads(told["heads"])["rows"])
    plain = hub.request("GET", f"/v1/feed?cursor={hub.cursor}&limit=500").json()
    assert plain["heads"] is None
