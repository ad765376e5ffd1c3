"""A gift card and the offers that did not act, as the cashier's screen shows them."""

from __future__ import annotations

from pydantic import BaseModel

from edge_agent.promotion_views import Names
from edge_agent.sentences import Language
from loyalty.promotions.explain import explain
from loyalty.quote import Quote

MOST_OFFERS = 40


class GiftCardView(BaseModel):
    """A gift card that was scanned: what lies on it here, what it pays of the open sale, and what
    is left to pay then, in cash after rounding. `number` rises with each scan."""

    number: int
    reference: str
    masked: str
    left_minor: int
    pays_minor: int
    rest_minor: int
    rest_cash_minor: int


class OfferView(BaseModel):
    """An offer that did not act on the sale: its name, the stable reason, and why as a sentence."""

    promotion_id: str
    name: str
    reason: str
    why: str


def offer_views(quote: Quote, language: Language, names: Names) -> list[OfferView]:
    """The offers that did not act, in the order of the rules; nearest first where one is near.

    `names` are the promotions' names in this language."""
    idle = [trace for trace in quote.traces if trace.status != "fired"]
    idle.sort(key=lambda trace: not trace.hint)
    return [
        OfferView(
            promotion_id=trace.promotion_id,
            name=names.get(trace.promotion_id) or trace.name,
            reason=trace.reason,
            why=explain(trace, language, names),
        )
        for trace in idle[:MOST_OFFERS]
    ]
