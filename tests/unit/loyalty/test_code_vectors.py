"""Scanned and typed codes kept as data: check characters were computed outside the product.

`codes.json` holds a vector per spelling, `pairs.json` what happens at the border of every two
classes; `policy` names what differs from the default programme.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from loyalty.codes import CODE_CLASSES, REASONS, Classified, CodePolicy, classify, steps_of
from loyalty.errors import InvalidToken

DATA = Path(__file__).parents[2] / "data" / "scanning"
CODES: list[dict[str, Any]] = json.loads((DATA / "codes.json").read_text(encoding="utf-8"))
PAIRS: list[dict[str, Any]] = json.loads((DATA / "pairs.json").read_text(encoding="utf-8"))


def policy_of(changes: dict[str, Any]) -> CodePolicy:
    fields: dict[str, Any] = {
        name: steps_of(tuple(map(tuple, value))) if name == "order" else tuple(value)
        for name, value in changes.items()
    }
    return CodePolicy(**fields)


def read(vector: dict[str, Any]) -> Classified:
    policy = policy_of(vector["policy"])
    return classify(vector["text"], vector["symbology"], vector["source"], policy)


def shown(found: Classified, expect: dict[str, Any]) -> dict[str, Any]:
    """The fields that the vector speaks of."""
    seen: dict[str, Any] = {
        "kind": found.kind,
        "key": found.token.key if found.token else "",
        "code": found.code,
        "grams": found.qty_milli,
        "reason": found.reason,
        "choices": [choice.kind for choice in found.choices],
    }
    return {name: seen[name] for name in expect}


@pytest.mark.parametrize("number", range(len(CODES)))
def test_vector(number: int) -> None:
    vector = CODES[number]
    found = read(vector)
    assert shown(found, vector["expect"]) == vector["expect"], vector
    assert not found.reason or found.reason in REASONS


@pytest.mark.parametrize("number", range(len(PAIRS)))
def test_border_of_two_classes(number: int) -> None:
    vector = PAIRS[number]
    found = read(vector)
    assert shown(found, vector["expect"]) == vector["expect"], vector


def test_every_pair_of_classes_has_a_vector() -> None:
    covered = {tuple(vector["pair"]) for vector in PAIRS}
    missing = {tuple(sorted(two)) for two in itertools.combinations(CODE_CLASSES, 2)} - covered
    assert not missing
    assert len(CODES) >= 200


def test_what_is_shown_never_holds_the_code_of_a_person() -> None:
    for vector in [*CODES, *PAIRS]:
        found = read(vector)
        for one in (found, *found.choices):
            digits = "".join(char for char in vector["text"] if char.isdigit())
            if one.kind in ("member", "gift_card", "purse", "unknown") and len(digits) > 5:
                assert digits[-6:] not in one.masked, vector


@pytest.mark.parametrize(
    "order", [(("card", "cards"),), (("card",), ("card",))], ids=["unknown", "twice"]
)
def test_an_order_that_cannot_be_used_is_refused(order: tuple[tuple[str, ...], ...]) -> None:
    with pytest.raises(InvalidToken):
        steps_of(order)


def test_a_class_left_out_of_the_order_is_off() -> None:
    policy = CodePolicy(order=(("own_qr",), ("product",)))
    assert classify("0421234567891", "]E0", "scanner", policy).kind == "product"
