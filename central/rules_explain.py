"""One basket under one rule file: every promotion with its reason, every line with its shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from central.rules_files import RuleSource
from central.rules_words import money
from central.tables import table
from loyalty.basket import Basket
from loyalty.promotions.circumstances import ORDINARY, Circumstances
from loyalty.promotions.compile import compile_ruleset
from loyalty.promotions.engine import evaluate
from loyalty.promotions.explain import explain
from loyalty.promotions.ruleset import text_in
from loyalty.quote import PromotionTrace, Quote, QuotedLine
from sync.contract.basket_models import MemberIn

Locale = Literal["uk", "en"]
_ORDER = ("fired", "lost", "blocked", "not_met")
_STATUS = {"fired": "fired", "lost": "lost", "blocked": "blocked", "not_met": "not met"}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: who buys what, when and where. `at` is aware.

    `redeem_points` None means as many as are possible."""

    basket: Basket
    at: datetime
    member: MemberIn | None = None
    store_id: str = ""
    redeem_points: int | None = 0
    locale: Locale = "uk"
    around: Circumstances = field(default=ORDINARY)


def instant(source: RuleSource, given: datetime | None, now: datetime) -> datetime:
    """The time of the sale: `now` when none is given; one without offset is the programme's."""
    if given is None:
        return now
    zone = ZoneInfo(source.draft.programme.timezone)
    return given if given.tzinfo else given.replace(tzinfo=zone)


def explain_basket(source: RuleSource, asked: Question) -> dict[str, Any]:
    """The whole answer as one JSON-able dictionary: kopecks, hundredths of a bonus."""
    compiled = compile_ruleset(source.draft.to_ruleset(source.sequence or 1))
    local = asked.at.astimezone(compiled.zone)
    member = asked.member.member(local.date()) if asked.member else None
    spendable = asked.member.spendable() if asked.member else 0
    wanted = spendable if asked.redeem_points is None else asked.redeem_points
    quote = evaluate(
        compiled,
        asked.basket,
        member=member,
        at=asked.at,
        store_id=asked.store_id,
        redeem_points=min(wanted, spendable),
        spendable_points=spendable,
        locale=asked.locale,
        around=asked.around,
    )
    ranked = sorted(quote.traces, key=_rank)
    names = {trace.promotion_id: trace.name for trace in ranked}
    return {
        "rules": source.label,
        "sequence": source.sequence or None,
        "at": local.isoformat(timespec="seconds"),
        "store_id": asked.store_id,
        "member_id": member.member_id if member else None,
        "promotions": [_promotion(trace, asked.locale, names) for trace in ranked],
        "lines": _lines(asked.basket, quote),
        "gifts": [
            {"promotion_id": gift.promotion_id, "sku": gift.sku, "quantity": gift.quantity}
            for gift in quote.gifts
        ],
        "coupons": [coupon.coupon for coupon in quote.coupons],
        "tickets": {ticket.draw: ticket.tickets for ticket in quote.tickets},
        "messages": [list(message) for message in quote.messages],
        "totals": _totals(quote),
    }


def _rank(trace: PromotionTrace) -> tuple[int, bool]:
    place = _ORDER.index(trace.status) if trace.status in _ORDER else len(_ORDER)
    return place, trace.reason == "no_goods"


def _promotion(trace: PromotionTrace, locale: Locale, names: dict[str, str]) -> dict[str, Any]:
    return {
        "promotion_id": trace.promotion_id,
        "name": trace.name,
        "status": trace.status,
        "reason": trace.reason,
        "sentence": explain(trace, locale, names),
        "hint": text_in(trace.hint, locale),
        "seen": trace.seen,
        "needed": trace.needed,
        "units": trace.units,
        "amount_minor": trace.amount_minor,
        "points": trace.points,
        "cap": trace.cap,
        "winner": trace.winner,
    }


def _lines(basket: Basket, quote: Quote) -> list[dict[str, Any]]:
    items = {item.line_id: item for item in basket.lines}
    shares: dict[str, dict[str, int]] = {line.line_id: {} for line in quote.lines}
    earned: dict[str, dict[str, int]] = {line.line_id: {} for line in quote.lines}
    for given in quote.promotions:
        for share in given.shares:
            shares[share.line_id][given.promotion_id] = share.amount
    for accrual in quote.accruals:
        for share in accrual.shares:
            earned[share.line_id][accrual.promotion_id] = share.amount
    return [
        {
            "line_id": line.line_id,
            "sku": items[line.line_id].sku,
            "name": items[line.line_id].name,
            "qty_milli": items[line.line_id].qty_milli,
            **_figures(line),
            "shares": shares[line.line_id],
            "earned": earned[line.line_id],
        }
        for line in quote.lines
    ]


def _figures(line: QuotedLine) -> dict[str, int]:
    return {
        "gross_minor": line.gross_minor,
        "discount_minor": line.discount_minor,
        "redeemed_minor": line.redeemed_minor,
        "paid_minor": line.paid_minor,
        "accrual_points": line.accrual_points,
    }


def _totals(quote: Quote) -> dict[str, int]:
    return {
        "gross_minor": quote.gross_minor,
        "discount_minor": quote.discount_minor,
        "redeemed_minor": quote.redeemed_minor,
        "payable_minor": quote.payable_minor,
        "accrual_points": quote.accrual_points,
        "redeemable_points": quote.redeemable_points,
        "redeemed_points": quote.redeemed_points,
    }


# --- for people -------------------------------------------------------------------------------


def text(found: dict[str, Any]) -> Iterator[str]:
    """The answer as tables."""
    who = f"member {found['member_id']}" if found["member_id"] else "a stranger"
    where = f", store {found['store_id']}" if found["store_id"] else ""
    yield f"{found['rules']}, {found['at']}{where}, {who}"
    yield ""
    titles = ("promotion", "result", "why", "seen", "needed", "units", "amount", "points", "cap")
    rows = [_promotion_row(each) for each in found["promotions"]]
    yield from table((*titles, "won by"), rows, right=("units", "amount", "points"))
    yield ""
    columns = ("line", "goods", "gross", "discount", "bonuses", "paid", "earns", "shares")
    rows = [_line_row(line) for line in found["lines"]]
    total = found["totals"]
    rows.append(
        (
            *("total", ""),
            *(money(total[name]) for name in ("gross_minor", "discount_minor", "redeemed_minor")),
            *(money(total["payable_minor"]), money(total["accrual_points"]), ""),
        )
    )
    yield from table(columns, rows, right=("gross", "discount", "bonuses", "paid", "earns"))
    yield from _extras(found)


def _promotion_row(each: dict[str, Any]) -> tuple[object, ...]:
    why = f"{each['sentence']}: {each['hint']}" if each["hint"] else each["sentence"]
    return (
        f"{each['promotion_id']} «{each['name']}»",
        _STATUS.get(each["status"], each["status"]),
        *(why, each["seen"], each["needed"], each["units"] or ""),
        money(each["amount_minor"]) if each["amount_minor"] else "",
        money(each["points"]) if each["points"] else "",
        *(each["cap"], each["winner"]),
    )


def _line_row(line: dict[str, Any]) -> tuple[object, ...]:
    shares = [f"{name} {money(amount)}" for name, amount in line["shares"].items()]
    shares += [f"{name} +{money(points)}" for name, points in line["earned"].items()]
    return (
        *(line["line_id"], f"{line['name']} x {_quantity(line['qty_milli'])}"),
        *(money(line["gross_minor"]), money(line["discount_minor"])),
        *(money(line["redeemed_minor"]), money(line["paid_minor"])),
        *(money(line["accrual_points"]), ", ".join(shares)),
    )


def _quantity(milli: int) -> str:
    whole, rest = divmod(milli, 1000)
    return f"{whole}.{rest:03d}".rstrip("0") if rest else str(whole)


def _extras(found: dict[str, Any]) -> Iterator[str]:
    total = found["totals"]
    if total["redeemable_points"]:
        yield f"bonuses may pay at most {money(total['redeemable_points'])}"
    for gift in found["gifts"]:
        yield f"gift: {gift['quantity']} x {gift['sku']} ({gift['promotion_id']})"
    for coupon in found["coupons"]:
        yield f"coupon for the next purchase: {coupon}"
    for draw, tickets in found["tickets"].items():
        yield f"draw {draw}: {tickets} tickets"
    for place, said in found["messages"]:
        yield f"{place}: {said}"
