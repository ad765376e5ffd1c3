"""Rule files and bundles: what is read, and where a refusal points."""

from __future__ import annotations

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


@pytest.mark.parametrize(
    ("data", "code", "field"),
    [
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
        (
            draft(group_parents={str(n): str(n + 1) for n in range(30)}),
            "too_deep",
            "group_parents.21",
        ),
    ],
)
def test_a_refusal_names_its_code_and_place(data: bytes, code: str, field: str) -> None:
    assert refused(data) == (code, field)


def test_the_table_of_refusals_is_what_the_code_raises() -> None:
    source = "".join(map(inspect.getsource, (contract, rule_reading, kill_list)))
    raised = set(re.findall(r'InvalidRuleset\(\s*"(\w+)"', source)) | {"bad_value"}
    raised |= set(rule_reading._CODES.values())
    assert raised == set(contract.REFUSALS)


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


@pytest.mark.parametrize(
    ("options", "changes", "code"),
    [
        ({}, {"key_id": "feed"}, "unknown_key"),
        ({}, {"signature": b""}, "bad_signature"),
        ({}, {"newest_sequence": 3}, "lower_sequence"),
        ({}, {"newest_sequence": 9}, "lower_sequence"),
        ({"expires_at": "2026-11-19T09:00:00Z"}, {}, "expired"),
        ({"not_before": "2026-11-22T09:00:01Z"}, {}, "not_yet_valid"),
        ({"min_agent_version": "0.10"}, {"agent_version": "0.9.3"}, "agent_too_old"),
    ],
)
def test_a_bundle_that_must_not_run_is_refused(
    options: dict[str, Any], changes: dict[str, Any], code: str
) -> None:
    data = seal(draft(promotion()), 3, CREATED, **options)
    with pytest.raises(InvalidRuleset) as caught:
        opened(data, **changes)
    assert caught.value.code == code
    assert code in contract.REFUSALS


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
