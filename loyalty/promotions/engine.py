"""Pricing a basket: which promotions act, what they take off, what may be redeemed, what is earned.

Order: shelf price → line and set promotions → receipt promotions → redemption → accrual on the
money part. Pure: the same input gives the same quote on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from loyalty.basket import Basket
from loyalty.member import Member
from loyalty.promotions import effects as then
from loyalty.promotions.checks import Facts, Failure
from loyalty.promotions.compile import CompiledPromotion, CompiledRuleset
from loyalty.promotions.failures import Obstacle, lines_of, obstacles_of
from loyalty.promotions.hints import NearMiss, near_miss
from loyalty.promotions.redemption import limit_of, redeem, whole_points
from loyalty.promotions.rewards import PRICE_REWARDS, Taking, accrue
from loyalty.promotions.ruleset import text_in
from loyalty.promotions.worksheet import SheetLine, Worksheet
from loyalty.quote import (
    AppliedAccrual,
    AppliedPromotion,
    PromotionTrace,
    Quote,
    QuotedLine,
    Share,
    TraceStatus,
)

MAX_MESSAGES = 8
MAX_HINTS = 10
BEFORE_REDEMPTION = ("line", "receipt", "allowance")
Lines = Sequence[SheetLine]


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
) -> Quote:
    """Price a basket that passed `check_basket`.

    `at` is aware. `redeem_points` is what the buyer asks to spend and is lowered to the most that
    is possible; `spendable_points` is what the caller allows (balance, lease, hold). A blocked
    member buys like a stranger. Raises `ValueError` for a naive time or negative points.
    """
    if at.tzinfo is None:
        raise ValueError("at must be an aware datetime")
    if redeem_points < 0 or spendable_points < 0:
        raise ValueError("points must not be negative")
    is_blocked = member is not None and member.is_blocked
    facts = Facts(
        sheet=Worksheet(compiled, basket),
        local=at.astimezone(compiled.zone).replace(tzinfo=None),
        store_id=store_id,
        member=None if is_blocked else member,
        is_blocked=is_blocked,
    )
    run = _Evaluation(compiled, facts, locale)
    return run.quote(redeem_points, spendable_points)


class _Evaluation:
    """One pass over the promotions that the basket has to do with."""

    def __init__(self, compiled: CompiledRuleset, facts: Facts, locale: str) -> None:
        self.compiled = compiled
        self.programme = compiled.programme
        self.facts = facts
        self.sheet = facts.sheet
        self.locale = locale
        self.traces = list(compiled.untouched_traces(locale))
        self.promotions: list[AppliedPromotion] = []
        self.accruals: list[AppliedAccrual] = []
        self.messages: list[tuple[str, str]] = []
        self.group_gains: dict[str, int] = {}
        self.misses: list[tuple[CompiledPromotion, NearMiss]] = []
        self.max_share_bp: int | None = None

    def quote(self, redeem_points: int, spendable_points: int) -> Quote:
        ranks = set(self.compiled.always)
        for number in self.sheet.touched():
            ranks.update(self.compiled.users[number])
        ordered = [self.compiled.promotions[rank] for rank in sorted(ranks)]
        for item in ordered:
            if item.phase in BEFORE_REDEMPTION:
                self._decide(item)
        limit = limit_of(self.sheet, self.programme, self._max_share())
        rate = self.programme.minor_per_bonus
        spendable = 0 if self.facts.member is None else spendable_points
        redeemable, _ = whole_points(min(limit.points, spendable), rate)
        points, minor = redeem(limit, min(redeem_points, redeemable), rate)
        for item in ordered:
            if item.phase not in BEFORE_REDEMPTION:
                self._decide(item)
        self._add_hints()
        return Quote(
            ruleset_sequence=self.compiled.sequence,
            lines=tuple(_quoted(line) for line in self.sheet.lines),
            promotions=tuple(self.promotions),
            accruals=tuple(self.accruals),
            redeemable_points=redeemable,
            redeemed_points=points,
            redeemed_minor=minor,
            traces=tuple(self.traces),
            messages=tuple(dict.fromkeys(self.messages))[:MAX_MESSAGES],
            basket_limit_points=limit.points,
        )

    def _max_share(self) -> int:
        if self.max_share_bp is None:
            return self.programme.redeem_max_share_bp
        return self.max_share_bp

    def _decide(self, item: CompiledPromotion) -> None:
        """Act, or say why not; remember the promotions that only one thing keeps from acting."""
        promotion = item.promotion
        obstacles = obstacles_of(item, self.facts)
        first = next(obstacles, None)
        is_taken = bool(promotion.group) and promotion.group in self.group_gains
        if first is not None:
            self._trace(item, "blocked" if first.is_law else "not_met", first.failure)
            is_open = promotion.state == "live" and not is_taken
            if is_open and first.failure.unit and next(obstacles, None) is None:
                self._note_miss(item, first)
        elif is_taken:
            self._trace(item, "lost", Failure("group_taken", promotion.group, ""))
        else:
            self._act(item)

    def _act(self, item: CompiledPromotion) -> None:
        effect = item.promotion.effect
        if isinstance(effect, then.PercentOff | then.AmountOff | then.NForM):
            self._take(item, PRICE_REWARDS[type(effect)](effect, self._target(item)))
        elif isinstance(effect, then.AccruePercent):
            self._accrue(item, effect)
        elif isinstance(effect, then.RedeemAllowance):
            self._allow(item, effect)
        elif not self._is_shadow(item):
            self._say(effect)
            self._fire(item)

    def _say(self, message: then.Message) -> None:
        self.messages.append((message.place, text_in(message.text, self.locale)))

    def _target(self, item: CompiledPromotion) -> Lines:
        return lines_of(self.facts, item.target)

    def _take(self, item: CompiledPromotion, taking: Taking) -> None:
        amount = taking.amount_minor
        if not amount:
            self._trace(item, "blocked", Failure("floor", "0.00", "0.01"))
            return
        if self._is_shadow(item, amount_minor=amount):
            return
        for line, part in zip(taking.lines, taking.amounts, strict=True):
            line.net -= part
        if taking.used:
            _use_up(taking)
        promotion = item.promotion
        name = self.traces[item.position].name
        shares = _shares(taking.lines, taking.amounts, is_sorted=not taking.used)
        self.promotions.append(AppliedPromotion(promotion.promotion_id, name, amount, shares))
        self._fire(item, amount_minor=amount)

    def _accrue(self, item: CompiledPromotion, effect: then.AccruePercent) -> None:
        lines = self._target(item)
        points = accrue(effect, lines, self.programme.minor_per_bonus)
        total = sum(points)
        if not total:
            self._trace(item, "blocked", Failure("earns_nothing", "0", "1"))
            return
        if self._is_shadow(item, points=total):
            return
        for line, part in zip(lines, points, strict=True):
            line.points += part
        name = self.traces[item.position].name
        self.accruals.append(
            AppliedAccrual(item.promotion.promotion_id, name, total, _shares(lines, points))
        )
        self._fire(item, points=total)

    def _allow(self, item: CompiledPromotion, effect: then.RedeemAllowance) -> None:
        if self.max_share_bp is not None:
            self._trace(item, "lost", Failure("allowance_taken", "", ""))
        elif not self._is_shadow(item):
            self.max_share_bp = effect.max_share_bp
            self._fire(item)

    def _is_shadow(
        self, item: CompiledPromotion, *, amount_minor: int = 0, points: int = 0
    ) -> bool:
        if item.promotion.state != "shadow":
            return False
        failure = Failure("shadow", "shadow", "live")
        self._trace(item, "blocked", failure, amount_minor=amount_minor, points=points)
        return True

    def _fire(self, item: CompiledPromotion, *, amount_minor: int = 0, points: int = 0) -> None:
        promotion = item.promotion
        if promotion.group:
            self.group_gains[promotion.group] = amount_minor
        for message in promotion.messages:
            self._say(message)
        self._trace(item, "fired", None, amount_minor=amount_minor, points=points)

    def _trace(
        self,
        item: CompiledPromotion,
        status: TraceStatus,
        failure: Failure | None,
        *,
        amount_minor: int = 0,
        points: int = 0,
    ) -> None:
        self.traces[item.position] = PromotionTrace(
            promotion_id=item.promotion.promotion_id,
            name=self.traces[item.position].name,
            status=status,
            reason="" if failure is None else failure.reason,
            seen="" if failure is None else failure.seen,
            needed="" if failure is None else failure.needed,
            amount_minor=amount_minor,
            points=points,
        )

    def _note_miss(self, item: CompiledPromotion, obstacle: Obstacle) -> None:
        effect, target = item.promotion.effect, self._target(item)
        miss = near_miss(effect, obstacle.failure, obstacle.scope, obstacle.lines, target)
        if miss is not None:
            self.misses.append((item, miss))

    def _add_hints(self) -> None:
        """The best hints; each counts what it would add to what its group gives now."""
        gains = self.group_gains
        worth = [(m.benefit_minor - gains.get(i.promotion.group, 0), i, m) for i, m in self.misses]
        worth.sort(key=lambda entry: (-entry[0], entry[1].position))
        for benefit, item, miss in worth[:MAX_HINTS]:
            if benefit > 0:
                self.traces[item.position] = replace(
                    self.traces[item.position], hint=miss.texts(), benefit_minor=benefit
                )


def hints_of(quote: Quote) -> list[PromotionTrace]:
    """Traces with a hint, the most valuable first; equal ones in the order of the file."""
    return sorted(
        (trace for trace in quote.traces if trace.hint), key=lambda trace: -trace.benefit_minor
    )


def _use_up(taking: Taking) -> None:
    for line, part, used in zip(taking.lines, taking.amounts, taking.used, strict=True):
        line.used += used
        line.set_discount += part


def _shares(lines: Lines, amounts: Sequence[int], *, is_sorted: bool = True) -> tuple[Share, ...]:
    pairs = [(line, amount) for line, amount in zip(lines, amounts, strict=True) if amount]
    if not is_sorted:
        pairs.sort(key=lambda pair: pair[0].index)
    return tuple([Share(line.item.line_id, amount) for line, amount in pairs])


def _quoted(line: SheetLine) -> QuotedLine:
    return QuotedLine(
        line_id=line.item.line_id,
        gross_minor=line.item.sum_minor,
        discount_minor=line.item.sum_minor - line.net,
        redeemed_minor=line.redeemed,
        accrual_points=line.points,
    )
