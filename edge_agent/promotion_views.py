"""What promotions did to a sale, and why others did not: views of the engine's traces."""

from __future__ import annotations

from dataclasses import dataclass

from edge_agent.sentences import Locale
from edge_agent.usecases.drafts import Draft
from loyalty.promotions.engine import hints_of

MAX_HINTS = 2


@dataclass(frozen=True, slots=True)
class ShareView:
    """Part of an amount carried by one line."""

    line_id: str
    amount: int


@dataclass(frozen=True, slots=True)
class PromotionView:
    """A promotion that gave money, with its exact split over lines."""

    promotion_id: str
    name: str
    amount_minor: int
    shares: list[ShareView]


@dataclass(frozen=True, slots=True)
class TraceView:
    """Why a promotion fired or did not: the first failed condition with seen and needed."""

    promotion_id: str
    name: str
    status: str
    reason: str
    seen: str
    needed: str
    amount_minor: int
    points: int
    hint: str


def traces_of(draft: Draft, locale: Locale) -> tuple[list[TraceView], list[str]]:
    """Every promotion's trace, and at most `MAX_HINTS` near misses; nothing before the quote."""
    quote = draft.quote
    if quote is None:
        return [], []
    views = [
        TraceView(
            promotion_id=trace.promotion_id,
            name=trace.name,
            status=trace.status,
            reason=trace.reason,
            seen=trace.seen,
            needed=trace.needed,
            amount_minor=trace.amount_minor,
            points=trace.points,
            hint=dict(trace.hint).get(locale, ""),
        )
        for trace in quote.traces
    ]
    hints = [dict(trace.hint).get(locale, "") for trace in hints_of(quote)[:MAX_HINTS]]
    return views, hints


def promotions_of(draft: Draft) -> list[PromotionView]:
    """The promotions that gave money; none before the first quote."""
    return [
        PromotionView(
            applied.promotion_id,
            applied.name,
            applied.amount_minor,
            [ShareView(share.line_id, share.amount) for share in applied.shares],
        )
        for applied in (draft.quote.promotions if draft.quote else ())
    ]
