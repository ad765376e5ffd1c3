"""Rule files and bundles: what is read, and where a refusal points."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty.errors import InvalidRuleset
from loyalty.promotions.conditions import ScopeQuantity, TimeWindow
from loyalty.promotions.effects import AmountOff, NForM, PercentOff
from loyalty.promotions.scope import Scope
from sync.contract import bundle as contract
from sync.contract import kill_list, rule_reading
from sync.contract.bundle import open_bundle, parse_bundle, parse_draft, seal
from sync.contract.signing import key_id, new_private_key, public_key_of, sign_bundle

CREATED = "2026-11-20T08:00:00Z"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def promotion(promotion_id: str = "cheese20", **changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "promotion_id": promotion_id,
        "name": {"uk": "Сир −20 %", "en": "Cheese −20%"},
        "conditions": [{"kind": "scope_quantity", "scope": {"groups": ["cheese"]}, "at_least": 2}],
        "effect": {"kind": "percent", "target": {"groups": ["cheese"]}, "percent_bp": 2000},
    }
    return base | changes


def draft(*promotions: dict[str, Any], **changes: Any) -> bytes:
    body: dict[str, Any] = {
        "schema_version": 1,
        "group_parents": {"cheese": "dairy", "dairy": None},
        "promotions": list(promotions),
    }
    return json.dumps(body | changes, ensure_ascii=False).encode()


def refused(data: bytes) -> tuple[str, str]:
    with pytest.raises(InvalidRuleset) as caught:
        parse_draft(data)
    return caught.value.code, caught.value.field


def test_a_draft_becomes_frozen_rules() -> None:
    night = {"kind": "time_window", "from_time": "22:00", "until_time": "02:30"}
    ruleset = parse_draft(
        draft(
            promotion(),
            promotion("night", conditions=[night], valid_from="2026-11-01"),
            programme={"redeem_max_share_bp": 3000, "card_prefixes": ["042", "0431"]},
        )
    ).to_ruleset(7)
    assert ruleset.sequence == 7
    assert ruleset.programme.redeem_max_share_bp == 3000
    assert ruleset.programme.card_prefixes == ("042", "0431")
    assert dict(ruleset.group_parents) == {"cheese": "dairy", "dairy": ""}
    first, second = ruleset.promotions
    assert first.effect == PercentOff(Scope(groups=frozenset({"cheese"})), 2000)
    assert first.conditions == (ScopeQuantity(Scope(groups=frozenset({"cheese"})), 2),)
    assert second.conditions == (TimeWindow(1320, 150),)
    assert second.valid_from == datetime(2026, 11, 1)


def effect(**fields: Any) -> dict[str, Any]:
    return promotion(effect=fields)


MALFORMED: list[tuple[bytes, str, str]] = [
    (b"{", "bad_json", ""),
    (b"\xff\xfe{}", "bad_json", ""),
    (b'{"promotions": NaN}', "bad_json", ""),
    (b"[]", "bad_value", ""),
    (b'{"note": "a", "note": "b"}', "duplicate_key", "note"),
    (b'{"schema_version": 2}', "unknown_schema", "schema_version"),
    (b'{"schema_version": true}', "unknown_schema", "schema_version"),
    (b'{"sequence": 4}', "unknown_field", "sequence"),
    (b'{"note": "\\ud800"}', "bad_value", "note"),
    (b" " * (5 * 1024 * 1024) + b"{}", "too_large", ""),
    (b"[" * 100_000, "too_deep", ""),
    (b'{"note":' + b"[" * 25 + b"]" * 25 + b"}", "too_deep", ""),
    (draft(promotion(), promotion()), "duplicate_id", "promotions[1].promotion_id"),
    (draft(promotion("../x")), "bad_value", "promotions[0].promotion_id"),
    (draft(promotion(weight=3)), "unknown_field", "promotions[0].weight"),
    (draft(promotion(name={})), "bad_value", "promotions[0].name"),
    (draft(promotion(name={"uk": "A\x1b@"})), "bad_value", "promotions[0].name.uk"),
    (draft(promotion(valid_from="2026-13-01")), "bad_value", "promotions[0].valid_from"),
    (
        draft(promotion(), effect(kind="percent", target={}) | {"promotion_id": "b"}),
        "missing_field",
        "promotions[1].effect.percent_bp",
    ),
    (
        draft(effect(kind="percent", target={"all": True}, percent_bp=10_001)),
        "bad_value",
        "promotions[0].effect.percent_bp",
    ),
    (
        draft(effect(kind="percent", target={"all": True}, percent_bp=12.5)),
        "bad_value",
        "promotions[0].effect.percent_bp",
    ),
    (
        draft(effect(kind="percent", target={"all": 1}, percent_bp=100)),
        "bad_value",
        "promotions[0].effect.target.all",
    ),
    (
        draft(effect(kind="percent", target={"sku": ["1"]}, percent_bp=100)),
        "unknown_field",
        "promotions[0].effect.target.sku",
    ),
    (
        draft(effect(kind="n_for_m", target={"all": True}, take=3, pay=3)),
        "bad_value",
        "promotions[0].effect",
    ),
    (draft(effect(kind="gift", target={})), "unknown_kind", "promotions[0].effect"),
    (draft(effect(target={})), "missing_field", "promotions[0].effect"),
    (
        draft(promotion(conditions=[{"kind": "weekday", "days": [0]}])),
        "bad_value",
        "promotions[0].conditions[0].days[0]",
    ),
    (
        draft(programme={"timezone": "Europe/Nowhere"}),
        "bad_value",
        "programme.timezone",
    ),
    (draft(group_parents={"a": "b", "b": "c", "c": "a"}), "group_cycle", "group_parents.a"),
    (draft(group_parents={"a": "a"}), "group_cycle", "group_parents.a"),
    (b'{"note": 1e999}', "bad_value", "note"),
    (b'{"grace_hours": 1e2}', "bad_value", "grace_hours"),
    (b'{"grace_hours": -1}', "bad_value", "grace_hours"),
    (b'{"grace_hours": 1' + b"0" * 5_000 + b"}", "bad_json", ""),
    (b'{"grace_hours": -Infinity}', "bad_json", ""),
    (b'{"a\\u001b": 1}', "unknown_field", "a?"),
    (b'{"a\\ud800": 1}', "bad_value", ""),
    (draft(stopped=["a b"]), "bad_value", "stopped[0]"),
    (draft(group_modes={"g": "worst"}), "bad_value", "group_modes.g"),
    (draft(programme={"policies": {"tie": "x"}}), "bad_value", "programme.policies.tie"),
    (draft(promotion(caps={"per_member": 0})), "bad_value", "promotions[0].caps.per_member"),
    (draft(promotion(name={"uk": "А\u202eБ"})), "bad_value", "promotions[0].name.uk"),
    (
        draft(effect(kind="redeem_allowance")),
        "bad_value",
        "promotions[0].effect",
    ),
    (
        draft(effect(kind="set_price", parts=[{"scope": {"sku": []}}], price_minor=1)),
        "unknown_field",
        "promotions[0].effect.parts[0].scope.sku",
    ),
    (
        draft(
            effect(
                kind="fixed_price",
                target={"price_min_minor": 2, "price_max_minor": 1},
                price_minor=1,
            )
        ),
        "bad_value",
        "promotions[0].effect.target",
    ),
    (
        draft(group_parents={str(n): str(n + 1) for n in range(30)}),
        "too_deep",
        "group_parents.21",
    ),
]


@pytest.mark.parametrize(("data", "code", "field"), MALFORMED)
def test_a_refusal_names_its_code_and_place(data: bytes, code: str, field: str) -> None:
    assert refused(data) == (code, field)


def test_the_table_of_refusals_is_what_the_code_raises() -> None:
    source = "".join(map(inspect.getsource, (contract, rule_reading, kill_list)))
    raised = set(re.findall(r'InvalidRuleset\(\s*"(\w+)"', source)) | {"bad_value"}
    raised |= set(rule_reading._CODES.values())
    assert raised == set(contract.REFUSALS)


def test_every_refusal_has_a_sample() -> None:
    samples = {code for _, code, _ in MALFORMED} | {code for _, _, code in MUST_NOT_RUN}
    assert samples == set(contract.REFUSALS)


def test_a_sealed_bundle_is_canonical_and_read_back() -> None:
    data = seal(draft(promotion()), 3, CREATED, expires_at="2026-12-01T00:00:00Z")
    body = json.loads(data)
    assert (
        data == json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    )
    assert (body["sequence"], body["created_at"]) == (3, CREATED)
    assert "parent_sha256" not in body
    bundle = parse_bundle(data)
    assert bundle.sequence == 3
    assert bundle.to_ruleset() == parse_draft(draft(promotion())).to_ruleset(3)


def test_sealing_twice_gives_the_same_bytes() -> None:
    compact = json.dumps(json.loads(draft(promotion()))).encode()
    assert seal(draft(promotion()), 3, CREATED) == seal(compact, 3, CREATED)


def test_a_bundle_is_not_a_draft_and_a_draft_is_not_a_bundle() -> None:
    assert refused(seal(draft(), 1, CREATED))[0] == "unknown_field"
    with pytest.raises(InvalidRuleset, match="Field required"):
        parse_bundle(draft())


KEY = new_private_key()
PUBLIC = public_key_of(KEY)
TRUSTED = {key_id(PUBLIC): PUBLIC}


def opened(data: bytes, **changes: Any) -> int:
    values: dict[str, Any] = {
        "signature": sign_bundle(KEY, data),
        "key_id": key_id(PUBLIC),
        "trusted_keys": TRUSTED,
        "newest_sequence": 2,
        "now": NOW,
    }
    return open_bundle(data, **(values | changes)).sequence


def test_a_signed_newer_bundle_opens() -> None:
    assert opened(seal(draft(promotion()), 3, CREATED)) == 3


def test_every_flipped_bit_of_bytes_or_signature_is_refused() -> None:
    data = seal(draft(promotion()), 3, CREATED)
    signature = sign_bundle(KEY, data)
    for position in range(0, len(data), 17):
        broken = bytearray(data)
        broken[position] ^= 1
        with pytest.raises(InvalidRuleset) as caught:
            opened(bytes(broken), signature=signature)
        assert caught.value.code == "bad_signature"
    for position in range(64):
        torn = bytearray(signature)
        torn[position] ^= 1
        with pytest.raises(InvalidRuleset) as caught:
            opened(data, signature=bytes(torn))
        assert caught.value.code == "bad_signature"


MUST_NOT_RUN: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"key_id": "feed"}, "unknown_key"),
    ({}, {"signature": b""}, "bad_signature"),
    ({}, {"newest_sequence": 3}, "lower_sequence"),
    ({}, {"newest_sequence": 9}, "lower_sequence"),
    ({"expires_at": "2026-11-19T09:00:00Z"}, {}, "expired"),
    ({"not_before": "2026-11-22T09:00:01Z"}, {}, "not_yet_valid"),
    ({"min_agent_version": "0.10"}, {"agent_version": "0.9.3"}, "agent_too_old"),
]


@pytest.mark.parametrize(("options", "changes", "code"), MUST_NOT_RUN)
def test_a_bundle_that_must_not_run_is_refused(
    options: dict[str, Any], changes: dict[str, Any], code: str
) -> None:
    data = seal(draft(promotion()), 3, CREATED, **options)
    with pytest.raises(InvalidRuleset) as caught:
        opened(data, **changes)
    assert caught.value.code == code
    assert code in contract.REFUSALS


@pytest.mark.parametrize(
    ("now", "freshness"),
    [
        ("2026-11-20T07:59:59+00:00", "not_yet"),
        ("2026-11-20T10:00:00+02:00", "valid"),
        ("2026-12-01T09:59:59.999999+02:00", "valid"),
        ("2026-12-01T08:00:00+00:00", "grace"),
        ("2026-12-02T07:59:59+00:00", "grace"),
        ("2026-12-02T08:00:00+00:00", "expired"),
    ],
)
def test_an_expired_bundle_is_taken_within_its_grace(now: str, freshness: str) -> None:
    dates = {"not_before": "2026-11-20T08:00:00Z", "expires_at": "2026-12-01T08:00:00Z"}
    data = seal(draft(promotion(), grace_hours=24), 3, CREATED, **dates)
    moment = datetime.fromisoformat(now)
    assert parse_bundle(data).freshness(moment) == freshness
    if freshness in ("valid", "grace"):
        assert opened(data, now=moment) == 3
    else:
        code = "expired" if freshness == "expired" else "not_yet_valid"
        with pytest.raises(InvalidRuleset, match="from" if code == "not_yet_valid" else "24 h"):
            opened(data, now=moment)


def test_without_dates_a_bundle_is_always_valid() -> None:
    assert parse_bundle(seal(draft(), 1, CREATED)).freshness(NOW) == "valid"


def test_the_lineage_tells_a_gap_from_a_fork() -> None:
    second = seal(draft(), 2, CREATED)
    digest = hashlib.sha256(second).hexdigest()
    third = parse_bundle(seal(draft(promotion()), 3, CREATED, parent_sha256=digest))
    assert third.lineage({2: digest}) == "continues"
    assert third.lineage({1: "0" * 64, 2: digest}) == "continues"
    assert third.lineage({}) == "gap"
    assert third.lineage({1: "0" * 64}) == "gap"
    assert third.lineage({2: "0" * 64}) == "fork"
    assert parse_bundle(second).lineage({1: "0" * 64}) == "root"


def test_drafts_stay_at_home() -> None:
    data = seal(draft(promotion("a", state="draft"), promotion("b"), promotion("c")), 3, CREATED)
    assert [p["promotion_id"] for p in json.loads(data)["promotions"]] == ["b", "c"]


def test_a_bundle_carries_modes_stops_and_policies() -> None:
    changes = {
        "group_modes": {"g": "best"},
        "stopped": ["cheese20"],
        "programme": {"policies": {"tie": "later"}, "excluded_tags": ["gift"]},
    }
    ruleset = parse_bundle(seal(draft(promotion(), **changes), 3, CREATED)).to_ruleset()
    assert dict(ruleset.group_modes) == {"g": "best"}
    assert ruleset.stopped == {"cheese20"}
    assert ruleset.programme.policies.tie == "later"
    assert ruleset.programme.excluded_tags == {"gift"}


def test_an_agent_new_enough_opens_the_bundle() -> None:
    data = seal(draft(promotion()), 3, CREATED, min_agent_version="0.10")
    assert opened(data, agent_version="0.10.0") == 3


def test_effects_keep_their_own_fields() -> None:
    rules = parse_draft(
        draft(
            effect(kind="amount", target={"all": True}, amount_minor=500, per="unit"),
            effect(kind="n_for_m", target={"tags": ["x"]}, take=3, pay=2)
            | {"promotion_id": "three"},
        )
    ).to_ruleset(1)
    assert rules.promotions[0].effect == AmountOff(Scope(is_all=True), 500, "unit")
    assert rules.promotions[1].effect == NForM(Scope(tags=frozenset({"x"})), 3, 2)
