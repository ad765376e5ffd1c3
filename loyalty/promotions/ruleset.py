"""A ruleset: the programme's own figures, its promotions and its tree of goods groups.

Percentages are basis points, money kopecks. Instants inside rules are wall-clock times of the
programme's zone and intervals are half-open, so the hour that autumn repeats counts both times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from loyalty.member import Strength
from loyalty.promotions.conditions import Condition
from loyalty.promotions.effects import Effect, Message

RedeemAs = Literal["discount", "payment"]
PromotionState = Literal["live", "shadow"]
Texts = tuple[tuple[str, str], ...]
"""A text per locale, as (locale, text) pairs."""

WEIGHED_PREFIXES = ("21", "22", "23", "24", "25", "26", "27", "28", "29")


@dataclass(frozen=True, slots=True)
class Programme:
    """The figures of the whole programme.

    `minor_per_bonus` kopecks are paid by one bonus. Bonuses pay at most `redeem_max_share_bp` of
    the goods outside `redeem_excluded_groups`, and at least `redeem_min_money_minor` of the
    receipt stays money. `accrual_valid_days` None means that points do not burn.
    `unit_floor_minor` is the least that one piece, or one weighed line, costs after everything.
    The minimum strengths default to a static code: a phone alone earns and never redeems; a
    one-time code lifts it above the line.
    """

    minor_per_bonus: int = 100
    redeem_as: RedeemAs = "discount"
    redeem_max_share_bp: int = 5_000
    redeem_min_money_minor: int = 0
    redeem_excluded_groups: frozenset[str] = frozenset()
    accrual_valid_days: int | None = 365
    accrual_excluded_groups: frozenset[str] = frozenset()
    accrual_excludes_reduced: bool = False
    card_prefixes: tuple[str, ...] = ("042",)
    weighed_prefixes: tuple[str, ...] = WEIGHED_PREFIXES
    min_strength_redeem_online: int = Strength.STATIC_CODE
    min_strength_redeem_offline: int = Strength.STATIC_CODE
    unit_floor_minor: int = 1
    timezone: str = "Europe/Kyiv"


@dataclass(frozen=True, slots=True)
class Promotion:
    """One promotion: when all conditions hold, its effect is given and its messages are shown.

    Higher `priority` acts first, then the order of the file. Of one non-empty `group` only the
    first that can act does. Empty `stores` means every store. A `shadow` promotion is evaluated
    and traced, and gives nothing.
    """

    promotion_id: str
    name: Texts
    effect: Effect
    priority: int = 0
    group: str = ""
    state: PromotionState = "live"
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    stores: frozenset[str] = frozenset()
    conditions: tuple[Condition, ...] = ()
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Ruleset:
    """What a register runs. `group_parents` maps each goods group to its parent ("" = a root)."""

    sequence: int
    programme: Programme = field(default_factory=Programme)
    promotions: tuple[Promotion, ...] = ()
    group_parents: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def text_in(texts: Texts, locale: str) -> str:
    """The text of a locale, else the Ukrainian one, else the first, else ""."""
    for wanted in (locale, "uk"):
        for name, text in texts:
            if name == wanted:
                return text
    return texts[0][1] if texts else ""


def ancestors_of(group: str, parents: Mapping[str, str]) -> tuple[str, ...]:
    """The group itself and all groups above it, nearest first; stops at a cycle."""
    chain: list[str] = []
    while group and group not in chain:
        chain.append(group)
        group = parents.get(group, "")
    return tuple(chain)
