"""Faults that the simulation must see: each takes one condition away from one machine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from loyalty.authorisation.decision import Claimed, Decision, decide, wanted_claim
from loyalty.protocol import CENTRE, AuthId, Message
from loyalty.protocol.centre import AVAILABLE, Centre
from loyalty.protocol.counters import Wants
from loyalty.protocol.hub import Hub
from loyalty.protocol.register import Disk, Pending, Register


class LeaseByTimer(Centre):
    """Credits what is left of the oldest lease when nobody has heard of it for long."""

    def on_timer(self, now: int) -> None:
        """Every hundredth minute."""
        if now % 100:
            return
        for hub, member in self.granted:
            left = self.balance(member, ("lease", hub))
            if left:
                self.credited[hub, member] = self.credited.get((hub, member), 0) + left
                self.move(member, ("lease", hub), AVAILABLE, left)
                return


class PurseByTimer(Centre):
    """Credits an unspent purse as soon as its time is over."""

    def on_timer(self, now: int) -> None:
        """An hour after its end."""
        for serial, purse in list(self.purses.items()):
            if purse.shown.not_after + 60 < now:
                self._credit_purse(serial)


class HoldByTimer(Centre):
    """Releases a hold after a quarter of an hour, whatever its register may have approved."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.now = 0
        self.since: dict[Any, int] = {}

    def on_timer(self, now: int) -> None:
        """What was held for 15 minutes."""
        for auth in list(self.held):
            if now - self.since.setdefault(auth, now) > 15:
                self._unhold(auth)


class CreatingHub(Hub):
    """Lends what is asked for, whether it has it or not."""

    def on_borrow(self, source: int, epoch: int, member: int, total: int) -> list[Message]:
        """No look at what is free."""
        return [(source, "on_lent", (epoch, member, total))]


class NewIdAfterTimeout(Register):
    """Asks again under a new id when nobody answered."""

    def time_out(self) -> list[Message]:
        """The first question may have been answered all the same."""
        pending = self.pending
        if pending is None or pending.stage != "online" or not self.is_confirmed:
            return super().time_out()
        self.disk.number += 1
        pending.auth = (self.node, self.disk.epoch, self.disk.number)
        self.disk.open.add(pending.auth)
        self._note()
        question = (pending.auth, pending.sale, pending.member, pending.wanted)
        return [(CENTRE, "on_authorise", question)]


class ApprovedBeforeDurable(Register):
    """Approves first and writes at its next tick."""

    unwritten: list[tuple[Pending, Decision]]

    def finish(self, pending: Pending) -> list[Message]:
        """The goods leave; the fact waits in memory."""
        decision = decide(self._inputs(pending))
        self.pending = None
        self.unwritten = [*getattr(self, "unwritten", []), (pending, decision)]
        return [(-1, "approved", (self, pending, decision))]

    def tick(self) -> list[Message]:
        """Now it is written."""
        for pending, decision in getattr(self, "unwritten", []):
            self.burn(pending, decision)
        self.unwritten = []
        return super().tick()

    def crash(self, nonce: int) -> None:
        """What was not written is gone."""
        self.unwritten = []
        super().crash(nonce)


class NoIslandCheck(Register):
    """Takes a purse on its own records alone while the hub is there."""

    def _claim(self, pending: Pending) -> list[Message]:
        hoped = wanted_claim(self._inputs(pending))
        pending.claim = replace(Claimed(), purse_points=hoped.purse_points)
        return self.finish(pending)


class PrunesBeforeAck(Register):
    """Forgets facts when they are sent."""

    def tick(self) -> list[Message]:
        """Sent is not received."""
        out = super().tick()
        self.disk.log.prune(self.disk.log.head)
        return out


class ForgetsItsAnchor(Register):
    """Takes any disk for the newest, also an image of yesterday."""

    def restored(self, image: Disk, nonce: int) -> None:
        """No look at the anchor."""
        super().restored(image, nonce)
        self.is_confirmed = True


class CounterByTimer(Centre):
    """Takes the unused units of a counter's oldest part back when nobody has heard of it long."""

    def on_timer(self, now: int) -> None:
        """Every hundredth minute."""
        if now % 100:
            return
        for key, parts in self.counters.parts.items():
            for part in parts.values():
                if part.left:
                    self.counters.move(key, -part.left)
                    part.returned += part.left
                    return


class CounterTwice(Register):
    """Takes for a sale what it was shown, without a look at what other open sales took since."""

    def may_take(self, _wants: Wants) -> bool:
        """It was there when the sale was priced."""
        return self.is_confirmed


class CounterBeforeDurable(Register):
    """Takes the units at its next tick; the goods leave before."""

    def pay(self, sale: int) -> list[Message]:
        """The fact waits in memory."""
        wants = self.rung.pop(sale, ())
        if not wants or not self.may_take(wants):
            return []
        self.late = [*getattr(self, "late", []), (sale, wants)]
        return [(-1, "counted", ((self.node, self.disk.epoch), sale, wants))]

    def tick(self) -> list[Message]:
        """Now it is written."""
        for sale, wants in getattr(self, "late", []):
            self.take(sale, wants)
        self.late: list[tuple[int, Wants]] = []
        return super().tick()

    def crash(self, nonce: int) -> None:
        """What was not written is gone."""
        self.late = []
        super().crash(nonce)


class CounterOfAnotherLife(Register):
    """Goes on with the counters of its life before."""

    def on_life(self, source: int, nonce: int, epoch: int) -> list[Message]:
        """The parts of the old life stay in the new one."""
        before = self.disk.counters
        out = super().on_life(source, nonce, epoch)
        if self.disk.counters is not before:
            self.disk.counters = before
        return out


class PurseBesideTheCentre(Register):
    """Online, and takes a purse whether the centre has claimed it or not."""

    def _within(self, _pending: Pending, hoped: Claimed) -> Claimed:
        """No look at the centre's answer."""
        return hoped


class ForgetfulClaims(Centre):
    """Forgets what it has claimed of a purse as soon as it has answered."""

    def _claim(self, auth: AuthId, serial: int, points: int) -> int:
        """Nothing is noted."""
        claimed = super()._claim(auth, serial, points)
        self._unclaim(auth)
        return claimed


@dataclass(frozen=True)
class Mutant:
    """A fault, and the steps within which it is seen on every seed that was tried."""

    name: str
    machines: dict[str, Any]
    within: int


MUTANTS = (
    Mutant("lease credited by timer", {"centre": LeaseByTimer}, 20_000),
    Mutant("purse credited by timer", {"centre": PurseByTimer}, 60_000),
    Mutant("hold released by timer", {"centre": HoldByTimer}, 20_000),
    Mutant("hub that creates rights", {"hub": CreatingHub}, 2_000),
    Mutant("new id after a time-out", {"register": NewIdAfterTimeout}, 5_000),
    Mutant("burn approved before it is durable", {"register": ApprovedBeforeDurable}, 10_000),
    Mutant("purse without island check", {"register": NoIslandCheck}, 30_000),
    Mutant("prune before ack", {"register": PrunesBeforeAck}, 2_000),
    Mutant("restored image not fenced", {"register": ForgetsItsAnchor}, 100_000),
    Mutant("counter credited by timer", {"centre": CounterByTimer}, 40_000),
    Mutant("counter used twice by open sales", {"register": CounterTwice}, 30_000),
    Mutant("counter used before it is durable", {"register": CounterBeforeDurable}, 30_000),
    Mutant("counter of another life", {"register": CounterOfAnotherLife}, 200_000),
    Mutant("purse taken beside the centre", {"register": PurseBesideTheCentre}, 60_000),
    Mutant("purse claim forgotten", {"centre": ForgetfulClaims}, 200_000),
)
