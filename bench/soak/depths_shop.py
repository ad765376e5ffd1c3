"""The pure centre of a shop: `loyalty.protocol.centre` with what a shop does beside redeeming.

It also earns, voids and takes goods back. Leases follow where members shop, as the product's do: a
visit tops up the store's lease, and what another store holds over its share is asked back. A lease
is held by one life of a register.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.soak.depths_plan import EARNED_POINTS, OPENING_POINTS, Size, store_name
from loyalty.authorisation.policy import Policy, lease_value
from loyalty.protocol import AuthId
from loyalty.protocol.centre import AVAILABLE, ISSUED, OVERDRAFT, REDEEMED, Centre
from loyalty.protocol.log import Fact

PENDING = "pending"
POLICY = Policy(purse_max_points=0, cache_budget_points=0)
VISITS_KEPT = 64
Lease = tuple[int, int]
"""Holder and member."""


def lease_name(holder: int, member: int) -> str:
    """The lease's id on the wire, without a number behind it."""
    return f"R{holder // 1_000}.{holder % 1_000}.{member}"


@dataclass(slots=True)
class SaleBook:
    """A sale as the centre keeps it."""

    member: int
    redeemed: int
    earned: int
    state: str = "open"
    is_pending: bool = False


class ShopCentre(Centre):
    """The centre; a lease is held by one life of a register."""

    def __init__(self, size: Size) -> None:
        super().__init__(POLICY, {till: (till,) for till in range(1, size.stores + 1)})
        self.hubs = {till: self.holder(till, 1) for till in self.tills}
        self.book: dict[int, SaleBook] = {}
        self.returns: dict[int, int] = {}
        self.visits: dict[int, dict[int, int]] = {}
        self.home: dict[int, int] = {}
        self.recalls: dict[Lease, tuple[str, int]] = {}
        self.now = 0
        for member in range(1, size.members + 1):
            self.accrue(member, OPENING_POINTS)

    @staticmethod
    def holder(till: int, epoch: int) -> int:
        """The node of a lease's holder."""
        return till * 1_000 + epoch

    def new_life(self, till: int) -> int:
        """The register was enrolled anew: what the old life holds stays debited."""
        epoch = self.lives[till] = self.lives[till] + 1
        self.hubs[till] = self.holder(till, epoch)
        return epoch

    def on_void(self, auth: AuthId) -> None:
        """The sale will not come; an authorisation that is still under way holds nothing."""
        self.answered.setdefault(auth, 0)
        self._unhold(auth)

    def _post(self, life: tuple[int, int], fact: Fact) -> None:
        kind = fact[0]
        if kind == "sale":
            self._sale(life, *fact[1:])
        elif kind == "void":
            self._undo(fact[1], "voided")
        elif kind == "return":
            self.returns[fact[1]] = fact[2]
            if not fact[3]:
                self._undo(fact[2], "returned")
        elif kind == "printed":
            self._printed(fact[1])
        elif kind == "returned":
            self._returned(*fact[1:])

    def _sale(
        self,
        life: tuple[int, int],
        sale: int,
        auth: AuthId | None,
        member: int | None,
        parts: tuple[tuple[str, str, int], ...],
        is_pending: bool,
    ) -> None:
        if member is None:
            return
        if auth is not None:
            self._burn(sale, auth, member, parts)
        else:
            self.posted_twice += [sale] if sale in self.sales else []
            self.sales[sale] = 0
        self.book[sale] = SaleBook(member, self.sales[sale], EARNED_POINTS, "open", is_pending)
        if is_pending:
            self.move(member, ISSUED, PENDING, EARNED_POINTS)
            self._repay(member)
        else:
            self.accrue(member, EARNED_POINTS)
        self._visit(member, life[0])
        seq = self.applied.get(life, 0) + 1
        self._ensure(member, life[0], f"{life[0]}.{life[1]}.{seq}")

    # --- leases -------------------------------------------------------------------------------

    def _visit(self, member: int, store: int) -> None:
        self.home.setdefault(member, store)
        visits = self.visits.setdefault(member, {})
        visits[store] = visits.get(store, 0) + 1
        if sum(visits.values()) >= VISITS_KEPT:
            halved = {each: count // 2 for each, count in visits.items()}
            self.visits[member] = {each: count for each, count in halved.items() if count}

    def rank(self, member: int, store: int) -> int:
        """0 for the store with most visits, 1 for the second."""
        visits = self.visits.get(member, {})
        home = self.home.get(member)
        order = sorted(visits, key=lambda s: (-visits[s], s != home, store_name(s)))
        return order.index(store) if store in visits else len(order)

    def lent(self, member: int) -> dict[int, int]:
        """What each holder has of the member's points."""
        places = self.books[member].items()
        return {place[1]: p for place, p in places if place[0] == "lease" and p}

    def _ensure(self, member: int, store: int, cause: str) -> None:
        if self.balance(member, OVERDRAFT):
            return
        lent = self.lent(member)
        holder, available = self.hubs[store], self.balance(member)
        total = available + sum(lent.values())
        share = lease_value(self.policy, total, self.rank(member, store))
        held = lent.get(holder, 0)
        more = min(share - held, available)
        if more >= self.policy.lease_least_points:
            self.move(member, AVAILABLE, ("lease", holder), more)
            self.granted[holder, member] = self.granted.get((holder, member), 0) + more
            held += more
        if share - held >= self.policy.lease_least_points:
            self._ask_surplus_back(member, store, share - held, total, f"move:{cause}")

    def _ask_surplus_back(
        self, member: int, store: int, short: int, total: int, cause: str
    ) -> None:
        """Other stores, in the order of their names, give up what is over their shares."""
        holders = [holder for holder, m in self.granted if m == member]
        others = {holder // 1_000 for holder in holders} - {store}
        for other in sorted(others, key=store_name):
            own = {h: self.balance(member, ("lease", h)) for h in holders if h // 1_000 == other}
            share = lease_value(self.policy, total, self.rank(member, other))
            surplus = min(short, sum(own.values()) - share)
            if surplus >= self.policy.lease_least_points:
                self._ask_back(member, own, surplus, cause)

    def _ask_back(self, member: int, own: dict[int, int], points: int, cause: str) -> None:
        for holder in sorted(own, key=lambda h: (-own[h], lease_name(h, member))):
            part = min(points, own[holder])
            if part > 0 and (holder, member) not in self.recalls:
                self.recalls[holder, member] = (cause, part)
                points -= part

    def _returned(self, holder: int, member: int, points: int, recall_id: str) -> None:
        points = min(points, self.balance(member, ("lease", holder)))
        if points:
            self._release(holder, member, points)
        if self.recalls.get((holder, member), ("", 0))[0] == recall_id:
            del self.recalls[holder, member]

    # --- after the sale -----------------------------------------------------------------------

    def _printed(self, subject: int) -> None:
        sale = self.book.get(subject)
        if sale is not None and sale.is_pending and sale.state == "open":
            self.move(sale.member, PENDING, AVAILABLE, sale.earned)
            sale.is_pending = False
            self._repay(sale.member)
        elif subject in self.returns:
            self._undo(self.returns[subject], "returned")

    def _undo(self, number: int, state: str) -> None:
        sale = self.book.get(number)
        if sale is None or sale.state != "open":
            return
        sale.state = state
        if sale.redeemed:
            self.move(sale.member, REDEEMED, AVAILABLE, sale.redeemed)
        if sale.is_pending:
            self.move(sale.member, PENDING, ISSUED, sale.earned)
        else:
            there = min(sale.earned, self.balance(sale.member))
            for place, points in ((AVAILABLE, there), (OVERDRAFT, sale.earned - there)):
                if points:
                    self.move(sale.member, place, ISSUED, points)
        self._repay(sale.member)
