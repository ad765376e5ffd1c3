"""Letting one promotion act: its reward, its caps, and what becomes of them in the outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import dropwhile, islice
from typing import Any, get_args

from loyalty.money import format_minor, split_by_weight
from loyalty.points import points_to_minor
from loyalty.promotions import conditions as when
from loyalty.promotions import effects as then
from loyalty.promotions.accruals import accrue, bases_of, first_step
from loyalty.promotions.compile import PRICE_STAGES, CompiledPromotion, CompiledRuleset, targets_of
from loyalty.promotions.facts import Facts, Failure
from loyalty.promotions.failures import Obstacle, lines_of, may_act, why_nothing
from loyalty.promotions.limits import NOT_USED, remaining_minor
from loyalty.promotions.member_checks import held_coupons
from loyalty.promotions.outcome import Outcome
from loyalty.promotions.pilot import is_live_at
from loyalty.promotions.prices import Demand
from loyalty.promotions.redemption import NO_ALLOWANCE
from loyalty.promotions.ruleset import text_in
from loyalty.promotions.takings import Taking, apply, use_pieces, use_up
from loyalty.promotions.worksheet import SheetLine
from loyalty.quote import (
    AppliedPromotion,
    Gift,
    IssuedCoupon,
    IssuedTickets,
    PromotionTrace,
)

_PRICE_EFFECTS = get_args(then.PriceEffect)
_ACCRUAL_EFFECTS = get_args(then.AccrualEffect)


class Acting:
    """The hands of one evaluation: computes rewards, applies them, writes the outcome."""

    def __init__(
        self, compiled: CompiledRuleset, facts: Facts, outcome: Outcome, locale: str
    ) -> None:
        self.compiled = compiled
        self.programme = compiled.programme
        self.policies = compiled.programme.policies
        self.facts = facts
        self.outcome = outcome
        self.locale = locale
        self.changed: list[SheetLine] = []
        """Lines whose figures or pieces were changed, in the order of the changes."""
        self.allowance = NO_ALLOWANCE
        self._allowed_by = ""

    def is_live(self, item: CompiledPromotion) -> bool:
        """True when what the promotion gives is given and not only counted."""
        return is_live_at(item.promotion, self.facts.store_id, self.facts.around.register_id)

    def gain_of(self, item: CompiledPromotion) -> int | None:
        """Kopecks that the promotion would give now; None when it would give nothing."""
        effect = item.promotion.effect
        if isinstance(effect, _PRICE_EFFECTS):
            taking, _, failure = self._taking(item)
            return None if failure is not None else taking.total
        if isinstance(effect, _ACCRUAL_EFFECTS):
            points = sum(accrue(effect, lines_of(self.facts, item.targets[0]), self.programme))
            most = item.promotion.caps.per_receipt_points
            points = points if most is None else min(points, most)
            return points_to_minor(points, self.programme.minor_per_bonus) if points else None
        if isinstance(effect, then.DrawTicket) and not self._count_tickets(item, effect):
            return None
        return 0

    def worth_of(self, item: CompiledPromotion) -> tuple[int, int, int]:
        """(kopecks, points, pieces) that it would give now if its campaign were not used up."""
        effect, by_scope = item.promotion.effect, self.facts.sheet.by_scope
        if not any(number in by_scope for number in item.targets):
            return 0, 0, 0
        if item.reward is not None:
            targets = [by_scope.get(number, ()) for number in item.targets]
            taking = item.reward(effect, targets, self.policies, False, None)
            return taking.total, 0, taking.units
        if isinstance(effect, _ACCRUAL_EFFECTS):
            return 0, sum(accrue(effect, by_scope[item.targets[0]], self.programme)), 0
        return 0, 0, 0

    def act(self, item: CompiledPromotion) -> Obstacle | None:
        """Give what the promotion gives, or put down why it gives nothing.

        What is returned is lacking for the first step of what is given in steps."""
        effect = item.promotion.effect
        return ACTS[type(effect)](self, item, effect)

    def _taking(self, item: CompiledPromotion) -> tuple[Taking, str, Failure | None]:
        """The taking after caps, the cap that cut it, and why nothing is taken."""
        policies = self.policies
        by_scope = self.facts.sheet.by_scope
        targets = [by_scope.get(number, ()) for number in item.targets]
        demand = self._demand(item) if policies.allocation == "member_best" else None
        assert item.reward is not None
        uses = item.promotion.consume_units > 0
        taking = item.reward(item.promotion.effect, targets, policies, uses, demand)
        if not taking.total:
            return taking, "", why_nothing(item.promotion.effect, targets)
        return (taking, "", None) if item.is_plain else self._capped(item, taking)

    def _capped(
        self, item: CompiledPromotion, taking: Taking
    ) -> tuple[Taking, str, Failure | None]:
        caps, cut = item.promotion.caps, ""
        limit = caps.per_receipt_minor
        if limit is not None and taking.total > limit:
            taking, cut = taking.limited(limit), "per_receipt_minor"
        usage = self.facts.around.usage.get(item.promotion.promotion_id, NOT_USED)
        left = remaining_minor(caps, usage)
        wanted = taking.total
        if left is None or wanted <= left:
            return taking, cut, None
        if not caps.is_partial or not left:
            seen, needed = format_minor(left), format_minor(wanted)
            return taking, "campaign_minor", Failure("cap_budget", seen, needed)
        return taking.limited(left), "campaign_minor", None

    def _demand(self, item: CompiledPromotion) -> Demand:
        """How many later promotions that can act now want a line."""
        later = dropwhile(lambda other: other is not item, self.compiled.promotions)
        rest = [
            {line.index for number in other.targets for line in lines_of(self.facts, number)}
            for other in islice(later, 1, None)
            if other.stage in PRICE_STAGES and self.is_live(other) and may_act(other, self.facts)
        ]
        return lambda line: sum([line.index in wanted for wanted in rest])

    def _discount(self, item: CompiledPromotion, _: then.PriceEffect) -> None:
        taking, cap, failure = self._taking(item)
        if failure is not None:
            total, units = taking.total, taking.units if taking.total else 0
            self.outcome.trace(item, "blocked", failure, amount_minor=total, units=units, cap=cap)
            return
        total, units = taking.total, taking.units
        if not item.is_plain and self._is_shadow(item, amount_minor=total, units=units, cap=cap):
            return
        shares = apply(taking)
        self.changed += taking.lines
        promotion, outcome = item.promotion, self.outcome
        if promotion.consume_units:
            trigger = self._trigger_lines(item)
            use_up(promotion.consume_units, taking, trigger)
            self.changed += trigger
        own, name = promotion.promotion_id, outcome.traces[item.position].name
        outcome.promotions.append(AppliedPromotion(own, name, total, shares, units))
        self._fire(item, total, total, 0, units, cap)

    def _trigger_lines(self, item: CompiledPromotion) -> list[SheetLine]:
        numbers = dict.fromkeys(number for _, numbers, _ in item.asked for number in numbers)
        return [line for number in numbers for line in lines_of(self.facts, number)]

    def _accrue(self, item: CompiledPromotion, effect: then.AccrualEffect) -> Obstacle | None:
        lines = lines_of(self.facts, item.targets[0])
        points: Sequence[int] = accrue(effect, lines, self.programme)
        total, cap = sum(points), ""
        limit = item.promotion.caps.per_receipt_points
        if limit is not None and total > limit:
            points, total, cap = split_by_weight(limit, points), limit, "per_receipt_points"
        if not total:
            return self._earns_nothing(item, first_step(effect))
        units = 0
        if isinstance(effect, then.AccruePerUnit):
            units = sum([line.pieces for line in lines if line.earns])
        if self._is_shadow(item, points=total, units=units, cap=cap):
            return None
        for line, part in zip(lines, points, strict=True):
            line.points += part
        self.changed += lines
        self.outcome.add_accrual(item, lines, points)
        gain = points_to_minor(total, self.programme.minor_per_bonus)
        self._fire(item, gain=gain, points=total, units=units, cap=cap)
        return None

    def _earns_nothing(self, item: CompiledPromotion, step_minor: int) -> Obstacle | None:
        """Say why: goods that earn nothing, or less money than the first step asks."""
        lines = lines_of(self.facts, item.targets[0])
        money = sum(bases_of(lines, self.programme))
        if not 0 < money < step_minor:
            self.outcome.trace(item, "blocked", Failure("earns_nothing", "0.00", "0.01"))
            return None
        seen, needed = format_minor(money), format_minor(step_minor)
        failure = Failure("scope_value", seen, needed, step_minor - money, "minor")
        self.outcome.trace(item, "not_met", failure)
        return Obstacle(failure, targets_of(item.promotion)[0], lines)

    def _gift(self, item: CompiledPromotion, effect: then.GiftItem) -> None:
        pieces = sum([line.pieces for line in lines_of(self.facts, item.targets[0])])
        times = pieces // effect.per_units if effect.per_units else 1
        count = times * effect.quantity
        if self._is_shadow(item, units=count):
            return
        name = text_in(effect.name, self.locale) or effect.sku
        self.outcome.gifts.append(Gift(item.promotion.promotion_id, effect.sku, name, count))
        self._fire(item, units=count)

    def _allow(self, item: CompiledPromotion, effect: then.RedeemAllowance) -> None:
        if self._allowed_by:
            failure = Failure("allowance_taken", self._allowed_by, "")
            self.outcome.trace(item, "lost", failure, winner=self._allowed_by)
        elif not self._is_shadow(item):
            self.allowance = effect
            self._allowed_by = item.promotion.promotion_id
            self._fire(item)

    def _coupon(self, item: CompiledPromotion, effect: then.CouponIssue) -> None:
        if self._is_shadow(item):
            return
        own, text = item.promotion.promotion_id, text_in(effect.text, self.locale)
        self.outcome.coupons.append(IssuedCoupon(own, effect.coupon, effect.valid_days, text))
        self._fire(item)

    def _tickets(self, item: CompiledPromotion, effect: then.DrawTicket) -> Obstacle | None:
        count = self._count_tickets(item, effect)
        if not count:
            return self._earns_nothing(item, effect.per_minor or 0)
        if not self._is_shadow(item, units=count):
            own = item.promotion.promotion_id
            self.outcome.tickets.append(IssuedTickets(own, effect.draw, count))
            self._fire(item, units=count)
        return None

    def _count_tickets(self, item: CompiledPromotion, effect: then.DrawTicket) -> int:
        if not effect.per_minor:
            return effect.tickets
        money = sum(bases_of(lines_of(self.facts, item.targets[0]), self.programme))
        return effect.tickets * (money // effect.per_minor)

    def _message(self, item: CompiledPromotion, effect: then.Message) -> None:
        if not self._is_shadow(item):
            self._say(effect)
            self._fire(item)

    def _say(self, message: then.Message) -> None:
        self.outcome.messages.append((message.place, text_in(message.text, self.locale)))

    def _is_shadow(
        self,
        item: CompiledPromotion,
        *,
        amount_minor: int = 0,
        points: int = 0,
        units: int = 0,
        cap: str = "",
    ) -> bool:
        if item.is_plain or self.is_live(item):
            return False
        failure = Failure("shadow", item.promotion.state, "live")
        self.outcome.trace(
            item,
            "blocked",
            failure,
            amount_minor=amount_minor,
            points=points,
            units=units,
            cap=cap,
        )
        return True

    def _fire(
        self,
        item: CompiledPromotion,
        gain: int = 0,
        amount_minor: int = 0,
        points: int = 0,
        units: int = 0,
        cap: str = "",
    ) -> None:
        promotion = item.promotion
        if item.mode in ("first", "best"):
            self.outcome.gains[promotion.group] = gain, promotion.promotion_id
        if item.speaks:
            self._speak(item)
        if promotion.consume_units and item.reward is None:
            own = [line for number in item.targets for line in lines_of(self.facts, number)]
            trigger = self._trigger_lines(item)
            use_pieces(promotion.consume_units, trigger, own)
            self.changed += (*trigger, *own)
        traces = self.outcome.traces
        traces[item.position] = PromotionTrace(
            promotion.promotion_id,
            traces[item.position].name,
            "fired",
            "",
            "",
            "",
            amount_minor,
            points,
            (),
            0,
            units,
            cap,
        )

    def _speak(self, item: CompiledPromotion) -> None:
        for message in item.promotion.messages:
            self._say(message)
        for condition in item.promotion.conditions:
            if isinstance(condition, when.CouponHeld) and self.facts.member is not None:
                held = condition.coupons & held_coupons(self.facts, self.facts.member)
                self.outcome.used_coupons.append(min(held))


ACTS: dict[type[then.Effect], Callable[[Acting, CompiledPromotion, Any], Obstacle | None]] = {
    **dict.fromkeys(_PRICE_EFFECTS, Acting._discount),
    **dict.fromkeys(_ACCRUAL_EFFECTS, Acting._accrue),
    then.GiftItem: Acting._gift,
    then.RedeemAllowance: Acting._allow,
    then.CouponIssue: Acting._coupon,
    then.DrawTicket: Acting._tickets,
    then.Message: Acting._message,
}
