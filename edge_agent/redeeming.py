"""A redemption from the first question to the decision, over centre, store hub and ledger.

The questions stand between transactions, never inside one; the id is on disk before it is sent.
"""

from __future__ import annotations

from collections.abc import Callable

from edge_agent.centre_gate import CentreGate
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.store import Store
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.drafts import Draft
from edge_agent.usecases.redeem_points import (
    Asked,
    IslandNeeds,
    ask_redemption,
    decide_redemption,
    island_needs,
)
from loyalty.authorisation.decision import Claimed
from sync.contract.live import AuthorisationReply, AuthorisationRequest

Step = Callable[[Store, RegisterContext], Draft]


class Redeeming:
    """The questions of one register; `context` is built anew for each step."""

    def __init__(
        self, ledger: Ledger, gate: CentreGate, context: Callable[[], RegisterContext]
    ) -> None:
        self._ledger = ledger
        self._gate = gate
        self._context = context

    def ask(
        self, sale_id: str, points: int | None, auth_id: str
    ) -> tuple[AuthorisationReply | None, Step] | None:
        """Put all questions; the centre's answer and the step that decides.

        None where there was nothing to ask: the draft is stored."""
        ctx = self._context()
        asked = self._ledger.unit(
            lambda uow: ask_redemption(uow, ctx, sale_id, points, auth_id),
            durable=ctx.is_online,
        )
        if not isinstance(asked, Asked):
            return None
        self._gate.void(asked.dropped_auth_id)
        # An id that is not on the disk is not sent, whatever came back meanwhile.
        reply = self._authorise(asked) if ctx.is_online and asked.points > 0 else None
        claimed = self._island(asked, reply)
        return reply, lambda uow, later: decide_redemption(uow, later, asked, reply, claimed)

    def _authorise(self, asked: Asked) -> AuthorisationReply | None:
        return self._gate.authorise(
            AuthorisationRequest(
                auth_id=asked.auth_id,
                sale_id=asked.sale_id,
                member_id=asked.member_id,
                points=asked.points,
                number=asked.number,
                purse_serial=asked.purse.serial,
                purse_points=asked.purse.points,
                purse_minute=asked.purse.minute,
                own_points=asked.purse.own_points,
            )
        )

    def _island(self, asked: Asked, reply: AuthorisationReply | None) -> Claimed | None:
        """What the store's hub lends and grants; None where the register grants itself."""
        ctx = self._context()
        if ctx.hub.island != "store" or asked.points <= 0:
            return None
        needs = self._needs(asked, reply)
        if needs.borrow_points > 0 and ctx.hub.borrow(asked.member_id, needs.borrow_points):
            needs = self._needs(asked, reply)
        return ctx.hub.claim(needs.claim) if needs.claim is not None else Claimed()

    def _needs(self, asked: Asked, reply: AuthorisationReply | None) -> IslandNeeds:
        ctx = self._context()
        return self._ledger.unit(lambda uow: island_needs(uow, ctx, asked, reply), durable=False)
