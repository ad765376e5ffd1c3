"""Scopes: which lines of a basket a condition counts and an effect acts on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """A set of basket lines: everything, or those listed by SKU, group (with children), brand, tag.

    A line is inside when it is listed in one way at least, its unit price lies in the band
    [`price_min_minor`, `price_max_minor`] (inclusive, shelf price) and no exclusion names it.
    `only_reduced` keeps goods whose shelf price is already reduced, `excludes_reduced` leaves
    them out. `label` names the goods for people, as (locale, text) pairs.
    """

    is_all: bool = False
    skus: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    brands: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    price_min_minor: int | None = None
    price_max_minor: int | None = None
    only_reduced: bool = False
    excludes_reduced: bool = False
    excluded_skus: frozenset[str] = frozenset()
    excluded_groups: frozenset[str] = frozenset()
    excluded_brands: frozenset[str] = frozenset()
    excluded_tags: frozenset[str] = frozenset()
    label: tuple[tuple[str, str], ...] = ()


EVERYTHING = Scope(is_all=True)


@dataclass(frozen=True, slots=True)
class SetPart:
    """One part of a set: so many pieces of a scope."""

    scope: Scope
    quantity: int = 1
