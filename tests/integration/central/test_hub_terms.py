"""A store's hub at the centre: a signed term by the feed, the lease at the hub alone, and burns of
it by any till of the store."""

from __future__ import annotations

import base64
import gzip
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from central import cli
from edge_agent.hub.parts import hand_on
from edge_agent.ledger.hub_copies import Copy
from sync.channel import Channel
from sync.contract.messages import canonical_json
from sync.contract.rights import FeedHubTerm, HubTerm
from sync.contract.signing import public_key_of, sign_request, verify_hub_term
from sync.errors import CentreRefused
from tests.support.hub_net import UNAPPLIED

pytestmark = pytest.mark.postgres


def _run(centre: Any, *arguments: str) -> int:
    place = ["--data-dir", str(centre.data_dir), "--database-url", centre.database_url]
    return cli.main([*arguments, *place])


def _name(centre: Any, register: str, *more: str) -> int:
    words = ("hub", "name", "--store", "S1", "--register", register, "--reason", "wired")
    return _run(centre, *words, *more)


def _term(till: Any) -> HubTerm:
    """The term in a till's feed, its signature checked as a register does."""
    till.pull()
    row = FeedHubTerm.model_validate(till.cache["hub_term", "S1"]["body"])
    keys = {k["key_id"]: k["public_key"] for k in till.identity["programme_keys"]}
    public = base64.b64decode(keys[row.key_id])
    assert verify_hub_term(public, row.content.encode(), base64.b64decode(row.signature))
    return HubTerm.model_validate_json(row.content)


def test_a_term_names_the_stores_registers_by_their_keys(centre: Any) -> None:
    hub, till = centre.till("S1", "R1"), centre.till("S1", "R2")
    other = centre.till("S2", "R3")
    assert _name(centre, "R1", "--address", "R1=192.168.1.10:9778") == 0
    term = _term(till)
    assert (term.register_id, term.epoch, term.term) == ("R1", 1, 1)
    peers = {peer.register_id: peer for peer in term.peers}
    assert set(peers) == {"R1", "R2"}
    assert peers["R1"].address == "192.168.1.10:9778"
    for each in (hub, till):
        own = public_key_of(each.private_key)
        peer = peers[each.register_id]
        assert base64.b64decode(peer.public_key) == own
        der = base64.b64decode(peer.certificate)
        key = x509.load_der_x509_certificate(der).public_key()
        assert isinstance(key, Ed25519PublicKey)
        assert key.public_bytes_raw() == own
    other.pull()
    assert ("hub_term", "S1") not in other.cache
    assert _name(centre, "R2") == 0
    renewed = _term(till)
    assert (renewed.register_id, renewed.term) == ("R2", 2)
    again = {peer.register_id: peer.certificate for peer in renewed.peers}
    assert again == {name: peer.certificate for name, peer in peers.items()}


def test_a_hub_must_be_a_register_of_its_store(
    centre: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    centre.till("S1", "R1")
    centre.till("S2", "R3")
    assert _name(centre, "R3") == 2
    assert _name(centre, "R1", "--address", "R3=10.0.0.1:1") == 2
    assert _name(centre, "R1", "--address", "R1=nowhere") == 2
    assert "REGISTER=HOST:PORT" in capsys.readouterr().err


def test_a_hub_holds_the_stores_lease_and_its_tills_burn_it(
    centre: Any,
    db: psycopg.Connection[Any],
    add_member: Callable[..., int],
    sale_body: Callable[..., dict[str, Any]],
    redemption: Callable[..., dict[str, Any]],
    books: Callable[[int], dict[str, int]],
) -> None:
    hub, till, stranger = (centre.till(*who) for who in (("S1", "R1"), ("S1", "R2"), ("S2", "R3")))
    member = add_member("100")
    assert hub.send("sale", sale_body(hub, member)) == "accepted"
    _until_applied(db)
    alone = hub.lease(member)["granted_points"]
    assert alone > 0
    assert _name(centre, "R1") == 0
    assert till.send("sale", sale_body(till, member)) == "accepted"
    _until_applied(db)
    lease = hub.lease(member)
    assert lease["granted_points"] >= alone
    till.pull()
    assert not any(
        key == f"R2.1.{member}" and row["version"] > 1 for (_, key), row in till.cache.items()
    ), "nothing more goes to the till itself"
    before = books(member)
    burn = redemption(500, lease_id=lease["lease_id"], lease_points=500)
    assert till.send("sale", sale_body(till, member, redemption=burn)) == "accepted"
    _until_applied(db)
    after = books(member)
    held = f"lease:{lease['lease_id']}"
    assert held in before
    assert "overdraft" not in after
    spent = [
        row[0]
        for row in db.execute(
            "select points from allocation where source = %s and target = 'redeemed'", [held]
        )
    ]
    assert sum(spent) == 500
    other = redemption(300, lease_id=lease["lease_id"], lease_points=300)
    assert stranger.send("sale", sale_body(stranger, member, redemption=other)) == "accepted"
    _until_applied(db)
    spent = [
        row[0]
        for row in db.execute(
            "select points from allocation where source = %s and target = 'redeemed'", [held]
        )
    ]
    assert sum(spent) == 500, "another store's till does not touch this store's lease"


def _until_applied(db: psycopg.Connection[Any]) -> None:
    for _ in range(400):
        if db.execute(UNAPPLIED).fetchone() == (0,):
            return
        time.sleep(0.02)
    raise AssertionError("facts were not applied")


def test_a_store_without_its_hub_lends_to_its_tills_again(
    centre: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    till = centre.till("S1", "R1")
    assert _name(centre, "R1") == 0
    assert _run(centre, "hub", "show") == 0
    shown = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert (shown["store"], shown["hub"], shown["term"]) == ("S1", "R1", 1)
    assert _run(centre, "hub", "end", "--store", "S1", "--reason", "moved") == 0
    till.pull()
    assert till.cache["hub_term", "S1"]["is_deleted"]
    assert _name(centre, "R1") == 0
    assert _term(till).term > 1, "numbers go on rising"


def test_a_copy_reaches_the_centre_as_its_register_signed_it(
    centre: Any, db: psycopg.Connection[Any], sale_body: Callable[..., dict[str, Any]]
) -> None:
    till = centre.till("S1", "R2")
    facts = [till.fact("sale", sale_body(till)) for _ in range(2)]
    batch = {"register_id": "R2", "epoch": 1, "facts": facts}
    body = gzip.compress(canonical_json(batch))
    sent_at = "2026-11-22T09:00:00.000Z"
    signed = sign_request(till.private_key, "R2", "POST", "/v1/facts", sent_at, body)
    headers = {**signed, "Content-Encoding": "gzip"}
    channel = Channel(centre.url, lambda: sent_at)
    try:
        copy = Copy("R2", 1, 1, 2, headers, body)
        assert hand_on(channel, copy) == 2
        assert hand_on(channel, copy) == 2, "twice is once"
        with pytest.raises(CentreRefused):
            hand_on(channel, replace(copy, body=gzip.compress(canonical_json({**batch, "x": 1}))))
    finally:
        channel.close()
    _until_applied(db)
    stored = db.execute("select count(*) from inbox where register_id = 'R2'").fetchone()
    assert stored == (2,)
