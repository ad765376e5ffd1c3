"""Promotions of one file that meet: the same goods at the same priority, one code for two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from loyalty.promotions.ruleset import ancestors_of
from sync.contract.rule_conditions import CodeEnteredModel, CouponHeldModel
from sync.contract.rule_effects import (
    AmountModel,
    FixedPriceModel,
    NForMModel,
    NthUnitModel,
    PercentModel,
    SetPriceModel,
)
from sync.contract.rule_findings import Conflict, finding
from sync.contract.rule_goods import names_in
from sync.contract.rule_promotion import PromotionModel
from sync.contract.rule_scopes import ScopeModel
from sync.contract.rule_times import never_meet

_Targeted = PercentModel | AmountModel | FixedPriceModel | NForMModel | NthUnitModel
Key = tuple[object, ...]
MAX_COMPARED = 40


def targets_of(effect: object) -> list[ScopeModel]:
    """The scopes that an effect makes cheaper."""
    if isinstance(effect, SetPriceModel):
        return [part.scope for part in effect.parts]
    return [effect.target] if isinstance(effect, _Targeted) else []


class Overlaps:
    """Looks at promotions in file order and compares each with at most 40 like it before."""

    def __init__(self, parents: Mapping[str, str]) -> None:
        self._parents = parents
        self._seen: dict[Key, list[PromotionModel]] = {}

    def findings(self, at: str, promotion: PromotionModel) -> Iterator[Conflict]:
        """What one promotion has in common with those before it in the file."""
        yield from self._code_twice(at, promotion)
        targets = targets_of(promotion.effect)
        if promotion.group or not targets:
            return
        is_late = getattr(promotion.effect, "per", "line") == "receipt"
        step = ("target", is_late, promotion.priority)
        before = [
            other
            for scope in targets
            for key in self._looked_up(scope)
            for other in self._seen.get((*step, *key), ())
        ]
        other = next((other for other in before if self._clash(promotion, other)), None)
        if other is not None:
            message = f"same goods and priority as {other.promotion_id}: no group says which acts"
            yield finding("overlap", f"{at}.priority", promotion.promotion_id, message)
        for key in {key for scope in targets for key in self._kept_under(scope)}:
            self._remember((*step, *key), promotion)

    def _remember(self, key: Key, promotion: PromotionModel) -> None:
        kept = self._seen.setdefault(key, [])
        if len(kept) < MAX_COMPARED:
            kept.append(promotion)

    def _kept_under(self, scope: ScopeModel) -> Iterator[Key]:
        yield ("any",)
        if scope.all:
            yield ("all",)
        for kind, name in names_in(scope):
            yield (kind, name)
            if kind == "groups":
                yield from (("under", above) for above in ancestors_of(name, self._parents))

    def _looked_up(self, scope: ScopeModel) -> Iterator[Key]:
        yield ("any",) if scope.all else ("all",)
        for kind, name in names_in(scope):
            yield from ((kind, above) for above in self._upwards(kind, name))
            if kind == "groups":
                yield ("under", name)

    def _upwards(self, kind: str, name: str) -> tuple[str, ...]:
        return ancestors_of(name, self._parents) if kind == "groups" else (name,)

    def _clash(self, one: PromotionModel, other: PromotionModel) -> bool:
        return not never_meet(one, other) and any(
            self._may_share_goods(mine, theirs)
            for mine in targets_of(one.effect)
            for theirs in targets_of(other.effect)
        )

    def _may_share_goods(self, mine: ScopeModel, theirs: ScopeModel) -> bool:
        """False when price tag or price keep them apart, or one leaves out what the other lists."""
        if mine.only_reduced and theirs.exclude_reduced:
            return False
        if theirs.only_reduced and mine.exclude_reduced:
            return False
        low = max(mine.price_min_minor or 0, theirs.price_min_minor or 0)
        highs = [h for h in (mine.price_max_minor, theirs.price_max_minor) if h is not None]
        if highs and low > min(highs):
            return False
        return not (self._leaves_out(mine, theirs) or self._leaves_out(theirs, mine))

    def _leaves_out(self, mine: ScopeModel, theirs: ScopeModel) -> bool:
        left_out = set(names_in(mine.exclude))
        return not theirs.all and all(
            any((kind, above) in left_out for above in self._upwards(kind, name))
            for kind, name in names_in(theirs)
        )

    def _code_twice(self, at: str, promotion: PromotionModel) -> Iterator[Conflict]:
        for place, condition in enumerate(promotion.conditions):
            for key in _codes_of(condition):
                before = self._seen.get(key, ())
                other = next((o for o in before if not _may_share(promotion, o)), None)
                if other is not None:
                    message = f"{key[0]} {key[1]} is also that of {other.promotion_id}"
                    where = f"{at}.conditions[{place}]"
                    yield finding("code_twice", where, promotion.promotion_id, message)
                self._remember(key, promotion)


def _codes_of(condition: object) -> list[Key]:
    if isinstance(condition, CodeEnteredModel):
        return [("code", code) for code in sorted({code.upper() for code in condition.codes})]
    if isinstance(condition, CouponHeldModel):
        return [("coupon", coupon) for coupon in sorted(set(condition.coupons))]
    return []


def _may_share(one: PromotionModel, other: PromotionModel) -> bool:
    is_one_choice = bool(one.group) and one.group == other.group
    return one is other or is_one_choice or never_meet(one, other)
