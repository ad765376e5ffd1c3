"""The centre: books in double entry, grants, holds, purses, and the logs of all holders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loyalty.authorisation.conditions import b1_debited, b3_logged
from loyalty.authorisation.policy import Policy, lease_value, purse_value
from loyalty.protocol import AuthId, Message
from loyalty.protocol.counters import CountingCentre
from loyalty.protocol.log import Fact
from loyalty.protocol.register import ShownPurse

Place = str | tuple[str, Any]
AVAILABLE, OVERDRAFT, ISSUED, REDEEMED = "available", "overdraft", "issued", "redeemed"
_BELOW_ZERO = (OVERDRAFT, ISSUED)


@dataclass(slots=True)
class OpenPurse:
    """A purse as the centre keeps it; `not_after` is the latest of its renewals."""

    member: int
    shown: ShownPurse


class Centre(CountingCentre):
    """One database; every call is one transaction."""

    def __init__(self, policy: Policy, tills: Mapping[int, Sequence[int]]) -> None:
        super().__init__()
        self.policy = policy
        self.books: dict[int, dict[Place, int]] = {}
        self.journal: list[tuple[int, Place, Place, int]] = []
        self.overdrawn: dict[str, int] = {"online": 0, "lease": 0, "purse": 0, "cache": 0}
        self.hubs: dict[int, int] = {}
        self.granted: dict[tuple[int, int], int] = {}
        """By hub and member; only rises, as do `released` and `credited`."""
        self.released: dict[tuple[int, int], int] = {}
        self.credited: dict[tuple[int, int], int] = {}
        self.held: dict[AuthId, tuple[int, int, int]] = {}
        """Open holds: member, points, sale."""
        self.answered: dict[AuthId, int] = {}
        self.settled: dict[tuple[int, int], int] = {}
        self.applied: dict[tuple[int, int], int] = {}
        self.sales: dict[int, int] = {}
        self.posted_twice: list[int] = []
        self.purses: dict[int, OpenPurse] = {}
        self.closed: dict[int, int] = {}
        """Points credited back of closed purses, by serial."""
        self.serial = 0
        self.claims: dict[AuthId, tuple[int, int]] = {}
        """Open claims of purses: serial, points."""
        self.claimed: dict[AuthId, int] = {}
        self.taken: dict[int, int] = {}
        """By serial, of those that are open: claimed, or posted."""
        self.tills = {store: tuple(nodes) for store, nodes in tills.items()}
        self.store_of = {node: store for store, nodes in tills.items() for node in nodes}
        self.lives: dict[int, int] = dict.fromkeys(self.store_of, 1)
        self.nonces: dict[tuple[int, int], int] = {}
        self.ended: dict[tuple[int, int], int] = {}
        """Serial that was the last when the life ended: it can hold no later purse."""
        self.floors: dict[tuple[int, int], int] = {}

    # --- books --------------------------------------------------------------------------------

    def move(self, member: int, source: Place, target: Place, points: int) -> None:
        """One double entry of points over zero; an account is never short."""
        books = self.books.setdefault(member, {})
        for place, gain in ((source, -points), (target, points)):
            balance = books.get(place, 0) + gain
            if points <= 0 or (balance > 0 if place in _BELOW_ZERO else balance < 0):
                raise AssertionError(f"{place} of {member} would stand at {balance}")
            if balance:
                books[place] = balance
            else:
                books.pop(place, None)
        self.journal.append((member, source, target, points))

    def balance(self, member: int, place: Place = AVAILABLE) -> int:
        """Points in one place."""
        return self.books.get(member, {}).get(place, 0)

    def accrue(self, member: int, points: int) -> None:
        """New points; they repay an overdraft first."""
        self.move(member, ISSUED, AVAILABLE, points)
        self._repay(member)

    def _repay(self, member: int) -> None:
        points = min(self.balance(member), -self.balance(member, OVERDRAFT))
        if points > 0:
            self.move(member, AVAILABLE, OVERDRAFT, points)

    # --- leases -------------------------------------------------------------------------------

    def grant(self, member: int, store: int, rank: int) -> list[Message]:
        """Top up a store's lease: the debit first, the message after it."""
        hub = self.hubs[store]
        place = ("lease", hub)
        held, available = self.balance(member, place), self.balance(member)
        more = min(lease_value(self.policy, available + held, rank) - held, available)
        if self.balance(member, OVERDRAFT) or more < self.policy.lease_least_points:
            return []
        self.move(member, AVAILABLE, place, more)
        self.granted[hub, member] = self.granted.get((hub, member), 0) + more
        b1_debited(held + more, self.balance(member, place))
        return [(hub, "on_granted", (((member, self.granted[hub, member]),),))]

    def recall(self, member: int, store: int) -> list[Message]:
        """Ask for a lease back; nothing is credited by asking."""
        return [(self.hubs[store], "on_recall", (member,))]

    def _release(self, hub: int, member: int, points: int) -> None:
        key = (hub, member)
        self.released[key] = self.released.get(key, 0) + points
        self._credit(hub, member, points)

    def _credit(self, hub: int, member: int, points: int) -> None:
        key = (hub, member)
        self.credited[key] = self.credited.get(key, 0) + points
        b3_logged(self.credited[key], self.released.get(key, 0))
        self.move(member, ("lease", hub), AVAILABLE, points)
        self._repay(member)

    def on_hub_poll(
        self, source: int, store: int, start: int, facts: tuple[Fact, ...]
    ) -> list[Message]:
        """A hub's log, and all that it was granted."""
        grants = tuple((m, points) for (hub, m), points in self.granted.items() if hub == source)
        acked = self._apply((source, 0), start, facts)
        out: list[Message] = [(source, "on_acked", (acked,)), (source, "on_granted", (grants,))]
        for (node, epoch), number in self.settled.items():
            if self.store_of[node] == store:
                out.append((source, "on_settled", (node, epoch, number)))
        return out

    def new_hub(self, store: int, hub: int) -> None:
        """A new term: what the old hub held stays debited."""
        self.hubs[store] = hub

    # --- online -------------------------------------------------------------------------------

    def on_authorise(
        self,
        source: int,
        auth: AuthId,
        sale: int,
        member: int,
        wanted: int,
        serial: int = 0,
        offer: int = 0,
        own: int = 0,
    ) -> list[Message]:
        """Hold what is available, and claim of a shown purse what neither that nor the till's
        `own` lease covers; the same answer for the same id, nothing for what is over."""
        node, epoch, number = auth
        known = self.answered.get(auth)
        if known is None:
            is_over = number <= self.settled.get((node, epoch), 0) or epoch != self.lives[node]
            is_over = is_over or sale in self.sales or self.balance(member, OVERDRAFT) < 0
            known = 0 if is_over else min(wanted, self.balance(member))
            self.answered[auth] = known
            if known:
                self.move(member, AVAILABLE, ("hold", auth), known)
                self.held[auth] = (member, known, sale)
            if serial:
                rest = 0 if is_over else min(offer, wanted - known - own)
                self.claimed[auth] = self._claim(auth, serial, rest)
        if auth in self.claimed:
            return [(source, "on_authorised", (auth, known, self.claimed[auth]))]
        return [(source, "on_authorised", (auth, known))]

    def _claim(self, auth: AuthId, serial: int, points: int) -> int:
        """Conditional: never more of a serial claimed and posted than it holds."""
        purse = self.purses.get(serial)
        points = min(points, purse.shown.value - self.taken.get(serial, 0)) if purse else 0
        if points <= 0:
            return 0
        self.claims[auth] = (serial, points)
        self.taken[serial] = self.taken.get(serial, 0) + points
        return points

    def _unclaim(self, auth: AuthId) -> None:
        serial, points = self.claims.pop(auth, (0, 0))
        if serial in self.taken:
            self.taken[serial] -= points

    def _release_holds(self, node: int, epoch: int, settled: int) -> None:
        """A hold ends with its register's log, for the sale may be in it; never by a timer."""
        for kept in (self.held, self.claims):
            over = [a for a in kept if a[0] == node and a[1] == epoch and a[2] <= settled]
            for auth in over:
                self._unhold(auth)

    def _unhold(self, auth: AuthId) -> None:
        self._unclaim(auth)
        held = self.held.pop(auth, None)
        if held is not None:
            left = self.balance(held[0], ("hold", auth))
            if left:
                self.move(held[0], ("hold", auth), AVAILABLE, left)
                self._repay(held[0])

    # --- logs ---------------------------------------------------------------------------------

    def on_facts(
        self, source: int, node: int, epoch: int, start: int, facts: tuple[Fact, ...], settled: int
    ) -> list[Message]:
        """A register's log; never refused, applied without a gap, each fact once."""
        life = (node, epoch)
        acked = self._apply(life, start, facts)
        if acked >= start + len(facts) - 1 and settled > self.settled.get(life, 0):
            self.settled[life] = settled
            self._release_holds(node, epoch, settled)
        return [(source, "on_acked", (epoch, acked, 0, self.hubs[self.store_of[node]]))]

    def close_purses(self, node: int, now: int) -> list[Message]:
        """Tell a register to take no purse that ended before `now`, when one here did."""
        store = self.store_of[node]
        life = (node, self.lives[node])
        floor = self.floors.get(life, 0)
        ended = [
            purse.shown.not_after
            for purse in self.purses.values()
            if store in purse.shown.stores and floor < purse.shown.not_after < now
        ]
        if not ended:
            return []
        acked = self.applied.get(life, 0)
        return [(node, "on_acked", (life[1], acked, max(ended), self.hubs[store]))]

    def _apply(self, life: tuple[int, int], start: int, facts: tuple[Fact, ...]) -> int:
        applied = self.applied.get(life, 0)
        for seq, fact in enumerate(facts, start):
            if seq == applied + 1:
                self._post(life, fact)
                applied = self.applied[life] = seq
        return applied

    def _post(self, life: tuple[int, int], fact: Fact) -> None:
        if fact[0] == "burn":
            self._burn(*fact[1:5])
        elif fact[0] == "release":
            self._release(*fact[1:])
        elif fact[0] == "count":
            if not self.counters.post(life, *fact[1:]):
                self.posted_twice.append(fact[1])
        elif fact[0] == "uncount":
            self.counters.give_back(life, *fact[1:])
        else:
            self.floors[life] = max(fact[1], self.floors.get(life, 0))
            self._close_what_is_over()

    def _burn(
        self, sale: int, auth: AuthId, member: int, parts: tuple[tuple[str, str, int], ...]
    ) -> None:
        if sale in self.sales:
            self.posted_twice.append(sale)
        self.sales[sale] = sum(points for _, _, points in parts)
        for layer, ref, points in parts:
            if layer == "purse":
                self.taken[int(ref)] = self.taken.get(int(ref), 0) + points
            place: Place = (layer, int(ref)) if ref else ("hold", auth)
            there = 0 if layer == "cache" else min(points, self.balance(member, place))
            if there:
                self.move(member, place, REDEEMED, there)
            self._burn_rest(member, layer, points - there)
        self._unhold(auth)

    def _burn_rest(self, member: int, layer: str, points: int) -> None:
        """The goods are gone: what its place is short of comes from the rest, then as overdraft."""
        there = min(points, self.balance(member))
        if there:
            self.move(member, AVAILABLE, REDEEMED, there)
        if points > there:
            self.move(member, OVERDRAFT, REDEEMED, points - there)
            self.overdrawn[layer] += points - there

    # --- purses -------------------------------------------------------------------------------

    def issue(self, member: int, stores: tuple[int, ...], now: int) -> ShownPurse | None:
        """A purse for the member's page; while one is open, the same serial for longer."""
        life = self.policy.purse_life_min
        for serial, purse in self.purses.items():
            if purse.member == member:
                old = purse.shown
                purse.shown = ShownPurse(serial, old.value, now, now + life, old.stores)
                return purse.shown
        value = purse_value(self.policy, self.balance(member))
        if not value or self.balance(member, OVERDRAFT):
            return None
        self.serial += 1
        self.move(member, AVAILABLE, ("purse", self.serial), value)
        shown = ShownPurse(self.serial, value, now, now + life, stores)
        self.purses[self.serial] = OpenPurse(member, shown)
        return shown

    def _close_what_is_over(self) -> None:
        for serial in list(self.purses):
            if self.may_close(serial):
                self._credit_purse(serial)

    def may_close(self, serial: int) -> bool:
        """Every life that could have taken it has logged that it never will again."""
        shown = self.purses[serial].shown
        return all(
            self.floors.get((node, epoch), 0) >= shown.not_after
            for store in shown.stores
            for node in self.tills[store]
            for epoch in range(1, self.lives[node] + 1)
            if self.ended.get((node, epoch), serial) >= serial
        )

    def _credit_purse(self, serial: int) -> None:
        purse = self.purses.pop(serial)
        self.taken.pop(serial, None)
        left = self.balance(purse.member, ("purse", serial))
        self.closed[serial] = left
        if left:
            self.move(purse.member, ("purse", serial), AVAILABLE, left)
            self._repay(purse.member)

    # --- lives --------------------------------------------------------------------------------

    def on_life_wanted(self, source: int, node: int, nonce: int) -> list[Message]:
        """A register whose disk is older than its own past gets a new life; a stranger none."""
        if source != node:
            return []
        epoch = self.nonces.get((node, nonce))
        if epoch is None:
            self.ended[node, self.lives[node]] = self.serial
            epoch = self.nonces[node, nonce] = self.lives[node] = self.lives[node] + 1
        return [(source, "on_life", (nonce, epoch))]
