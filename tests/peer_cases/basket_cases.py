"""Basket cases: the case becomes a ruleset, a basket, a member and their circumstances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from loyalty import gift_card, ledger
from loyalty.basket import Basket, LineItem, check_basket
from loyalty.gift_card import GiftCard
from loyalty.lots import Slice
from loyalty.member import Member
from loyalty.money import line_sum
from loyalty.points import POINTS_PER_BONUS
from loyalty.promotions.circumstances import Circumstances
from loyalty.promotions.compile import CompiledRuleset, compile_ruleset
from loyalty.promotions.engine import evaluate
from loyalty.promotions.ruleset import Programme, Ruleset
from loyalty.quote import Quote
from tests.peer_cases.case_file import Case, NotUnderstood, fields, scaled, whole
from tests.peer_cases.policies import read_policy
from tests.peer_cases.rules import Rule, modes_of, read_rules

AT = datetime(2026, 3, 18, 12, 30, tzinfo=ZoneInfo("Europe/Kyiv"))
NO_DISCOUNT = "no_discount"
MAX_UNIT_LINES = 1_000
LINE_FIELDS = (
    "line",
    "sku",
    "groups",
    "qty",
    "unit_price",
    "min_unit_price",
    "list_price",
    "already_discounted",
    "no_discount",
)
MEMBER_FIELDS = (
    "groups",
    "points",
    "expired_points",
    "redeem_request",
    "purchases_before",
    "cancelled_before",
)


def answer(case: Case) -> dict[str, Any]:
    """What the product says to a basket, under every key that a case may expect."""
    body = fields(
        case.body, "basket", ("basket", "member", "context", "rules"), ("basket", "rules")
    )
    wanted = read_policy(case.policy)
    rules = read_rules(body["rules"], wanted)
    programme = Programme(
        minor_per_bonus=_point_rate(rules),
        # Bonuses pay only where a rule allows it, and goods may come down to nothing.
        redeem_max_share_bp=0,
        unit_floor_minor=0,
        excluded_tags=frozenset({NO_DISCOUNT}),
        policies=wanted.switches,
    )
    compiled = compile_ruleset(_ruleset(rules, programme))
    lines = body["basket"]
    if not isinstance(lines, list):
        raise NotUnderstood("'basket' must be a list of lines")
    basket = check_basket(Basket(tuple(_line(line) for line in lines)))
    member, asked = _member(body.get("member"))
    around = Circumstances(codes=_codes(body.get("context")))
    quote, used = _till(compiled, rules, basket, member, asked, around)
    got = _figures(quote, rules, used)
    if "unit_discounts" in case.expect:
        got["unit_discounts"] = _unit_discounts(
            case.expect["unit_discounts"], compiled, rules, basket, member, asked, around
        )
    return got


def _ruleset(rules: Sequence[Rule], programme: Programme) -> Ruleset:
    promotions = tuple(replace(rule.promotion, priority=-rank) for rank, rule in enumerate(rules))
    return Ruleset(1, programme, promotions, group_modes=modes_of(rules))


def _point_rate(rules: Sequence[Rule]) -> int:
    rates = {rule.minor_per_point for rule in rules if rule.minor_per_point is not None}
    if len(rates) > 1:
        raise NotUnderstood("points of two different values on one receipt")
    return rates.pop() if rates else 100


def _till(
    compiled: CompiledRuleset,
    rules: Sequence[Rule],
    basket: Basket,
    member: Member | None,
    asked: int | None,
    around: Circumstances,
) -> tuple[Quote, dict[str, int]]:
    """Quote as a till does, again once a gift card has paid; and what each card's rule used."""
    spendable = 0 if member is None else max(0, member.balance_points)

    def quote_now(circumstances: Circumstances) -> Quote:
        return evaluate(
            compiled,
            basket,
            member=member,
            at=AT,
            store_id="S1",
            redeem_points=spendable if asked is None else asked,
            spendable_points=spendable,
            locale="en",
            around=circumstances,
        )

    quote = quote_now(around)
    fired = {trace.promotion_id for trace in quote.traces if trace.status == "fired"}
    used: dict[str, int] = {}
    due = quote.payable_minor
    for rule in rules:
        own = rule.promotion.promotion_id
        if rule.gift_card_minor is not None and own in fired:
            used[own] = gift_card.pay(GiftCard(own, rule.gift_card_minor), due).used_minor
            due -= used[own]
    if any(used.values()):
        quote = quote_now(replace(around, gift_card_minor=sum(used.values())))
    return quote, used


def _figures(quote: Quote, rules: Sequence[Rule], used: Mapping[str, int]) -> dict[str, Any]:
    """Rules that gave something: money, a gift, points, or a payment."""
    gave = [applied.promotion_id for applied in quote.promotions if applied.amount_minor]
    gave += [gift.promotion_id for gift in quote.gifts if gift.quantity]
    gave += [accrual.promotion_id for accrual in quote.accruals if accrual.points]
    gave += [name for name, minor in used.items() if minor]
    if quote.redeemed_points:
        allowed = {rule.promotion.promotion_id for rule in rules if rule.minor_per_point}
        gave += [
            trace.promotion_id
            for trace in quote.traces
            if trace.status == "fired" and trace.promotion_id in allowed
        ]
    paid = sum(used.values())
    return {
        "total": quote.payable_minor - paid,
        "discount_total": quote.discount_minor,
        "line_discounts": [line.discount_minor for line in quote.lines],
        "gift_units": sum(gift.quantity for gift in quote.gifts),
        "fired": gave,
        "points_earned": _points(quote.accrual_points),
        "points_spent": _points(quote.redeemed_points),
        "gift_card_used": paid,
    }


def _points(points: int) -> str:
    return str(Decimal(points) / POINTS_PER_BONUS)


# --- pieces -----------------------------------------------------------------------------------


def _unit_discounts(
    expected: object,
    compiled: CompiledRuleset,
    rules: Sequence[Rule],
    basket: Basket,
    member: Member | None,
    asked: int | None,
    around: Circumstances,
) -> Any:
    """The same basket rung piece by piece, each piece a line of its own.

    Bounds per line would mean something else then. Given as lists by line, as a map from line
    (or SKU) to list, or as one list over all pieces, as the case has it.
    """
    if any(_units_per_line(rule) for rule in rules):
        return "not understood: pieces under a bound per line"
    pieces = [piece for line in basket.lines for piece in _rung_singly(line)]
    if len(pieces) > MAX_UNIT_LINES:
        return "not understood: too many pieces"
    quote, _ = _till(compiled, rules, Basket(tuple(pieces)), member, asked, around)
    by_line: dict[str, list[int]] = {line.line_id: [] for line in basket.lines}
    for quoted in quote.lines:
        by_line[quoted.line_id.split("/")[0]].append(quoted.discount_minor)
    if isinstance(expected, dict):
        for line in basket.lines:
            by_line.setdefault(line.line_id.lstrip("0"), by_line[line.line_id])
            by_line.setdefault(line.sku, by_line[line.line_id])
        return {name: by_line.get(name) for name in expected}
    if isinstance(expected, list) and expected and isinstance(expected[0], list):
        return list(by_line.values())
    return [amount for amounts in by_line.values() for amount in amounts]


def _units_per_line(rule: Rule) -> bool:
    units = getattr(rule.promotion.effect, "units", None)
    return units is not None and units.at_most_per_line is not None


def _rung_singly(line: LineItem) -> list[LineItem]:
    """Line ids grow with the piece, so that ties go to the earlier one."""
    count = line.qty_milli // 1000
    if line.is_weighed or line.price_kind == "manual_discount" or count <= 1:
        return [line]
    return [
        replace(
            line,
            line_id=f"{line.line_id}/{number:04d}",
            qty_milli=1000,
            sum_minor=line.unit_price_minor,
        )
        for number in range(count)
    ]


# --- basket, member, context ------------------------------------------------------------------


def _line(value: object) -> LineItem:
    line = fields(value, "basket line", LINE_FIELDS, ("line", "sku", "qty", "unit_price"))
    where = f"line {line['line']}"
    qty_milli = scaled(line["qty"], 1000, f"{where}: qty")
    price = whole(line["unit_price"], f"{where}: unit_price")
    groups = line.get("groups") or []
    if not isinstance(groups, list):
        raise NotUnderstood(f"{where}: 'groups' must be a list")
    kind = "reduced" if line.get("already_discounted") else "shelf"
    return LineItem(
        # Padded, for equal prices stand by line id: the earlier line first.
        line_id=str(line["line"]).zfill(6),
        sku=str(line["sku"]),
        name=str(line["sku"]),
        qty_milli=qty_milli,
        unit_price_minor=price,
        sum_minor=line_sum(price, qty_milli),
        unit="кг" if qty_milli % 1000 else "шт",
        price_kind="manual_discount" if price < 0 else kind,
        min_price_minor=whole(line.get("min_unit_price") or 0, f"{where}: min_unit_price"),
        groups=tuple(str(group) for group in groups),
        tags=(NO_DISCOUNT,) if line.get("no_discount") else (),
    )


def _member(value: object) -> tuple[Member | None, int | None]:
    """The member, and the points asked for (None = all that can be spent).

    `expired_points` are those of `points` that ran out yesterday: the ledger burns them, and never
    more than there are, so a case that counts them apart from none left reads the same.
    `cancelled_before` are those of `purchases_before` that were cancelled, as the source test
    places five orders and cancels the last.
    """
    if value is None:
        return None, 0
    given = fields(value, "member", MEMBER_FIELDS)
    points = scaled(given.get("points") or 0, POINTS_PER_BONUS, "points")
    expired = scaled(given.get("expired_points") or 0, POINTS_PER_BONUS, "expired_points")
    before = whole(given.get("purchases_before") or 0, "purchases_before")
    cancelled = whole(given.get("cancelled_before") or 0, "cancelled_before")
    groups = given.get("groups") or []
    if not isinstance(groups, list):
        raise NotUnderstood("member: 'groups' must be a list")
    member = Member(
        member_id=1,
        name="",
        balance_points=_burnt(points, expired),
        groups=tuple(str(group) for group in groups),
        purchases_count=max(0, before - cancelled),
    )
    asked = given.get("redeem_request")
    if asked is None or asked == "max":
        return member, None
    return member, scaled(asked, POINTS_PER_BONUS, "redeem_request")


def _burnt(points: int, expired: int) -> int:
    """The available balance once the ledger's burning of the day is done."""
    today = AT.date()
    books = ledger.Books(1)
    for name, part, last_day in (
        ("old", min(points, expired), today - timedelta(days=1)),
        ("new", points - min(points, expired), date.max),
    ):
        if part > 0:
            lot = Slice(name, part, last_day.isoformat())
            books = ledger.post(books, ledger.accrue(books, name, lot, pending=False))
    burning = ledger.expire(books, "burning", today.isoformat())
    if burning is not None:
        books = ledger.post(books, burning)
    return books.balance(ledger.AVAILABLE)


def _codes(context: object) -> frozenset[str]:
    codes = fields(context or {}, "context", ("codes",)).get("codes") or []
    if not isinstance(codes, list):
        raise NotUnderstood("context: 'codes' must be a list")
    return frozenset(str(code).upper() for code in codes)
