"""Publish-time checks: rules that can be read but would not do what their author meant.

An error should stop the publication, a warning wants a second look. Codes stand in `CONFLICTS`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from loyalty.promotions.ruleset import ancestors_of
from sync.contract.rule_conditions import (
    ConditionModel,
    DateRangeModel,
    MemberGroupModel,
    ScopeQuantityModel,
    ScopeValueModel,
    StoreModel,
    TimeWindowModel,
    WeekdayModel,
)
from sync.contract.rule_effects import AccruePercentModel, AmountModel, NForMModel, PercentModel
from sync.contract.rule_promotion import PromotionModel
from sync.contract.rule_scopes import ScopeModel

if TYPE_CHECKING:
    from sync.contract.bundle import BundleDraft

Severity = Literal["error", "warning"]

CONFLICTS: dict[str, Severity] = {
    "empty_scope": "error",
    "unknown_group": "error",
    "tobacco_in_scope": "error",
    "accrual_over_100": "error",
    "empty_window": "error",
    "empty_dates": "error",
    "empty_list": "error",
    "past_dates": "warning",
    "deep_discount": "warning",
    "overlap": "warning",
}
TOBACCO_NAMES = frozenset({"tobacco", "nicotine", "cigarettes", "тютюн", "сигарети"})
DEEP_DISCOUNT_BP = 5_000
_PriceEffect = PercentModel | AmountModel | NForMModel
_Targeted = PercentModel | AmountModel | NForMModel | AccruePercentModel


@dataclass(frozen=True, slots=True)
class Conflict:
    """One finding: a code of `CONFLICTS`, where it is, and a sentence about it."""

    severity: Severity
    code: str
    field: str
    promotion_id: str
    message: str


def conflicts(
    draft: BundleDraft, today: date | None = None, tobacco: Collection[str] = TOBACCO_NAMES
) -> list[Conflict]:
    """All findings in file order.

    `today` (local) lets ended promotions be found. `tobacco` are the names of groups, tags and
    SKUs that hold tobacco; groups below them count too.
    """
    return [*_Finder(draft, today, frozenset(tobacco)).found()]


class _Finder:
    def __init__(self, draft: BundleDraft, today: date | None, tobacco: frozenset[str]) -> None:
        self.draft = draft
        self.today = today
        self.tobacco = tobacco
        self.parents: Mapping[str, str] = {
            name: parent or "" for name, parent in draft.group_parents.items()
        }
        self.groups = {*self.parents, *self.parents.values()}
        self.targets: dict[tuple[object, ...], str] = {}

    def found(self) -> Iterator[Conflict]:
        programme = self.draft.programme
        for name in ("redeem_excluded_groups", "accrual_excluded_groups"):
            for group in getattr(programme, name):
                if self._is_unknown(group):
                    yield _conflict("unknown_group", f"programme.{name}", "", f"no group {group}")
        for index, promotion in enumerate(self.draft.promotions):
            yield from self._promotion(f"promotions[{index}]", promotion)

    def _promotion(self, at: str, promotion: PromotionModel) -> Iterator[Conflict]:
        own = promotion.promotion_id
        yield from self._dates(at, own, promotion.valid_from, promotion.valid_until, "valid_until")
        for place, condition in enumerate(promotion.conditions):
            where = f"{at}.conditions[{place}]"
            if isinstance(condition, ScopeQuantityModel | ScopeValueModel):
                yield from self._scope(f"{where}.scope", own, condition.scope)
            yield from self._condition(where, own, condition)
        effect = promotion.effect
        if isinstance(effect, _Targeted):
            yield from self._scope(f"{at}.effect.target", own, effect.target)
        if isinstance(effect, AccruePercentModel) and effect.percent_bp > 10_000:
            message = "earns more than what is paid"
            yield _conflict("accrual_over_100", f"{at}.effect.percent_bp", own, message)
        if isinstance(effect, PercentModel) and effect.percent_bp >= DEEP_DISCOUNT_BP:
            message = f"{effect.percent_bp // 100} % off"
            yield _conflict("deep_discount", f"{at}.effect.percent_bp", own, message)
        if isinstance(effect, _PriceEffect) and not promotion.group:
            yield from self._overlap(at, promotion, effect)

    def _condition(self, at: str, own: str, condition: ConditionModel) -> Iterator[Conflict]:
        if isinstance(condition, TimeWindowModel) and condition.from_time == condition.until_time:
            yield _conflict("empty_window", at, own, "starts when it ends")
        if isinstance(condition, DateRangeModel):
            yield from self._dates(at, own, condition.from_on, condition.until_on, "until_on")
        empty = (
            (isinstance(condition, WeekdayModel) and not condition.days)
            or (isinstance(condition, StoreModel) and not condition.stores)
            or (isinstance(condition, MemberGroupModel) and not condition.groups)
        )
        if empty:
            yield _conflict("empty_list", at, own, "nothing is listed, so it never holds")

    def _dates(
        self, at: str, own: str, starts: str | None, ends: str | None, field: str
    ) -> Iterator[Conflict]:
        if ends is None:
            return
        # ISO texts of one kind sort by time; a date stands before every instant of its day.
        if starts is not None and starts >= ends:
            yield _conflict("empty_dates", f"{at}.{field}", own, f"{starts} is not before {ends}")
        elif self.today is not None and ends <= self.today.isoformat():
            yield _conflict("past_dates", f"{at}.{field}", own, f"ended on {ends}")

    def _scope(self, at: str, own: str, scope: ScopeModel) -> Iterator[Conflict]:
        if self._is_empty(scope):
            yield _conflict("empty_scope", at, own, "no goods can be in this scope")
        for group in (*scope.groups, *scope.exclude.groups):
            if self._is_unknown(group):
                yield _conflict("unknown_group", at, own, f"no group {group}")
        for name in (*scope.skus, *scope.groups, *scope.tags):
            if not self.tobacco.isdisjoint(ancestors_of(name, self.parents)):
                message = f"{name} is tobacco: no rule may promote it"
                yield _conflict("tobacco_in_scope", at, own, message)

    def _is_unknown(self, group: str) -> bool:
        return bool(self.parents) and group not in self.groups

    def _is_empty(self, scope: ScopeModel) -> bool:
        if scope.all:
            return False
        left_out = set(scope.exclude.groups)
        return (
            set(scope.skus) <= set(scope.exclude.skus)
            and set(scope.tags) <= set(scope.exclude.tags)
            and all(left_out.intersection(ancestors_of(g, self.parents)) for g in scope.groups)
        )

    def _overlap(
        self, at: str, promotion: PromotionModel, effect: _PriceEffect
    ) -> Iterator[Conflict]:
        is_late = getattr(effect, "per", "line") == "receipt"
        key = (is_late, promotion.priority, effect.target.to_rule())
        other = self.targets.setdefault(key, promotion.promotion_id)
        if other != promotion.promotion_id:
            message = f"same goods and priority as {other}, and no group says which one acts"
            yield _conflict("overlap", f"{at}.priority", promotion.promotion_id, message)


def _conflict(code: str, field: str, promotion_id: str, message: str) -> Conflict:
    return Conflict(CONFLICTS[code], code, field, promotion_id, message)
