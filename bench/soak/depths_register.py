"""The pure register of a shop: `loyalty.protocol.register` with sales that stay open.

It keeps an open sale between its decision and its end, balances as they would be shown, and
answers what the centre asks back.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.soak.depths_plan import Order, Sold
from bench.soak.depths_shop import POLICY, ShopCentre
from loyalty.authorisation.conditions import b2_durable
from loyalty.authorisation.decision import Decision, decide
from loyalty.protocol import CENTRE, AuthId, Message
from loyalty.protocol.log import Fact
from loyalty.protocol.register import Pending, Register


@dataclass(slots=True)
class OpenSale:
    """A sale between its decision and its end; without one the answer never came."""

    pending: Pending
    decision: Decision | None = None


@dataclass(slots=True)
class Counter:
    """What a register keeps beside its rights: open and closed sales, effects on balances."""

    open: dict[int, OpenSale] = field(default_factory=dict)
    done: dict[int, tuple[int | None, int]] = field(default_factory=dict)
    spent: list[tuple[tuple[int, int], int, int]] = field(default_factory=list)
    """Fact, member, points that a balance from the centre does not hold before that fact."""
    applied: tuple[int, int] = (0, 0)
    denied: set[int] = field(default_factory=set)
    recalls: list[tuple[int, int, str, int]] = field(default_factory=list)
    """What the centre asks back: holder, member, recall, points."""
    answered: set[tuple[int, int, str]] = field(default_factory=set)
    questions: dict[tuple[int, int], int] = field(default_factory=dict)
    """By (epoch, number): 0 while open, else the fact that used it."""


class ShopRegister(Register):
    """A register that decides a redemption and commits the sale later, or never."""

    def __init__(self, till: int, prints: bool) -> None:
        super().__init__(till, till, ShopCentre.holder(till, 1), 0, POLICY)
        self.prints = prints
        self.counter = Counter()

    def _lease(self, member: int) -> tuple[int, int]:
        """What other open sales were promised is not there."""
        left = self.disk.lent.get((self.hub, member), 0) - self.disk.used.get((self.hub, member), 0)
        for sale in self.counter.open.values():
            if sale.decision is not None and sale.pending.member == member:
                left -= sum(p.points for p in sale.decision.parts if p.ref == str(self.hub))
        return self.hub, max(0, left)

    def crash(self, nonce: int) -> None:
        """The cache is on the disk here."""
        balances = self.balances
        super().crash(nonce)
        self.balances = balances

    def shown(self, member: int) -> int:
        """Cached balance less own spends that it does not hold yet."""
        counter = self.counter
        own = sum(p for fact, m, p in counter.spent if m == member and fact > counter.applied)
        return max(0, self.balances.get(member, 0) - own)

    def ask(self, order: Order, member: int) -> list[Message]:
        """Ask for points under an id; nothing else is being decided."""
        self.pending = None
        counter = self.counter
        wanted = 0 if member in counter.denied else min(order.wanted, self.shown(member))
        out = self.begin(order.sale, member, wanted, None, 0)
        assert self.pending is not None
        counter.open[order.sale] = OpenSale(self.pending)
        counter.questions[self.pending.auth[1:]] = 0
        return [each for each in out if each[0] == CENTRE and wanted and order.is_online]

    def finish(self, pending: Pending) -> list[Message]:
        """Decide; the lease's part is promised until the sale ends."""
        self.pending = None
        self.counter.open[pending.sale] = OpenSale(pending, decide(self._inputs(pending)))
        return []

    def commit(self, order: Order) -> Sold:
        """The sale with its redemption: one transaction, then the goods leave."""
        counter, disk = self.counter, self.disk
        open_ = counter.open.pop(order.sale, None)
        auth, parts, online, lease = None, (), 0, 0
        if open_ is not None and open_.decision is not None:
            auth = open_.pending.auth
            given = open_.decision.parts
            parts = tuple((p.layer, p.ref, p.points) for p in given)
            online = sum(p.points for p in given if p.layer == "online")
            lease = sum(p.points for p in given if p.layer == "lease")
            key = (self.hub, open_.pending.member)
            disk.used[key] = disk.used.get(key, 0) + lease
        seq = self.write(("sale", order.sale, auth, order.member, parts, self.prints))
        if auth is not None:
            counter.questions[auth[1:]] = seq
        if order.member is not None and online + lease:
            counter.spent.append(((disk.epoch, seq), order.member, online + lease))
        counter.done[order.sale] = (order.member, online + lease)
        b2_durable(seq, disk.log.head)
        return Sold("committed", online, lease)

    def write(self, fact: Fact) -> int:
        """One more fact on the disk, and the anchor beside it."""
        seq = self.disk.log.append(fact)
        self._note()
        return seq

    def drop(self, sale: int) -> AuthId | None:
        """An open sale ends without a fact, or asks again: its question is given up."""
        gone = self.counter.open.pop(sale, None)
        if gone is None:
            return None
        del self.counter.questions[gone.pending.auth[1:]]
        return gone.pending.auth

    def forget_question(self) -> None:
        """The last number was given on a disk that did not keep it."""
        self.disk.number -= 1
        self._note()

    def settled(self, seq: int) -> int:
        """With all facts up to `seq`, questions up to this number are answered or given up."""
        first = [
            number
            for (epoch, number), used in self.counter.questions.items()
            if epoch == self.disk.epoch and (not used or used > seq)
        ]
        return min(first) - 1 if first else self.disk.number

    def answer(self) -> None:
        """Give back what is asked, as far as it is left, once."""
        for holder, member, recall_id, points in self.counter.recalls:
            key = (holder, member, recall_id)
            if key not in self.counter.answered:
                back = min(points, self._lease(member)[1])
                self.disk.used[holder, member] = self.disk.used.get((holder, member), 0) + back
                self.write(("returned", holder, member, back, recall_id))
                self.counter.answered.add(key)

    def undo(self, fact: Fact, sale: int, earned: int) -> None:
        """A void or a return that counts."""
        member, spent = self.counter.done[sale]
        seq = self.write(fact)
        if member is not None:
            self.counter.spent.append(((self.disk.epoch, seq), member, earned - spent))
