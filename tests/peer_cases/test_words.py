"""What a case asks for and nobody understands is not held, by name; so is a wrong figure."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tests.peer_cases.case_file import CaseFileError, read_cases
from tests.peer_cases.outcome import judge

BASKET: dict[str, Any] = {
    "id": "words",
    "kind": "basket",
    "basket": [{"line": 1, "sku": "A", "qty": "2", "unit_price": 500, "groups": []}],
    "member": None,
    "context": {},
    "rules": [
        {
            "id": "R",
            "when": [{"min_qty": 1, "of": {"all": True}}],
            "then": {"effect": "percent_off", "value": "10", "target": {"all": True}},
            "apply": {"order": 1},
        }
    ],
    "policy": {},
    "expect": {"total": 900, "fired": ["R"]},
    "strict": ["total"],
}
LEDGER: dict[str, Any] = {
    "id": "words",
    "kind": "ledger",
    "program": {"earn": {"mode": "per_money", "rate": "1"}},
    "events": [{"op": "sale", "id": "S1", "amount": 100}],
    "expect": {"balance": "1"},
    "strict": ["balance"],
}


def _judged(tmp_path, case: dict[str, Any]):
    path = tmp_path / "cases.json"
    path.write_text(json.dumps([{"id": "schema", "kind": "schema"}, case]))
    return judge(*read_cases(path))


def _changed(case: dict[str, Any], *steps: Any) -> dict[str, Any]:
    """A copy with the value at a path put in: (step, step, …, value)."""
    changed = copy.deepcopy(case)
    place: Any = changed
    for step in steps[:-2]:
        place = place[step]
    place[steps[-2]] = steps[-1]
    return changed


def test_the_plain_cases_hold(tmp_path):
    for case in (BASKET, LEDGER):
        assert all(result.holds for result in _judged(tmp_path, case))


@pytest.mark.parametrize(
    ("case", "steps", "named"),
    [
        (BASKET, ("kind", "auction"), "unknown kind 'auction'"),
        (BASKET, ("rules", 0, "then", "effect", "teleport"), "unknown effect 'teleport'"),
        (BASKET, ("rules", 0, "then", "shine", 1), "unknown field 'shine'"),
        (BASKET, ("rules", 0, "then", "value", "10.001"), "finer than 1/100"),
        (BASKET, ("rules", 0, "when", 0, {"moon": "full"}), "unknown condition ['moon']"),
        (BASKET, ("rules", 0, "when", 0, "of", {"planet": ["x"]}), "unknown field 'planet'"),
        (BASKET, ("rules", 0, "apply", "sometimes", True), "unknown field 'sometimes'"),
        (BASKET, ("rules", 0, "apply", "choose", "worst"), "no choose 'worst'"),
        (BASKET, ("policy", "weather", "rain"), "unknown switch 'weather'"),
        (BASKET, ("policy", "round", "sideways"), "round has no 'sideways'"),
        (BASKET, ("basket", 0, "colour", "red"), "unknown field 'colour'"),
        (BASKET, ("context", {"mood": "good"}), "unknown field 'mood'"),
        (BASKET, ("member", {"shoe": 42}), "unknown field 'shoe'"),
        (BASKET, ("extra", 1), "unknown field 'extra'"),
        (BASKET, ("basket", 0, "qty", "-1"), "refused: bad_quantity"),
        (LEDGER, ("events", 0, "op", "gamble"), "unknown operation"),
        (LEDGER, ("events", 0, "luck", 7), "unknown field 'luck'"),
        (LEDGER, ("program", "lottery", {}), "unknown field 'lottery'"),
        (LEDGER, ("program", "earn", "mode", "per_smile"), "no mode 'per_smile'"),
    ],
)
def test_an_unknown_word_is_named_and_not_held(tmp_path, case, steps, named):
    results = _judged(tmp_path, _changed(case, *steps))
    assert results
    assert not any(result.holds for result in results)
    assert all(named in str(result) for result in results)


@pytest.mark.parametrize(
    ("steps", "key"),
    [
        (("expect", "total", 899), "total"),
        (("expect", "total", "900"), "total"),
        (("expect", "total", True), "total"),
        (("expect", "fired", []), "fired"),
        (("expect", "fired", ["R", "R"]), "fired"),
        (("expect", "weight", 1), "weight"),
        (("strict", ["joy"]), "joy"),
    ],
)
def test_a_wrong_figure_and_an_unknown_key_are_not_held(tmp_path, steps, key):
    missed = [result for result in _judged(tmp_path, _changed(BASKET, *steps)) if not result.holds]
    assert [result.key for result in missed] == [key]
    assert str(missed[0]).startswith(f"words: {key}: expected ")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "no JSON"),
        ("{}", "a list of cases"),
        ("[]", "holds no case"),
        ("[7]", "a case is an object"),
        ('[{"id": "a"}]', "'id' and 'kind'"),
        ('[{"id": "a", "kind": "split"}]', "'expect'"),
        ('[{"id": "a", "kind": "split", "expect": {}, "strict": "parts"}]', "'strict'"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_a_file_that_holds_no_cases_says_why(tmp_path, text, why):
    path = tmp_path / "cases.json"
    path.write_text(text)
    with pytest.raises(CaseFileError, match=why):
        read_cases(path)


def test_an_id_stands_once(tmp_path):
    path = tmp_path / "cases.json"
    path.write_text(json.dumps([LEDGER, LEDGER]))
    with pytest.raises(CaseFileError, match="'words' stands twice"):
        read_cases(path)
