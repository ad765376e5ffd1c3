"""Rules of a case, said in the programme's own conditions and effects.

Every rule becomes one promotion of the same id. A presented gift card pays as a tender once the
conditions of its rule hold, which a message promotion tells; bonuses pay under an allowance that
the rule's conditions open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

from loyalty.points import POINTS_PER_BONUS
from loyalty.promotions import conditions as when
from loyalty.promotions import effects as then
from loyalty.promotions.limits import Caps
from loyalty.promotions.policies import Basis, Pick, RoundAt
from loyalty.promotions.ruleset import GroupMode, Promotion
from loyalty.promotions.scope import EVERYTHING, Scope, SetPart
from tests.peer_cases.case_file import NotUnderstood, decimal, fields, scaled, whole
from tests.peer_cases.policies import Wanted

FULL_SHARE = 10_000
SCOPE_FIELDS = (
    "all",
    "skus",
    "groups",
    "unit_price_min",
    "unit_price_max",
    "exclude_already_discounted",
)
APPLY_FIELDS = (
    "order",
    "priority",
    "exclusive",
    "combine_group",
    "choose",
    "budget_left",
    "consume_units",
    "min_target_units",
)
PICK_FIELDS = ("max_units", "max_units_per_line", "pick")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its promotion, its place in the row, and what it pays with when it is a means."""

    promotion: Promotion
    place: tuple[Any, ...]
    group_mode: GroupMode
    minor_per_point: int | None = None
    gift_card_minor: int | None = None


def read_rules(rules: object, wanted: Wanted) -> list[Rule]:
    """All rules in the order in which they act, which their priorities now say."""
    if not isinstance(rules, list):
        raise NotUnderstood("'rules' must be a list")
    return sorted(
        (_rule(rule, number, wanted) for number, rule in enumerate(rules)),
        key=lambda rule: rule.place,
    )


def modes_of(rules: Sequence[Rule]) -> dict[str, GroupMode]:
    """The mode of each group: the best when one of its rules asks for the best, else the first."""
    modes: dict[str, GroupMode] = {}
    for rule in rules:
        group = rule.promotion.group
        if group and modes.get(group) != "best":
            modes[group] = rule.group_mode
    return modes


def _rule(value: object, number: int, wanted: Wanted) -> Rule:
    rule = fields(value, f"rule {number + 1}", ("id", "plain", "when", "then", "apply"), ("then",))
    rule_id = str(rule.get("id", number + 1))
    where = f"rule {rule_id}"
    apply = fields(rule.get("apply") or {}, f"{where}: apply", APPLY_FIELDS)
    asked = rule.get("when") or []
    if not isinstance(asked, list):
        raise NotUnderstood(f"{where}: 'when' must be a list")
    pairs = [_condition(condition, where) for condition in asked]
    conditions = [condition for condition, _ in pairs if condition is not None]
    units = _units_apply(apply, any(unused for _, unused in pairs), where)
    effect, extra = _effect(rule["then"], units, where)
    choose = apply.get("choose", "first")
    if choose not in ("best", "first"):
        raise NotUnderstood(f"{where}: apply has no choose {choose!r}")
    place = _place(apply, number, where)
    promotion = Promotion(
        promotion_id=rule_id,
        name=(("en", str(rule.get("plain") or rule_id)[:200]),),
        effect=effect,
        group=str(apply.get("combine_group") or ""),
        conditions=(*conditions, *extra.conditions),
        is_exclusive=_flag(apply, "exclusive", where),
        consume_units=whole(apply.get("consume_units", 0), f"{where}: consume_units"),
        caps=_caps(apply, extra.cap, wanted, where),
    )
    return Rule(promotion, place, choose, extra.minor_per_point, extra.gift_card_minor)


def _place(apply: Mapping[str, Any], number: int, where: str) -> tuple[Any, ...]:
    """Exclusive rules first, the highest priority before the others: whether one acts is asked on
    the basket as it was rung. Then by ascending order or, without one, descending priority."""
    priority = decimal(apply.get("priority", 0), f"{where}: priority")
    order = decimal(apply.get("order", 0), f"{where}: order")
    if apply.get("exclusive"):
        return (0, -priority, order, number)
    return (1, order, 0 if "order" in apply else -priority, number)


def _flag(value: Mapping[str, Any], name: str, where: str) -> bool:
    flag = value.get(name, False)
    if not isinstance(flag, bool):
        raise NotUnderstood(f"{where}: {name} is true or false")
    return flag


def _caps(apply: Mapping[str, Any], cap: int | None, wanted: Wanted, where: str) -> Caps:
    left = apply.get("budget_left")
    return Caps(
        per_receipt_minor=cap,
        campaign_minor=None if left is None else whole(left, f"{where}: budget_left"),
        is_partial=wanted.is_partial,
    )


# --- scopes and conditions --------------------------------------------------------------------


def read_scope(value: object, where: str) -> Scope:
    """Lines by SKU or group, inside a band of shelf prices; a band alone is of all goods."""
    scope = fields(value, f"{where}: scope", SCOPE_FIELDS)
    names = {}
    for kind in ("skus", "groups"):
        listed = scope.get(kind, [])
        if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
            raise NotUnderstood(f"{where}: scope: {kind} is a list of names")
        names[kind] = frozenset(listed)
    is_listed = "skus" in scope or "groups" in scope
    bounds = [
        whole(scope[name], f"{where}: {name}") if scope.get(name) is not None else None
        for name in ("unit_price_min", "unit_price_max")
    ]
    if not scope:
        raise NotUnderstood(f"{where}: an empty scope")
    return Scope(
        is_all=_flag(scope, "all", where) or not is_listed,
        skus=names["skus"],
        groups=names["groups"],
        price_min_minor=bounds[0],
        price_max_minor=bounds[1],
        excludes_reduced=_flag(scope, "exclude_already_discounted", where),
    )


def _condition(value: object, where: str) -> tuple[when.Condition | None, bool]:
    """The condition, and whether it counts unused units only. A gift card is one presented."""
    if not isinstance(value, dict) or not value:
        raise NotUnderstood(f"{where}: a condition is an object, not {value!r}")
    kinds = {
        "code": (),
        "gift_card": (),
        "min_qty": ("of", "unused"),
        "min_total": ("of", "basis"),
        "member_group": (),
        "nth_purchase": (),
        "min_points": (),
    }
    kind = next((name for name in kinds if name in value), None)
    if kind is None:
        raise NotUnderstood(f"{where}: unknown condition {sorted(value)}")
    fields(value, f"{where}: {kind}", (kind, *kinds[kind]))
    wanted = value[kind]
    if kind == "code":
        return when.CodeEntered(frozenset({str(wanted).upper()})), False
    if kind == "gift_card":
        return None, False
    if kind == "member_group":
        return when.MemberGroup(frozenset({str(wanted)})), False
    if kind == "nth_purchase":
        return when.NthPurchase(frozenset({whole(wanted, kind)})), False
    if kind == "min_points":
        return when.PointsAtLeast(scaled(wanted, POINTS_PER_BONUS, kind)), False
    scope = read_scope(value.get("of", {"all": True}), where)
    if kind == "min_qty":
        unused = _flag(value, "unused", where)
        return when.ScopeQuantity(scope, whole(wanted, kind), unused), unused
    return when.ScopeValue(scope, whole(wanted, kind), _basis(value, "gross", where)), False


def _basis(value: Mapping[str, Any], default: str, where: str) -> Basis:
    basis = value.get("basis", default)
    if basis not in ("gross", "net"):
        raise NotUnderstood(f"{where}: no basis {basis!r}")
    return cast("Basis", basis)


# --- effects ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Extra:
    """What an effect says beside itself."""

    conditions: tuple[when.Condition, ...] = ()
    cap: int | None = None
    minor_per_point: int | None = None
    gift_card_minor: int | None = None


@dataclass(frozen=True, slots=True)
class _UnitsApply:
    needed: int
    unused_only: bool


def _units_apply(apply: Mapping[str, Any], unused: bool, where: str) -> _UnitsApply:
    needed = whole(apply.get("min_target_units", 0), f"{where}: min_target_units")
    return _UnitsApply(needed, unused)


def _effect(value: object, units: _UnitsApply, where: str) -> tuple[then.Effect, _Extra]:
    if not isinstance(value, dict) or not isinstance(value.get("effect"), str):
        raise NotUnderstood(f"{where}: 'then' is an object with an effect")
    name = value["effect"]
    read = EFFECTS.get(name)
    if read is None:
        raise NotUnderstood(f"{where}: unknown effect {name!r}")
    names, build = read
    fields(value, f"{where}: {name}", ("effect", *names))
    return build(value, units, f"{where}: {name}")  # type: ignore[no-any-return]


def _target(value: Mapping[str, Any], where: str) -> Scope:
    for name in ("target", "of"):
        if name in value:
            return read_scope(value[name], where)
    return EVERYTHING


def _pick(value: Mapping[str, Any], where: str) -> Pick | None:
    pick = value.get("pick")
    if pick not in (None, "cheapest", "dearest"):
        raise NotUnderstood(f"{where}: no pick {pick!r}")
    return cast("Pick | None", pick)


def _units(value: Mapping[str, Any], units: _UnitsApply, where: str) -> then.Units:
    bounds = [
        None if value.get(name) is None else whole(value[name], f"{where}: {name}")
        for name in ("max_units", "max_units_per_line")
    ]
    pick = _pick(value, where)
    return then.Units(bounds[0], bounds[1], pick, units.unused_only, units.needed)


def _percent(
    value: Mapping[str, Any], units: _UnitsApply, where: str
) -> tuple[then.Effect, _Extra]:
    """Off everything it is a discount of the receipt, whose overflow over floors moves to other
    lines; off chosen goods or pieces it is one of lines, and what a floor refuses is dropped."""
    target = _target(value, where)
    round_at = value.get("round_at")
    if round_at not in (None, "rule", "line", "unit"):
        raise NotUnderstood(f"{where}: no round_at {round_at!r}")
    has_band = target.price_min_minor is not None or target.price_max_minor is not None
    picked = any(value.get(name) is not None for name in PICK_FIELDS)
    of_receipt = target.is_all and not has_band and not picked and round_at in (None, "rule")
    cap = value.get("cap")
    effect = then.PercentOff(
        target=target,
        percent_bp=scaled(value.get("value"), 100, f"{where}: value"),
        per="receipt" if of_receipt else "line",
        basis=_basis(value, "net", where) if "basis" in value else None,
        round_at=cast("RoundAt | None", round_at),
        overflow="move" if of_receipt else "drop",
        units=_units(value, units, where),
    )
    return effect, _Extra(cap=None if cap is None else whole(cap, f"{where}: cap"))


def _amount(value: Mapping[str, Any], units: _UnitsApply, where: str) -> tuple[then.Effect, _Extra]:
    per = value.get("per", "basket")
    if per not in ("basket", "line", "unit"):
        raise NotUnderstood(f"{where}: no per {per!r}")
    effect = then.AmountOff(
        target=_target(value, where),
        amount_minor=whole(value.get("value"), f"{where}: value"),
        per="receipt" if per == "basket" else per,
        overflow="move" if per == "basket" else "drop",
        units=_units(value, units, where),
    )
    return effect, _Extra()


def _bundle(value: Mapping[str, Any], units: _UnitsApply, where: str) -> tuple[then.Effect, _Extra]:
    target = _target(value, where)
    count = whole(value.get("units"), f"{where}: units")
    effect = then.SetPrice(
        parts=(SetPart(target, count),),
        price_minor=whole(value.get("price"), f"{where}: price"),
        pick=_pick(value, where),
        max_sets=1,
    )
    return effect, _Extra(conditions=_needed(target, units))


def _needed(scope: Scope, units: _UnitsApply) -> tuple[when.Condition, ...]:
    if not units.needed:
        return ()
    return (when.ScopeQuantity(scope, units.needed, units.unused_only),)


def _gift(value: Mapping[str, Any], units: _UnitsApply, where: str) -> tuple[then.Effect, _Extra]:
    """`once` gives a single gift, when `per_units` paid units are there."""
    scope = _target(value, where)
    per = value.get("per_units")
    per_units = None if per is None else whole(per, f"{where}: per_units")
    sku = value.get("sku")
    if not isinstance(sku, str) or not sku:
        raise NotUnderstood(f"{where}: 'sku' is missing")
    extra = list(_needed(scope, units))
    if _flag(value, "once", where):
        if per_units is not None:
            extra.append(when.ScopeQuantity(scope, per_units))
        per_units = None
    quantity = whole(value.get("qty", 1), f"{where}: qty")
    effect = then.GiftItem(sku, (("en", sku),), quantity, scope, per_units)
    return effect, _Extra(conditions=tuple(extra))


def _earn(value: Mapping[str, Any], units: _UnitsApply, where: str) -> tuple[then.Effect, _Extra]:
    target = _target(value, where)
    extra = _Extra(conditions=_needed(target, units))
    return earning(value.get("mode"), value.get("rate"), target, where), extra


def earning(mode: object, rate: object, target: Scope, where: str) -> then.Effect:
    """`rate` points for each 1.00 paid, for each unit, or once for the receipt."""
    if mode == "per_money":
        exact = Fraction(decimal(rate, f"{where}: rate"))
        # Points are hundredths and money is kopecks, so the rate is one per one.
        return then.AccruePerAmount(target, exact.numerator, exact.denominator, in_steps=False)
    points = scaled(rate, POINTS_PER_BONUS, f"{where}: rate")
    if mode == "per_unit":
        return then.AccruePerUnit(target, points)
    if mode == "per_order":
        return then.AccrueFixed(target, points)
    raise NotUnderstood(f"{where}: no mode {mode!r}")


def _redeem(value: Mapping[str, Any], units: _UnitsApply, where: str) -> tuple[then.Effect, _Extra]:
    rate = whole(value.get("minor_per_point"), f"{where}: minor_per_point")
    if rate <= 0:
        raise NotUnderstood(f"{where}: a point must be worth something")
    effect = then.RedeemAllowance(max_share_bp=FULL_SHARE)
    return effect, _Extra(_needed(EVERYTHING, units), minor_per_point=rate)


def _gift_card(
    value: Mapping[str, Any], units: _UnitsApply, where: str
) -> tuple[then.Effect, _Extra]:
    balance = whole(value.get("balance"), f"{where}: balance")
    effect = then.Message("screen", (("en", "a gift card pays"),))
    return effect, _Extra(_needed(EVERYTHING, units), gift_card_minor=balance)


EFFECTS: dict[str, tuple[tuple[str, ...], Any]] = {
    "percent_off": (
        ("value", "target", "of", "basis", "cap", "round_at", *PICK_FIELDS),
        _percent,
    ),
    "amount_off": (("value", "target", "of", "per", *PICK_FIELDS), _amount),
    "bundle_price": (("units", "price", "pick", "target", "of"), _bundle),
    "gift_item": (("sku", "qty", "per_units", "once", "of", "target"), _gift),
    "earn_points": (("mode", "rate", "of", "target"), _earn),
    "redeem_points": (("minor_per_point",), _redeem),
    "gift_card_pay": (("balance",), _gift_card),
}
