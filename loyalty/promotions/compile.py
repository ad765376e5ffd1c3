"""A ruleset turned into an index: the cost of a basket follows its lines, not the rules.

Equal scopes share one number. A promotion none of whose scopes is in the basket is never looked
at: its trace was made here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from loyalty.basket import LineItem
from loyalty.promotions import conditions as when
from loyalty.promotions import effects as then
from loyalty.promotions.checks import CHECKS, Check
from loyalty.promotions.index import Place, ScopeIndex
from loyalty.promotions.limits import NO_CAPS
from loyalty.promotions.rewards import REWARDS, Reward
from loyalty.promotions.ruleset import GroupMode, Programme, Promotion, Ruleset, text_in
from loyalty.promotions.scope import Scope
from loyalty.quote import PromotionTrace

Stage = Literal[
    "line", "receipt", "gift", "allowance", "accrual", "multiplier", "reward", "message"
]
STAGES: tuple[Stage, ...] = get_args(Stage)
PRICE_STAGES = frozenset({"line", "receipt"})
BEFORE_REDEMPTION = frozenset({"line", "receipt", "gift", "allowance"})
TRACE_LOCALES = ("uk", "en")

_STAGE_OF: dict[type[then.Effect], Stage] = {
    then.FixedPrice: "line",
    then.SetPrice: "line",
    then.NForM: "line",
    then.NthUnitPercent: "line",
    then.GiftItem: "gift",
    then.RedeemAllowance: "allowance",
    then.AccruePercent: "accrual",
    then.AccruePerAmount: "accrual",
    then.AccruePerUnit: "accrual",
    then.AccrueFixed: "accrual",
    then.AccrueMultiplier: "multiplier",
    then.CouponIssue: "reward",
    then.DrawTicket: "reward",
    then.Message: "message",
}
_OF_ONE_SCOPE = (when.ScopeQuantity, when.ScopeValue, when.DistinctSkus)
_OF_NO_GOODS = (then.RedeemAllowance, then.CouponIssue, then.Message)
_NEEDS_MEMBER = (*get_args(then.AccrualEffect), then.RedeemAllowance, then.CouponIssue)


@dataclass(frozen=True, slots=True, eq=False)
class CompiledPromotion:
    """A promotion with the numbers of its scopes; `position` is its place in the file.

    `asked` are the conditions, each with the numbers of its scopes and its check; `targets` the
    numbers of the scopes the effect acts on; `reward` computes what it takes off, if it does.
    `is_gated` is true when validity, stores, caps or a kill-list may limit the promotion,
    `needs_member` when it moves something of a member's, `is_plain` when it is live, in no group
    and without caps, `is_set` when its targets are parts of a set. `needed_pieces` counts the
    pieces its target must hold, unused ones when `needs_unused`; `is_early` when it acts before
    redemption, `speaks` when it has messages or uses coupons up. `mode` is that of its group
    ("sum" without one).
    """

    promotion: Promotion
    position: int
    stage: Stage
    targets: tuple[int, ...]
    is_gated: bool
    needs_member: bool
    is_plain: bool
    is_set: bool
    needed_pieces: int
    needs_unused: bool
    is_early: bool
    speaks: bool
    is_stopped: bool
    mode: GroupMode
    asked: tuple[tuple[when.Condition, tuple[int, ...], Check], ...]
    reward: Reward | None


@dataclass(frozen=True, slots=True)
class CompiledRuleset:
    """The index. `promotions` is in the order of acting; `users` leads from a scope to them."""

    sequence: int
    programme: Programme
    zone: ZoneInfo
    promotions: tuple[CompiledPromotion, ...]
    always: tuple[int, ...]
    users: tuple[tuple[int, ...], ...]
    scopes: tuple[Scope, ...]
    index: ScopeIndex
    exclusives: tuple[int, ...]
    """Ranks of the promotions that stop all others, in the order they are asked."""
    together: tuple[tuple[int, ...], ...]
    """For each place in the file the ranks of the promotions that are decided together: its own,
    or those of its group; none where the decision hangs on more than the lines in their scopes."""
    untouched: Mapping[str, tuple[PromotionTrace, ...]]

    def place_of(self, line: LineItem) -> Place:
        """The line's groups and scopes."""
        return self.index.place_of(line)

    def untouched_traces(self, locale: str) -> tuple[PromotionTrace, ...]:
        """Traces as they are when nothing of any scope is in the basket, in file order."""
        ready = self.untouched.get(locale)
        return _untouched(self.promotions, locale) if ready is None else ready


def compile_ruleset(ruleset: Ruleset) -> CompiledRuleset:
    """Index a ruleset; about 20 µs a promotion. Drafts are left out."""
    numbers: dict[Scope, int] = {}
    active = [promotion for promotion in ruleset.promotions if promotion.state != "draft"]
    promotions = sorted(
        (
            _compile_promotion(position, promotion, ruleset, numbers)
            for position, promotion in enumerate(active)
        ),
        key=_order_of(ruleset.programme),
    )
    ranks: list[list[int]] = [[] for _ in numbers]
    always = []
    for rank, item in enumerate(promotions):
        used = {*item.targets, *(number for _, numbers, _ in item.asked for number in numbers)}
        for number in used:
            ranks[number].append(rank)
        if not used:
            always.append(rank)
    scopes = tuple(numbers)
    exclusives = [
        rank
        for rank, item in enumerate(promotions)
        if item.promotion.is_exclusive or item.mode == "exclusive"
    ]
    exclusives.sort(
        key=lambda rank: (-promotions[rank].promotion.priority, promotions[rank].position)
    )
    return CompiledRuleset(
        sequence=ruleset.sequence,
        programme=ruleset.programme,
        zone=ZoneInfo(ruleset.programme.timezone),
        promotions=tuple(promotions),
        always=tuple(always),
        users=tuple(map(tuple, ranks)),
        scopes=scopes,
        index=ScopeIndex(scopes, ruleset.programme, ruleset.group_parents),
        exclusives=tuple(exclusives),
        together=_together(promotions),
        untouched={locale: _untouched(promotions, locale) for locale in TRACE_LOCALES},
    )


def _together(promotions: Sequence[CompiledPromotion]) -> tuple[tuple[int, ...], ...]:
    sets: dict[str | int, list[int]] = {}
    for rank, item in enumerate(promotions):
        sets.setdefault(item.promotion.group or rank, []).append(rank)
    found: list[tuple[int, ...]] = [()] * len(promotions)
    for ranks in sets.values():
        items = [promotions[rank] for rank in ranks]
        if not any(_looks_further(item.promotion) for item in items):
            for item in items:
                found[item.position] = tuple(ranks)
    return tuple(found)


def _looks_further(promotion: Promotion) -> bool:
    """True when the promotion hangs on the whole receipt, or changes the sale and not its lines."""
    return isinstance(promotion.effect, then.RedeemAllowance) or any(
        isinstance(asked, when.ReceiptValue) for asked in promotion.conditions
    )


def _order_of(programme: Programme) -> Callable[[CompiledPromotion], tuple[int, int, int]]:
    by_priority = programme.policies.sequencing == "priority"

    def key(item: CompiledPromotion) -> tuple[int, int, int]:
        stage = STAGES.index(item.stage)
        if by_priority and (item.stage in PRICE_STAGES or item.stage == "gift"):
            stage = 0
        return stage, -item.promotion.priority, item.position

    return key


def _compile_promotion(
    position: int, promotion: Promotion, ruleset: Ruleset, numbers: dict[Scope, int]
) -> CompiledPromotion:
    def number_of(scope: Scope) -> int:
        return numbers.setdefault(replace(scope, label=()), len(numbers))

    is_stopped = promotion.promotion_id in ruleset.stopped
    has_caps = promotion.caps != NO_CAPS
    stage = stage_of(promotion)
    units: then.Units | None = getattr(promotion.effect, "units", None)
    return CompiledPromotion(
        promotion=promotion,
        position=position,
        stage=stage,
        targets=tuple(number_of(scope) for scope in targets_of(promotion)),
        is_gated=bool(
            promotion.valid_from
            or promotion.valid_until
            or promotion.stores
            or is_stopped
            or has_caps
        ),
        needs_member=isinstance(promotion.effect, _NEEDS_MEMBER),
        is_plain=promotion.state == "live" and not promotion.group and not has_caps,
        is_set=isinstance(promotion.effect, then.SetPrice),
        needed_pieces=_needed_pieces(promotion.effect),
        needs_unused=not isinstance(promotion.effect, then.GiftItem)
        and (units is None or units.unused_only),
        is_early=stage in BEFORE_REDEMPTION,
        speaks=bool(promotion.messages)
        or any(isinstance(item, when.CouponHeld) for item in promotion.conditions),
        is_stopped=is_stopped,
        mode=ruleset.group_modes.get(promotion.group, "first") if promotion.group else "sum",
        asked=tuple(
            (
                condition,
                tuple(number_of(scope) for scope in scopes_of(condition)),
                CHECKS[type(condition)],
            )
            for condition in promotion.conditions
        ),
        reward=REWARDS.get(type(promotion.effect)),
    )


def _needed_pieces(effect: then.Effect) -> int:
    """Pieces that the target must hold before the effect can act; 0 asks for a line only."""
    if isinstance(effect, then.PercentOff | then.AmountOff | then.FixedPrice):
        return max(effect.units.needed, 1 if effect.units.unused_only else 0)
    if isinstance(effect, then.NForM):
        return effect.take
    if isinstance(effect, then.NthUnitPercent):
        return effect.nth
    return effect.per_units or 0 if isinstance(effect, then.GiftItem) else 0


def scopes_of(condition: when.Condition) -> tuple[Scope, ...]:
    """The scopes a condition counts."""
    if isinstance(condition, _OF_ONE_SCOPE):
        return (condition.scope,)
    if isinstance(condition, when.CompleteSet):
        return tuple(part.scope for part in condition.parts)
    return ()


def targets_of(promotion: Promotion) -> tuple[Scope, ...]:
    """The scopes an effect acts on."""
    effect = promotion.effect
    if isinstance(effect, then.SetPrice):
        return tuple(part.scope for part in effect.parts)
    if isinstance(effect, then.GiftItem):
        return (effect.scope,)
    if isinstance(effect, _OF_NO_GOODS):
        return ()
    return (effect.target,)


def stage_of(promotion: Promotion) -> Stage:
    """When a promotion acts: line and set promotions first, messages last."""
    effect = promotion.effect
    if isinstance(effect, then.PercentOff | then.AmountOff):
        return "receipt" if effect.per == "receipt" else "line"
    return _STAGE_OF[type(effect)]


def _untouched(promotions: Iterable[CompiledPromotion], locale: str) -> tuple[PromotionTrace, ...]:
    in_file_order = sorted(promotions, key=lambda item: item.position)
    return tuple(_untouched_trace(item.promotion, locale) for item in in_file_order)


def _untouched_trace(promotion: Promotion, locale: str) -> PromotionTrace:
    needed = "1"
    for condition in promotion.conditions:
        if isinstance(condition, when.ScopeQuantity | when.DistinctSkus):
            needed = str(condition.at_least)
            break
    return PromotionTrace(
        promotion_id=promotion.promotion_id,
        name=text_in(promotion.name, locale) or promotion.promotion_id,
        status="not_met",
        reason="no_goods",
        seen="0",
        needed=needed,
    )
