"""One pass over the promotions that a basket has to do with, in the order of acting."""

from __future__ import annotations

from itertools import chain

from loyalty.promotions.acting import Acting
from loyalty.promotions.combining import NOTHING_LEFT, Contest, exclusive_of
from loyalty.promotions.compile import CompiledPromotion, CompiledRuleset
from loyalty.promotions.facts import Facts, Failure
from loyalty.promotions.failures import Obstacle, first_obstacle, may_act, obstacles_after
from loyalty.promotions.hints import NearMiss, best_hints, near_miss, one_cure, rough_of, texts_of
from loyalty.promotions.outcome import MAX_MESSAGES, Outcome
from loyalty.promotions.redemption import limit_of, redeem, whole_points
from loyalty.promotions.ruleset import Texts
from loyalty.quote import Quote, QuotedLine


class Evaluation:
    """The pass: its sheet, its outcome, and what stands between the promotions."""

    def __init__(self, compiled: CompiledRuleset, facts: Facts, locale: str) -> None:
        self.compiled = compiled
        self.programme = compiled.programme
        self.facts = facts
        self.sheet = facts.sheet
        self.outcome = Outcome(compiled.untouched_traces(locale))
        self.acting = Acting(compiled, facts, self.outcome, locale)
        self.ordered = self._touched()
        self.exclusive = exclusive_of(compiled, self.ordered, self.acting)
        self.contest = Contest(self.ordered, self.acting)

    def quote(self, redeem_points: int, spendable_points: int) -> Quote:
        """The whole quote; the redemption asked for is lowered to the most that is possible."""
        late = []
        for item in self.ordered:
            if item.is_early:
                self._decide(item)
            else:
                late.append(item)
        allowance = self.acting.allowance
        limit = limit_of(self.sheet, self.programme, allowance)
        rate = self.programme.minor_per_bonus
        spendable = 0 if self.facts.member is None else spendable_points
        redeemable, _ = whole_points(min(limit.points, spendable), rate)
        points, minor = redeem(limit, min(redeem_points, redeemable), rate)
        if self.facts.around.gift_card_minor and not self.programme.gift_card_earns:
            self.sheet.share_gift_card(self.facts.around.gift_card_minor)
        self._paid()
        for item in late:
            self._decide(item)
        self._add_hints()
        return self._quote(limit.points, redeemable, points, minor)

    def _add_hints(self) -> None:
        outcome = self.outcome
        if outcome.misses:
            outcome.add_hints(
                best_hints(
                    outcome.misses, self.facts, self.programme, outcome.forgone, self._texts_of
                )
            )

    def _quote(self, limit_points: int, redeemable: int, points: int, minor: int) -> Quote:
        outcome = self.outcome
        return Quote(
            ruleset_sequence=self.compiled.sequence,
            lines=tuple(
                [
                    QuotedLine(
                        line.item.line_id,
                        line.item.sum_minor,
                        line.item.sum_minor - line.net,
                        line.redeemed,
                        line.points,
                    )
                    for line in self.sheet.lines
                ]
            ),
            promotions=tuple(outcome.promotions),
            accruals=tuple(outcome.accruals),
            redeemable_points=redeemable,
            redeemed_points=points,
            redeemed_minor=minor,
            traces=tuple(outcome.traces),
            messages=tuple(dict.fromkeys(outcome.messages))[:MAX_MESSAGES],
            basket_limit_points=limit_points,
            gifts=tuple(outcome.gifts),
            coupons=tuple(outcome.coupons),
            used_coupons=tuple(dict.fromkeys(outcome.used_coupons)),
            tickets=tuple(outcome.tickets),
        )

    def _paid(self) -> None:
        """Redemption and gift card have their shares of the lines."""

    def _touched(self) -> list[CompiledPromotion]:
        ranks = set(self.compiled.always)
        users = self.compiled.users
        for number in self.sheet.touched():
            ranks.update(users[number])
        promotions = self.compiled.promotions
        return [promotions[rank] for rank in sorted(ranks)]

    def _decide(self, item: CompiledPromotion) -> None:
        """Act, or say why not; remember the promotions that only one thing keeps from acting."""
        if item.mode != "best":
            self._try(item, competes=False)
        elif not self.contest.is_decided(item):
            gain = self._gain_of(item)
            if gain is None:
                self._try(item, competes=False)
                return
            for member in self.contest.begin(item, gain):
                self._try(member, competes=True)
            winner = self.contest.winner()
            if winner is not None:
                self.acting.act(winner)
                self.contest.close(winner)

    def _gain_of(self, item: CompiledPromotion) -> int | None:
        """Only what gives something makes its group be weighed: the others change nothing."""
        is_kept_out = self.exclusive is not None and self.exclusive.keeps_out(item) is not None
        if is_kept_out or not self.acting.is_live(item) or not may_act(item, self.facts):
            return None
        return self.acting.gain_of(item)

    def _try(self, item: CompiledPromotion, *, competes: bool) -> None:
        outcome, promotion = self.outcome, item.promotion
        taken = outcome.gains.get(promotion.group) if item.mode == "first" else None
        first = first_obstacle(item, self.facts)
        if first is not None:
            self._explain(item, first, is_open=taken is None)
        elif self.exclusive is not None and (out := self.exclusive.keeps_out(item)) is not None:
            if out is NOTHING_LEFT:
                outcome.trace(item, "blocked", out)
            else:
                outcome.trace(item, "lost", out, winner=out.seen)
        elif taken is not None:
            failure = Failure("group_taken", promotion.group, "")
            outcome.trace(item, "lost", failure, winner=taken[1])
        elif competes and self.acting.is_live(item):
            self.contest.enter(item)
        else:
            short = self.acting.act(item)
            if short is not None and self.acting.is_live(item):
                self._note_miss(item, short)

    def _explain(self, item: CompiledPromotion, first: Obstacle, *, is_open: bool) -> None:
        """Say the first obstacle; when one thing would mend all of them, it is a near miss."""
        failure = first.failure
        if failure.reason.startswith("cap_"):
            amount, points, units = self.acting.worth_of(item)
            cap = failure.reason[len("cap_") :]
            self.outcome.trace(
                item, "not_met", failure, amount_minor=amount, points=points, units=units, cap=cap
            )
        else:
            self.outcome.trace(item, "blocked" if first.is_law else "not_met", failure)
        if not failure.unit or not is_open or not (item.is_plain or self.acting.is_live(item)):
            return
        if self.exclusive is None or self.exclusive.leaves_open(item):
            self._note_miss(item, first)

    def _note_miss(self, item: CompiledPromotion, first: Obstacle) -> None:
        """Remember what one thing would mend, unless better ones are known already."""
        rough = rough_of(item, self.facts, self.programme)
        if self.outcome.misses.has_place(item, rough):
            miss = self._close_look(item, first, rough)
            if miss is not None:
                self.outcome.misses.add(miss)

    def _texts_of(self, miss: NearMiss) -> Texts:
        return texts_of(miss, self.facts)

    def _close_look(self, item: CompiledPromotion, first: Obstacle, rough: int) -> NearMiss | None:
        cure = one_cure(chain((first,), obstacles_after(item, self.facts, first)))
        return cure and near_miss(item, cure, rough, self.facts, self.programme)
