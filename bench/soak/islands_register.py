"""A register at two depths at once: the pure machine, and the product's use cases on its file.

Both are told the same and must decide the same, layer by layer, write as many facts, settle the
same questions and remember the same of purses, over crashes, restored images and new lives.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.soak.islands_counters import TwinCounters
from bench.soak.islands_hub import Differs
from bench.soak.islands_till import AMPLE, TillOnDisk, copied, lease_name, new_till
from loyalty.authorisation.decision import Decision, Part
from loyalty.authorisation.policy import Policy
from loyalty.protocol import Message
from loyalty.protocol.register import Disk, Pending, Register, ShownPurse

TILLS = 2


class Ample(dict[int, int]):
    """Everybody's balance is ample."""

    def __missing__(self, _member: int) -> int:
        return AMPLE

    def get(self, member: int, _default: Any = None) -> int:
        """As missing."""
        return self[member]


class TwinDisk(Disk):
    """A disk with a file behind it; an image copies both."""

    till: TillOnDisk
    files: Path
    names: Iterator[str]
    root: Path

    def image(self) -> TwinDisk:
        """A copy of every file."""
        twin = super().image()
        assert isinstance(twin, TwinDisk)
        if self.files == self.till.folder:
            twin.files = copied(self.files, self.root / next(self.names))
        return twin


class TwinRegister(TwinCounters):
    """`root` and `names` are set by the world that makes it."""

    root: Path
    names: Iterator[str]
    made: list[TwinRegister]

    def __init__(self, node: int, store: int, hub: int, share: int, policy: Policy) -> None:
        super().__init__(node, store, hub, share, policy)
        self.balances = Ample()
        self.asked_with = Pending((0, 0, 0), 0, 0, 0, None, 0)
        self.compared = 0
        self.screens = 0
        """Codes shown here so far: a screen's minute rises on, whatever image the till is from."""
        self._begin_life(1)
        self.made.append(self)

    def _begin_life(self, epoch: int) -> None:
        self.till = new_till(self, self.root / next(self.names), epoch, TILLS)
        disk = TwinDisk(epoch)
        disk.till, disk.files = self.till, self.till.folder
        disk.root, disk.names = self.root, self.names
        self.disk = disk
        self.anchor = disk.mark

    def lease_at_hand(self, member: int) -> tuple[int, int]:
        """Whose lease is spent next, and what is left of it."""
        return self._lease(member)

    def _same(self, what: str, pure: Any, real: Any) -> None:
        self.compared += 1
        if pure != real:
            raise Differs(f"register {self.node}, {what}: pure {pure}, on its file {real}")

    # --- a redemption -------------------------------------------------------------------------

    def begin(
        self, sale: int, member: int, wanted: int, purse: ShownPurse | None, clock: int
    ) -> list[Message]:
        """Asked by both under one number."""
        if self.pending is not None:
            return []
        out = super().begin(sale, member, wanted, purse, clock)
        pending = self.pending
        assert pending is not None
        self.asked_with = pending
        asked = self.till.ask(pending.auth, sale, member, wanted)
        self._same("question", (pending.auth[2], wanted), (asked.number, asked.points))
        return out

    def finish(self, pending: Pending) -> list[Message]:
        """Decided by both."""
        online = pending.online.points if pending.online else None
        real = self.till.decide(online, pending.claim)
        out = super().finish(pending)
        decision = out[0][2][2]
        pure = tuple(
            (
                part.layer,
                lease_name(int(part.ref), pending.member) if part.layer == "lease" else part.ref,
                part.points,
            )
            for part in decision.parts
        )
        self._same(f"sale {pending.sale}", pure, real)
        self._same("head", self.disk.log.head, self.till.head)
        return out

    # --- rights and log -----------------------------------------------------------------------

    def on_recall(self, source: int, member: int) -> list[Message]:
        """Given back by both."""
        lent = self.disk.lent.get((source, member), 0)
        out = super().on_recall(source, member)
        if out:
            given = self.till.give_back(source, member, lent)
            self._same(f"given back of {member}", out[0][2][2], given)
        return out

    def on_acked(self, source: int, epoch: int, acked: int, floor: int, hub: int) -> list[Message]:
        """Heard by both."""
        before = self.disk.floor
        is_heard = epoch == self.disk.epoch and self.is_confirmed
        if is_heard:
            self.till.acknowledged(min(acked, self.disk.log.head))
        out = super().on_acked(source, epoch, acked, floor, hub)
        if is_heard and self.disk.floor > before:
            self.till.raise_floor(floor)
        return out

    def tick(self) -> list[Message]:
        """What is told is the same."""
        if self.is_confirmed:
            self._same("head", self.disk.log.head, self.till.head)
            settled = self._settled(self.disk.log.head + 1)
            real = self.till.outbox.settled(self.disk.epoch, self.disk.log.head)
            self._same("settled", settled, real)
            if self.is_alone:
                self._same("purses", self.disk.purses, self.till.purses())
        return super().tick()

    # --- lives --------------------------------------------------------------------------------

    def crash(self, nonce: int) -> None:
        """Both die and start again."""
        super().crash(nonce)
        self.balances = Ample()
        assert isinstance(self.disk, TwinDisk)
        self.till.killed(self.root / next(self.names))
        self.disk.files = self.till.folder

    def restored(self, image: Disk, nonce: int) -> None:
        """Both come back from older files."""
        assert isinstance(image, TwinDisk)
        self.till.close()
        folder = copied(image.files, self.root / next(self.names))
        self.till = TillOnDisk(self, folder, image.epoch, TILLS)
        self.till.known.applied = (image.epoch, image.log.base - 1)
        self.till.forget_open_sales()
        twin = image.image()
        twin.till, twin.files = self.till, folder
        self.disk = twin
        super().crash(nonce)
        self.balances = Ample()

    def on_life(self, source: int, nonce: int, epoch: int) -> list[Message]:
        """Both begin anew."""
        before = self.disk
        out = super().on_life(source, nonce, epoch)
        if self.disk is not before:
            self.till.close()
            self._begin_life(epoch)
        return out

    def clone(self, machine: int) -> Register:
        """The copy is a pure one: it spends nothing, and its file is compared nowhere."""
        twin = Register(self.node, self.store, self.hub, self.share, self.policy)
        twin.disk = Disk(self.disk.epoch)
        for name in vars(twin.disk):
            setattr(twin.disk, name, copy.copy(getattr(self.disk, name)))
        twin.disk.log = self.disk.log.copy()
        twin.old_hub, twin.machine, twin.anchor = self.old_hub, machine, None
        twin.crash(machine)
        return twin


class RealRegister(TwinRegister):
    """The register on its file alone: what its use cases decide is what leaves the shop.

    For faults, which the invariants must see without another register beside."""

    def _same(self, _what: str, _pure: Any, _real: Any) -> None:
        """Nothing is compared."""

    def finish(self, pending: Pending) -> list[Message]:
        """As the file says."""
        online = pending.online.points if pending.online else None
        parts = tuple(
            Part(layer, points, ref.split(".")[0].removeprefix("R"))  # type: ignore[arg-type]
            for layer, ref, points in self.till.decide(online, pending.claim)
        )
        self.pending = None
        layer = parts[-1].layer if parts else "declined"
        points = sum(part.points for part in parts)
        decision = Decision(layer, points, "", parts, (), self._inputs(pending))
        return self.approve(pending, decision, self.burn(pending, decision))
