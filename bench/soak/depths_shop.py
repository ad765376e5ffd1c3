"""The pure centre of a shop: `loyalty.protocol.centre` with what a shop does beside redeeming.

It also earns, voids and takes goods back, and tops up a lease when a member shops, as the product
does. A lease is held by one life of a register.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.soak.depths_plan import EARNED_POINTS, LEAST_POINTS, OPENING_POINTS, SHARE_BP, Size
from loyalty.authorisation.policy import Policy
from loyalty.protocol import AuthId
from loyalty.protocol.centre import AVAILABLE, ISSUED, OVERDRAFT, REDEEMED, Centre
from loyalty.protocol.log import Fact

PENDING = "pending"
POLICY = Policy(
    lease_home_bp=SHARE_BP,
    lease_second_bp=0,
    lease_least_points=LEAST_POINTS,
    purse_max_points=0,
    cache_budget_points=0,
)


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
            self._sale(life[0], *fact[1:])
        elif kind == "void":
            self._undo(fact[1], "voided")
        elif kind == "return":
            self.returns[fact[1]] = fact[2]
            if not fact[3]:
                self._undo(fact[2], "returned")
        elif kind == "printed":
            self._printed(fact[1])

    def _sale(
        self,
        till: int,
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
        self.grant(member, till, 0)

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
