"""What promotions did to a sale, and why others did not: views of the engine's traces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from edge_agent.sentences import Language
from edge_agent.usecases.drafts import Draft
from loyalty.promotions.compile import CompiledRuleset
from loyalty.promotions.engine import hints_of
from loyalty.promotions.ruleset import text_in

MAX_HINTS = 2
Names = Mapping[str, str]
AS_PRICED: Names = MappingProxyType({})
"""Names stay as the quote has them, in the register's language."""


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


def names_in(rules: CompiledRuleset, language: Language) -> Names:
    """The promotions' names by id; one that has none in this language keeps its Ukrainian one."""
    return {
        item.promotion.promotion_id: text_in(item.promotion.name, language)
        for item in rules.promotions
    }


def traces_of(
    draft: Draft, locale: Language, names: Names = AS_PRICED
) -> tuple[list[TraceView], list[str]]:
    """Every promotion's trace, and at most `MAX_HINTS` near misses; nothing before the quote."""
    quote = draft.quote
    if quote is None:
        return [], []
    views = [
        TraceView(
            promotion_id=trace.promotion_id,
            name=names.get(trace.promotion_id) or trace.name,
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


def promotions_of(draft: Draft, names: Names = AS_PRICED) -> list[PromotionView]:
    """The promotions that gave money; none before the first quote."""
    return [
        PromotionView(
            applied.promotion_id,
            names.get(applied.promotion_id) or applied.name,
            applied.amount_minor,
            [ShareView(share.line_id, share.amount) for share in applied.shares],
        )
        for applied in (draft.quote.promotions if draft.quote else ())
    ]
