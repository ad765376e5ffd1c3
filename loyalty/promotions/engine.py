"""Pricing a basket: which promotions act, what they take off, what may be redeemed, what is earned.

Order: shelf price → line and set promotions → receipt promotions → gifts → redemption → gift card →
accrual on the money part → coupons and draw tickets → messages. Pure: the same input gives the
same quote on every machine.
"""

from __future__ import annotations

from datetime import datetime

from loyalty.basket import Basket
from loyalty.member import Member
from loyalty.promotions.circumstances import ORDINARY, Circumstances
from loyalty.promotions.compile import CompiledRuleset
from loyalty.promotions.evaluation import Evaluation
from loyalty.promotions.facts import Facts
from loyalty.promotions.memory import Memory, RememberingEvaluation, is_used_with
from loyalty.promotions.worksheet import Worksheet
from loyalty.quote import PromotionTrace, Quote


def evaluate(
    compiled: CompiledRuleset,
    basket: Basket,
    *,
    member: Member | None,
    at: datetime,
    store_id: str,
    redeem_points: int = 0,
    spendable_points: int = 0,
    locale: str = "uk",
    around: Circumstances = ORDINARY,
    memory: Memory | None = None,
) -> Quote:
    """Price a basket that passed `check_basket`.

    `at` is aware. `redeem_points` is what the buyer asks to spend and is lowered to the most that
    is possible; `spendable_points` is what the caller allows (balance, lease, hold). A blocked
    member buys like a stranger. A `memory` of the sale's last quote makes the next one quicker and
    changes nothing in it. Raises `ValueError` for a naive time or negative points.
    """
    if at.tzinfo is None:
        raise ValueError("at must be an aware datetime")
    if redeem_points < 0 or spendable_points < 0:
        raise ValueError("points must not be negative")
    is_blocked = member is not None and member.is_blocked
    known = () if memory is None else memory.lines_for(compiled)
    facts = Facts(
        sheet=Worksheet(compiled.index, basket, compiled.programme.unit_floor_minor, known),
        local=at.astimezone(compiled.zone).replace(tzinfo=None),
        store_id=store_id,
        member=None if is_blocked else member,
        is_blocked=is_blocked,
        around=around,
    )
    if memory is None or not is_used_with(compiled):
        return Evaluation(compiled, facts, locale).quote(redeem_points, spendable_points)
    evaluation = RememberingEvaluation(compiled, facts, locale, memory)
    quote = evaluation.quote(redeem_points, spendable_points)
    evaluation.hand_to(memory)
    return quote


def hints_of(quote: Quote) -> list[PromotionTrace]:
    """Traces with a hint, the most valuable first; equal ones in the order of the file."""
    return sorted(
        (trace for trace in quote.traces if trace.hint), key=lambda trace: -trace.benefit_minor
    )
