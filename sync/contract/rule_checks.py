"""Publish-time checks: rules that can be read but would not do what their author meant.

An error stops the publication, a warning wants a second person. Codes stand in `CONFLICTS`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from loyalty.promotions.ruleset import ancestors_of
from sync.contract import rule_conditions as when
from sync.contract import rule_effects as then
from sync.contract.rule_fields import walk
from sync.contract.rule_findings import CONFLICTS as CONFLICTS
from sync.contract.rule_findings import Conflict as Conflict
from sync.contract.rule_findings import Severity as Severity
from sync.contract.rule_findings import finding
from sync.contract.rule_goods import ALCOHOL_NAMES, TOBACCO_NAMES, Catalogue, Good, names_in
from sync.contract.rule_overlaps import Overlaps, targets_of
from sync.contract.rule_promotion import PilotModel, PromotionModel
from sync.contract.rule_reach import Reach
from sync.contract.rule_scopes import ScopeModel
from sync.contract.rule_since import newer_parts, version_key
from sync.contract.rule_times import time_findings

if TYPE_CHECKING:
    from sync.contract.bundle import BundleDraft

DEEP_DISCOUNT_BP = 5_000
BUDGET_OVER_BP = 5_000


def conflicts(
    draft: BundleDraft,
    today: date | None = None,
    tobacco: Collection[str] = TOBACCO_NAMES,
    *,
    alcohol: Collection[str] = ALCOHOL_NAMES,
    goods: Iterable[Good] = (),
    prices: Mapping[str, int] | None = None,
    oldest_agent: str = "",
    budget_over_bp: int = BUDGET_OVER_BP,
) -> list[Conflict]:
    """All findings in file order.

    `today` (local) lets ended promotions be found. `tobacco` and `alcohol` are names of groups,
    tags and SKUs that hold such goods; groups below them count too. `goods` is the catalogue;
    `prices` (SKU to normal price of a unit in kopecks) stands in for it or corrects it: without
    either, prices are not judged. `oldest_agent` is the lowest version that runs on a register.
    A discount over `budget_over_bp` must have a budget.
    """
    parents = {name: parent or "" for name, parent in draft.group_parents.items()}
    catalogue = Catalogue(goods, prices or {}, parents, tobacco, alcohol)
    finder = _Finder(draft, parents, catalogue, today, budget_over_bp)
    return [*_too_new(draft, oldest_agent), *finder.found()]


def _too_new(draft: BundleDraft, oldest_agent: str) -> Iterator[Conflict]:
    """The first part that a register of the promised or of the oldest version cannot read."""
    reader = min(filter(None, (draft.min_agent_version, oldest_agent)), default="", key=version_key)
    if oldest_agent and version_key(draft.min_agent_version or "0") > version_key(oldest_agent):
        message = f"a register still runs {oldest_agent} and would refuse the bundle"
        yield finding("needs_newer_agent", "min_agent_version", "", message)
        return
    for path, version in newer_parts("", draft) if reader else ():
        if version_key(version) > version_key(reader):
            message = f"read since {version}, and {reader} is to read the file"
            yield finding("needs_newer_agent", path, "", message)
            return


class _Finder:
    def __init__(
        self,
        draft: BundleDraft,
        parents: Mapping[str, str],
        catalogue: Catalogue,
        today: date | None,
        budget_over_bp: int,
    ) -> None:
        self.draft = draft
        self.parents = parents
        self.catalogue = catalogue
        self.today = today
        self.budget_over_bp = budget_over_bp
        self.groups = {*parents, *parents.values()}
        self.overlaps = Overlaps(parents)
        policies = draft.programme.policies
        self.reach = Reach(parents, draft.group_modes, policies, draft.promotions)

    def found(self) -> Iterator[Conflict]:
        programme = self.draft.programme
        lists = ("redeem_excluded_groups", "accrual_excluded_groups", "excluded_groups")
        for name in lists:
            for group in getattr(programme, name):
                if self._is_unknown(group):
                    yield finding("unknown_group", f"programme.{name}", "", f"no group {group}")
        used = {promotion.group for promotion in self.draft.promotions}
        for group in self.draft.group_modes:
            if group not in used:
                message = f"no promotion is in group {group}"
                yield finding("unused_mode", f"group_modes.{group}", "", message)
        for index, promotion in enumerate(self.draft.promotions):
            yield from self._promotion(f"promotions[{index}]", index, promotion)

    def _promotion(self, at: str, index: int, promotion: PromotionModel) -> Iterator[Conflict]:
        own = promotion.promotion_id
        yield from time_findings(at, promotion, self.today)
        for where, part in walk(at, promotion):
            if isinstance(part, ScopeModel):
                yield from self._scope(where, own, part)
            elif isinstance(part, when.ConditionBase):
                yield from self._condition(where, own, part)
        if promotion.state == "pilot" and promotion.pilot == PilotModel():
            message = "a pilot without stores, registers and share gives nothing"
            yield finding("empty_pilot", f"{at}.pilot", own, message)
        yield from self._gift(f"{at}.effect", own, promotion)
        yield from self._generosity(f"{at}.effect", own, promotion)
        yield from self._prices(f"{at}.effect", own, promotion)
        if promotion.state != "draft":
            yield from self.overlaps.findings(at, promotion)
            yield from self.reach.findings(at, index, promotion)

    # --- scopes and lists -------------------------------------------------------------------------

    def _scope(self, at: str, own: str, scope: ScopeModel) -> Iterator[Conflict]:
        if self._is_empty(scope):
            yield finding("empty_scope", at, own, "no goods can be in this scope")
        for group in (*scope.groups, *scope.exclude.groups):
            if self._is_unknown(group):
                yield finding("unknown_group", at, own, f"no group {group}")
        name = self.catalogue.tobacco_in(scope)
        if name:
            message = f"{name} is tobacco: no rule may promote it"
            yield finding("tobacco_in_scope", at, own, message)

    def _is_unknown(self, group: str) -> bool:
        return bool(self.parents) and group not in self.groups

    def _is_empty(self, scope: ScopeModel) -> bool:
        if scope.only_reduced and scope.exclude_reduced:
            return True
        programme = self.draft.programme
        left_out = set(names_in(scope.exclude))
        left_out |= {("groups", group) for group in programme.excluded_groups}
        left_out |= {("tags", tag) for tag in programme.excluded_tags}
        return not scope.all and all(
            any((kind, above) in left_out for above in self._upwards(kind, name))
            for kind, name in names_in(scope)
        )

    def _upwards(self, kind: str, name: str) -> tuple[str, ...]:
        return ancestors_of(name, self.parents) if kind == "groups" else (name,)

    def _condition(self, at: str, own: str, condition: when.ConditionBase) -> Iterator[Conflict]:
        lists = [value for _, value in condition if isinstance(value, list)]
        every = getattr(condition, "every", None)
        if lists and not any(lists) and every is None:
            yield finding("empty_list", at, own, "nothing is listed, so it asks for nothing")
        if isinstance(condition, when.DaysSincePurchaseModel):
            most = condition.at_most
            if most is not None and condition.at_least > most:
                yield finding("empty_window", at, own, "at_least is above at_most")

    def _gift(self, at: str, own: str, promotion: PromotionModel) -> Iterator[Conflict]:
        effect = promotion.effect
        if isinstance(effect, then.GiftItemModel):
            name = self.catalogue.tobacco_in(ScopeModel(skus=[effect.sku]))
            if name:
                message = f"{name} is tobacco: no rule may give it away"
                yield finding("tobacco_in_scope", f"{at}.sku", own, message)

    # --- money ------------------------------------------------------------------------------------

    def _generosity(self, at: str, own: str, promotion: PromotionModel) -> Iterator[Conflict]:
        effect = promotion.effect
        if isinstance(effect, then.AccruePercentModel) and effect.percent_bp > 10_000:
            yield finding("accrual_over_100", f"{at}.percent_bp", own, "earns more than is paid")
        if isinstance(effect, then.AccruePerAmountModel):
            worth = effect.points * self.draft.programme.minor_per_bonus
            if worth > effect.per_minor * 100:
                yield finding("accrual_over_100", f"{at}.points", own, "earns more than is paid")
        off_bp = _off_bp(effect)
        if off_bp >= DEEP_DISCOUNT_BP and isinstance(effect, then.PercentModel):
            yield finding("deep_discount", f"{at}.percent_bp", own, f"{off_bp // 100} % off")
        caps = promotion.caps
        if off_bp > self.budget_over_bp and not (caps.campaign_minor or caps.campaign_count):
            message = f"{off_bp // 100} % off without campaign_minor or campaign_count"
            yield finding("budget_missing", f"{at}", own, message)

    def _prices(self, at: str, own: str, promotion: PromotionModel) -> Iterator[Conflict]:
        effect = promotion.effect
        for scope in targets_of(effect):
            name = self.catalogue.alcohol_in(scope)
            if name and self.catalogue.lacks_floor(scope):
                message = f"{name} is alcohol, and no lowest price of it is known"
                yield finding("alcohol_without_floor", at, own, message)
                break
        if isinstance(effect, then.FixedPriceModel):
            normal = self.catalogue.dearest(effect.target)
        elif isinstance(effect, then.SetPriceModel):
            normal = self._set_worth(effect)
        else:
            return
        if normal is not None and effect.price_minor >= normal:
            message = f"{effect.price_minor} is not below the normal price, {normal}"
            yield finding("above_normal_price", f"{at}.price_minor", own, message)

    def _set_worth(self, effect: then.SetPriceModel) -> int | None:
        worth = 0
        for part in effect.parts:
            dearest = self.catalogue.dearest(part.scope)
            if dearest is None:
                return None
            worth += dearest * part.quantity
        return worth


def _off_bp(effect: object) -> int:
    """The discount of a whole set in basis points, where the rule alone tells it, else 0."""
    if isinstance(effect, then.PercentModel):
        return effect.percent_bp
    if isinstance(effect, then.NForMModel):
        return (effect.take - effect.pay) * effect.percent_bp // effect.take
    if isinstance(effect, then.NthUnitModel):
        return effect.percent_bp // effect.nth
    return 0
