"""Writes rulesets as rule files, and draws random ones: the reading side's independent twin."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from typing import Any, get_args, get_type_hints

from hypothesis import strategies as st

from loyalty.basket import TenderKind
from loyalty.codes import DEFAULT_ORDER
from loyalty.promotions import conditions as when
from loyalty.promotions import effects as then
from loyalty.promotions.limits import Caps
from loyalty.promotions.policies import Policies
from loyalty.promotions.ruleset import (
    GiftCardResidue,
    GroupMode,
    Pilot,
    Programme,
    Promotion,
    RedeemAs,
    Ruleset,
    SpentPoints,
)
from loyalty.promotions.scope import Scope, SetPart

KINDS = {
    rule: kind
    for kinds in (when.CONDITION_KINDS, then.EFFECT_KINDS)
    for kind, rule in kinds.items()
}
PAIRS = ("label", "text", "name")


def written(value: Any, field: str = "") -> Any:
    """The JSON of a part of a ruleset."""
    if isinstance(value, Scope):
        return _scope(value)
    if isinstance(value, when.TimeWindow):
        clocks = (f"{m // 60:02d}:{m % 60:02d}" for m in (value.from_minute, value.until_minute))
        return {"kind": "time_window"} | dict(zip(("from_time", "until_time"), clocks, strict=True))
    if dataclasses.is_dataclass(value):
        body = {f.name: written(getattr(value, f.name), f.name) for f in dataclasses.fields(value)}
        kind = KINDS.get(type(value), "")
        return body | ({"kind": kind} if kind and field != "messages" else {})
    if field in PAIRS:
        return dict(value)
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [written(item, field) for item in value]
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    return value.isoformat() if isinstance(value, date) else value


def _scope(scope: Scope) -> dict[str, Any]:
    lists = ("skus", "groups", "brands", "tags")
    plain = (*lists, "price_min_minor", "price_max_minor", "only_reduced", "label")
    return {name: written(getattr(scope, name), name) for name in plain} | {
        "all": scope.is_all,
        "exclude_reduced": scope.excludes_reduced,
        "exclude": {name: sorted(getattr(scope, f"excluded_{name}")) for name in lists},
    }


def file_of(ruleset: Ruleset) -> dict[str, Any]:
    """The rule file that becomes this ruleset."""
    return {
        "programme": written(ruleset.programme),
        "group_parents": {name: above or None for name, above in ruleset.group_parents.items()},
        "group_modes": dict(ruleset.group_modes),
        "promotions": [written(promotion) for promotion in ruleset.promotions],
        "stopped": sorted(ruleset.stopped),
    }


# --- random rulesets ------------------------------------------------------------------------------

ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}", fullmatch=True)
places = st.frozensets(ids, max_size=2)
words = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), min_size=1)
word = words.map(lambda text: text[:64])
names = st.frozensets(word, max_size=2)
texts = st.dictionaries(st.sampled_from(["uk", "en", "pl"]), word).map(
    lambda pairs: tuple(sorted(pairs.items()))
)
some_text = texts.filter(bool)
amount = st.integers(1, 100_000_000)
pieces = st.integers(1, 10_000)
yes = st.booleans()


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def one_of_type(literal: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(get_args(literal))


scopes = st.builds(
    Scope,
    *[yes, names, names, names, names],
    price_min_minor=maybe(st.integers(0, 500)),
    price_max_minor=maybe(st.integers(500, 100_000_000)),
    **dict.fromkeys(("only_reduced", "excludes_reduced"), yes),
    **dict.fromkeys([f"excluded_{kind}" for kind in ("skus", "groups", "brands", "tags")], names),
    label=texts,
)
parts = st.lists(st.builds(SetPart, scopes, pieces), min_size=1, max_size=2).map(tuple)
units = st.builds(
    then.Units,
    **dict.fromkeys(("at_most", "at_most_per_line"), maybe(pieces)),
    pick=maybe(one_of_type(then.Pick)),
    unused_only=yes,
    needed=st.integers(0, 10_000),
)
day = st.dates(date(1000, 1, 1))
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("scope", "target"), scopes),
    **dict.fromkeys(("at_least", "nth", "quantity", "tickets"), st.integers(1, 1_000)),
    **dict.fromkeys(("at_least_minor", "amount_minor", "points"), amount),
    **dict.fromkeys(("price_minor",), st.integers(0, 100_000_000)),
    **dict.fromkeys(("unused_only", "in_steps"), yes),
    **dict.fromkeys(("per_units", "max_sets", "max_units", "every"), maybe(pieces)),
    **dict.fromkeys(("stores", "registers"), places),
    **dict.fromkeys(("formats", "channels", "groups", "tiers", "segments", "coupons"), names),
    **dict.fromkeys(("from_on", "until_on"), maybe(day)),
    **dict.fromkeys(("from_minute", "until_minute"), st.integers(0, 1_440)),
    **dict.fromkeys(("days_before", "days_after"), st.integers(0, 60)),
    **dict.fromkeys(("sku", "coupon", "draw"), word),
    **dict.fromkeys(("cap_minor", "min_money_minor"), maybe(st.integers(0, 100_000_000))),
    "parts": parts,
    "units": units,
    "codes": names.map(lambda codes: frozenset(code.upper()[:64] for code in codes)),
    "numbers": st.frozensets(st.integers(1, 10**9), max_size=3),
    "days": st.frozensets(st.integers(1, 7)),
    "at_most": maybe(st.integers(0, 36_600)),
    "kinds": st.frozensets(one_of_type(TenderKind)),
    "match": one_of_type(when.Match),
    "percent_bp": st.integers(1, 10_000),
    "factor_bp": st.integers(10_001, 1_000_000),
    "basis": one_of_type(then.Basis),
    "round_at": maybe(one_of_type(then.RoundAt)),
    "overflow": maybe(one_of_type(then.Overflow)),
    "pick": maybe(one_of_type(then.Pick)),
    "name": some_text,
    "text": some_text,
    "valid_days": st.integers(1, 3_660),
    "place": one_of_type(then.Place),
    "max_share_bp": st.integers(0, 10_000),
    "take": st.integers(2, 1_000),
    "pay": st.integers(0, 1),
}
OWN: dict[tuple[type[Any], str], st.SearchStrategy[Any]] = {
    (then.PercentOff, "per"): one_of_type(then.PercentPer),
    (then.PercentOff, "basis"): maybe(one_of_type(then.Basis)),
    (then.AmountOff, "per"): one_of_type(then.AmountPer),
    (then.AccruePercent, "percent_bp"): st.integers(1, 100_000),
    (then.AccruePerAmount, "per_minor"): amount,
    (then.DrawTicket, "per_minor"): maybe(amount),
    (then.CouponIssue, "text"): texts,
    (when.DaysSincePurchase, "at_least"): st.integers(0, 36_600),
}


def drawn(rule: type[Any]) -> st.SearchStrategy[Any]:
    """Random instances of a condition or effect; a field without a strategy is a KeyError."""
    fields = [field.name for field in dataclasses.fields(rule)]
    return st.builds(rule, **{f: OWN[rule, f] if (rule, f) in OWN else FIELDS[f] for f in fields})


conditions = st.one_of([drawn(rule) for rule in when.CONDITION_KINDS.values()])
effects = st.one_of([drawn(rule) for rule in then.EFFECT_KINDS.values()])
caps = st.builds(
    Caps,
    **{f.name: maybe(st.integers(1, 10**6)) for f in dataclasses.fields(Caps) if f.name[0] != "i"},
    is_partial=yes,
)
minute = st.datetimes(datetime(1000, 1, 1)).map(lambda at: at.replace(second=0, microsecond=0))
promotions = st.builds(
    Promotion,
    promotion_id=ids,
    name=some_text,
    effect=effects,
    priority=st.integers(-1_000_000, 1_000_000),
    group=st.just("") | word,
    state=st.sampled_from(["draft", "shadow", "pilot", "live"]),
    valid_from=maybe(minute),
    valid_until=maybe(minute),
    stores=places,
    conditions=st.lists(conditions, max_size=3).map(tuple),
    messages=st.lists(drawn(then.Message), max_size=2).map(tuple),
    is_exclusive=yes,
    consume_units=st.integers(0, 10_000),
    caps=caps,
    pilot=st.builds(Pilot, places, places, st.integers(0, 10_000)),
)
policies = st.builds(
    Policies,
    override_takes_part=yes,
    **{
        name: st.sampled_from(get_args(literal))
        for name, literal in get_type_hints(Policies).items()
        if literal is not bool
    },
)
prefixes = st.lists(st.from_regex(r"[0-9]{1,6}", fullmatch=True), max_size=2).map(tuple)
PROGRAMME: dict[str, st.SearchStrategy[Any]] = {
    "minor_per_bonus": st.integers(1, 100_000),
    "redeem_as": one_of_type(RedeemAs),
    "redeem_max_share_bp": st.integers(0, 10_000),
    "redeem_min_money_minor": st.integers(0, 100_000_000),
    "redeem_cap_minor": maybe(st.integers(0, 100_000_000)),
    "accrual_valid_days": maybe(st.integers(1, 3_660)),
    "unit_floor_minor": st.integers(0, 10_000),
    "gift_card_residue": one_of_type(GiftCardResidue),
    "spent_points": one_of_type(SpentPoints),
    "return_days": st.integers(1, 3_660),
    "policies": policies,
    "timezone": st.sampled_from(["Europe/Kyiv", "UTC", "Europe/Warsaw"]),
    **dict.fromkeys(("accrual_excludes_reduced", "gift_card_earns"), yes),
    **dict.fromkeys(("card_prefixes", "weighed_prefixes"), prefixes),
    **dict.fromkeys(("gift_card_prefixes", "coupon_prefixes"), prefixes),
    "number_prefixes": st.sampled_from([(), ("7710",), ("021", "98050")]),
    "code_order": st.sampled_from([DEFAULT_ORDER, (("own_qr",), ("card", "product"))]),
    **dict.fromkeys(
        ("min_strength_redeem_online", "min_strength_redeem_offline"), st.integers(0, 100)
    ),
    **dict.fromkeys(
        (
            *("redeem_excluded_groups", "accrual_excluded_groups"),
            *("excluded_groups", "excluded_tags"),
        ),
        names,
    ),
}
programmes = st.builds(
    Programme, **{field.name: PROGRAMME[field.name] for field in dataclasses.fields(Programme)}
)


@st.composite
def rulesets(draw: st.DrawFn) -> Ruleset:
    """Whole rulesets; the tree of groups only hangs a name under an earlier one."""
    tree: dict[str, str] = {}
    for name in draw(st.lists(word, max_size=4, unique=True)):
        tree[name] = draw(st.sampled_from(["", *tree]))
    return Ruleset(
        sequence=draw(st.integers(1, 2**53 - 1)),
        programme=draw(programmes),
        promotions=tuple(
            draw(st.lists(promotions, max_size=3, unique_by=lambda p: p.promotion_id))
        ),
        group_parents=tree,
        group_modes=draw(st.dictionaries(word, one_of_type(GroupMode), max_size=2)),
        stopped=draw(places),
    )
