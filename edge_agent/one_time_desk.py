"""A one-time code for the member of an open sale: sent, asked for, and what a right one changes."""

from __future__ import annotations

from edge_agent.errors import Conflict
from edge_agent.one_time_codes import CodeState, OneTimeCodes
from edge_agent.sentences import sentence
from edge_agent.till import Till
from edge_agent.usecases.open_sale import strengthen
from edge_agent.views import SaleView


class OneTimeDesk:
    """The two calls of the local API; the code itself never leaves by an answer."""

    def __init__(self, till: Till, codes: OneTimeCodes) -> None:
        self._till = till
        self._codes = codes

    def ask(self, sale_id: str) -> tuple[CodeState, str]:
        """Send a code to the member of an open sale; the state and the cashier's sentence."""
        locale = self._till.who.locale
        state = self._codes.ask(sale_id, self._member(sale_id), locale)
        return state, sentence(state, locale)

    def check(self, sale_id: str, code: str) -> SaleView:
        """With a right code the member counts as identified by one. Raises `Conflict`."""
        state = self._codes.check(sale_id, self._member(sale_id), code)
        if state != "code_right":
            raise Conflict(state, sentence(state, "en"))
        return self._till.step(sale_id, lambda uow, ctx: strengthen(uow, ctx, sale_id))

    def _member(self, sale_id: str) -> int:
        view = self._till.status(sale_id)
        if view.state != "open":
            raise Conflict("sale_closed", f"sale {sale_id} is {view.state}")
        if view.member is None:
            raise Conflict("no_member", "a one-time code needs a member")
        return view.member.member_id
