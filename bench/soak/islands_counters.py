"""Countable rights of a register at two depths: the pure part, and gift cards on `ledger.db`.

Every counter of the pure machines is a gift card at the product's register, a unit is a kopeck: a
sale that takes units is paid with the cards, by the product's use cases and in one transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.soak.islands_hub import auth_id_of, name_of
from edge_agent.errors import Conflict
from edge_agent.usecases.commit_sale import Confirm, Repriced, commit_sale
from edge_agent.usecases.open_sale import OpenSale, cancel_sale, open_sale
from edge_agent.usecases.return_rights import return_counters
from loyalty.basket import Basket, LineItem, Tender
from loyalty.protocol import Message
from loyalty.protocol.counters import Wants
from loyalty.protocol.register import Register
from sync.contract.rights import FeedCounterLease

if TYPE_CHECKING:
    from bench.soak.islands_till import TillOnDisk

PRICE_MINOR = 1_000_000
BASKET = Basket((LineItem("1", "1", "Хліб", 1_000, PRICE_MINOR, PRICE_MINOR),))
FIRST_SALE = 2**40
"""Sales with counted uses have numbers of their own."""


def counter_row(
    register: Register, key: int, *, recall: int = 0, units: int = 0
) -> FeedCounterLease:
    """What the feed would have told the register of its part."""
    name, epoch = name_of(register.node), register.disk.epoch
    return FeedCounterLease(
        counter_id=f"{name}.{epoch}.0.gift_card:{key}:",
        kind="gift_card",
        key=str(key),
        unit="minor",
        register_id=name,
        epoch=epoch,
        granted_units=register.disk.counters.granted.get(key, 0),
        state="open",
        recall_id=str(recall or ""),
        recall_units=units,
    )


class CountedTill:
    """The use cases about countable rights on one register's file."""

    def __init__(self, till: TillOnDisk) -> None:
        self._till = till

    def ring(self, sale: int) -> None:
        """A sale is opened and priced; nothing is taken for it yet."""
        ctx, command = self._till.context(), OpenSale(_id(sale), BASKET)
        self._till.ledger.unit(lambda uow: open_sale(uow, ctx, command), durable=False)

    def pay(self, sale: int, wants: Wants) -> bool:
        """Paid with the cards; False when one of them is short here, and the buyer leaves."""
        ledger, ctx = self._till.ledger, self._till.context()
        cards = tuple(Tender("gift_card", units, str(key)) for key, units in wants)
        rest = PRICE_MINOR - sum(units for _, units in wants)
        draft = ledger.unit(lambda uow: open_sale(uow, ctx, OpenSale(_id(sale))), durable=False)
        tenders = (*cards, Tender("card", rest))
        command = Confirm(_id(sale), draft.quote_id, draft.basket_hash, tenders, _id(sale))
        try:
            result = ledger.unit(lambda uow: commit_sale(uow, ctx, command))
        except Conflict as refused:
            if refused.code != "gift_card_short":
                raise
            ledger.unit(lambda uow: cancel_sale(uow, ctx, _id(sale)), durable=False)
            return False
        return not isinstance(result, Repriced)

    def give_back(self, row: FeedCounterLease) -> int:
        """Answer a recall; the units given back."""
        ledger, ctx = self._till.ledger, self._till.context()
        before = ledger.unit(lambda uow: uow.counter_spent(row.counter_id), durable=False)
        ledger.unit(lambda uow: return_counters(uow, ctx, [row]))
        after = ledger.unit(lambda uow: uow.counter_spent(row.counter_id), durable=False)
        return after - before


def _id(sale: int) -> str:
    return auth_id_of((0, 0, FIRST_SALE + sale))


class TwinCounters(Register):
    """Both depths are told the same of counters, take the same and give back the same."""

    till: TillOnDisk

    if TYPE_CHECKING:

        def _same(self, what: str, pure: Any, real: Any) -> None: ...

    def ring(self, sale: int, wants: Wants) -> list[Message]:
        """Priced by both."""
        out = super().ring(sale, wants)
        if sale in self.rung:
            CountedTill(self.till).ring(sale)
        return out

    def pay(self, sale: int) -> list[Message]:
        """Taken by both, or refused by both."""
        wants = self.rung.get(sale, ())
        real = bool(wants) and CountedTill(self.till).pay(sale, wants)
        out = super().pay(sale)
        self._same(f"counted sale {sale} of {wants}", bool(out), real)
        self._same("head", self.disk.log.head, self.till.head)
        return out

    def on_counter_recall(
        self, source: int, epoch: int, key: int, recall: int, units: int
    ) -> list[Message]:
        """Given back by both."""
        row = counter_row(self, key, recall=recall, units=units)
        out = super().on_counter_recall(source, epoch, key, recall, units)
        if out:
            given = CountedTill(self.till).give_back(row)
            self._same(f"units of {key} given back", out[0][2][2], given)
        return out
