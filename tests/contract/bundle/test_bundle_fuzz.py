"""Whatever the bytes are, a reader gets rules or a refusal with a known code, never a trace."""

from __future__ import annotations

import copy
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unicodedata import category

import pytest
from hypothesis import HealthCheck, given, settings

from edge_agent.demo_data import loader
from loyalty.errors import InvalidRuleset
from loyalty.promotions.compile import compile_ruleset
from sync.contract.bundle import conflicts, open_bundle, parse_bundle, parse_draft, seal
from sync.contract.kill_list import parse_kill_list
from sync.contract.rule_reading import REFUSALS
from sync.contract.signing import key_id, new_private_key, public_key_of, sign_bundle
from tests.contract.bundle.rule_writing import file_of, rulesets

SAMPLES = sorted((Path(__file__).parents[2] / "data" / "rules" / "conflicts").iterdir())
SEALED = seal(loader.rules(), 3, "2026-11-20T08:00:00Z")
KEY = new_private_key()
PUBLIC = public_key_of(KEY)
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TOKENS = [
    *(b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-0", b"1.0", b"1e2", b"0x10", b"01"),
    *(b"9" * 400, b"-" + b"9" * 5_000, b"9007199254740993", b"true", b"null", b'""', b"[]", b"{}"),
    *(b'"\\ud800"', b'"\\u0000"', b'"\\u202e"', b"\xff", b"\x00", b"\xef\xbb\xbf", b"[" * 30),
    *(b'{"kind":"percent"}', b'{"kind":[]}', b'{"kind":{}}', b'"' + "ї".encode() * 300 + b'"'),
]


def check(error: InvalidRuleset) -> str:
    """The code of a refusal that people and machines can be shown as it is."""
    assert error.code in REFUSALS
    assert str(error)
    for told in (str(error), error.field):
        assert harmless(told), told
    return error.code


def harmless(told: str) -> bool:
    return len(told) < 2_000 and not any(category(sign) in ("Cc", "Cs", "Zl") for sign in told)


def refusals_of(data: bytes) -> set[str]:
    """The codes of each reader's refusal; anything else raised is a fault."""
    codes = set()
    for read in (parse_draft, parse_bundle, parse_kill_list):
        try:
            read(data)
        except InvalidRuleset as error:
            codes.add(check(error))
    return codes


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A few cuts, copies, flips and hostile tokens."""
    body = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(body) + 1)
        length = chance.choice((0, 1, 2, 8, 40))
        new = chance.choice(
            (
                chance.choice(TOKENS),
                bytes([chance.randrange(256)]),
                body[place : place + length][::-1],
                body[chance.randrange(len(body) + 1) :][:length],
            )
        )
        body[place : place + length] = new
    return bytes(body)


def test_mutated_files_are_read_or_refused() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    sources = [SEALED, *(path.read_bytes() for path in SAMPLES)]
    codes: set[str] = set()
    for _ in range(2_500):
        codes |= refusals_of(mutated(chance.choice(sources), chance))
    assert {"bad_json", "bad_value", "unknown_field", "missing_field"} <= codes, f"seed {seed}"


def nodes(value: Any, above: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        above.append((value, key))
        if isinstance(inner, dict | list):
            nodes(inner, above)
    return above


HOSTILE: list[Any] = [
    *(
        None,
        True,
        0,
        -1,
        10**12,
        -(10**30),
        1.5,
        1e308,
        "",
        "x" * 300,
        "\x00",
        "\u2028",
        "2026-02-30",
    ),
    *("9999-12-31", "24:00", "25:00", [], {}, [[]], {"kind": "percent"}, {"all": True}, ["a", 1]),
    *(["w"] * 5_001, {str(n): None for n in range(201)}),
]


def test_hostile_values_at_any_place_are_read_or_refused() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(600):
        body = json.loads(chance.choice([SEALED, *(path.read_bytes() for path in SAMPLES)]))
        for _ in range(chance.randint(1, 2)):
            holder, key = chance.choice(nodes(body, []))
            if chance.random() < 0.3 and isinstance(holder, dict):
                holder[chance.choice(["", "x", "\x00", "\ud800", "kind", "n" * 500])] = 1
            else:
                holder[key] = copy.deepcopy(chance.choice(HOSTILE))
        data = json.dumps(body).encode()
        try:
            draft = parse_draft(data)
        except InvalidRuleset:
            refusals_of(data)
        else:
            compile_ruleset(draft.to_ruleset(1))
            conflicts(draft)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rulesets())
def test_any_rules_that_are_read_can_be_checked_and_compiled(ruleset: Any) -> None:
    body = file_of(ruleset)
    for promotion in body["promotions"]:
        if promotion["effect"]["kind"] == "redeem_allowance":
            promotion["effect"]["max_share_bp"] = 1
    draft = parse_draft(json.dumps(body).encode())
    compile_ruleset(draft.to_ruleset(1))
    for found in conflicts(draft):
        assert harmless(found.message)


def test_a_signed_bundle_of_hostile_bytes_is_refused_with_a_code() -> None:
    """A stolen key signs anything: the reader behind the signature must stand as well."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    trusted = {key_id(PUBLIC): PUBLIC}
    for _ in range(300):
        data = mutated(SEALED, chance)
        try:
            bundle = open_bundle(
                data, sign_bundle(KEY, data), key_id(PUBLIC), trusted, 0, NOW, "0.2.0"
            )
        except InvalidRuleset as error:
            check(error)
        else:
            assert bundle.sequence > 0


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"' + b'a":1,"' * 700_000 + b'a":1}', "bad_value"),
        (b'{"' + b'a":1,"' * 19_999 + b'a":1}', "duplicate_key"),
        (b"{" + b",".join(b'"%d":1' % n for n in range(400_000)) + b"}", "bad_value"),
        (b"{" + b",".join(b'"%d":1' % n for n in range(20_000)) + b"}", "unknown_field"),
        (b'{"promotions":[' + b"{}," * 1_500_000 + b"{}]}", "bad_value"),
        (b'{"stopped":[' + b"1," * 2_400_000 + b"1]}", "bad_value"),
        (
            b'{"group_parents":{' + b",".join(b'"%d":1' % n for n in range(400_000)) + b"}}",
            "bad_value",
        ),
        (b'{"note":"' + b"x" * 5_000_000 + b'"}', "bad_value"),
        (b'{"note":' + b"9" * 5_000_000 + b"}", "bad_json"),
        (b'{"schema_version":' + b"[" * 2_500_000 + b"]" * 2_500_000 + b"}", "too_deep"),
        (b"[" * 5_242_880, "too_deep"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_five_megabytes_of_one_fault_are_refused(data: bytes, code: str) -> None:
    assert len(data) <= 5 * 1024 * 1024
    with pytest.raises(InvalidRuleset) as caught:
        parse_draft(data)
    assert caught.value.code == code
