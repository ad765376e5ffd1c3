"""Scopes and sets of a rule file."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from loyalty.promotions.scope import Scope, SetPart
from sync.contract.rule_fields import (
    MAX_SET_PARTS,
    AmountOrZero,
    Bool,
    OptionalTexts,
    Pieces,
    RuleModel,
    Words,
    rule_fields,
)


class ExclusionModel(RuleModel):
    """What a scope leaves out."""

    skus: Words = []
    groups: Words = []
    brands: Words = []
    tags: Words = []


class ScopeModel(RuleModel):
    """Lines of a basket: `all`, or those listed by SKU, group (with its children), brand or tag.

    `exclude_reduced` leaves out goods whose shelf price is already reduced, `only_reduced` keeps
    only them; the price band is inclusive, in kopecks a unit.
    """

    all: Bool = False
    skus: Words = []
    groups: Words = []
    brands: Words = []
    tags: Words = []
    price_min_minor: AmountOrZero | None = None
    price_max_minor: AmountOrZero | None = None
    only_reduced: Bool = False
    exclude_reduced: Bool = False
    exclude: ExclusionModel = ExclusionModel()
    label: OptionalTexts = {}

    @model_validator(mode="after")
    def _band_runs_upwards(self) -> Self:
        low, high = self.price_min_minor, self.price_max_minor
        if low is not None and high is not None and low > high:
            raise ValueError("price_min_minor is above price_max_minor")
        return self

    def to_rule(self) -> Scope:
        return Scope(
            is_all=self.all,
            skus=frozenset(self.skus),
            groups=frozenset(self.groups),
            brands=frozenset(self.brands),
            tags=frozenset(self.tags),
            price_min_minor=self.price_min_minor,
            price_max_minor=self.price_max_minor,
            only_reduced=self.only_reduced,
            excludes_reduced=self.exclude_reduced,
            excluded_skus=frozenset(self.exclude.skus),
            excluded_groups=frozenset(self.exclude.groups),
            excluded_brands=frozenset(self.exclude.brands),
            excluded_tags=frozenset(self.exclude.tags),
            label=tuple(sorted(self.label.items())),
        )


class SetPartModel(RuleModel):
    """One part of a set: so many pieces of a scope."""

    scope: ScopeModel
    quantity: Pieces = 1

    def to_rule(self) -> SetPart:
        return SetPart(**rule_fields(self))


SetParts = Annotated[list[SetPartModel], Field(min_length=1, max_length=MAX_SET_PARTS)]
EVERYTHING = ScopeModel(all=True)
