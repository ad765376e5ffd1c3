"""The index of scopes: from a basket line to the numbers of the scopes that hold it.

Posting lists lead from a SKU, group, brand or tag to the scopes that name it, so the cost of a
line follows the scopes it is in and not the number of rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from loyalty.basket import LineItem
from loyalty.promotions.law import is_tobacco, may_be_promoted
from loyalty.promotions.ruleset import Programme, ancestors_of
from loyalty.promotions.scope import Scope

MAX_KNOWN_PLACES = 8_192

_Postings = Mapping[str, tuple[int, ...]]


class Place(NamedTuple):
    """Where goods stand: their groups with all groups above, and the scopes they are in.

    `takes_part` is false for goods that no promotion sees, `is_forbidden` when it is the law
    that says so. Goods that do not earn still trigger and receive discounts.
    """

    groups: frozenset[str]
    scopes: tuple[int, ...]
    takes_part: bool
    is_forbidden: bool
    earns: bool
    may_be_promoted: bool
    may_be_paid: bool


class ScopeIndex:
    """Immutable but for a bounded memory of places it has worked out already."""

    def __init__(
        self, scopes: tuple[Scope, ...], programme: Programme, parents: Mapping[str, str]
    ) -> None:
        self._scopes = scopes
        self._programme = programme
        self._lineage = {group: frozenset(ancestors_of(group, parents)) for group in parents}
        self._of_all = tuple(number for number, scope in enumerate(scopes) if scope.is_all)
        self._by_sku = _postings(scope.skus for scope in scopes)
        self._by_group = _postings(scope.groups for scope in scopes)
        self._by_brand = _postings(scope.brands for scope in scopes)
        self._by_tag = _postings(scope.tags for scope in scopes)
        self._guarded = frozenset(n for n, scope in enumerate(scopes) if _has_guard(scope))
        self._leaves_out = bool(programme.excluded_groups or programme.excluded_tags)
        self._has_barren = bool(programme.accrual_excluded_groups)
        self._known: dict[object, Place] = {}

    def place_of(self, item: LineItem) -> Place:
        """The place of a line; equal goods at an equal price share it."""
        key = (
            item.sku,
            item.groups,
            item.tags,
            item.brand,
            item.price_kind,
            item.unit_price_minor,
            item.goods_class,
            item.uktzed,
        )
        known = self._known.get(key)
        if known is None:
            known = self._work_out(item)
            if len(self._known) >= MAX_KNOWN_PLACES:
                self.forget()
            self._known[key] = known
        return known

    def forget(self) -> None:
        """Empty the memory of places, as after a start."""
        self._known.clear()

    def _work_out(self, item: LineItem) -> Place:
        programme, kind = self._programme, item.price_kind
        groups = self._groups_of(item.groups)
        is_promotable = may_be_promoted(item)
        is_forbidden = not is_promotable and is_tobacco(item)
        is_left_out = (
            kind == "manual_discount"
            or item.goods_class == "gift_card"
            or (kind == "override" and not programme.policies.override_takes_part)
            or (self._leaves_out and self._is_left_out(item, groups))
        )
        takes_part = is_promotable and not is_left_out
        earns = takes_part and not (kind == "reduced" and programme.accrual_excludes_reduced)
        if earns and self._has_barren:
            earns = programme.accrual_excluded_groups.isdisjoint(groups)
        return Place(
            groups,
            () if is_left_out else self._scopes_with(item, groups),
            takes_part,
            is_forbidden and not is_left_out,
            earns,
            is_promotable,
            is_promotable and programme.redeem_excluded_groups.isdisjoint(groups),
        )

    def _is_left_out(self, item: LineItem, groups: frozenset[str]) -> bool:
        programme = self._programme
        return not (
            programme.excluded_groups.isdisjoint(groups)
            and programme.excluded_tags.isdisjoint(item.tags)
        )

    def _groups_of(self, named: tuple[str, ...]) -> frozenset[str]:
        """The named groups and all groups above them."""
        if len(named) == 1:
            return self._lineage.get(named[0]) or frozenset(named)
        return frozenset().union(*[self._lineage.get(group, (group,)) for group in named])

    def _scopes_with(self, item: LineItem, groups: frozenset[str]) -> tuple[int, ...]:
        numbers = {*self._of_all, *self._by_sku.get(item.sku, ())}
        by_group = self._by_group
        for group in groups:
            if group in by_group:
                numbers.update(by_group[group])
        if item.brand:
            numbers.update(self._by_brand.get(item.brand, ()))
        for tag in item.tags:
            numbers.update(self._by_tag.get(tag, ()))
        if not numbers.isdisjoint(self._guarded):
            for number in numbers & self._guarded:
                if _is_excluded(self._scopes[number], item, groups):
                    numbers.discard(number)
        return tuple(numbers)


def _postings(names_of_scopes: Iterable[frozenset[str]]) -> _Postings:
    found: dict[str, list[int]] = {}
    for number, names in enumerate(names_of_scopes):
        for name in names:
            found.setdefault(name, []).append(number)
    return {name: tuple(numbers) for name, numbers in found.items()}


def _has_guard(scope: Scope) -> bool:
    return bool(
        scope.excludes_reduced
        or scope.only_reduced
        or scope.price_min_minor is not None
        or scope.price_max_minor is not None
        or scope.excluded_skus
        or scope.excluded_groups
        or scope.excluded_brands
        or scope.excluded_tags
    )


def _is_excluded(scope: Scope, item: LineItem, groups: frozenset[str]) -> bool:
    is_reduced = item.price_kind == "reduced"
    price, low, high = item.unit_price_minor, scope.price_min_minor, scope.price_max_minor
    return (
        (scope.excludes_reduced and is_reduced)
        or (scope.only_reduced and not is_reduced)
        or (low is not None and price < low)
        or (high is not None and price > high)
        or item.sku in scope.excluded_skus
        or item.brand in scope.excluded_brands
        or not scope.excluded_groups.isdisjoint(groups)
        or not scope.excluded_tags.isdisjoint(item.tags)
    )
