"""What publish-time checks know about goods: classes, prices, and which of them a scope names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from loyalty.basket import GoodsClass
from loyalty.promotions.ruleset import ancestors_of
from sync.contract.rule_scopes import ScopeModel

TOBACCO_NAMES = frozenset({"tobacco", "nicotine", "cigarettes", "тютюн", "сигарети"})
ALCOHOL_NAMES = frozenset({"alcohol", "wine", "beer", "spirits", "vodka", "алкоголь"})


@dataclass(frozen=True, slots=True)
class Good:
    """A good of the catalogue; prices are kopecks a unit, 0 = not known or none."""

    sku: str
    price_minor: int = 0
    min_price_minor: int = 0
    goods_class: GoodsClass = "normal"
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    brand: str = ""


class Catalogue:
    """Goods found by the names that scopes use; it may be empty or partial."""

    def __init__(
        self,
        goods: Iterable[Good],
        prices: Mapping[str, int],
        parents: Mapping[str, str],
        tobacco: Collection[str],
        alcohol: Collection[str],
    ) -> None:
        known = {good.sku: good for good in goods}
        known |= {sku: Good(sku, price) for sku, price in prices.items() if sku not in known}
        self._parents = parents
        self._tobacco = frozenset(tobacco)
        self._alcohol = frozenset(alcohol)
        self._prices = prices
        self._by_name: dict[tuple[str, str], list[Good]] = {}
        for good in known.values():
            for name in self._names_of(good):
                self._by_name.setdefault(name, []).append(good)

    def _names_of(self, good: Good) -> set[tuple[str, str]]:
        names = {("skus", good.sku), ("brands", good.brand)}
        names |= {("tags", tag) for tag in good.tags}
        for group in good.groups:
            names |= {("groups", above) for above in ancestors_of(group, self._parents)}
        return names

    def named(self, scope: ScopeModel) -> list[Good]:
        """Goods that the scope lists and does not exclude; `all` lists none of them."""
        found = {good.sku: good for name in names_in(scope) for good in self._by_name.get(name, ())}
        left_out = set(names_in(scope.exclude))
        low, high = scope.price_min_minor, scope.price_max_minor
        return [
            good
            for good in found.values()
            if left_out.isdisjoint(self._names_of(good))
            and (low is None or self.price(good) >= low)
            and (high is None or self.price(good) <= high)
        ]

    def price(self, good: Good) -> int:
        """The normal price of one unit in kopecks; 0 = not known."""
        return self._prices.get(good.sku, good.price_minor)

    def tobacco_in(self, scope: ScopeModel) -> str:
        """The first name of the scope that stands for tobacco, or the SKU of such a good."""
        return self._of_class(scope, self._tobacco, "tobacco")

    def alcohol_in(self, scope: ScopeModel) -> str:
        """The first name of the scope that stands for alcohol, or the SKU of such a good."""
        return self._of_class(scope, self._alcohol, "alcohol")

    def _of_class(self, scope: ScopeModel, names: frozenset[str], goods_class: str) -> str:
        for _, name in names_in(scope):
            if not names.isdisjoint(ancestors_of(name, self._parents)):
                return name
        for good in self.named(scope):
            if good.goods_class == goods_class:
                return good.sku
        return ""

    def lacks_floor(self, scope: ScopeModel) -> bool:
        """True when alcohol of the scope has no lowest price, or no alcohol of it is known."""
        bottles = [good for good in self.named(scope) if good.goods_class == "alcohol"]
        return not bottles or any(good.min_price_minor <= 0 for good in bottles)

    def dearest(self, scope: ScopeModel) -> int | None:
        """The highest normal price in the scope; None when a listed SKU or a price is not known."""
        goods = self.named(scope)
        if scope.all or not goods or any(self.price(good) <= 0 for good in goods):
            return None
        named = {good.sku for good in goods}
        if set(scope.skus) - set(scope.exclude.skus) - named:
            return None
        return max(self.price(good) for good in goods)


def names_in(scope: object) -> list[tuple[str, str]]:
    """(list, name) pairs of a scope, or of what it excludes, in file order."""
    lists = ("skus", "groups", "brands", "tags")
    return [(kind, name) for kind in lists for name in getattr(scope, kind)]
