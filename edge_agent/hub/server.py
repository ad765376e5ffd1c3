"""The hub's side of the contract on SQLite: implements `sync.serving.hub_app.HubServer`.

A hub is the register that a signed term names. Its leases from the centre are the store's; it lends
parts of them to its peers and to its own till alike. `hub.db` never forgets what left: a disk that
does not remember a loan which a register holds is an older image of itself, and lends no more.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.hub.past import HubPast
from edge_agent.hub.store_feed import State
from edge_agent.hub.terms import Terms
from edge_agent.ledger import hub_copies, hub_rights
from edge_agent.ledger.hub_copies import Copy, Life
from edge_agent.ledger.hub_file import HubFile, HubFileFailed, Rows
from edge_agent.ledger.hub_rights import HubLease, PurseClaim, Wish
from sync.contract.chain import GENESIS, fact_hash
from sync.contract.hub import MAX_SPENT, HubBeat, HubBeatReply, PeerSpent
from sync.contract.messages import Fact, ItemVerdict, UploadBatch, UploadReply
from sync.contract.rights import (
    AloneReport,
    BorrowReply,
    BorrowRequest,
    ClaimReply,
    ClaimRequest,
    HeadReply,
    HeadRequest,
    HeardReply,
)
from sync.serving.hub_app import Sent
from sync.serving.intake import Head, judge_head
from sync.serving.port import Caller, Refused, RegisterKeys

FENCED = "fenced_epoch"
T = TypeVar("T")


class OwnLeases(Protocol):
    """The hub's own leases as the feed brought them."""

    def __call__(self, member_id: int) -> HubLease | None: ...


class Hub:
    """One register in the role of its store's hub. Methods may be called from any thread.

    `lease_of` finds the store's lease of a member, `own_spent` what this register's own ledger has
    spent of it or promised (also before it was a hub), `budget_points` is what the cache layer of
    this island may give until the centre has seen it, `is_confirmed` whether this register's files
    are known to be its newest, `past` the same of `hub.db`, `now` the clock as ISO 8601 UTC."""

    def __init__(
        self,
        file: HubFile,
        terms: Terms,
        register_id: str,
        epoch: int,
        lease_of: OwnLeases,
        own_spent: Callable[[str], int],
        budget_points: Callable[[], int],
        is_confirmed: Callable[[], bool],
        past: HubPast,
        now: Callable[[], str],
    ) -> None:
        self._file = file
        self._terms = terms
        self._register_id = register_id
        self._epoch = epoch
        self._lease_of = lease_of
        self._own_spent = own_spent
        self._budget_points = budget_points
        self._is_confirmed = is_confirmed
        self._past = past
        self._now = now
        self._seen: dict[str, float] = {}
        self.feed_state: Callable[[], tuple[State, str]] = lambda: ("none", "")
        self._touched = set(file.lent_leases())
        self._is_fenced = file.noted(FENCED) == str(epoch)

    @property
    def is_fenced(self) -> bool:
        """This disk is older than its own past, or may be: nothing is handed out."""
        return self._is_fenced or not self._past.is_newest or not self._is_confirmed()

    # --- who may ask --------------------------------------------------------------------------

    def server_time(self) -> str:
        """This register's clock."""
        return self._now()

    def keys_of(self, register_id: str) -> RegisterKeys | None:
        """The peers of the term in force, by the keys that the centre signed."""
        term = self._terms.current
        peer = self._terms.peer(register_id)
        if term is None or peer is None or not self._terms.is_own:
            return None
        keys = ((peer.epoch, peer.key),)
        return RegisterKeys(register_id, term.store_id, peer.epoch, False, keys)

    # --- rights -------------------------------------------------------------------------------

    def borrow(self, caller: Caller, request: BorrowRequest) -> BorrowReply:
        """Lend to a life of a register; the sum that it holds."""
        if request.epoch != caller.epoch:
            raise Refused(409, "other_epoch", "a right belongs to one life of a register")
        lease_id, total = self.lend(
            Wish(
                caller.register_id,
                caller.epoch,
                request.member_id,
                request.total_points,
                request.used_points,
                request.is_walk_up,
                request.lease_id,
                request.known_points,
            )
        )
        return BorrowReply(lease_id=lease_id, total_points=total, server_time=self._now())

    def lend(self, wish: Wish) -> tuple[str, int]:
        """The lease and the sum lent of it to that life, durable at return; ("", 0) when none."""
        lease = self._lease_of(wish.member_id)
        if lease is None or self.is_fenced:
            return "", 0
        # Before the term is looked at: from here on the till spends only what is lent to it, and
        # what its earlier transactions spent is in `own_spent`.
        self._touched.add(lease.lease_id)
        if not self._terms.is_own:
            return "", 0
        own = self._own_life(lease, wish.member_id)

        def work(connection: Rows) -> int:
            hub_rights.adopt(connection, lease, own)
            if self._has_forgotten(connection, wish):
                return -1
            return hub_rights.lend(connection, lease, wish.of(lease.lease_id))

        total = self._hand_out(work)
        if total < 0:
            self._fence(wish.register_id)
            return "", 0
        return lease.lease_id, total

    def _has_forgotten(self, connection: Rows, wish: Wish) -> bool:
        """A life holds more of a lease of this hub's than this file remembers to have lent."""
        base = f"{self._register_id}.{self._epoch}.{wish.member_id}"
        is_ours = wish.known_lease_id == base or wish.known_lease_id.startswith(f"{base}.")
        return (
            is_ours and hub_rights.lent(connection, wish, wish.known_lease_id) < wish.known_points
        )

    def _own_life(self, lease: HubLease, member_id: int) -> Wish:
        """What this register's till has spent was lent to it, whenever that was."""
        spent = self._own_spent(lease.lease_id)
        return Wish(self._register_id, self._epoch, member_id, spent)

    def _fence(self, register_id: str) -> None:
        """B4: another copy of this disk has lent what this one still counts as its own."""
        self._is_fenced = True
        self._file.note(FENCED, str(self._epoch))
        emit(Event.EPOCH_FENCED, epoch=self._epoch, role="hub", told_by=register_id)

    def has_lent(self, lease_id: str) -> bool:
        """Something of this lease ever left here, or is about to; from memory."""
        return lease_id in self._touched

    def claim(self, caller: Caller, request: ClaimRequest) -> ClaimReply:
        """Purse and cache points, once per island."""
        wish = PurseClaim(
            auth_id=request.auth_id,
            register_id=caller.register_id,
            member_id=request.member_id,
            serial=request.purse_serial,
            value=request.purse_value,
            minute=request.purse_minute,
            is_still=request.is_still,
            purse_points=request.purse_points if request.purse_serial else 0,
            cache_points=request.cache_points,
        )
        purse, cache = self.grant(wish)
        return ClaimReply(
            auth_id=request.auth_id,
            purse_points=purse,
            cache_points=cache,
            server_time=self._now(),
        )

    def grant(self, wish: PurseClaim) -> tuple[int, int]:
        """Purse and cache points that are the claimant's, durable at return."""
        if self.is_fenced:
            return 0, 0
        budget = self._budget_points()
        return self._hand_out(lambda c: hub_rights.claim(c, wish, budget))

    def used_alone(self, caller: Caller, report: AloneReport) -> HeardReply:
        """What a register has burnt of purses, with or without this hub."""
        self.hear_burnt(caller.register_id, report)
        return HeardReply(server_time=self._now())

    def hear_burnt(self, register_id: str, report: AloneReport) -> None:
        """The same for this register's own till."""
        burnt = [(use.purse_serial, use.points, use.minute) for use in report.purses]
        self._write(lambda c: hub_rights.note_burnt(c, register_id, burnt))

    # --- the second copy ----------------------------------------------------------------------

    def beat(self, caller: Caller, report: HubBeat) -> HubBeatReply:
        """A register is here: what is done at the centre goes, what peers spent is told."""
        who = (caller.register_id, caller.epoch)
        self._seen[caller.register_id] = time.monotonic()

        def work(connection: Rows) -> tuple[Life | None, dict[int, int]]:
            hub_rights.settle(connection, caller.register_id, report.settled, report.dropped)
            hub_copies.acknowledged(connection, *who, report.acked_seq)
            life = hub_copies.life_of(connection, *who)
            return life, hub_copies.spent_by_others(connection, caller.register_id)

        life, spent = self._file.read(work)
        feed, feed_at = self.feed_state()
        return HubBeatReply(
            feed=feed,
            feed_at=feed_at,
            term=self._terms.number,
            copied_seq=life.head_seq if life else 0,
            spent=[PeerSpent(member_id=m, points=p) for m, p in spent.items()][:MAX_SPENT],
            server_time=self._now(),
        )

    def copy(self, caller: Caller, batch: UploadBatch, sent: Sent) -> UploadReply:
        """Keep facts that go on where the copies end; what does not link is told as a gap."""
        if (batch.register_id, batch.epoch) != (caller.register_id, caller.epoch):
            raise Refused(403, "not_yours", "a register sends its own facts")

        def work(connection: Rows) -> tuple[list[ItemVerdict], Life | None]:
            life = hub_copies.life_of(connection, batch.register_id, batch.epoch)
            verdicts, fresh = judged(batch, life)
            if fresh:
                copy = Copy(
                    batch.register_id,
                    batch.epoch,
                    batch.facts[0].seq,
                    fresh[-1].seq,
                    sent.headers,
                    sent.body,
                )
                hub_copies.keep(connection, copy, bytes.fromhex(fresh[-1].hash))
                for fact in fresh:
                    for member_id, points in spends(fact):
                        hub_copies.note_spent(
                            connection,
                            *(batch.register_id, batch.epoch, fact.seq),
                            member_id,
                            points,
                        )
            return verdicts, hub_copies.life_of(connection, batch.register_id, batch.epoch)

        verdicts, life = self._write(work)
        return UploadReply(
            verdicts=verdicts,
            head_seq=life.head_seq if life else 0,
            head_hash=(life.head_hash if life else GENESIS).hex(),
            server_time=self._now(),
        )

    def settle_own(self, settled: list[str], dropped: list[str]) -> dict[int, int]:
        """This register's own till: what is over; what its peers have spent, by member."""

        def work(connection: Rows) -> dict[int, int]:
            hub_rights.settle(connection, self._register_id, settled, dropped)
            return hub_copies.spent_by_others(connection, self._register_id)

        return self._write(work)

    def next_to_hand_on(self, silent_s: float) -> Copy | None:
        """The oldest copy of a register that has not been heard of for so long."""
        now = time.monotonic()
        here = {name for name, at in dict(self._seen).items() if now - at < silent_s}
        return self._file.read(lambda c: hub_copies.oldest(c, here))

    def handed_on(self, copy: Copy, head_seq: int) -> None:
        """The centre has that life's log up to here."""
        seq = max(head_seq, copy.last_seq)
        self._file.read(lambda c: hub_copies.acknowledged(c, copy.register_id, copy.epoch, seq))

    def confirm_head(self, caller: Caller, request: HeadRequest) -> HeadReply:
        """Against the second copy; `ahead` also when this hub has never heard of the life."""
        life = self._file.read(lambda c: hub_copies.life_of(c, caller.register_id, request.epoch))
        head = Head(life.head_seq, life.head_hash) if life else Head(0, GENESIS)
        stored = head.hash if request.seq == head.seq else None
        own = bytes.fromhex(request.hash)
        if life and request.seq < head.seq:
            state = "behind"
        else:
            state = judge_head(head, stored, request.seq, own)
        return HeadReply.model_validate(
            {"state": state, "head_seq": head.seq, "server_time": self._now()}
        )

    def _hand_out(self, work: Callable[[Rows], T]) -> T:
        """Durable in the file, then in the anchor, before anybody hears of it."""
        answer, known = self._write(lambda c: (work(c), self._past.count(c)))
        if not self._past.keep(known):
            raise Refused(503, "unavailable", "the hub's anchor cannot be written")
        return answer

    def _write(self, work: Callable[[Rows], T]) -> T:
        try:
            return self._file.write(work)
        except HubFileFailed as error:
            raise Refused(503, "unavailable", f"the hub's disk fails: {error}"[:200], 5) from error


def judged(batch: UploadBatch, life: Life | None) -> tuple[list[ItemVerdict], list[Fact]]:
    """A verdict on each fact, and those that are new: linked to the last copy, or to a place that
    the centre has already."""
    verdicts: list[ItemVerdict] = []
    fresh: list[Fact] = []
    head = (life.head_seq, life.head_hash) if life else None
    for fact in batch.facts:
        previous, own = bytes.fromhex(fact.prev_hash), bytes.fromhex(fact.hash)
        body = fact.body.encode()
        if fact_hash(batch.register_id, batch.epoch, fact.seq, fact.kind, body, previous) != own:
            verdicts.append(ItemVerdict(seq=fact.seq, verdict="gap", detail="bad_hash"))
            break
        if head and fact.seq <= head[0]:
            is_fork = fact.seq == head[0] and own != head[1]
            verdicts.append(ItemVerdict(seq=fact.seq, verdict="fork" if is_fork else "duplicate"))
            continue
        follows = head and fact.seq == head[0] + 1
        starts = not fresh and (head is None or (life and life.acked_seq >= fact.seq - 1))
        if follows and previous != (head or (0, b""))[1]:
            verdicts.append(ItemVerdict(seq=fact.seq, verdict="fork", detail="chain_break"))
            break
        if not follows and not starts:
            verdicts.append(ItemVerdict(seq=fact.seq, verdict="gap", detail="seq_ahead"))
            break
        verdicts.append(ItemVerdict(seq=fact.seq, verdict="accepted"))
        fresh.append(fact)
        head = (fact.seq, own)
    return verdicts, fresh


def spends(fact: Fact) -> list[tuple[int, int]]:
    """(member, points) that a sale's fact redeemed."""
    if fact.kind != "sale" or '"redemption":{' not in fact.body:
        return []
    try:
        sale = json.loads(fact.body)
        member_id, points = sale["member_id"], sale["redemption"]["points"]
    except (ValueError, KeyError, TypeError):
        return []
    if not isinstance(member_id, int) or not isinstance(points, int) or points <= 0:
        return []
    return [(member_id, points)]
