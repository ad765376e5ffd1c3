"""The store's hub as `edge-agent status` and the doctor show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from edge_agent.hub.port import Island
from edge_agent.ledger import hub_rights
from edge_agent.ledger.hub_file import HubFile, HubFileFailed

if TYPE_CHECKING:  # A register without a hub loads none of these (ADR 0031).
    from edge_agent.hub.island import StoreIsland
    from edge_agent.hub.server import Hub
    from edge_agent.hub.store_feed import StoreFeed
    from edge_agent.hub.terms import Terms

Role = Literal["none", "hub", "peer", "stranger"]
Feed = Literal["centre", "hub", "kept", "behind"]


@dataclass(frozen=True, slots=True)
class HubState:
    """`role` of this register: `none` without a term, `stranger` when the term does not know its
    key. `until` is the term's word to people. The counts are of `hub.db`: members lent to, claims
    and copies of receipts kept here.

    `feed` says where rows of the feed come from: `centre`, `hub`, or, at the hub, `kept` for its
    tills, of which `fed` have read lately; `behind` is a hub that has not read to the end lately.
    `stand_in` takes the hub's place when it is silent; `stands_for` has its place again later."""

    role: Role
    hub: str
    term: int
    until: str
    island: Island
    problem: str
    is_fenced: bool
    members_lent: int
    claims: int
    copies: int
    feed: Feed = "centre"
    fed: int = 0
    stand_in: str = ""
    stands_for: str = ""


def hub_state(
    terms: Terms, island: StoreIsland, hub: Hub, file: HubFile, feed: StoreFeed | None = None
) -> HubState:
    """As it is now; reads the file."""
    term = terms.current
    role: Role = "none"
    if term is not None:
        role = "hub" if terms.is_own else "peer" if terms.own is not None else "stranger"
    problem, lent, claims, copies = island.problem, 0, 0, 0
    try:
        lent, claims, copies = file.read(hub_rights.counts)
    except HubFileFailed as error:
        problem = problem or f"hub.db cannot be read: {error}"
    return HubState(
        role=role,
        hub=term.register_id if term else "",
        term=terms.number,
        until=term.not_after if term else "",
        island=island.island,
        problem=problem,
        is_fenced=terms.is_own and hub.is_fenced,
        members_lent=lent,
        claims=claims,
        copies=copies,
        feed=_fed_from(terms, island, feed),
        fed=feed.readers if feed is not None and terms.is_own else 0,
        stand_in=term.stand_in if term else "",
        stands_for=term.stands_for if term else "",
    )


def _fed_from(terms: Terms, island: StoreIsland, feed: StoreFeed | None) -> Feed:
    if terms.is_own and feed is not None:
        return "kept" if feed.state[0] == "current" else "behind"
    follower = island.follower
    return "hub" if follower is not None and follower.is_current else "centre"
