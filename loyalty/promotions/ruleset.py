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

from loyalty.codes import DEFAULT_ORDER, Steps
from loyalty.member import Strength
from loyalty.promotions.conditions import Condition
from loyalty.promotions.effects import Effect, Message
from loyalty.promotions.limits import NO_CAPS, Caps
from loyalty.promotions.policies import DEFAULT_POLICIES, Policies

RedeemAs = Literal["discount", "payment"]
PromotionState = Literal["draft", "shadow", "pilot", "live"]
GroupMode = Literal["first", "best", "sum", "exclusive"]
SpentPoints = Literal["withhold", "negative", "write_off"]
GiftCardResidue = Literal["keep", "forfeit"]
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
    Prefixes and `code_order` say what a scanned code is: see `loyalty.codes.CodePolicy`.
    Goods of `excluded_groups` and `excluded_tags` neither trigger nor receive a promotion.
    `gift_card_residue` says what becomes of what a purchase leaves on a gift card,
    `gift_card_earns` whether the part paid with one earns, `spent_points` what happens when a
    return takes back points that are spent: withheld from the refund, a negative balance, or
    written off. A sale may come back at its own register for `return_days` (Ukraine: 14, law on
    the protection of consumers' rights, article 9); it is kept there so long at the least.
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
    gift_card_prefixes: tuple[str, ...] = ()
    coupon_prefixes: tuple[str, ...] = ("05", "98", "99")
    number_prefixes: tuple[str, ...] = ()
    code_order: Steps = DEFAULT_ORDER
    min_strength_redeem_online: int = Strength.STATIC_CODE
    min_strength_redeem_offline: int = Strength.STATIC_CODE
    redeem_cap_minor: int | None = None
    unit_floor_minor: int = 1
    excluded_groups: frozenset[str] = frozenset()
    excluded_tags: frozenset[str] = frozenset()
    gift_card_residue: GiftCardResidue = "keep"
    gift_card_earns: bool = True
    spent_points: SpentPoints = "negative"
    return_days: int = 14
    policies: Policies = DEFAULT_POLICIES
    timezone: str = "Europe/Kyiv"


@dataclass(frozen=True, slots=True)
class Pilot:
    """Where a pilot promotion is live: these stores, these registers, or a share of registers.

    The share is drawn by a stable hash of promotion and register, so it never flickers.
    """

    stores: frozenset[str] = frozenset()
    registers: frozenset[str] = frozenset()
    share_bp: int = 0


NOWHERE = Pilot()


@dataclass(frozen=True, slots=True)
class Promotion:
    """One promotion: when all conditions hold, its effect is given and its messages are shown.

    Higher `priority` acts first, then the order of the file. The mode of its `group` says how it
    stands to the others of the group; an exclusive promotion that acts stops all others. Empty
    `stores` means every store. `consume_units` pieces are used up for the promotions after it.
    A `shadow` promotion is evaluated and traced and gives nothing, a `pilot` is live where `pilot`
    says and a shadow elsewhere, a `draft` is not looked at.
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
    is_exclusive: bool = False
    consume_units: int = 0
    caps: Caps = NO_CAPS
    pilot: Pilot = NOWHERE


@dataclass(frozen=True, slots=True)
class Ruleset:
    """What a register runs. `group_parents` maps each goods group to its parent ("" = a root).

    `group_modes` says how the promotions of a group stand to each other (default "first"): only
    the first that can act, only the one that gives most, all of them, or only the first of them
    and nothing outside the group. `stopped` is the kill-list: promotions that no longer act.
    """

    sequence: int
    programme: Programme = field(default_factory=Programme)
    promotions: tuple[Promotion, ...] = ()
    group_parents: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    group_modes: Mapping[str, GroupMode] = field(default_factory=lambda: MappingProxyType({}))
    stopped: frozenset[str] = frozenset()


def text_in(texts: Texts, locale: str) -> str:
    """The text of a locale, else the Ukrainian one, else the first that is not empty, else ""."""
    for wanted in (locale, "uk"):
        for name, text in texts:
            if name == wanted and text:
                return text
    return next((text for _, text in texts if text), "")


def ancestors_of(group: str, parents: Mapping[str, str]) -> tuple[str, ...]:
    """The group itself and all groups above it, nearest first; stops at a cycle."""
    chain: list[str] = []
    while group and group not in chain:
        chain.append(group)
        group = parents.get(group, "")
    return tuple(chain)
