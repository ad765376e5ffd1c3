"""Cases of one figure: splits, cash rounding, and what is left of a limit."""

from __future__ import annotations

from typing import Any

from loyalty.basket import Tender
from loyalty.money import round_cash, split
from loyalty.promotions.limits import Caps, Usage, after_cancels, reached, remaining_uses
from loyalty.quote import Quote, QuotedLine
from loyalty.sale import settle
from tests.peer_cases.case_file import Case, NotUnderstood, fields, whole
from tests.peer_cases.policies import read_policy


def answer_split(case: Case) -> dict[str, Any]:
    """The parts of an amount by the method that the case wants."""
    body = fields(case.body, "split", ("weights", "amount"), ("weights", "amount"))
    if not isinstance(body["weights"], list):
        raise NotUnderstood("split: 'weights' must be a list")
    wanted = read_policy(case.policy).switches
    try:
        parts = split(
            whole(body["amount"], "amount"),
            [whole(weight, "weight") for weight in body["weights"]],
            method=wanted.split,
            tie=wanted.tie,
            zero_weights=wanted.zero_weights,
        )
    except ValueError as refusal:
        return {"parts": f"refused: {refusal}"}
    return {"parts": list(parts)}


def answer_cash(case: Case) -> dict[str, Any]:
    """What a total costs in cash under both schemes, and paid without cash under either."""
    body = fields(case.body, "cash_rounding", ("amount",), ("amount",))
    read_policy(case.policy)
    amount = whole(body["amount"], "amount")
    cashless = amount
    if amount > 0:
        line = QuotedLine("1", amount, 0, 0, 0)
        cashless = settle(Quote(0, (line,)), (Tender("card", amount),), 50).payable_minor
    return {
        "no_10_kopeck_coins": round_cash(amount, 50),
        "with_10_kopeck_coins": round_cash(amount, 10),
        "cashless": cashless,
    }


LIMIT_FIELDS = (
    "limit_per_member",
    "used_by_member",
    "limit_total",
    "used_total",
    "money_budget",
    "given",
    "of_which_cancelled",
    "reusable_after_cancel",
)


def answer_limits(case: Case) -> dict[str, Any]:
    """For each event: may the promotion act, and how many more times."""
    body = fields(case.body, "limits", ("events",), ("events",))
    read_policy(case.policy)
    if not isinstance(body["events"], list):
        raise NotUnderstood("limits: 'events' must be a list")
    asked = [_caps(event) for event in body["events"]]
    return {
        "available": [reached(caps, usage) is None for caps, usage in asked],
        "remaining": [remaining_uses(caps, usage) for caps, usage in asked],
    }


def _caps(event: object) -> tuple[Caps, Usage]:
    """A cancelled receipt gives its use back unless the event says that it does not."""
    given = fields(event, "limits event", LIMIT_FIELDS)

    def number(name: str) -> int | None:
        value = given.get(name)
        return None if value is None else whole(value, name)

    is_reusable = given.get("reusable_after_cancel", True)
    if not isinstance(is_reusable, bool):
        raise NotUnderstood("limits: 'reusable_after_cancel' is true or false")
    caps = Caps(
        per_member=number("limit_per_member"),
        campaign_count=number("limit_total"),
        campaign_minor=number("money_budget"),
    )
    cancelled = number("of_which_cancelled") or 0
    usage = Usage(
        member_total=number("used_by_member") or 0,
        campaign_count=number("used_total") or 0,
        campaign_minor=number("given") or 0,
    )
    return caps, after_cancels(usage, cancelled, gives_back=is_reusable)
