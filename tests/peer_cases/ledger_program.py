"""The programme of a ledger case: what it earns, the reward it sells, the coupon it hands out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from loyalty.claims import Reward
from loyalty.points import POINTS_PER_BONUS
from loyalty.promotions import conditions as when
from loyalty.promotions.compile import CompiledRuleset, compile_ruleset
from loyalty.promotions.effects import CouponIssue, Message
from loyalty.promotions.ruleset import Programme, Promotion, Ruleset
from loyalty.promotions.scope import EVERYTHING
from tests.peer_cases.case_file import NotUnderstood, fields, scaled, whole
from tests.peer_cases.policies import Wanted
from tests.peer_cases.rules import earning

NEXT = "NEXT"


@dataclass(frozen=True, slots=True)
class Scheme:
    """What the programme of a case gives and takes."""

    compiled: CompiledRuleset
    programme: Programme
    counts_pieces: bool
    reward: Reward | None
    reward_bp: int = 0
    reward_minor: int = 0
    reward_by_pieces: bool = False


def read_program(value: object, wanted: Wanted) -> Scheme:
    """The programme as a compiled ruleset and, where it has one, its reward."""
    program = fields(value, "program", ("earn", "reward", "gift_card", "next_order_coupon"))
    promotions = [_using()]
    if program.get("earn") is not None:
        promotions.append(_earn(program["earn"]))
    if program.get("next_order_coupon") is not None:
        promotions.append(_issuing(program["next_order_coupon"]))
    programme = Programme(policies=wanted.switches, unit_floor_minor=0, accrual_valid_days=None)
    compiled = compile_ruleset(Ruleset(1, programme, tuple(promotions)))
    is_per_unit = (program.get("earn") or {}).get("mode") == "per_unit"
    counts = is_per_unit or program.get("next_order_coupon") is not None
    if program.get("reward") is None:
        return Scheme(compiled, programme, counts, None)
    return _with_reward(program["reward"], Scheme(compiled, programme, counts, None))


def _earn(value: object) -> Promotion:
    earn = fields(value, "earn", ("mode", "rate", "code"), ("mode", "rate"))
    code = earn.get("code")
    asked = () if code is None else (when.CodeEntered(frozenset({str(code).upper()})),)
    effect = earning(earn["mode"], earn["rate"], EVERYTHING, "earn")
    return Promotion("earn", (("en", "earn"),), effect, conditions=asked)


def _issuing(value: object) -> Promotion:
    coupon = fields(value, "next_order_coupon", ("min_qty",))
    least = whole(coupon.get("min_qty", 1), "min_qty")
    asked = (when.ScopeQuantity(EVERYTHING, least),)
    return Promotion("issue", (("en", "issue"),), CouponIssue(NEXT, 30), conditions=asked)


def _using() -> Promotion:
    """Speaks when the member's coupon can be used on the receipt at hand."""
    message = Message("screen", (("en", "the coupon is here"),))
    asked = (when.CouponHeld(frozenset({NEXT})),)
    return Promotion("use", (("en", "use"),), message, conditions=asked)


def _with_reward(value: object, scheme: Scheme) -> Scheme:
    names = ("effect", "value", "cost_points", "units_per_reward", "sku", "plain")
    given = fields(value, "reward", names, ("effect", "cost_points"))
    per = whole(given.get("units_per_reward", 1), "units_per_reward")
    reward = Reward(scaled(given["cost_points"], POINTS_PER_BONUS, "cost_points"), per)
    scheme = replace(scheme, reward=reward, reward_by_pieces="units_per_reward" in given)
    if given["effect"] == "percent_off":
        return replace(scheme, reward_bp=scaled(given.get("value"), 100, "reward value"))
    if given["effect"] == "amount_off":
        return replace(scheme, reward_minor=whole(given.get("value"), "reward value"))
    if given["effect"] not in ("gift_item", "free_product", "free_units", "product"):
        raise NotUnderstood(f"reward: unknown effect {given['effect']!r}")
    return scheme
