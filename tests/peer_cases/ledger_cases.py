"""Ledger cases: a member's books, gift cards and coupons through a row of operations.

Each operation is done with the product's own pure pieces: a quote, an entry of the ledger, a
return from frozen shares, a payment by gift card.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from loyalty import claims, coupons, gift_card, ledger, lots
from loyalty.basket import Basket, LineItem, Tender, check_basket
from loyalty.errors import InvalidReturn, LoyaltyError
from loyalty.gift_card import GiftCard
from loyalty.lots import Slice
from loyalty.member import Member
from loyalty.money import share_half_up
from loyalty.points import POINTS_PER_BONUS
from loyalty.promotions.circumstances import Circumstances
from loyalty.promotions.engine import evaluate
from loyalty.quote import Quote
from loyalty.returns import NOTHING_GIVEN, Given, SaleLine, Sold, freeze, take_back
from loyalty.spent_points import settle_points
from tests.peer_cases.case_file import Case, NotUnderstood, fields, scaled, whole
from tests.peer_cases.ledger_program import NEXT, Scheme, read_program
from tests.peer_cases.policies import read_policy

AT = datetime(2026, 3, 18, 12, 30, tzinfo=ZoneInfo("Europe/Kyiv"))
TODAY = AT.date()
OPS = {
    "grant": ("points",),
    "preview": ("id", "amount", "units", "codes"),
    "park": ("id",),
    "sale": ("id", "amount", "units", "codes", "card", "claims_reward", "client_says_cost"),
    "confirm": ("id", "amount", "units", "codes", "card", "claims_reward", "client_says_cost"),
    "claim": ("id", "amount", "units", "codes", "claims_reward", "client_says_cost"),
    "refund": ("id", "of", "amount"),
    "gift_card_sale": ("id", "card", "amount"),
}


@dataclass(slots=True)
class Done:
    """A paid sale: its shares, what was returned of it, and the lots that paid its reward."""

    sold: Sold
    given: Given = NOTHING_GIVEN
    spent: lots.Slices = ()
    gift_card: str = ""


@dataclass(slots=True)
class Row:
    """What one operation showed; None where it has nothing to say."""

    op: str
    shown: dict[str, Any] = field(default_factory=dict)


def answer(case: Case) -> dict[str, Any]:
    """The figures after, and at each of, the operations."""
    body = fields(case.body, "ledger", ("program", "events"), ("program", "events"))
    desk = Desk(read_program(body["program"], read_policy(case.policy)))
    if not isinstance(body["events"], list):
        raise NotUnderstood("ledger: 'events' must be a list")
    rows = [desk.do(event) for event in body["events"]]
    got = {key: _shaped(case.expect.get(key), key, rows) for key in SHOWN_BY}
    got["balance"] = _text(desk.books.spendable_total)
    got["gift_card_balance"] = _cards(case.expect.get("gift_card_balance"), desk.cards)
    return got


SHOWN_BY = {
    "balance_after": ("sale", "confirm", "claim", "refund"),
    "earned": ("sale", "confirm"),
    "spent": ("sale", "confirm", "claim"),
    "refused": ("sale", "confirm", "claim", "refund", "gift_card_sale"),
    "refund_taken": ("refund",),
    "refund_returned": ("refund",),
    "preview_earned": ("preview",),
    "preview_balance": ("preview",),
    "coupons": ("preview", "confirm", "sale"),
    "coupon_points": ("preview", "confirm", "sale"),
    "usable_now": ("preview", "confirm", "sale"),
}
SUMS = ("earned", "spent", "refund_taken", "refund_returned")


def _shaped(expected: object, key: str, rows: list[Row]) -> Any:
    """A list has one figure for each operation that shows it, or for every event; one figure is
    the sum of what moved, the sale's own balance, or what was shown last."""
    shown = [row.shown.get(key) for row in rows if row.op in SHOWN_BY[key]]
    if isinstance(expected, list):
        if len(expected) == len(rows) != len(shown):
            return [row.shown.get(key) for row in rows]
        return shown
    if key == "refused":
        return any(shown)
    if key in SUMS:
        return str(sum((Decimal(part) for part in shown if part is not None), Decimal()))
    if key == "balance_after":
        shown = [row.shown[key] for row in rows if row.op != "refund"] or shown
    return shown[-1] if shown else None


def _cards(expected: object, cards: Mapping[str, GiftCard]) -> Any:
    balances = {name: card.balance_minor for name, card in cards.items()}
    if isinstance(expected, dict):
        return balances
    if isinstance(expected, list):
        return list(balances.values())
    return sum(balances.values())


def _text(points: int) -> str:
    return str(Decimal(points) / POINTS_PER_BONUS)


# --- operations -------------------------------------------------------------------------------


class Desk:
    """One member, the cards and the sales of a case."""

    def __init__(self, scheme: Scheme) -> None:
        self.scheme = scheme
        self.books = ledger.Books(1)
        self.member = Member(1, "")
        self.cards: dict[str, GiftCard] = {}
        self.card_sales: dict[str, tuple[str, int]] = {}
        self.sales: dict[str, Done] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        self.open: dict[str, Mapping[str, Any]] = {}
        self.number = 0

    def do(self, value: object) -> Row:
        """One operation; what the product refuses changes nothing and is shown as refused."""
        if not isinstance(value, dict) or value.get("op") not in OPS:
            raise NotUnderstood(f"unknown operation {value!r}")
        op = value["op"]
        event = fields(value, op, ("op", *OPS[op]))
        self.number += 1
        acts: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "grant": self._grant,
            "preview": self._preview,
            "park": self._park,
            "sale": self._sale,
            "confirm": self._sale,
            "claim": self._claim,
            "refund": self._refund,
            "gift_card_sale": self._sell_card,
        }
        before = (self.books, self.member, dict(self.cards))
        try:
            shown = {"refused": False, **acts[op](event)}
        except LoyaltyError:
            self.books, self.member, self.cards = before
            shown = {"refused": True}
        return Row(op, {**shown, "balance_after": _text(self.books.spendable_total)})

    def _grant(self, event: Mapping[str, Any]) -> dict[str, Any]:
        points = scaled(event.get("points"), POINTS_PER_BONUS, "points")
        self._accrue(f"grant-{self.number}", points)
        return {}

    def _accrue(self, name: str, points: int) -> None:
        if points:
            entry = ledger.accrue(self.books, name, Slice(name, points), pending=False)
            self.books = ledger.post(self.books, entry)

    def _preview(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """What the open receipt would earn, and the balance if it were paid now. The books of
        the member stay as they are."""
        basket_of = self._remembered(event)
        quote = self._quote(basket_of)
        stored = self.books
        self._accrue(f"preview-{self.number}", quote.accrual_points)
        prospect, self.books = self.books.spendable_total, stored
        return {
            "preview_earned": _text(quote.accrual_points),
            "preview_balance": _text(prospect),
            **self._coupon_view(quote),
        }

    def _remembered(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """The receipt of an id stays open with its goods until it is paid."""
        known = self.open.get(str(event.get("id")), {}) if "id" in event else {}
        full = {**known, **event}
        if "id" in event:
            self.open[str(event["id"])] = full
        return full

    def _park(self, event: Mapping[str, Any]) -> dict[str, Any]:
        if str(event.get("id")) not in self.open:
            raise NotUnderstood(f"park: no open receipt {event.get('id')!r}")
        return {}

    def _sale(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Pay the receipt: the reward first, from what is there; then what it earns."""
        event = self._remembered(event)
        name = str(event.get("id", f"sale-{self.number}"))
        if name in self.answers:
            return self.answers[name]
        quote, spent = self._quote(event), ()
        discount = 0
        if event.get("claims_reward"):
            spent = self._pay_reward(name, self._claimed(event))
            discount = self._reward_worth(quote.payable_minor)
        line = SaleLine(
            "1",
            self._line(event).qty_milli,
            quote.gross_minor,
            redeemed_minor=discount,
            accrual_points=quote.accrual_points,
        )
        tenders, card = self._pay_by_card(event, line.paid_minor)
        sold = freeze([line], tenders, redeemed_points=0, rounding=0)
        # One line carries all points of the reward, also of one that takes no money off.
        (share,) = sold.lines
        sold = replace(sold, lines=(replace(share, redeemed_points=lots.total(spent)),))
        self._accrue(name, quote.accrual_points)
        view = self._coupon_view(quote)
        held = coupons.held_after(self.member.coupons, quote, TODAY)
        self.member = replace(self.member, coupons=held)
        if view["coupon_points"] is not None:
            view["coupon_points"] = _uses(self.member)
        self.sales[name] = Done(sold, spent=spent, gift_card=card)
        self.answers[name] = {
            "earned": _text(quote.accrual_points),
            "spent": _text(lots.total(spent)),
            **view,
        }
        return self.answers[name]

    def _coupon_view(self, quote: Quote) -> dict[str, Any]:
        """Coupons that the receipt issues, the uses they have for the member now, and whether
        one can be used on this receipt."""
        usable = any(t.promotion_id == "use" and t.status == "fired" for t in quote.traces)
        issued = len(quote.coupons)
        uses = _uses(self.member) if issued else None
        return {"coupons": issued, "coupon_points": uses, "usable_now": usable}

    def _claim(self, event: Mapping[str, Any]) -> dict[str, Any]:
        if "amount" in event:
            return self._sale({**event, "claims_reward": True})
        return {"spent": _text(lots.total(self._pay_reward(f"c-{self.number}", _pieces(event))))}

    def _claimed(self, event: Mapping[str, Any]) -> int:
        """A sale's units are its goods; they are the reward's own where it is sold by pieces."""
        return _pieces(event) if self.scheme.reward_by_pieces else 1

    def _pay_reward(self, name: str, units: int) -> lots.Slices:
        """What the till says the reward costs is not read at all."""
        if self.scheme.reward is None:
            raise NotUnderstood("a reward is claimed and the programme has none")
        entry = claims.claim(self.books, f"{name}-claim", self.scheme.reward, units)
        self.books = ledger.post(self.books, entry)
        return tuple(Slice(m.lot_id, m.points, m.expires_on) for m in entry.allocations)

    def _reward_worth(self, payable: int) -> int:
        if self.scheme.reward_bp:
            return min(payable, share_half_up(payable, self.scheme.reward_bp))
        return min(payable, self.scheme.reward_minor)

    def _pay_by_card(self, event: Mapping[str, Any], due: int) -> tuple[tuple[Tender, ...], str]:
        name = event.get("card")
        if name is None:
            return (), ""
        card = self.cards.get(str(name), GiftCard(str(name)))
        paid = gift_card.pay(card, due)
        self.cards[card.reference] = replace(card, balance_minor=paid.left_minor)
        if not paid.used_minor:
            return (), card.reference
        return (Tender("gift_card", paid.used_minor, card.reference),), card.reference

    def _sell_card(self, event: Mapping[str, Any]) -> dict[str, Any]:
        name = str(event.get("card", "card"))
        amount = whole(event.get("amount"), "amount")
        self.cards[name] = gift_card.sell(self.cards.get(name, GiftCard(name)), amount)
        self.card_sales[str(event.get("id", f"sale-{self.number}"))] = (name, amount)
        return {}

    def _refund(self, event: Mapping[str, Any]) -> dict[str, Any]:
        of = str(event.get("of"))
        if of in self.card_sales:
            name, face = self.card_sales[of]
            amount = whole(event.get("amount", face), "amount")
            self.cards[name] = gift_card.undo_sale(self.cards[name], amount)
            return {"refund_taken": "0", "refund_returned": "0"}
        if of not in self.sales:
            raise InvalidReturn("unknown_sale", f"there is no sale {of}", "of")
        return self._bring_back(self.sales[of], of, event.get("amount"))

    def _bring_back(self, done: Done, of: str, amount: object) -> dict[str, Any]:
        """Restored points first, so that what the goods had earned can be taken from them."""
        refund = take_back(done.sold, _wanted(done, amount), 0, done.given)
        settled = settle_points(
            refund,
            available_points=self.books.balance(ledger.AVAILABLE),
            policy=self.scheme.programme.spent_points,
            minor_per_bonus=self.scheme.programme.minor_per_bonus,
            cash_step_minor=0,
        )
        name = f"refund-{self.number}"
        if refund.restored_points:
            parts = lots.take(done.spent, refund.restored_points)
            done.spent = lots.subtract(done.spent, parts)
            entry = ledger.reverse_redemption(
                self.books, f"{name}-back", parts, 0, today=TODAY.isoformat()
            )
            self.books = ledger.post(self.books, entry)
        if settled.reversed_points:
            entry = ledger.reverse_accrual(self.books, name, of, settled.reversed_points)
            self.books = ledger.post(self.books, entry)
        for tender in settled.refund.tenders:
            if tender.kind == "gift_card":
                card = self.cards[tender.reference]
                self.cards[tender.reference] = gift_card.refund(card, tender.amount_minor)
        qty = {line.line_id: line.qty_milli for line in refund.lines}
        before = done.given.qty_milli.get("1", 0)
        done.given = Given({"1": before + qty["1"]}, done.given.cash_minor + refund.cash_minor)
        return {
            "refund_taken": _text(settled.reversed_points),
            "refund_returned": _text(refund.restored_points),
        }

    def _quote(self, event: Mapping[str, Any]) -> Quote:
        codes = event.get("codes") or []
        if not isinstance(codes, list):
            raise NotUnderstood("'codes' must be a list")
        return evaluate(
            self.scheme.compiled,
            check_basket(Basket((self._line(event),))),
            member=replace(self.member, balance_points=max(0, self.books.spendable_total)),
            at=AT,
            store_id="S1",
            locale="en",
            around=Circumstances(codes=frozenset(str(code).upper() for code in codes)),
        )

    def _line(self, event: Mapping[str, Any]) -> LineItem:
        """Goods of the receipt: so many pieces where pieces count, else one measured line whose
        kopecks are its thousandths, so that any part of its sum can be brought back."""
        amount = whole(event.get("amount", 0), "amount")
        if self.scheme.counts_pieces or not amount:
            pieces = _pieces(event)
            each = amount // pieces if pieces > 0 else 0
            return LineItem("1", "GOODS", "Goods", pieces * 1000, each, amount)
        return LineItem("1", "GOODS", "Goods", amount, 1000, amount, unit="кг")


def _uses(member: Member) -> str:
    return str(sum(coupon.code == NEXT for coupon in member.coupons))


def _pieces(event: Mapping[str, Any]) -> int:
    return whole(event.get("units", 1), "units")


def _wanted(done: Done, amount: object) -> dict[str, int] | None:
    if amount is None:
        return None
    (line,) = done.sold.lines
    back = whole(amount, "amount")
    if not line.gross_minor or back * line.qty_milli % line.gross_minor:
        raise NotUnderstood(f"refund: {back} is no part of the goods in whole thousandths")
    return {"1": back * line.qty_milli // line.gross_minor}
