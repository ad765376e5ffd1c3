"""The hub's parts put together for `edge_agent.bootstrap`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from edge_agent.anchor import Anchor
from edge_agent.config import Settings
from edge_agent.hub.island import StoreIsland
from edge_agent.hub.listener import HubListener
from edge_agent.hub.past import HubPast
from edge_agent.hub.runner import HubRunner
from edge_agent.hub.server import Hub
from edge_agent.hub.state import HubState, hub_state
from edge_agent.hub.store_feed import BundleOf, StoreFeed
from edge_agent.hub.terms import FILE_NAME as TERM_FILE
from edge_agent.hub.terms import Terms
from edge_agent.ledger import hub_news
from edge_agent.ledger.cache import Cache
from edge_agent.ledger.hub_copies import Copy
from edge_agent.ledger.hub_file import FILE_NAME, HubFile
from edge_agent.ledger.hub_rights import HubLease
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.store_feed_file import FILE_NAME as FEED_FILE
from edge_agent.ledger.store_feed_file import StoreFeedFile
from edge_agent.machine_facts import machine_facts
from loyalty.authorisation.policy import Policy, store_shares
from sync.channel import Channel
from sync.contract.messages import UploadReply
from sync.enrolment import Identity

HAND_ON_S = 30.0
STALE_S = 90.0
"""A hub that has not read the feed to its end for so long sends its tills to the centre."""


@dataclass(frozen=True, slots=True)
class HubParts:
    """What the agent holds of the hub."""

    terms: Terms
    island: StoreIsland
    runner: HubRunner
    state: Callable[[], HubState]
    feed: StoreFeed | None = None
    """What is kept of the feed by a register that listens."""

    def walk_up(self, member_id: int) -> None:
        """Somebody stands at the till."""
        self.island.walk_up(member_id)
        self.runner.wake()

    def registers(self) -> int:
        """Registers that share the store's budget; 0 when no term says."""
        return len(self.terms.peers)


def build_hub(
    settings: Settings,
    identity: Identity,
    ledger: Ledger,
    cache: Cache,
    is_confirmed: Callable[[], bool],
    now: Callable[[], str],
    stack: ExitStack,
    bundle_of: BundleOf = lambda _sequence: None,
) -> HubParts | None:
    """None without a section [hub]: the register is an island of its own."""
    if settings.hub is None:
        return None
    terms = Terms(settings.data_dir / TERM_FILE, identity)
    file = HubFile(settings.data_dir / FILE_NAME)
    stack.callback(file.close)
    hub = _hub(settings, identity, ledger, cache, terms, file, is_confirmed, now)
    island = StoreIsland(
        *(terms, hub, file, ledger, identity, now),
        silence_s=float(settings.hub.silence_s),
        use_mdns=settings.hub.mdns,
    )
    stack.callback(island.close)
    listener = feed = None
    if settings.hub.listen:
        feed = _feed(settings, identity, cache, bundle_of, now, stack)
        hub.feed_state = lambda: feed.state
        where = (settings.data_dir, identity.private_key, settings.hub.listen)
        listener = HubListener(hub, terms, *where, mdns=settings.hub.mdns, feed=feed)
    runner = HubRunner(island, hub, terms, listener, _hand_on(settings, identity, now, stack))
    terms.on_change = runner.term_changed
    state = partial(hub_state, terms, island, hub, file, feed)
    return HubParts(terms, island, runner, state, feed)


def _feed(
    settings: Settings,
    identity: Identity,
    cache: Cache,
    bundle_of: BundleOf,
    now: Callable[[], str],
    stack: ExitStack,
) -> StoreFeed:
    file = StoreFeedFile(settings.data_dir / FEED_FILE)
    stack.callback(file.close)
    poll_s = float(settings.centre.poll_s) if settings.centre else 0.0
    folder = settings.data_dir / "for-tills"
    stale_s = max(STALE_S, 3 * poll_s)
    return StoreFeed(file, cache, identity.register_id, bundle_of, folder, now, stale_s)


def _hub(
    settings: Settings,
    identity: Identity,
    ledger: Ledger,
    cache: Cache,
    terms: Terms,
    file: HubFile,
    is_confirmed: Callable[[], bool],
    now: Callable[[], str],
) -> Hub:
    who = (identity.register_id, identity.epoch)

    def lease_of(member_id: int) -> HubLease | None:
        lease = cache.lease_for(member_id, *who)
        return HubLease(lease.lease_id, lease.granted_points, lease.is_open) if lease else None

    def spent(lease_id: str) -> int:
        return ledger.query(lambda c: hub_news.lease_spent(c, lease_id))

    def budget() -> int:
        policy, term = cache.offline_policy() or Policy(), terms.current
        whole = store_shares(policy.cache_budget_points, len(terms.peers))[0]
        # What the other one of hub and stand-in has granted is not known here: half is its own.
        return whole // 2 if term and (term.stand_in or term.stands_for) else whole

    facts = machine_facts(settings.data_dir)
    anchor = Anchor(settings.anchor_dir / "hub", identity.register_id, identity.private_key, facts)
    past = HubPast(file, anchor, identity.epoch)
    return Hub(file, terms, *who, lease_of, spent, budget, is_confirmed, past, now)


def _hand_on(
    settings: Settings, identity: Identity, now: Callable[[], str], stack: ExitStack
) -> Callable[[Copy], int] | None:
    if settings.centre is None:
        return None
    channel = Channel(settings.centre.url, now, settings.centre.ca_file, identity.ca_pem)
    stack.callback(channel.close)
    return lambda copy: hand_on(channel, copy)


def hand_on(channel: Channel, copy: Copy) -> int:
    """Send a copy to the centre exactly as its register signed it; how far the centre then has
    that log. Raises `SyncError`."""
    answer = channel.call(
        "POST", "/v1/facts", total_s=HAND_ON_S, body=copy.body, headers=copy.headers
    )
    return answer.parse(UploadReply).head_seq
