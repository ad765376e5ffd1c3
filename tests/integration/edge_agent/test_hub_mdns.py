"""The hub is found by multicast where the term has no address for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.hub import mdns
from edge_agent.hub.terms import Terms
from tests.support.hub_shop import Shop


def test_a_peer_finds_the_hub_of_its_term_alone(tmp_path: Path) -> None:
    pytest.importorskip("zeroconf", reason="the extra `hub` is not installed")
    shop = Shop(2)
    terms = Terms(tmp_path / "term.json", shop.identities[1])
    terms.hear(shop.term_row(1))
    here = mdns.own_addresses()[:1]
    if not here:
        pytest.skip("this machine has no address but loopback, which carries no multicast")
    end = mdns.announce(terms, 9443, here)
    try:
        where = mdns.found(terms, here)
        if not where:
            pytest.skip(f"multicast does not come back on {here[0]}")
        assert where == f"{here[0]}:9443"
        terms.hear(shop.term_row(2, hub="R2"))
        assert mdns.found(terms, here) == "", "another hub is not this one"
    finally:
        end()
