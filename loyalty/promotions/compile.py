"""A ruleset turned into an index: the cost of a basket follows its lines, not the rules.

Equal scopes share one number. Posting lists lead from a SKU, group or tag to the numbers of the
scopes that name it, and from a scope to the promotions that use it. A promotion none of whose
scopes is in the basket is never looked at: its trace was made here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal
from zoneinfo import ZoneInfo

from loyalty.basket import LineItem
from loyalty.promotions.conditions import Condition, Scope, ScopeQuantity, ScopeValue
from loyalty.promotions.effects import AccruePercent, AmountOff, NForM, PercentOff, RedeemAllowance
from loyalty.promotions.ruleset import Programme, Promotion, Ruleset, ancestors_of, text_in
from loyalty.quote import PromotionTrace

Phase = Literal["line", "receipt", "allowance", "accrual", "message"]
PHASES: tuple[Phase, ...] = ("line", "receipt", "allowance", "accrual", "message")
TRACE_LOCALES = ("uk", "en")

_Postings = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class CompiledPromotion:
    """A promotion with the numbers of its scopes; `position` is its place in the file.

    `asked` are the conditions, each with the number of its scope or None. `is_gated` is true
    when validity or stores limit the promotion, `moves_points` when it needs a member, `is_set`
    when it needs a whole set of pieces.
    """

    promotion: Promotion
    position: int
    phase: Phase
    target: int | None
    is_gated: bool
    moves_points: bool
    is_set: bool
    asked: tuple[tuple[Condition, int | None], ...]


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
    scopes_of_all: tuple[int, ...]
    scopes_by_sku: _Postings
    scopes_by_group: _Postings
    scopes_by_tag: _Postings
    guarded: frozenset[int]
    """Scopes that exclude something and must be asked line by line."""
    lineage: Mapping[str, tuple[str, ...]]
    untouched: Mapping[str, tuple[PromotionTrace, ...]]

    def groups_of(self, line: LineItem) -> frozenset[str]:
        """The line's groups and every group above them."""
        lineage = self.lineage
        found: set[str] = set()
        for group in line.groups:
            found.update(lineage.get(group, (group,)))
        return frozenset(found)

    def scopes_with(self, line: LineItem, groups: frozenset[str]) -> set[int]:
        """Numbers of the scopes the line belongs to."""
        numbers = set(self.scopes_of_all)
        numbers.update(self.scopes_by_sku.get(line.sku, ()))
        for group in groups:
            numbers.update(self.scopes_by_group.get(group, ()))
        for tag in line.tags:
            numbers.update(self.scopes_by_tag.get(tag, ()))
        for number in numbers & self.guarded:
            if _is_excluded(self.scopes[number], line, groups):
                numbers.discard(number)
        return numbers

    def untouched_traces(self, locale: str) -> tuple[PromotionTrace, ...]:
        """Traces as they are when nothing of any scope is in the basket, in file order."""
        ready = self.untouched.get(locale)
        return _untouched(self.promotions, locale) if ready is None else ready


def compile_ruleset(ruleset: Ruleset) -> CompiledRuleset:
    """Index a ruleset; about 20 µs a promotion."""
    numbers: dict[Scope, int] = {}
    promotions = sorted(
        (
            _compile_promotion(position, promotion, numbers)
            for position, promotion in enumerate(ruleset.promotions)
        ),
        key=lambda item: (PHASES.index(item.phase), -item.promotion.priority, item.position),
    )
    ranks: list[list[int]] = [[] for _ in numbers]
    always = []
    for rank, item in enumerate(promotions):
        numbers_used = (item.target, *(number for _, number in item.asked))
        used = {number for number in numbers_used if number is not None}
        for number in used:
            ranks[number].append(rank)
        if not used:
            always.append(rank)
    scopes = tuple(numbers)
    return CompiledRuleset(
        sequence=ruleset.sequence,
        programme=ruleset.programme,
        zone=ZoneInfo(ruleset.programme.timezone),
        promotions=tuple(promotions),
        always=tuple(always),
        users=tuple(map(tuple, ranks)),
        scopes=scopes,
        scopes_of_all=tuple(number for number, scope in enumerate(scopes) if scope.is_all),
        scopes_by_sku=_postings(scope.skus for scope in scopes),
        scopes_by_group=_postings(scope.groups for scope in scopes),
        scopes_by_tag=_postings(scope.tags for scope in scopes),
        guarded=frozenset(number for number, scope in enumerate(scopes) if _has_guard(scope)),
        lineage={
            group: ancestors_of(group, ruleset.group_parents) for group in ruleset.group_parents
        },
        untouched={locale: _untouched(promotions, locale) for locale in TRACE_LOCALES},
    )


def _compile_promotion(
    position: int, promotion: Promotion, numbers: dict[Scope, int]
) -> CompiledPromotion:
    def number_of(scope: Scope | None) -> int | None:
        if scope is None:
            return None
        return numbers.setdefault(replace(scope, label=()), len(numbers))

    return CompiledPromotion(
        promotion=promotion,
        position=position,
        phase=phase_of(promotion),
        target=number_of(target_of(promotion)),
        is_gated=bool(promotion.valid_from or promotion.valid_until or promotion.stores),
        moves_points=isinstance(promotion.effect, AccruePercent | RedeemAllowance),
        is_set=isinstance(promotion.effect, NForM),
        asked=tuple((item, number_of(scope_of(item))) for item in promotion.conditions),
    )


def scope_of(condition: Condition) -> Scope | None:
    """The scope a condition counts, if it has one."""
    return condition.scope if isinstance(condition, ScopeQuantity | ScopeValue) else None


def target_of(promotion: Promotion) -> Scope | None:
    """The scope an effect acts on, if it has one."""
    effect = promotion.effect
    if isinstance(effect, PercentOff | AmountOff | NForM | AccruePercent):
        return effect.target
    return None


def phase_of(promotion: Promotion) -> Phase:
    """When a promotion acts: line and set promotions first, messages last."""
    effect = promotion.effect
    if isinstance(effect, PercentOff | AmountOff):
        return "receipt" if effect.per == "receipt" else "line"
    if isinstance(effect, NForM):
        return "line"
    if isinstance(effect, AccruePercent):
        return "accrual"
    return "allowance" if isinstance(effect, RedeemAllowance) else "message"


def _postings(names_of_scopes: Iterable[frozenset[str]]) -> _Postings:
    found: dict[str, list[int]] = {}
    for number, names in enumerate(names_of_scopes):
        for name in names:
            found.setdefault(name, []).append(number)
    return {name: tuple(numbers) for name, numbers in found.items()}


def _has_guard(scope: Scope) -> bool:
    return bool(
        scope.excludes_reduced
        or scope.excluded_skus
        or scope.excluded_groups
        or scope.excluded_tags
    )


def _is_excluded(scope: Scope, line: LineItem, groups: frozenset[str]) -> bool:
    return (
        (scope.excludes_reduced and line.price_kind == "reduced")
        or line.sku in scope.excluded_skus
        or not scope.excluded_groups.isdisjoint(groups)
        or not scope.excluded_tags.isdisjoint(line.tags)
    )


def _untouched(promotions: Iterable[CompiledPromotion], locale: str) -> tuple[PromotionTrace, ...]:
    in_file_order = sorted(promotions, key=lambda item: item.position)
    return tuple(_untouched_trace(item.promotion, locale) for item in in_file_order)


def _untouched_trace(promotion: Promotion, locale: str) -> PromotionTrace:
    needed = "1"
    for condition in promotion.conditions:
        if isinstance(condition, ScopeQuantity):
            needed = str(condition.at_least)
            break
    return PromotionTrace(
        promotion_id=promotion.promotion_id,
        name=text_in(promotion.name, locale),
        status="not_met",
        reason="no_goods",
        seen="0",
        needed=needed,
    )
