"""The till: runs the use cases of this register in order and shows what came of them.

Every method blocks and may be called from any thread; transactions are ordered by the ledger
thread. The steps that talk to the centre stand between transactions, never inside one.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from edge_agent.centre_gate import CentreGate
from edge_agent.clock import Clock
from edge_agent.counted_rights import CountedRights
from edge_agent.errors import NotFound
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.head_guard import HeadGuard
from edge_agent.hub.port import NoHub, StoreHub
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.store import Store
from edge_agent.member_views import MemberCard
from edge_agent.papers import Papers
from edge_agent.ports import MemberIndex
from edge_agent.redeeming import Redeeming
from edge_agent.sale_shown import SaleShown
from edge_agent.sentences import Language
from edge_agent.till_identity import Rules, TillIdentity
from edge_agent.usecases import open_sale as opening
from edge_agent.usecases import record_print as paper
from edge_agent.usecases.apply_codes import GiftCardHere, apply_coupon, gift_card_here
from edge_agent.usecases.commit_sale import Confirm, Repriced, commit_sale
from edge_agent.usecases.context import RegisterContext
from edge_agent.usecases.drafts import Draft, Identification, known_row, load_draft
from edge_agent.usecases.one_look import OneLook
from edge_agent.usecases.return_rights import AskedBack, give_back_rights
from edge_agent.usecases.return_sale import ReturnSale, return_sale
from edge_agent.usecases.sold_sale import Told
from edge_agent.views import SaleView
from loyalty.basket import Basket, Tender, TenderKind
from loyalty.errors import InvalidTenders
from loyalty.member import Member
from loyalty.promotions.memory import Memory
from loyalty.stamps import marked

OPEN_SALE_HOLDS_RULES = timedelta(minutes=15)


class Till:
    """The register's verbs for the API, the panel and the devices."""

    def __init__(
        self,
        who: TillIdentity,
        ledger: Ledger,
        members: MemberIndex,
        clock: Clock,
        gate: CentreGate,
        rules: Rules,
        balance_as_of: Callable[[], str],
        guard: HeadGuard,
    ) -> None:
        self.who = who
        self._ledger = ledger
        self._members = members
        self._clock = clock
        self._gate = gate
        self._rules = rules
        self._balance_as_of = balance_as_of
        self._guard = guard
        self._shown = SaleShown(who, members)
        self.papers = Papers(ledger, self._shown, self)
        self._redeeming = Redeeming(ledger, gate, self.context)
        self._counted = CountedRights(ledger, gate, self.context)
        self._serial = 0
        self._memory = Memory()
        self.hub: StoreHub = NoHub()
        self.needs_stamp: Callable[[str], bool] = lambda _sku: False
        self.shift_since: Callable[[], tuple[int, int] | None] = lambda: None
        self.store_registers: Callable[[], int] = lambda: 0
        self.on_sale: Callable[[SaleView, int], None] = lambda _view, _serial: None
        self.screen_language: Callable[[], Language] = lambda: who.locale
        self.cashier: Callable[[], tuple[str, str]] = lambda: ("", "")
        self.on_fact: Callable[[], None] = lambda: None
        self.on_abandoned: Callable[[], None] = lambda: None
        self.on_job: Callable[[], None] = lambda: None

    @staticmethod
    def new_id() -> str:
        """A fresh id for a job or an authorisation."""
        return str(uuid.uuid4())

    def context(self) -> RegisterContext:
        """The surroundings of one use case, as they are now."""
        who = self.who
        cashier_id, cashier = self.cashier()
        return RegisterContext(
            register_id=who.register_id,
            store_id=who.store_id,
            store_name=who.store_name,
            epoch=who.epoch,
            clock=self._clock,
            members=OneLook(self._members),
            rules=self._rules.rules(),
            is_online=self._gate.is_online,
            balance_as_of=self._balance_as_of(),
            locale=who.locale,
            cash_step_minor=who.cash_step_minor,
            prints=who.prints,
            cashier=cashier or who.cashier,
            cashier_id=cashier_id,
            agent_version=who.agent_version,
            store_format=who.store_format,
            channel=who.channel,
            is_head_confirmed=self._guard.is_confirmed,
            is_chain_outage=self._gate.is_chain_outage,
            store_registers=self.store_registers(),
            hub=self.hub,
            memory=self._memory,
        )

    # --- an open sale -----------------------------------------------------------------------

    def open(self, command: opening.OpenSale) -> SaleView:
        """Open a sale; new rules become active here, between receipts."""
        self.activate_rules()
        command = replace(command, basket=marked(command.basket, self.needs_stamp))
        view = self.step(command.sale_id, lambda uow, ctx: opening.open_sale(uow, ctx, command))
        return self._with_rights(view) if command.member is not None else view

    def activate_rules(self) -> None:
        """Let new rules in, unless a receipt touched in the last quarter of an hour is open."""
        open_sale = self._ledger.unit(lambda uow: uow.latest_open_sale(), durable=False)
        moment = self._clock.now() - OPEN_SALE_HOLDS_RULES
        since = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        if open_sale is None or open_sale.touched_at < since:
            self._rules.activate_rules()

    def show_latest_open(self) -> None:
        """Show the open sale touched last, if there is one."""
        row = self._ledger.unit(lambda uow: uow.latest_open_sale(), durable=False)
        if row is not None:
            self._show(row.sale_id)

    def put_basket(self, sale_id: str, basket: Basket) -> SaleView:
        """Replace the basket and price it."""
        basket = marked(basket, self.needs_stamp)
        return self.step(sale_id, lambda uow, ctx: opening.put_basket(uow, ctx, sale_id, basket))

    def put_codes(self, sale_id: str, codes: tuple[str, ...]) -> SaleView:
        """Set the codes entered for a sale and price it."""
        return self.step(sale_id, lambda uow, ctx: opening.put_codes(uow, ctx, sale_id, codes))

    def put_tenders(
        self, sale_id: str, kinds: tuple[TenderKind, ...], gift_card_minor: int
    ) -> SaleView:
        """Set how the buyer means to pay and price the sale for it."""
        return self.step(
            sale_id,
            lambda uow, ctx: opening.put_tenders(uow, ctx, sale_id, kinds, gift_card_minor),
        )

    def put_member(
        self, sale_id: str, member: Member | None, how: Identification | None, asks: bool = False
    ) -> SaleView:
        """Set or remove the member of an open sale."""
        view = self.step(
            sale_id, lambda uow, ctx: opening.put_member(uow, ctx, sale_id, member, how, asks=asks)
        )
        return self._with_rights(view) if member is not None else view

    def _with_rights(self, view: SaleView) -> SaleView:
        """The sale priced anew when the member's coupons or limits were lent here just now."""
        sale_id = view.sale_id
        if not self._counted.for_member(sale_id):
            return view
        return self.step(sale_id, lambda uow, ctx: opening.resume_sale(uow, ctx, sale_id))

    def apply_coupon(self, sale_id: str, code: str) -> SaleView:
        """Enter a coupon that was scanned; online what is short here is lent first."""
        self._counted.for_coupon(code)
        return self.step(sale_id, lambda uow, ctx: apply_coupon(uow, ctx, sale_id, code))

    def gift_card(self, reference: str, wanted_minor: int) -> GiftCardHere:
        """What a gift card may pay here of `wanted_minor` kopecks, before it is a tender."""
        ctx = self.context()
        self._counted.for_cards((Tender("gift_card", wanted_minor, reference),))
        return self._ledger.unit(lambda uow: gift_card_here(uow, ctx, reference), durable=False)

    def park(self, sale_id: str, note: str) -> SaleView:
        """Put an open sale aside; what it was promised is given back."""
        given_up: list[str] = []

        def step(uow: Store, ctx: RegisterContext) -> Draft:
            draft, auth_id = opening.park_sale(uow, ctx, sale_id, note)
            given_up.append(auth_id)
            return draft

        view = self.step(sale_id, step)
        self._gate.void(given_up[0])
        return view

    def redeem(self, sale_id: str, points: int | None) -> SaleView:
        """Decide a redemption: the id is on disk before anybody is asked under it."""
        asked = self._redeeming.ask(sale_id, points, self.new_id())
        if asked is None:
            return self._show(sale_id)
        reply, decide = asked
        view = self.step(sale_id, decide)
        emit(
            Event.REDEMPTION_DECIDED,
            sale_id=sale_id,
            answered=reply is not None,
            layer=view.redeem.layer,
            points=view.redeem.redeemed_points,
            reason=view.redeem.reason,
        )
        return view

    def answer_centre(self, rights: AskedBack) -> None:
        """Give back what the centre's rows ask for."""
        ctx = self.context()
        for lease in rights.leases:
            if ctx.hub.lends(lease.lease_id):
                ctx.hub.borrow(lease.member_id, lease.recall_points)
        facts = self._ledger.unit(lambda uow: give_back_rights(uow, ctx, rights))
        if facts:
            # An image from before would spend again what is given back here.
            self._guard.keep()
            emit(Event.LEASES_RETURNED, facts=facts)
            self.on_fact()

    def cancel(self, sale_id: str) -> SaleView:
        """Close an open sale without a trace; its hold is given back."""
        ctx = self.context()
        auth_id = self._ledger.unit(lambda uow: opening.cancel_sale(uow, ctx, sale_id))
        self._gate.void(auth_id)
        return self._show(sale_id)

    def close_abandoned(self) -> None:
        """Close what was forgotten open."""
        ctx = self.context()
        holds, closed = self._ledger.unit(lambda uow: opening.close_abandoned(uow, ctx))
        for auth_id in holds:
            self._gate.void(auth_id)
        if closed:
            self.on_abandoned()

    # --- a closed sale ----------------------------------------------------------------------

    def confirm(
        self, sale_id: str, quote_id: str, basket_hash: str, tenders: tuple[Tender, ...]
    ) -> SaleView:
        """Commit: when this returns, the sale is on disk and its paper is queued."""
        self._counted.for_cards(tenders)
        ctx = self.context()
        command = Confirm(sale_id, quote_id, basket_hash, tenders, self.new_id())
        try:
            result = self._ledger.unit(lambda uow: commit_sale(uow, ctx, command))
        except InvalidTenders as error:
            if error.code == "underpaid":
                has_cash = any(each.kind == "cash" for each in tenders)
                emit(Event.SALE_UNDERPAID, sale_id=sale_id, has_cash=has_cash, problem=str(error))
            raise
        if isinstance(result, Repriced):
            self._show(sale_id)
            raise result.conflict()
        if result.get("spends_rights"):
            self._guard.keep()
        emit(
            Event.SALE_COMMITTED,
            sale_id=sale_id,
            payable_minor=result["payable_minor"],
            layer=result["layer"],
        )
        self.on_fact()
        self.on_job()
        return self._show(sale_id)

    def void(self, sale_id: str, reason: str) -> SaleView:
        """Undo a sale whose paper did not come out."""
        ctx = self.context()
        voided = self._ledger.unit(lambda uow: paper.void_sale(uow, ctx, sale_id, reason))
        emit(Event.SALE_VOIDED, sale_id=voided)
        self.on_fact()
        return self._show(voided)

    def give_back(self, command: ReturnSale, told: Told | None = None) -> dict[str, Any]:
        """Return a sale or a part of it; `told` is what the centre knows of it."""
        ctx = self.context()
        result = self._ledger.unit(lambda uow: return_sale(uow, ctx, command, told))
        emit(Event.SALE_RETURNED, sale_id=command.sale_id, refund_minor=result["refund_minor"])
        self.on_fact()
        self.on_job()
        with suppress(NotFound):
            # Another register's sale is not shown here.
            self._show(command.sale_id)
        return result

    # --- showing ----------------------------------------------------------------------------

    def show_again(self, sale_id: str) -> SaleView:
        """Show a sale afresh: what it is built from may have changed."""
        return self._show(sale_id)

    def status(self, sale_id: str) -> SaleView:
        """The answer to a lost reply: the sale as it stands."""
        return self._ledger.unit(
            lambda uow: self._shown.view(uow, self.context(), sale_id), durable=False
        )

    def basket_of(self, sale_id: str) -> Basket:
        """The lines of a sale as they were put."""
        return self._ledger.unit(
            lambda uow: load_draft(known_row(uow, sale_id).draft).basket, durable=False
        )

    def card(self, member: Member, how: Identification | None) -> MemberCard:
        """The member's card outside of a sale."""
        ctx = self.context()
        return self._ledger.unit(lambda uow: self._shown.card(uow, ctx, member, how), durable=False)

    def step(self, sale_id: str, step: Callable[[Store, RegisterContext], Draft]) -> SaleView:
        """Change a draft in one transaction and show what came of it."""
        ctx = self.context()
        return self._told(sale_id, lambda uow: (ctx, step(uow, ctx)))

    def _show(self, sale_id: str) -> SaleView:
        return self._told(sale_id, lambda _uow: (self.context(), None))

    def _told(
        self, sale_id: str, work: Callable[[Store], tuple[RegisterContext, Draft | None]]
    ) -> SaleView:
        """Show the screen what came of it, in its language; the answer is in the register's."""
        language = self.screen_language()

        def told(uow: Store) -> tuple[SaleView, SaleView, int]:
            ctx, draft = work(uow)
            view, seen = self._shown.both(uow, ctx, sale_id, language, draft)
            # On the ledger thread: a later number is a later truth, whoever shows it first.
            self._serial += 1
            return view, seen, self._serial

        view, seen, serial = self._ledger.unit(told, durable=False)
        self.on_sale(seen, serial)
        return view
