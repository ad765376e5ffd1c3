"""Faults at each depth, each with one condition of the bound taken away.

They run without another depth beside them: the invariants alone must see them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from bench.soak.depths_chains import PostgresChain, SqliteChain
from bench.soak.depths_plan import Depth, Fate, Order, Size, Sold, auth_number, uuid_of
from bench.soak.depths_pure import PureChain
from bench.soak.depths_register import ShopRegister
from bench.soak.depths_shop import ShopCentre
from bench.soak.depths_till import RealTill
from bench.soak.depths_world import World
from central.apply import publish
from central.changes import Changes
from central.db.session import transact
from central.holds import release_all
from central.member_state import Cause
from central.member_store import load_members
from edge_agent.usecases.commit_sale import Confirm, Repriced, commit_sale
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.redeem_points import Asked
from loyalty import ledger
from loyalty.ledger import lease_place
from loyalty.protocol.centre import AVAILABLE
from sync.contract.live import AuthorisationReply

HOLD_MIN = 15


# --- pure -------------------------------------------------------------------------------------


class LeaseByTimer(ShopCentre):
    """Credits what is left of leases when an hour is over."""

    def on_timer(self, now: int) -> None:
        """The oldest lease that holds something."""
        if now < 60:
            return
        for hub, member in self.granted:
            left = self.balance(member, ("lease", hub))
            if left:
                self.move(member, ("lease", hub), AVAILABLE, left)
                return


class HoldByTimer(ShopCentre):
    """Releases a hold after a quarter of an hour, whatever its register may have approved."""

    def __init__(self, size: Size) -> None:
        super().__init__(size)
        self.since: dict[Any, int] = {}

    def on_timer(self, now: int) -> None:
        """What was held too long."""
        for auth in list(self.held):
            if now - self.since.setdefault(auth, now) > HOLD_MIN:
                self._unhold(auth)


class NewIdChain(PureChain):
    """Registers that ask again under a new id when nobody answered; the fact names the first."""

    def _authorise(self, till: ShopRegister, question: Any, fate: Fate) -> int | None:
        points = super()._authorise(till, question, fate)
        if points is not None:
            return points
        auth = (*question[0][:2], question[0][2] + 2**20)
        return super()._authorise(till, (auth, *question[1:]), "answered")


class ApprovedBeforeDurable(ShopRegister):
    """The goods leave first."""

    def write(self, fact: Any) -> int:
        """Kept in memory until the next fact."""
        lazy = getattr(self, "lazy", [])
        for each in lazy:
            super().write(each)
        self.lazy = [fact]
        return self.disk.log.head + 1

    def commit(self, order: Order) -> Sold:
        """Without a look at what is on the disk."""
        self.disk.log.append(("waits", 0))
        try:
            return super().commit(order)
        finally:
            self.disk.log.facts.pop()

    def crash(self, nonce: int) -> None:
        """What was not written is gone."""
        self.lazy = []
        super().crash(nonce)


class HastyChain(PureChain):
    """A network under registers that forget what they send."""

    def _send(self, register: ShopRegister, start: int, facts: Any, fate: Fate) -> int:
        acked = super()._send(register, start, facts, fate)
        register.disk.log.prune(start + len(facts) - 1)
        register.anchor = register.disk.mark
        return acked


# --- registers with SQL -----------------------------------------------------------------------


class NewIdTill(RealTill):
    """Asks again under a new id when nobody answered, and does not void the first."""

    def _authorise(self, order: Order, asked: Asked) -> AuthorisationReply | None:
        reply = super()._authorise(order, asked)
        if reply is not None:
            return reply
        number = auth_number(self.till, self.epoch, asked.number) + 2**20
        return super()._authorise(
            replace(order, fate="answered"), replace(asked, auth_id=uuid_of("auth", number))
        )


class EarlyTill(RealTill):
    """Approves a sale whose transaction the disk was not asked to keep."""

    def commit(self, ctx: RegisterContext, command: Confirm) -> dict[str, Any] | Repriced:
        """As a draft is written."""
        return self._unit(lambda uow: commit_sale(uow, ctx, command), durable=False)


class HastyTill(RealTill):
    """Marks facts as acknowledged when they are sent."""

    def push(self, most: int, fate: Fate) -> int:
        """Sent is not received."""
        batch = self.outbox.pending(most, 10**7)
        found = super().push(most, fate)
        if batch is not None:
            done = [(batch.epoch, fact.seq) for fact in batch.facts]
            self.ledger.write(
                lambda c: c.executemany(
                    "UPDATE outbox SET state = 'acked', crc = row_seal(epoch, seq, 'acked',"
                    " created_at) WHERE epoch = ? AND seq = ?",
                    done,
                )
            )
        return found


# --- centre with SQL --------------------------------------------------------------------------


class LeaseTimerChain(PostgresChain):
    """The centre credits what is left of the oldest lease when an hour is over."""

    def tick(self, minutes: int) -> None:
        """A timer beside the service."""
        super().tick(minutes)
        row = self._rows(
            "select a.member_id, l.lease_id from account a join lease l on l.member_id ="
            " a.member_id and a.account = 'lease:' || l.lease_id where a.balance > 0"
            " order by l.lease_id limit 1"
        )
        if row:
            transact(self._pool, lambda connection: self._credit(connection, *row[0]))

    def _credit(self, connection: Any, member_id: int, lease_id: str) -> None:
        member = load_members(connection, [member_id])[member_id]
        cause = Cause(f"timer:{self.now.isoformat()}")
        entry_id = member.next_id(cause)
        member.post(ledger.give_back(member.books, entry_id, lease_place(lease_id)), cause)
        changes = Changes()
        publish(connection, [member], self.now, changes)
        changes.flush(connection)


class HoldTimerChain(PostgresChain):
    """The centre releases holds by their age."""

    def tick(self, minutes: int) -> None:
        """A timer beside the service."""
        super().tick(minutes)
        query = (
            "select member_id, auth_id::text from hold where state = 'open' and created_at < %(t)s"
        )
        old = self._rows(query, {"t": self.now - timedelta(minutes=HOLD_MIN)})
        ids = {(row[0], row[1]) for row in old}
        transact(self._pool, lambda connection: release_all(connection, ids, "settled", self.now))


# --- the list ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mutant:
    """A fault, and the steps within which it is seen on every seed that was tried."""

    name: str
    chain: type[Any]
    within: int
    parts: dict[str, Any] = field(default_factory=dict)

    def make(self, size: Size, url: str = "") -> Depth:
        """The chain with the fault in it."""
        where = (url,) if issubclass(self.chain, PostgresChain) else ()
        made: Depth = self.chain(size, *where, **self.parts)
        return made


PURE = (
    Mutant("lease credited by timer", PureChain, 4_000, {"centre": LeaseByTimer}),
    Mutant("hold released by timer", PureChain, 10_000, {"centre": HoldByTimer}),
    Mutant("new id after a time-out", NewIdChain, 2_000),
    Mutant("approved before durable", PureChain, 1_000, {"register": ApprovedBeforeDurable}),
    Mutant("prune before ack", HastyChain, 1_000),
)
SQLITE = (
    Mutant("lease credited by timer", SqliteChain, 4_000, {"centre": LeaseByTimer}),
    Mutant("hold released by timer", SqliteChain, 10_000, {"centre": HoldByTimer}),
    Mutant("new id after a time-out", SqliteChain, 2_000, {"till": NewIdTill}),
    Mutant("approved before durable", SqliteChain, 8_000, {"till": EarlyTill}),
    Mutant("prune before ack", SqliteChain, 1_000, {"till": HastyTill}),
)
POSTGRESQL = (
    Mutant("lease credited by timer", LeaseTimerChain, 4_000),
    Mutant("hold released by timer", HoldTimerChain, 10_000),
    Mutant("new id after a time-out", PostgresChain, 2_000, {"till": NewIdTill}),
    Mutant("approved before durable", PostgresChain, 8_000, {"till": EarlyTill}),
    Mutant("prune before ack", PostgresChain, 1_000, {"till": HastyTill}),
)
SMALL = Size(4, 6)
HEAL_EVERY = 250


def seen_at(mutant: Mutant, seed: int, url: str = "") -> tuple[int, str]:
    """The step at which the invariants saw a mutant, and what they said; ("" when they did not)."""
    depth = mutant.make(SMALL, url)
    world = World(seed, SMALL, [depth], full_every=50)
    try:
        while world.steps < mutant.within:
            world.run(HEAL_EVERY)
            world.heal()
    except AssertionError as found:
        return world.steps, str(found)
    finally:
        depth.close()
    return world.steps, ""
