"""The island of a register: implements `edge_agent.hub.port.StoreHub` over the term in force.

This register is the hub itself, or a peer with a link to it, or alone. Alone it grants itself until
the hub has answered again and has heard what was taken meanwhile. What a hub has lent stands in
memory, for it is looked up inside the ledger's transactions.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from edge_agent.errors import LedgerUnavailable
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.hub import mdns, tls
from edge_agent.hub.follow import FeedFollower
from edge_agent.hub.link import HubLink
from edge_agent.hub.port import CLAIM_S, Island, IslandClaim
from edge_agent.hub.server import Hub
from edge_agent.hub.terms import Peer, Terms
from edge_agent.ledger import hub_news
from edge_agent.ledger.hub_file import HubFile, HubFileFailed, Rows
from edge_agent.ledger.hub_rights import PurseClaim, Wish
from edge_agent.ledger.ledger import Ledger
from edge_agent.ports import LeaseView
from loyalty.authorisation.decision import Claimed
from sync.contract.hub import HubBeat
from sync.contract.rights import AloneReport, AloneUse, BorrowRequest, ClaimRequest
from sync.enrolment import Identity
from sync.errors import SyncError
from sync.serving.port import Refused

SETTLED_NOTE = "settled_told"
MAX_WALK_UPS = 100
MAX_BATCHES = 20
REPORTS = 4
"""Turns after a return in which purses are told again: a decision may have been under way."""
MOST_POINTS = 10**12 - 1


class StoreIsland:
    """What redemption asks of the store, and what this register tells its hub each second."""

    def __init__(
        self,
        terms: Terms,
        hub: Hub,
        file: HubFile,
        ledger: Ledger,
        identity: Identity,
        now: Callable[[], str],
        silence_s: float,
        *,
        use_mdns: bool = False,
        claim_s: float = CLAIM_S,
    ) -> None:
        self._terms = terms
        self._hub = hub
        self._file = file
        self._ledger = ledger
        self._who = identity
        self._now = now
        self._silence_s = silence_s
        self._use_mdns = use_mdns
        self._claim_s = claim_s
        self._lock = threading.Lock()
        self._lent = file.sub_leases(identity.epoch)
        self._peers_spent: dict[int, int] = {}
        self._walk_ups: dict[int, None] = {}
        self._link: HubLink | None = None
        self._is_with_hub = False
        self._heard_at = time.monotonic()
        self._is_silence_told = False
        self._reports_left = REPORTS
        self._problem = ""
        self.follower: FeedFollower | None = None
        self.on_silent: Callable[[], object] = lambda: None

    # --- the port -----------------------------------------------------------------------------

    @property
    def island(self) -> Island:
        """Who grants."""
        if self._terms.current is None:
            return "none"
        if self._terms.is_own:
            return "alone" if self._hub.is_fenced else "store"
        return "store" if self._is_with_hub else "alone"

    @property
    def silent_term(self) -> int:
        """The term whose hub has not answered for the silence time; 0 when it has."""
        is_silent = time.monotonic() - self._heard_at >= self._silence_s
        return self._terms.number if self._terms.hub is not None and is_silent else 0

    @property
    def problem(self) -> str:
        """What is wrong between this register and its hub, "" when nothing is."""
        return self._problem

    def lease(self, member_id: int) -> LeaseView | None:
        """What was lent to this life; from memory."""
        lent = self._lent.get(member_id)
        return LeaseView(lent[0], lent[1], True) if lent else None

    def lends(self, lease_id: str) -> bool:
        """An own lease that belongs to the store now, or of which something was lent before."""
        return self._terms.is_own or self._hub.has_lent(lease_id)

    def borrow(self, member_id: int, points: int) -> LeaseView | None:
        """Have `points` unspent here, as far as the hub has them."""
        if not (self._terms.is_own or self._is_with_hub):
            return self.lease(member_id)
        try:
            self._borrow(member_id, points, is_walk_up=False)
        except (SyncError, Refused, LedgerUnavailable) as error:
            self._silent(error)
        return self.lease(member_id)

    def claim(self, claim: IslandClaim) -> Claimed:
        """The island's word, or silence."""
        if self.island != "store":
            return Claimed("granted", claim.purse_points, claim.cache_points)
        try:
            purse, cache = self._claim(claim)
        except (SyncError, Refused) as error:
            self._silent(error)
            return Claimed("silent")
        return Claimed("granted", purse, cache)

    def spent_by_peers(self, member_id: int) -> int:
        """As the last beat told it."""
        return self._peers_spent.get(member_id, 0)

    # --- asking -------------------------------------------------------------------------------

    def walk_up(self, member_id: int) -> None:
        """Somebody stands at the till: have a part of their lease here before it is needed."""
        with self._lock:
            if len(self._walk_ups) < MAX_WALK_UPS:
                self._walk_ups[member_id] = None

    def _borrow(self, member_id: int, points: int, *, is_walk_up: bool) -> None:
        known = self._lent.get(member_id, ("", 0))
        used = self._spent(known[0]) if known[0] else 0
        total = min(used + points, MOST_POINTS)
        if self._terms.is_own:
            who = (self._who.register_id, self._who.epoch, member_id)
            lease_id, lent = self._hub.lend(Wish(*who, total, used, is_walk_up, *known))
        else:
            link = self._link
            if link is None:
                return
            reply = link.borrow(
                BorrowRequest(
                    member_id=member_id,
                    epoch=self._who.epoch,
                    total_points=total,
                    lease_id=known[0],
                    known_points=known[1],
                    used_points=used,
                    is_walk_up=is_walk_up,
                )
            )
            lease_id, lent = reply.lease_id, reply.total_points
        if lease_id and lent:
            self._keep(member_id, lease_id, lent)

    def _keep(self, member_id: int, lease_id: str, lent: int) -> None:
        with self._lock:
            known = self._lent.get(member_id)
            if known is not None and known[0] == lease_id and known[1] >= lent:
                return
            self._lent[member_id] = (lease_id, lent)
        self._file.keep_sub_lease(self._who.epoch, member_id, lease_id, lent)

    def _spent(self, lease_id: str) -> int:
        return self._ledger.query(lambda c: hub_news.lease_spent(c, lease_id))

    def _claim(self, claim: IslandClaim) -> tuple[int, int]:
        if self._terms.is_own:
            return self._hub.grant(
                PurseClaim(
                    auth_id=claim.auth_id,
                    register_id=self._who.register_id,
                    member_id=claim.member_id,
                    serial=claim.serial,
                    value=claim.value_points,
                    minute=claim.minute,
                    is_still=claim.is_still,
                    purse_points=claim.purse_points,
                    cache_points=claim.cache_points,
                )
            )
        link = self._link
        if link is None:
            raise Refused(503, "no_link", "there is no way to the hub")
        reply = link.claim(
            ClaimRequest(
                auth_id=claim.auth_id,
                member_id=claim.member_id,
                purse_serial=claim.serial,
                purse_value=claim.value_points,
                purse_points=claim.purse_points,
                purse_minute=claim.minute,
                is_still=claim.is_still,
                cache_points=claim.cache_points,
            )
        )
        return (
            min(reply.purse_points, claim.purse_points),
            min(reply.cache_points, claim.cache_points),
        )

    def _silent(self, error: Exception) -> None:
        """No answer in time: an island of its own from now on, until the hub has heard of it."""
        if self.follower is not None:
            self.follower.lost()
        if self._is_with_hub:
            self._is_with_hub = False
            emit(Event.HUB_LOST, problem=str(error))

    # --- telling, each second -----------------------------------------------------------------

    def turn(self) -> None:
        """One beat: say that we are here, copy receipts, hear what peers spent. Blocks."""
        try:
            if self._terms.is_own:
                self._turn_as_hub()
            elif self._terms.hub is not None:
                self._turn_as_peer()
            else:
                self._drop_link()
            self._problem = ""
        except SyncError as error:
            self._missed(error)
        except (Refused, tls.NoCertificate) as error:
            self._missed(error)
            self._tell(str(error))
        except (LedgerUnavailable, HubFileFailed, OSError) as error:
            self._tell(str(error))

    def _missed(self, error: Exception) -> None:
        if time.monotonic() - self._heard_at >= self._silence_s:
            self._silent(error)
            if not self._is_silence_told:
                self._is_silence_told = True
                self.on_silent()

    def _tell(self, problem: str) -> None:
        """Once, until something else is wrong."""
        if problem != self._problem:
            self._problem = problem
            emit(Event.HUB_FAILED, problem=problem)

    def close(self) -> None:
        """End calls in flight."""
        self._drop_link()

    def _turn_as_hub(self) -> None:
        self._drop_link()
        _, settled = self._settled()
        if self._reports_left:
            self._hub.hear_burnt(self._who.register_id, self._burnt())
            self._reports_left -= 1
        self._peers_spent = self._hub.settle_own(list(settled.used), list(settled.dropped))
        self._note_settled(settled)
        self._take_walk_ups()

    def _turn_as_peer(self) -> None:
        link = self._linked()
        acked, settled = self._settled()
        reply = link.beat(
            HubBeat(
                epoch=self._who.epoch,
                acked_seq=acked,
                settled=list(settled.used),
                dropped=list(settled.dropped),
            )
        )
        self._heard_at, self._is_silence_told = time.monotonic(), False
        self._peers_spent = {each.member_id: each.points for each in reply.spent}
        self._note_settled(settled)
        if not self._is_with_hub:
            self._reports_left = REPORTS
        if self._reports_left:
            link.used_alone(self._burnt())
            self._reports_left -= 1
        self._copy(link, max(acked, reply.copied_seq))
        if not self._is_with_hub:
            self._is_with_hub = True
            emit(Event.HUB_BACK, hub=link.hub.register_id)
        if self.follower is not None:
            self.follower.heard(reply, link.feed)
        self._take_walk_ups()

    def _copy(self, link: HubLink, after: int) -> None:
        """Facts behind `after` into the second copy, in order."""
        who = (self._who.register_id, self._who.epoch)
        for _ in range(MAX_BATCHES):
            batch = self._ledger.query(partial(hub_news.facts_after, after=(*who, after)))
            if batch is None:
                return
            reply = link.copy(batch)
            if reply.head_seq <= after:
                return
            after = reply.head_seq

    def _take_walk_ups(self) -> None:
        with self._lock:
            members, self._walk_ups = list(self._walk_ups), {}
        for member_id in members:
            self._borrow(member_id, MOST_POINTS, is_walk_up=True)

    def _settled(self) -> tuple[int, hub_news.Settled]:
        told = int(self._file.noted(self._settled_note()) or 0)
        epoch = self._who.epoch

        def read(connection: Rows) -> tuple[int, hub_news.Settled]:
            acked = hub_news.acked_seq(connection, epoch)
            return acked, hub_news.settled_after(connection, epoch, told, acked)

        return self._ledger.query(read)

    def _settled_note(self) -> str:
        """Each hub has to hear it; a new one begins with nothing claimed."""
        return f"{SETTLED_NOTE}.{self._who.epoch}"

    def _note_settled(self, settled: hub_news.Settled) -> None:
        if settled.used or settled.dropped:
            self._file.note(self._settled_note(), str(settled.upto))

    def _burnt(self) -> AloneReport:
        purses = self._ledger.query(hub_news.purses_burnt)
        return AloneReport(
            epoch=self._who.epoch,
            purses=[AloneUse(purse_serial=s, points=p, minute=m) for s, p, m in purses],
        )

    # --- the link -----------------------------------------------------------------------------

    def _linked(self) -> HubLink:
        """The link to the term's hub; a new one when hub, address or certificate are others."""
        hub, own = self._terms.hub, self._terms.own
        if hub is None or own is None:
            raise Refused(503, "no_link", "the term does not know this register's key")
        link = self._link
        address = hub.address or (link.address if link else "") or self._found(hub)
        if link is not None and (link.hub, link.address) == (hub, address):
            return link
        self._drop_link()
        folder = Path(self._file.path).parent
        file = tls.write_own(folder, self._who.private_key, own)
        who = (self._who.register_id, self._who.private_key)
        self._reports_left = REPORTS
        self._heard_at, self._is_silence_told = time.monotonic(), False
        self._link = HubLink(hub, address, file, *who, self._now, self._claim_s)
        return self._link

    def _found(self, _hub: Peer) -> str:
        address = mdns.found(self._terms) if self._use_mdns else ""
        if not address:
            raise Refused(503, "no_link", "the hub has no address")
        return address

    def _drop_link(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            self._silent(Refused(503, "no_link", "the term has changed"))
            link.close()
