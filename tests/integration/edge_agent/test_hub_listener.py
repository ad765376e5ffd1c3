"""A hub's listener over real TLS: who gets in, and what is there."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest

from edge_agent.hub import tls
from edge_agent.hub.link import HubLink
from edge_agent.hub.terms import FILE_NAME as TERM_FILE
from edge_agent.hub.terms import Terms
from sync.contract.rights import BorrowRequest
from sync.contract.signing import new_private_key
from sync.enrolment import Identity
from sync.errors import CentreRefused, CentreUnavailable
from tests.support.hub_shop import Shop
from tests.support.hub_stations import MEMBER, NOW, Serving, Station, link_to


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
    link = link_to(stations[1], serving, impostor)
    with pytest.raises(CentreRefused) as refused:
        link.borrow(BorrowRequest(member_id=MEMBER, epoch=1, total_points=1))
    assert refused.value.status == 401
    link.close()


def _fields(identity: Identity) -> dict[str, Any]:
    return {name: getattr(identity, name) for name in identity.__dataclass_fields__}


def test_no_other_route_is_reachable(serving: Serving, stations: list[Station], shop: Shop) -> None:
    link = link_to(stations[1], serving, shop.identities[1])
    context = tls.calling(stations[1].folder / tls.OWN_FILE, link.hub)
    link.close()
    with httpx.Client(verify=context) as client:
        base = f"https://127.0.0.1:{serving.port}"
        for path in ("/v1/status", "/v1/sales/x/open", "/panel/", "/v1/enrol", "/v1/feed", "/docs"):
            assert client.get(base + path).status_code == 404, path
        assert client.get(base + "/v1/facts").status_code == 405


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
