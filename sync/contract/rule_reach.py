"""Promotions that can never act, because another one always acts first and lets none through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from loyalty.promotions.ruleset import GroupMode, ancestors_of
from sync.contract.rule_effects import AmountModel, GiftItemModel, PercentModel
from sync.contract.rule_findings import Conflict, finding
from sync.contract.rule_goods import names_in
from sync.contract.rule_overlaps import MAX_COMPARED, targets_of
from sync.contract.rule_programme import PoliciesModel
from sync.contract.rule_promotion import CapsModel, PromotionModel
from sync.contract.rule_scopes import ScopeModel


class Reach:
    """Knows the promotions of a file that are sure to act wherever their goods are bought."""

    def __init__(
        self,
        parents: Mapping[str, str],
        modes: Mapping[str, GroupMode],
        policies: PoliciesModel,
        promotions: Sequence[PromotionModel],
    ) -> None:
        self._parents = parents
        self._modes = modes
        self._policies = policies
        self._exclusive: list[tuple[int, PromotionModel]] = []
        self._of_group: dict[str, list[tuple[int, PromotionModel]]] = {}
        for place, promotion in enumerate(promotions):
            if not _is_sure(promotion):
                continue
            if self._is_exclusive(promotion):
                self._exclusive.append((place, promotion))
            if promotion.group:
                self._of_group.setdefault(promotion.group, []).append((place, promotion))

    def findings(self, at: str, place: int, promotion: PromotionModel) -> Iterator[Conflict]:
        """The first promotion that always stops this one, if there is one."""
        for blocker in self._blockers(place, promotion):
            if blocker is not promotion and self._covers(blocker, promotion):
                message = f"{blocker.promotion_id} always acts instead of it"
                yield finding("unreachable", at, promotion.promotion_id, message)
                return

    def _mode(self, promotion: PromotionModel) -> GroupMode:
        return self._modes.get(promotion.group, "first") if promotion.group else "sum"

    def _is_exclusive(self, promotion: PromotionModel) -> bool:
        return promotion.is_exclusive or self._mode(promotion) == "exclusive"

    def _blockers(self, place: int, promotion: PromotionModel) -> Iterator[PromotionModel]:
        """Who may stop it: an exclusive one wherever it stands, or one before it in its group.

        Between two exclusive ones priority decides, or what they give, which no file tells.
        """
        is_priced = bool(targets_of(promotion.effect))
        if self._mode(promotion) == "first" and is_priced:
            for number, blocker in self._of_group.get(promotion.group, [])[:MAX_COMPARED]:
                if self._order(number, blocker) < self._order(place, promotion):
                    yield blocker
        policies = self._policies
        is_stopped = is_priced or isinstance(promotion.effect, GiftItemModel)
        if not is_stopped and policies.exclusive_stops == "prices":
            return
        if self._is_exclusive(promotion) and policies.exclusive_choice == "benefit":
            return
        for number, blocker in self._exclusive[:MAX_COMPARED]:
            is_first = (-blocker.priority, number) < (-promotion.priority, place)
            if is_first or not self._is_exclusive(promotion):
                yield blocker

    def _order(self, place: int, promotion: PromotionModel) -> tuple[bool, int, int]:
        is_late = getattr(promotion.effect, "per", "line") == "receipt"
        return (is_late and self._policies.sequencing == "stages", -promotion.priority, place)

    def _covers(self, blocker: PromotionModel, promotion: PromotionModel) -> bool:
        """True when the blocker acts wherever the promotion could."""
        if any(condition not in promotion.conditions for condition in blocker.conditions):
            return False
        if blocker.stores and not set(promotion.stores or [""]) <= set(blocker.stores):
            return False
        if (blocker.valid_from or "") > (promotion.valid_from or ""):
            return False
        if blocker.valid_until and (promotion.valid_until or "9999") > blocker.valid_until:
            return False
        [wide] = targets_of(blocker.effect)
        targets = targets_of(promotion.effect) or [ScopeModel(all=True)]
        return all(self._holds(wide, narrow) for narrow in targets)

    def _holds(self, wide: ScopeModel, narrow: ScopeModel) -> bool:
        plain = wide.model_copy(update={"label": {}})
        if plain in (ScopeModel(all=True), narrow.model_copy(update={"label": {}})):
            return True
        bare = ScopeModel(skus=wide.skus, groups=wide.groups, brands=wide.brands, tags=wide.tags)
        if plain != bare or narrow.all:
            return False
        names = set(names_in(wide))
        return all(
            any((kind, above) in names for above in self._upwards(kind, name))
            for kind, name in names_in(narrow)
        )

    def _upwards(self, kind: str, name: str) -> tuple[str, ...]:
        return ancestors_of(name, self._parents) if kind == "groups" else (name,)


def _is_sure(promotion: PromotionModel) -> bool:
    """True for what takes something off every piece of its target, however often."""
    effect = promotion.effect
    return (
        promotion.state == "live"
        and isinstance(effect, PercentModel | AmountModel)
        and effect.units.needed == 0
        and not effect.units.unused_only
        and promotion.caps == CapsModel()
    )
