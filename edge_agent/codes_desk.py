"""Coupons, gift cards and the reasons of offers, as the cashier's screen asks for them."""

from __future__ import annotations

from edge_agent.codes_views import GiftCardView, OfferView, offer_views
from edge_agent.desk import Desk
from edge_agent.errors import AgentError, Conflict
from edge_agent.identification import Identified
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.store import Store
from edge_agent.promotion_views import names_in
from edge_agent.sentences import sentence
from edge_agent.till import Till
from edge_agent.usecases.drafts import known_row, load_draft, requote
from edge_agent.usecases.surroundings import needs_of
from edge_agent.views import SaleView
from loyalty.errors import LoyaltyError
from loyalty.money import round_cash
from loyalty.promotions.conditions import CodeEntered
from loyalty.quote import Quote

GIFT_CARD = "gift_card_unsupported"
"""The reason by which a classifier tells a gift card from an unknown code."""


class CodesDesk:
    """What a coupon or a gift card does to the open sale; any thread may call."""

    def __init__(self, desk: Desk, till: Till, ledger: Ledger) -> None:
        self._desk = desk
        self._till = till
        self._ledger = ledger
        self._cards = 0

    def meant(self, found: Identified, text: str) -> Identified:
        """What a scan that is nobody's means here: a code that a promotion in force asks for, a
        gift card that the screen's own sale may be paid with, or what it was."""
        code = (found.code or text).strip().upper()
        if code in needs_of(self._till.context().rules).codes:
            return Identified("code", "code:****", code=code)
        sale = self._desk.own_sale()
        if found.reason == GIFT_CARD and sale is not None and sale.lines:
            return Identified("gift_card", found.masked, code=found.code, reason=found.reason)
        return found

    def came(self, found: Identified) -> None:
        """Act on it: apply the coupon, or let the screen ask about the card; else say why not."""
        try:
            if found.kind == "gift_card":
                self._desk.gift_card = self.gift_card(found.code)
            else:
                self.coupon(found.code)
        except (AgentError, LoyaltyError) as error:
            self._desk.notify("warn", error.code)
        self._desk.push()

    def coupon(self, code: str) -> SaleView:
        """Apply a coupon to the open sale, and say whether an offer acts by it already.

        Raises `Conflict`: `code_needs_sale`, `coupon_used`, `coupon_unsupported`."""
        sale_id = self._desk.open_sale_id()
        if not sale_id:
            raise Conflict("code_needs_sale", "no sale is open")
        view = self._till.apply_coupon(sale_id, code)
        why = self._why_not_yet(view, code)
        if why:
            text = sentence("code_waits", self._desk.language(), name=why)
            self._desk.notify("warn", "code_waits", text)
        else:
            self._desk.notify("info", "code_added")
        return view

    def gift_card(self, reference: str) -> GiftCardView:
        """What of the screen's own sale a gift card pays, and what is left to pay then.

        Raises `Conflict`: `gift_card_unsupported` where the programme leaves its balance to the
        till, `gift_card_empty`, `not_panel_sale`."""
        sale = self._desk.own_sale()
        if sale is None:
            raise Conflict("not_panel_sale", "no sale of the screen is open")
        here = self._till.gift_card(reference, sale.payable_minor)
        if not here.is_counted:
            raise Conflict(GIFT_CARD, "the programme leaves this card's balance to the till")
        pays = min(here.left_minor, sale.payable_minor)
        if pays <= 0:
            raise Conflict("gift_card_empty", "nothing of this gift card lies here")
        rest = sale.payable_minor - pays
        self._cards += 1
        return GiftCardView(
            number=self._cards,
            reference=reference,
            masked=f"…{reference[-4:]}",
            left_minor=here.left_minor,
            pays_minor=pays,
            rest_minor=rest,
            rest_cash_minor=round_cash(rest, self._till.who.cash_step_minor),
        )

    def offers(self, sale_id: str) -> list[OfferView]:
        """Every offer that does not act on an open sale, and why; nothing is written."""
        ctx = self._till.context()

        def read(uow: Store) -> Quote | None:
            return requote(uow, ctx, load_draft(known_row(uow, sale_id).draft)).quote

        quote = self._ledger.unit(read, durable=False)
        if quote is None:
            return []
        language = self._desk.language()
        return offer_views(quote, language, names_in(ctx.rules, language))

    def _why_not_yet(self, view: SaleView, code: str) -> str:
        """Why no offer that asks for the code acts; "" when one does."""
        asking = {
            item.promotion.promotion_id
            for item in self._till.context().rules.promotions
            for condition in item.promotion.conditions
            if isinstance(condition, CodeEntered) and code in condition.codes
        }
        idle = {each.promotion_id: each.why for each in self.offers(view.sale_id)}
        return idle[min(asking)] if asking and asking <= set(idle) else ""
