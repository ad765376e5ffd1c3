"""Random sales: rules, basket, member, place, time and payment drawn from one seed.

Tests and soak runs share them, so a seed that fails in one is a case for the other.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

from loyalty.basket import Basket
from loyalty.member import HeldCoupon, Member
from loyalty.money import SplitMethod, Tie, ZeroWeights
from loyalty.promotions import policies as switches
from loyalty.promotions.circumstances import Circumstances
from loyalty.promotions.compile import compile_ruleset
from loyalty.promotions.effects import AccruePercent
from loyalty.promotions.engine import evaluate
from loyalty.promotions.limits import Usage
from loyalty.promotions.policies import DEFAULT_POLICIES, Policies
from loyalty.promotions.ruleset import GroupMode, Pilot, Programme, Promotion, Ruleset
from loyalty.promotions.scope import EVERYTHING
from loyalty.quote import Quote
from tests.support.pricing.random_goods import GROUP_PARENTS, TAGS, random_basket
from tests.support.pricing.random_rules import (
    ALL_GROUPS,
    CHANNELS,
    CODES,
    COUPONS,
    FORMATS,
    REGISTERS,
    STORES,
    TENDERS,
    TODAY,
    maybe,
    random_caps,
    random_conditions,
    random_effect,
    random_message,
    some,
)

KYIV = ZoneInfo("Europe/Kyiv")
_EVERYDAY = Promotion("everyday", (("uk", "Щодня 3 %"),), AccruePercent(EVERYTHING, 300))
_CHOICES: dict[str, tuple[Any, ...]] = {
    "rounding": get_args(switches.Rounding),
    "round_at": get_args(switches.RoundAt),
    "split": get_args(SplitMethod),
    "tie": get_args(Tie),
    "zero_weights": get_args(ZeroWeights),
    "pick": get_args(switches.Pick),
    "percent_basis": get_args(switches.Basis),
    "line_overflow": get_args(switches.Overflow),
    "receipt_overflow": get_args(switches.Overflow),
    "sequencing": get_args(switches.Sequencing),
    "exclusive_choice": get_args(switches.ExclusiveChoice),
    "exclusive_stops": get_args(switches.ExclusiveStops),
    "earn_base": get_args(switches.EarnBase),
    "allocation": get_args(switches.Allocation),
    "override_takes_part": (False, True),
}


@dataclass(frozen=True)
class RandomSale:
    """All that a quote is made from."""

    seed: int
    ruleset: Ruleset
    basket: Basket
    member: Member | None
    at: datetime
    store_id: str
    redeem_points: int
    spendable_points: int
    around: Circumstances

    def quote(self, locale: str = "uk") -> Quote:
        """Compile and price, with nothing kept from another quote."""
        return evaluate(
            compile_ruleset(self.ruleset),
            self.basket,
            member=self.member,
            at=self.at,
            store_id=self.store_id,
            redeem_points=self.redeem_points,
            spendable_points=self.spendable_points,
            locale=locale,
            around=self.around,
        )

    def __repr__(self) -> str:
        return f"random_sale({self.seed})"


def random_sale(seed: int) -> RandomSale:
    """The sale of a seed, the same for ever and everywhere."""
    draw = random.Random(seed)
    promotions = tuple(
        _promotion(f"p{number}", draw)
        for number in range(draw.choice((0, 1, 1, 2, 3, 4, 6, 8, 12)))
    )
    if draw.random() < 0.3:
        promotions += (_EVERYDAY,)
    ruleset = Ruleset(
        sequence=3,
        programme=_programme(draw),
        promotions=promotions,
        group_parents=GROUP_PARENTS,
        group_modes={"G1": draw.choice(get_args(GroupMode)), "G2": draw.choice(("first", "best"))},
        stopped=frozenset({"p0"}) if draw.random() < 0.05 else frozenset(),
    )
    return RandomSale(
        seed=seed,
        ruleset=ruleset,
        basket=random_basket(draw),
        member=_member(draw),
        at=datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=KYIV)
        + timedelta(minutes=draw.randrange(-600, 2000)),
        store_id=draw.choice(STORES),
        redeem_points=draw.choice((0, 0, 1, 5_000, 10**6)),
        spendable_points=draw.choice((0, 777, 10**6)),
        around=_around(promotions, draw),
    )


def _promotion(promotion_id: str, draw: random.Random) -> Promotion:
    start = datetime(TODAY.year, TODAY.month, TODAY.day)
    return Promotion(
        promotion_id=promotion_id,
        name=(("uk", f"Акція {promotion_id}"), ("en", f"Promotion {promotion_id}")),
        effect=random_effect(draw),
        priority=draw.randrange(4),
        group=draw.choice(("", "", "", "G1", "G2")),
        state=draw.choice(("live",) * 8 + ("shadow", "pilot", "draft")),  # type: ignore[arg-type]
        valid_from=maybe(draw, 0.1, lambda: start + timedelta(hours=draw.randrange(-48, 24))),
        valid_until=maybe(draw, 0.1, lambda: start + timedelta(hours=draw.randrange(48))),
        stores=some(draw, STORES) if draw.random() < 0.1 else frozenset(),
        conditions=random_conditions(draw),
        messages=(random_message(draw),) if draw.random() < 0.1 else (),
        is_exclusive=draw.random() < 0.05,
        consume_units=draw.choice((0, 0, 0, 1, 2, 5)),
        caps=random_caps(draw),
        pilot=Pilot(
            some(draw, STORES, 1), some(draw, REGISTERS, 1), draw.choice((0, 5_000, 10_000))
        ),
    )


def _programme(draw: random.Random) -> Programme:
    def few(names: tuple[str, ...]) -> frozenset[str]:
        return some(draw, names, 1) if draw.random() < 0.2 else frozenset()

    return Programme(
        minor_per_bonus=draw.choice((1, 30, 100, 1000)),
        redeem_max_share_bp=draw.choice((0, 3_000, 5_000, 10_000)),
        redeem_min_money_minor=draw.choice((0, 0, 500)),
        redeem_excluded_groups=few(ALL_GROUPS),
        accrual_excluded_groups=few(ALL_GROUPS),
        accrual_excludes_reduced=draw.random() < 0.2,
        redeem_cap_minor=maybe(draw, 0.2, lambda: draw.randrange(10_000)),
        unit_floor_minor=draw.choice((0, 1, 1, 10)),
        excluded_groups=few(ALL_GROUPS),
        excluded_tags=few(TAGS),
        gift_card_earns=draw.random() < 0.5,
        policies=_policies(draw),
    )


def _policies(draw: random.Random) -> Policies:
    """The recommended switches in half of the cases, else a few others or all at random."""
    fate = draw.random()
    if fate < 0.5:
        return DEFAULT_POLICIES
    names = list(_CHOICES) if fate > 0.8 else draw.sample(list(_CHOICES), 2)
    return Policies(**{name: draw.choice(_CHOICES[name]) for name in names})


def _member(draw: random.Random) -> Member | None:
    if draw.random() < 0.2:
        return None
    last = maybe(draw, 0.7, lambda: TODAY - timedelta(draw.randrange(60)))
    return Member(
        member_id=draw.choice((1, 2)),
        name="Олена К.",
        balance_points=draw.choice((0, 999, 10**6)),
        birthday=draw.choice((None, "11-20", "11-22", "02-29", "12-01", "??")),
        tier=draw.choice(("", "gold", "silver")),
        groups=tuple(some(draw, ("vip", "staff"))),
        is_blocked=draw.random() < 0.05,
        purchases_count=draw.randrange(5),
        segments=tuple(some(draw, ("young", "family"))),
        coupons=tuple(
            HeldCoupon(code, draw.choice((None, "2026-11-22", "2026-11-21", "2026-12-31")))
            for code in sorted(some(draw, COUPONS, 3))
        ),
        last_purchase_on=None if last is None else last.isoformat(),
    )


def _around(promotions: tuple[Promotion, ...], draw: random.Random) -> Circumstances:
    def used() -> Usage:
        return Usage(
            draw.randrange(3), draw.randrange(4), draw.randrange(4), draw.randrange(20_000)
        )

    names = tuple(promotion.promotion_id for promotion in promotions)
    return Circumstances(
        store_format=draw.choice(FORMATS),
        register_id=draw.choice(REGISTERS),
        channel=draw.choice(CHANNELS),
        codes=some(draw, CODES),
        tender_kinds=some(draw, TENDERS),
        gift_card_minor=draw.choice((0, 0, 1_000, 10**6)),
        cashier_member_id=draw.choice((None, 1, 9)),
        usage={name: used() for name in names if draw.random() < 0.5},
        stopped=some(draw, names, 1) if names and draw.random() < 0.05 else frozenset(),
    )
