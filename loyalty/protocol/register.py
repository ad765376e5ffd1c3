"""A register: asks, decides once under one id, burns durably, approves, sends its log."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

from loyalty.authorisation.conditions import b2_durable
from loyalty.authorisation.decision import (
    CacheRight,
    Claimed,
    Decision,
    Inputs,
    LeaseRight,
    OnlineAnswer,
    PurseRight,
    decide,
    wanted_claim,
)
from loyalty.authorisation.policy import Policy
from loyalty.member import Strength
from loyalty.protocol import CENTRE, AuthId, Message
from loyalty.protocol.counters import CountingRegister, HeldCounters
from loyalty.protocol.log import Log

SKEW_MIN = 5
Mark = tuple[int, int, int, int]
"""Epoch, head, hash of the head, last number given."""
_NOTHING = Claimed()


@dataclass(frozen=True, slots=True)
class ShownPurse:
    """A claim with a good signature, as `loyalty.purse` leaves it."""

    serial: int
    value: int
    not_before: int
    not_after: int
    stores: tuple[int, ...]


@dataclass(slots=True)
class Pending:
    """One redemption between its first question and its decision; lost in a crash."""

    auth: AuthId
    sale: int
    member: int
    wanted: int
    purse: ShownPurse | None
    clock: int
    stage: str = "online"
    online: OnlineAnswer | None = None
    claim: Claimed = _NOTHING
    at_centre: int | None = None
    """Points of the purse that the centre has claimed for this redemption; None: not asked."""


class Disk:
    """What survives a crash, and what an image or a clone copies."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.log = Log()
        self.number = 0
        self.open: set[AuthId] = set()
        self.lent: dict[tuple[int, int], int] = {}
        self.used: dict[tuple[int, int], int] = {}
        """Spent and released of a hub's lease, by (hub, member): only rises."""
        self.purses: dict[int, int] = {}
        self.cache_used = 0
        self.cache_times: dict[int, int] = {}
        self.floor = 0
        self.counters = HeldCounters()

    def image(self) -> Disk:
        """A copy of every file."""
        twin = copy.copy(self)
        for name in ("open", "lent", "used", "purses", "cache_times", "counters"):
            setattr(twin, name, getattr(self, name).copy())
        twin.log = self.log.copy()
        return twin

    @property
    def mark(self) -> Mark:
        """What the anchor keeps of the disk.

        Without the hash, a disk that came back from an image and went on alone would look like the
        newest as soon as it had written as many facts."""
        return (self.epoch, self.log.head, self.log.chain, self.number)


class Register(CountingRegister):
    """`anchor` lies outside the database and is bound to the machine: no image carries it.

    `node` is who it is, `machine` where its messages come from; a clone has another machine.
    """

    def __init__(self, node: int, store: int, hub: int, share: int, policy: Policy) -> None:
        super().__init__()
        self.node = node
        self.store = store
        self.hub = hub
        self.old_hub = hub
        self.share = share
        self.policy = policy
        self.disk = Disk(1)
        self.anchor: Mark | None = self.disk.mark
        self.machine = node
        self.nonce = 0
        self.pending: Pending | None = None
        self.is_confirmed = True
        self.is_alone = False
        self.balances: dict[int, int] = {}

    # --- a redemption -------------------------------------------------------------------------

    def begin(
        self, sale: int, member: int, wanted: int, purse: ShownPurse | None, clock: int
    ) -> list[Message]:
        """A member wants to redeem; nothing happens while another sale is being decided."""
        if self.pending is not None:
            return []
        disk = self.disk
        disk.number += 1
        auth = (self.node, disk.epoch, disk.number)
        disk.open.add(auth)
        self._note()
        self.pending = Pending(auth, sale, member, wanted, purse, clock)
        key = (self.hub, member)
        total = disk.used.get(key, 0) + wanted
        if not self.is_confirmed:
            # Its numbers may have been given before: nothing may be asked under them.
            return []
        question: tuple[Any, ...] = (auth, sale, member, wanted)
        if purse is not None and not (right := self._purse_right(purse, clock)).refusal:
            question = (*question, purse.serial, right.points, self._lease(member)[1])
        out: list[Message] = [(CENTRE, "on_authorise", question)]
        if not self.is_alone:
            out.append((self.hub, "on_borrow", (disk.epoch, member, total)))
        return out

    def on_authorised(
        self, _source: int, auth: AuthId, points: int, purse: int | None = None
    ) -> list[Message]:
        """The centre holds so much, and has claimed so much of the purse; too late an answer
        changes nothing here."""
        pending = self.pending
        if pending is None or pending.auth != auth or pending.stage != "online":
            return []
        pending.online = OnlineAnswer(points)
        pending.at_centre = purse
        return self._claim(pending)

    def time_out(self) -> list[Message]:
        """Nobody answered in time: go on without, under the same id."""
        pending = self.pending
        if pending is None:
            return []
        if pending.stage == "online":
            return self._claim(pending)
        self.is_alone = True
        pending.claim = Claimed("silent")
        return self.finish(pending)

    def _claim(self, pending: Pending) -> list[Message]:
        hoped = self._within(pending, wanted_claim(self._inputs(pending)))
        purse = pending.purse
        if not hoped.purse_points and not hoped.cache_points:
            return self.finish(pending)
        if self.is_alone:
            pending.claim = hoped
            return self.finish(pending)
        pending.stage = "island"
        serial, value = (purse.serial, purse.value) if purse else (0, 0)
        question = (pending.auth, serial, value, hoped.purse_points, hoped.cache_points)
        return [(self.hub, "on_claim", question)]

    def _within(self, pending: Pending, hoped: Claimed) -> Claimed:
        """No more of the purse than the centre has claimed, where it answered."""
        if pending.at_centre is None or hoped.purse_points <= pending.at_centre:
            return hoped
        return replace(hoped, purse_points=pending.at_centre)

    def on_claimed(self, _source: int, auth: AuthId, purse: int, cache: int) -> list[Message]:
        """The hub's answer."""
        pending = self.pending
        if pending is None or pending.auth != auth or pending.stage != "island":
            return []
        pending.claim = Claimed("granted", purse, cache)
        return self.finish(pending)

    def _inputs(self, pending: Pending) -> Inputs:
        disk, member, purse = self.disk, pending.member, pending.purse
        hub, left = self._lease(member)
        cache = None
        if (hub, member) not in disk.lent and pending.online is None:
            # With a hub its answer is the budget; without, the register's own share.
            budget = self.share - disk.cache_used if self.is_alone else self.share
            times = disk.cache_times.get(member, 0)
            cache = CacheRight(self.balances.get(member, 0), 0, times, budget)
        return Inputs(
            auth_id="",
            wanted=pending.wanted,
            strength=Strength.SIGNED_CODE,
            policy=self.policy,
            epoch=disk.epoch,
            is_head_confirmed=self.is_confirmed,
            online=pending.online,
            lease=LeaseRight(str(hub), left, disk.epoch) if left > 0 else None,
            purse=self._purse_right(purse, pending.clock) if purse else None,
            cache=cache,
            claimed=pending.claim,
        )

    def _lease(self, member: int) -> tuple[int, int]:
        disk = self.disk
        for hub in (self.hub, self.old_hub):
            left = disk.lent.get((hub, member), 0) - disk.used.get((hub, member), 0)
            if left > 0:
                return hub, left
        return self.hub, 0

    def _purse_right(self, purse: ShownPurse, clock: int) -> PurseRight:
        refusal = ""
        if self.store not in purse.stores:
            refusal = "purse_wrong_store"
        elif purse.not_after <= self.disk.floor or clock > purse.not_after + SKEW_MIN:
            refusal = "purse_expired"
        elif clock < purse.not_before - SKEW_MIN:
            refusal = "purse_early"
        left = purse.value - self.disk.purses.get(purse.serial, 0)
        return PurseRight(purse.serial, left, refusal)

    def finish(self, pending: Pending) -> list[Message]:
        """Decide, burn durably, then approve."""
        decision = decide(self._inputs(pending))
        self.pending = None
        seq = self.burn(pending, decision)
        return self.approve(pending, decision, seq)

    def burn(self, pending: Pending, decision: Decision) -> int:
        """One transaction: the fact, what it uses up, and the end of the open question."""
        disk = self.disk
        parts = tuple((part.layer, part.ref, part.points) for part in decision.parts)
        for layer, ref, points in parts:
            if layer == "lease":
                key = (int(ref), pending.member)
                disk.used[key] = disk.used.get(key, 0) + points
            elif layer == "purse":
                serial = int(ref)
                disk.purses[serial] = disk.purses.get(serial, 0) + points
            elif layer == "cache":
                times = disk.cache_times.get(pending.member, 0)
                disk.cache_times[pending.member] = times + 1
                if self.is_alone:
                    disk.cache_used += points
        own = self.is_alone
        seq = disk.log.append(("burn", pending.sale, pending.auth, pending.member, parts, own))
        disk.open.discard(pending.auth)
        self._note()
        return seq

    def approve(self, pending: Pending, decision: Decision, seq: int) -> list[Message]:
        """The goods leave: only now, when the fact is on the disk."""
        b2_durable(seq, self.disk.log.head)
        return [(-1, "approved", (self, pending, decision))]

    # --- rights -------------------------------------------------------------------------------

    def on_lent(self, source: int, epoch: int, member: int, total: int) -> list[Message]:
        """The sum that a hub has lent to this life; rights of another life are nobody's here."""
        if epoch == self.disk.epoch and total > self.disk.lent.get((source, member), 0):
            self.disk.lent[source, member] = total
        return []

    def on_recall(self, source: int, member: int) -> list[Message]:
        """Give back what is left of a hub's lease: into the log first, then it is gone."""
        key = (source, member)
        left = self.disk.lent.get(key, 0) - self.disk.used.get(key, 0)
        if left <= 0 or not self.is_confirmed:
            return []
        self.disk.used[key] = self.disk.lent[key]
        self.disk.log.append(("release", source, member, left))
        self._note()
        return [(-1, "released", (source, member, left))]

    def on_balance(self, _source: int, member: int, points: int) -> list[Message]:
        """The feed: a cached balance, as old as the message."""
        self.balances[member] = points
        return []

    # --- hub and centre -----------------------------------------------------------------------

    def tick(self) -> list[Message]:
        """Send the log; ask for a life of its own; come back to the hub."""
        disk = self.disk
        if not self.is_confirmed:
            return [(CENTRE, "on_life_wanted", (self.node, self.nonce))]
        start, facts = disk.log.waiting()
        question = (self.node, disk.epoch, start, facts, self._settled(start + len(facts)))
        out: list[Message] = [(CENTRE, "on_facts", question)]
        if self.is_alone:
            out.append((self.hub, "on_used_alone", (tuple(disk.purses.items()),)))
        return out

    def _settled(self, after: int) -> int:
        """With all facts before `after`, every question up to this number has its answer."""
        disk = self.disk
        if after <= disk.log.head:
            return 0
        return min((auth[2] for auth in disk.open), default=disk.number + 1) - 1

    def on_heard(self, source: int) -> list[Message]:
        """The hub knows what was used without it."""
        if source == self.hub and self.pending is None:
            self.is_alone = False
        return []

    def on_acked(self, _source: int, epoch: int, acked: int, floor: int, hub: int) -> list[Message]:
        """The centre has the log up to here, closes purses up to `floor`, names the hub."""
        disk = self.disk
        if epoch != disk.epoch or not self.is_confirmed:
            return []
        for fact in disk.log.prune(acked):
            if fact[0] == "burn":
                self._settle(fact)
        if floor > disk.floor:
            disk.floor = floor
            disk.log.append(("floor", floor))
        self._note()
        if hub != self.hub and self.pending is None:
            self.old_hub, self.hub, self.is_alone = self.hub, hub, False
        return []

    def _settle(self, fact: tuple[Any, ...]) -> None:
        _, _, _, member, parts, own = fact
        for layer, _, points in parts:
            if layer == "cache":
                self.disk.cache_times[member] -= 1
                if own:
                    self.disk.cache_used -= points

    # --- lives --------------------------------------------------------------------------------

    def _note(self) -> None:
        # A disk that is not confirmed must not make itself the newest.
        if self.is_confirmed:
            self.anchor = self.disk.mark

    def crash(self, nonce: int) -> None:
        """Memory is gone; what was asked and not decided is given up. `nonce` is new each time."""
        self.pending = None
        self.rung.clear()
        self.is_alone = False
        self.balances = {}
        self.nonce = nonce
        self.disk.open.clear()
        # The anchor says whether this disk is the newest of this machine, without any link. A
        # clone finds no anchor of its own.
        self.is_confirmed = self.anchor == self.disk.mark

    def on_life(self, _source: int, nonce: int, epoch: int) -> list[Message]:
        """The centre began a new life; the rights of the old one stay debited."""
        if self.is_confirmed or nonce != self.nonce or self.anchor is None:
            return []
        self.pending = None
        self.rung.clear()
        self.disk = Disk(epoch)
        self.anchor = self.disk.mark
        self.is_confirmed = True
        return []

    def restored(self, image: Disk, nonce: int) -> None:
        """The machine comes back from an older image of its disk."""
        self.disk = image.image()
        self.crash(nonce)

    def clone(self, machine: int) -> Register:
        """The same disk in another machine."""
        twin = Register(self.node, self.store, self.hub, self.share, self.policy)
        twin.disk = self.disk.image()
        twin.old_hub, twin.machine, twin.anchor = self.old_hub, machine, None
        twin.crash(machine)
        return twin
