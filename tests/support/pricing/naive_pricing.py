"""A second, slow pricing of a sale: every promotion asked, every piece on its own.

It gives the figures of a quote without traces, hints and messages. Where the rules in words do
not say what happens it raises `Unclear`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import get_args

from loyalty.promotions import effects as then
from loyalty.promotions.limits import Usage
from loyalty.promotions.pilot import _draw
from loyalty.promotions.ruleset import Promotion
from loyalty.promotions.scope import Scope
from loyalty.quote import Quote
from tests.support.pricing.naive_conditions import Asker, count_of
from tests.support.pricing.naive_effects import TAKES, Take, dearest_first, mark, recut
from tests.support.pricing.naive_figures import Figures, differences, figures_of
from tests.support.pricing.naive_sheet import Line, Sheet, Unclear, fill, largest_remainder
from tests.support.pricing.random_sales import RandomSale

ACCRUALS = get_args(then.AccrualEffect)
NEEDS_MEMBER = (*ACCRUALS, then.RedeemAllowance, then.CouponIssue)


class Naive:
    """One slow pass over all promotions of a sale."""

    def __init__(self, sale: RandomSale) -> None:
        self.sale, self.rules = sale, sale.ruleset
        self.programme, self.policies = sale.ruleset.programme, sale.ruleset.programme.policies
        if self.policies.allocation == "member_best":
            raise Unclear("member_best is an optimum by itself")
        self.sheet = Sheet(sale.basket, sale.ruleset)
        self.asker = Asker(sale, self.sheet)
        self.figures = Figures()
        self.allowance: then.RedeemAllowance | None = None
        self.taken: set[str] = set()
        self.weighed: set[tuple[str, bool]] = set()
        self.ordered = sorted(
            (p for p in self.rules.promotions if p.state != "draft"), key=self._place
        )
        self.barred: set[str] = set()
        self.alone = self._exclusive()

    def price(self) -> Figures:
        """All stages in the order of operations."""
        for promotion in self.ordered:
            if self._is_early(promotion):
                self._turn(promotion)
        self._redeem()
        if not self.programme.gift_card_earns:
            goods = [n for n in self.sheet.lines if n.item.price_kind != "manual_discount"]
            money = [max(0, n.net - n.manual - n.redeemed) for n in goods]
            paid = min(self.sale.around.gift_card_minor, sum(money))
            for line, part in zip(goods, fill(paid, money, money), strict=True):
                line.card = part
        for promotion in self.ordered:
            if not self._is_early(promotion):
                self._turn(promotion)
        return self.figures

    # --- who has a turn, and who acts ----------------------------------------------------------

    def _stage(self, promotion: Promotion) -> int:
        effect = promotion.effect
        if isinstance(effect, tuple(TAKES)):
            if getattr(effect, "per", "line") == "receipt":
                return 1
            return 0
        later = (then.GiftItem, then.RedeemAllowance, ACCRUALS, then.DrawTicket, then.Message)
        if isinstance(effect, then.AccrueMultiplier):
            return 5
        if isinstance(effect, then.CouponIssue | then.DrawTicket):
            return 6
        return {0: 2, 1: 3, 2: 4, 3: 6, 4: 7}[
            next(n for n, kind in enumerate(later) if isinstance(effect, kind))
        ]

    def _place(self, promotion: Promotion) -> tuple[int, int]:
        stage = self._stage(promotion)
        if self.policies.sequencing == "priority" and stage <= 2:
            stage = 0
        return stage, -promotion.priority

    def _is_early(self, promotion: Promotion) -> bool:
        return self._stage(promotion) <= 3

    def _mode(self, promotion: Promotion) -> str:
        if not promotion.group:
            return "sum"
        return self.rules.group_modes.get(promotion.group, "first")

    def _is_live(self, promotion: Promotion) -> bool:
        if promotion.state != "pilot":
            return promotion.state == "live"
        pilot, register = promotion.pilot, self.sale.around.register_id
        return (
            self.sale.store_id in pilot.stores
            or register in pilot.registers
            or _draw(promotion.promotion_id, register) < pilot.share_bp
        )

    def _may_act(self, promotion: Promotion) -> bool:
        if not self.asker.may_begin(promotion):
            return False
        if isinstance(promotion.effect, NEEDS_MEMBER) and self.asker.member is None:
            return False
        conditions = promotion.conditions
        return all(self.asker.holds(one) for one in conditions) and self._has_target(promotion)

    def _has_target(self, promotion: Promotion) -> bool:
        effect = promotion.effect
        if isinstance(effect, then.SetPrice):
            return self.asker.has_parts(effect.parts, unused=True)
        scope = _target(effect)
        if scope is None:
            return True
        lines = self.sheet.of(scope)
        units: then.Units = getattr(effect, "units", then.ALL_UNITS)
        unused = units.unused_only or isinstance(effect, then.NForM | then.NthUnitPercent)
        needed = max(units.needed, 1 if units.unused_only else 0)
        if isinstance(effect, then.NForM):
            needed = effect.take
        if isinstance(effect, then.NthUnitPercent):
            needed = effect.nth
        if isinstance(effect, then.GiftItem):
            needed = effect.per_units or 0
        return bool(lines) and sum(count_of(line, unused=unused) for line in lines) >= needed

    def _exclusive(self) -> Promotion | None:
        """Asked on the basket as it was rung, by priority or by benefit."""
        found: list[tuple[int, Promotion]] = []
        file_order = [p for p in self.rules.promotions if p.state != "draft"]
        for promotion in sorted(file_order, key=lambda p: -p.priority):
            if not (promotion.is_exclusive or self._mode(promotion) == "exclusive"):
                continue
            if not self._is_live(promotion) or not self._may_act(promotion):
                continue
            gain = self._gain(promotion)
            if gain is not None:
                found.append((gain, promotion))
                if self.policies.exclusive_choice == "priority":
                    break
            elif self._stage(promotion) <= 1:
                self.barred.add(promotion.promotion_id)
        return max(found, key=lambda pair: pair[0])[1] if found else None

    def _is_stopped(self, promotion: Promotion) -> bool:
        if promotion is self.alone:
            return False
        if self.alone is None:
            return promotion.promotion_id in self.barred
        return self.policies.exclusive_stops == "everything" or self._stage(promotion) <= 2

    def _turn(self, promotion: Promotion) -> None:
        if self._mode(promotion) == "best":
            self._weigh(promotion)
        elif self._may_act(promotion) and not self._is_stopped(promotion):
            if self._mode(promotion) == "first" and promotion.group in self.taken:
                return
            self._act(promotion)

    def _weigh(self, promotion: Promotion) -> None:
        """All of the group that have their turn from here on; the one that gives most acts."""
        key = promotion.group, self._is_early(promotion)
        if key in self.weighed or not self._could_win(promotion):
            return
        self.weighed.add(key)
        rest = self.ordered[self.ordered.index(promotion) :]
        rivals = [
            other
            for other in rest
            if (other.group, self._is_early(other)) == key and self._could_win(other)
        ]
        if promotion.group not in self.taken:
            best = max(self._gain(other) or 0 for other in rivals)
            self._act(next(other for other in rivals if (self._gain(other) or 0) == best))

    def _could_win(self, promotion: Promotion) -> bool:
        return (
            self._may_act(promotion)
            and self._is_live(promotion)
            and not self._is_stopped(promotion)
            and self._gain(promotion) is not None
        )

    # --- what it gives -------------------------------------------------------------------------

    def _gain(self, promotion: Promotion) -> int | None:
        effect = promotion.effect
        if isinstance(effect, tuple(TAKES)):
            take = self._take(promotion)
            return None if take is None else take.total
        if isinstance(effect, ACCRUALS):
            points = sum(self._points(promotion))
            most = promotion.caps.per_receipt_points
            points = points if most is None else min(points, most)
            return points * self.programme.minor_per_bonus // 100 if points else None
        if isinstance(effect, then.DrawTicket):
            return 0 if self._tickets(effect) else None
        return 0

    def _act(self, promotion: Promotion) -> None:
        effect, own, live = promotion.effect, promotion.promotion_id, self._is_live(promotion)
        acted = live
        if isinstance(effect, tuple(TAKES)):
            take = self._take(promotion)
            acted = live and take is not None
            if take is not None and live:
                self._apply(promotion, take)
        elif isinstance(effect, ACCRUALS):
            points = self._points(promotion)
            most = promotion.caps.per_receipt_points
            if most is not None and sum(points) > most:
                points = largest_remainder(most, points)
            acted = live and sum(points) > 0
            if acted:
                self._earn(promotion, points)
        elif isinstance(effect, then.DrawTicket):
            acted = live and self._tickets(effect) > 0
            if acted:
                self.figures.tickets.append((own, self._tickets(effect)))
        elif isinstance(effect, then.RedeemAllowance):
            acted = live and self.allowance is None
            self.allowance = effect if acted else self.allowance
        elif isinstance(effect, then.GiftItem) and live:
            count = sum(line.count for line in self.sheet.of(effect.scope))
            times = count // effect.per_units if effect.per_units else 1
            self.figures.gifts.append((own, times * effect.quantity))
        elif isinstance(effect, then.CouponIssue) and live:
            self.figures.coupons.append(own)
        if acted:
            self._close(promotion)

    def _close(self, promotion: Promotion) -> None:
        effect = promotion.effect
        if not isinstance(effect, tuple(TAKES)):
            self._mark(promotion.consume_units, self._triggers(promotion), self._own(effect))
        if self._mode(promotion) in ("first", "best"):
            self.taken.add(promotion.group)

    def _take(self, promotion: Promotion) -> Take | None:
        """After caps; None when nothing is left of it."""
        effect, caps = promotion.effect, promotion.caps
        lines: object
        if isinstance(effect, then.SetPrice):
            lines = [self.sheet.of(part.scope) for part in effect.parts]
        else:
            scope = _target(effect)
            assert scope is not None
            lines = self.sheet.of(scope)
        take = TAKES[type(effect)](effect, lines, self.policies, promotion.consume_units > 0)
        if not take.total:
            return None
        if caps.per_receipt_minor is not None and take.total > caps.per_receipt_minor:
            take.cut_to(caps.per_receipt_minor)
        if caps.campaign_minor is not None:
            used = self.sale.around.usage.get(promotion.promotion_id, Usage()).campaign_minor
            left = caps.campaign_minor - used
            if take.total > left:
                if not caps.is_partial or left <= 0:
                    return None
                take.cut_to(left)
        return take

    def _apply(self, promotion: Promotion, take: Take) -> None:
        shares: dict[str, int] = {}
        for line, part in take.whole:
            line.take(part)
            shares[line.item.line_id] = part
        own = {line.place: line for line, _ in take.whole}
        for portion in take.portions:
            own[portion.line.place] = portion.line
            line_id = portion.line.item.line_id
            shares[line_id] = shares.get(line_id, 0) + portion.amount
        for line in {portion.line.place: portion.line for portion in take.portions}.values():
            recut(line, take)
        self._use_up(promotion, take, [own[place] for place in sorted(own)])
        told = {line_id: part for line_id, part in shares.items() if part}
        self.figures.promotions.append((promotion.promotion_id, take.total, told))

    def _own(self, effect: then.Effect) -> list[Line]:
        scope = _target(effect)
        return self.sheet.of(scope) if scope else []

    def _triggers(self, promotion: Promotion) -> list[Line]:
        triggers: list[Line] = []
        for condition in promotion.conditions:
            parts = getattr(condition, "parts", None)
            scopes = (
                [part.scope for part in parts] if parts else [getattr(condition, "scope", None)]
            )
            triggers += [line for scope in scopes if scope for line in self.sheet.of(scope)]
        return triggers

    def _use_up(self, promotion: Promotion, take: Take, own: list[Line]) -> None:
        triggers = self._triggers(promotion)
        left = promotion.consume_units - sum(p.count for p in take.portions if p.uses)
        self._mark(left, *((triggers, own) if take.portions else (own, triggers)))

    def _mark(self, left: int, *groups: list[Line]) -> None:
        for lines in groups:
            for line in sorted(lines, key=dearest_first):
                if left > 0:
                    left -= mark(line, left)

    def _tickets(self, effect: then.DrawTicket) -> int:
        if not effect.per_minor:
            return effect.tickets
        return effect.tickets * (sum(self._bases(effect.target)) // effect.per_minor)

    def _bases(self, scope: Scope) -> list[int]:
        before = self.policies.earn_base == "before_redemption"
        return [
            max(0, n.net - n.manual - n.card - (0 if before else n.redeemed)) if n.earns else 0
            for n in self.sheet.of(scope)
        ]

    def _points(self, promotion: Promotion) -> list[int]:
        effect = promotion.effect
        scope = _target(effect)
        assert scope is not None
        lines, bases = self.sheet.of(scope), self._bases(scope)
        pieces = [line.count if line.earns else 0 for line in lines]
        paid = sum(bases)
        if isinstance(effect, then.AccruePerUnit):
            return [effect.points * count for count in pieces]
        if isinstance(effect, then.AccrueMultiplier):
            earned = [line.points for line in lines]
            more = Fraction(sum(earned) * (effect.factor_bp - 10_000), 10_000)
            return largest_remainder(int(more), earned)
        if isinstance(effect, then.AccruePercent):
            bonuses = Fraction(paid * effect.percent_bp, 10_000 * self.programme.minor_per_bonus)
            return largest_remainder(int(bonuses * 100), bases)
        if isinstance(effect, then.AccruePerAmount):
            times = Fraction(paid, effect.per_minor)
            times = Fraction(int(times)) if effect.in_steps else times
            return largest_remainder(int(times * effect.points), bases)
        assert isinstance(effect, then.AccrueFixed)
        return largest_remainder(effect.points, bases if paid else pieces)

    def _earn(self, promotion: Promotion, points: list[int]) -> None:
        scope = _target(promotion.effect)
        assert scope is not None
        told = {}
        for line, part in zip(self.sheet.of(scope), points, strict=True):
            line.points += part
            if part:
                told[line.item.line_id] = part
        self.figures.accruals.append((promotion.promotion_id, sum(points), told))

    def _redeem(self) -> None:
        programme, allowed = self.programme, self.allowance or then.RedeemAllowance()

        def bound(own: int | None, default: int | None) -> int | None:
            return default if own is None else own

        lines = [n for n in self.sheet.lines if n.payable and n.net > n.manual]
        money = [n.net - n.manual for n in lines]
        share = bound(allowed.max_share_bp, programme.redeem_max_share_bp) or 0
        least = bound(allowed.min_money_minor, programme.redeem_min_money_minor) or 0
        cap = bound(allowed.cap_minor, programme.redeem_cap_minor)
        payable = sum(n.net for n in self.sheet.lines)
        most = min(sum(money) * share // 10_000, sum(n.room for n in lines), payable - least)
        most = max(0, most if cap is None else min(most, cap))
        spendable = 0 if self.asker.member is None else self.sale.spendable_points
        rate = programme.minor_per_bonus
        limit = _whole(most * 100 // rate, rate)
        self.figures.redeemable = _whole(min(limit, spendable), rate)
        points = _whole(min(self.sale.redeem_points, self.figures.redeemable), rate)
        minor = points * rate // 100
        self.figures.redeemed = points, minor
        for line, part in zip(lines, fill(minor, money, [n.room for n in lines]), strict=True):
            line.redeemed += part


def _whole(points: int, rate: int) -> int:
    """The fewest points that pay as many whole kopecks as these do."""
    return next(n for n in range(max(0, points - 100), points + 1) if _pay(n, points, rate))


def _pay(fewer: int, points: int, rate: int) -> bool:
    return fewer * rate // 100 == points * rate // 100


def _target(effect: then.Effect) -> Scope | None:
    scope = getattr(effect, "target", None)
    return effect.scope if isinstance(effect, then.GiftItem) else scope


def disagreements(sale: RandomSale, quote: Quote) -> list[str]:
    """Where the naive figures and the quote differ; raises `Unclear` where nobody can say."""
    return list(differences(Naive(sale).price(), figures_of(quote)))
