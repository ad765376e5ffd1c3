"""Before a sale: what it could use and this register was not lent is asked for at the centre.

The question stands between transactions. Without an answer the sale goes on with what is here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edge_agent.centre_gate import CentreGate
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.store import Store
from edge_agent.usecases import apply_codes
from edge_agent.usecases.context import RegisterContext
from loyalty.basket import Tender
from sync.contract.counters import CounterRequest, CounterWish

Wishes = Callable[[Store, RegisterContext], Sequence[CounterWish]]


class CountedRights:
    """The questions of one register; `context` is built anew for each."""

    def __init__(
        self, ledger: Ledger, gate: CentreGate, context: Callable[[], RegisterContext]
    ) -> None:
        self._ledger = ledger
        self._gate = gate
        self._context = context

    def for_member(self, sale_id: str) -> bool:
        """Coupons and limits of an open sale's member; True when the sale is to be priced anew."""
        return self._ask(lambda uow, ctx: apply_codes.wishes_of(uow, ctx, sale_id))

    def for_coupon(self, code: str) -> bool:
        """A coupon that was scanned."""
        return self._ask(lambda uow, ctx: apply_codes.wishes_of_coupon(uow, ctx, code))

    def for_cards(self, tenders: tuple[Tender, ...]) -> bool:
        """Gift cards that are about to pay."""
        if not any(tender.kind == "gift_card" for tender in tenders):
            return False
        return self._ask(lambda uow, ctx: apply_codes.wishes_of_cards(uow, ctx, tenders))

    def _ask(self, wishes_of: Wishes) -> bool:
        ctx = self._context()
        if not ctx.is_online:
            return False
        wishes = self._ledger.unit(lambda uow: wishes_of(uow, ctx), durable=False)
        return bool(wishes) and self._gate.ask_counters(CounterRequest(wishes=list(wishes)))
