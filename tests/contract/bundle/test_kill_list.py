"""The kill-list: canonical, signed under its own tag, bounded, and refused with a code."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.errors import InvalidRuleset
from sync.contract.kill_list import (
    MAX_KILL_LIST_BYTES,
    MAX_STOPPED,
    StoppedPromotion,
    open_kill_list,
    parse_kill_list,
    seal_kill_list,
)
from sync.contract.signing import (
    key_id,
    new_private_key,
    public_key_of,
    sign_bundle,
    sign_kill_list,
    verify_bundle,
)

AT = "2026-11-20T16:05:00Z"
KEY = new_private_key()
PUBLIC = public_key_of(KEY)
TRUSTED = {key_id(PUBLIC): PUBLIC}


def stop(promotion_id: str, reason: str = "знижка не на той товар") -> StoppedPromotion:
    return StoppedPromotion(promotion_id=promotion_id, reason=reason, at=AT)


LIST = seal_kill_list([stop("juice-30"), stop("tea")], 4, AT)


def opened(data: bytes, **changes: Any) -> frozenset[str]:
    values: dict[str, Any] = {
        "signature": sign_kill_list(KEY, data),
        "key_id": key_id(PUBLIC),
        "trusted_keys": TRUSTED,
        "newest_sequence": 3,
    }
    return open_kill_list(data, **(values | changes)).promotion_ids


def test_a_signed_newer_list_opens() -> None:
    assert opened(LIST) == {"juice-30", "tea"}
    compact = {"ensure_ascii": False, "sort_keys": True, "separators": (",", ":")}
    assert json.dumps(json.loads(LIST), **compact).encode() == LIST
    assert json.loads(LIST)["stopped"][0] == {
        "at": AT,
        "promotion_id": "juice-30",
        "reason": "знижка не на той товар",
    }


def test_a_newer_list_may_stop_nothing_at_all() -> None:
    assert opened(seal_kill_list([], 5, AT)) == frozenset()


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"key_id": "feed"}, "unknown_key", "key_id"),
        ({"signature": b""}, "bad_signature", "signature"),
        ({"signature": sign_bundle(KEY, LIST)}, "bad_signature", "signature"),
        ({"newest_sequence": 4}, "lower_sequence", "sequence"),
        ({"newest_sequence": 9}, "lower_sequence", "sequence"),
    ],
)
def test_a_list_that_must_not_count_is_refused(
    changes: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(InvalidRuleset) as caught:
        opened(LIST, **changes)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_the_signature_of_a_list_is_none_of_a_bundle() -> None:
    assert not verify_bundle(PUBLIC, LIST, sign_kill_list(KEY, LIST))


def body(**changes: Any) -> bytes:
    whole = json.loads(LIST) | changes
    return json.dumps({name: value for name, value in whole.items() if value is not None}).encode()


ENTRY = {"promotion_id": "tea", "reason": "x", "at": AT}


@pytest.mark.parametrize(
    ("data", "code", "field"),
    [
        (b" " * (MAX_KILL_LIST_BYTES + 1), "too_large", ""),
        (b"{", "bad_json", ""),
        (b"[" * 200_000, "too_deep", ""),
        (b'{"sequence": 1, "sequence": 2}', "duplicate_key", "sequence"),
        (body(kind="bundle"), "bad_value", "kind"),
        (body(schema_version=2), "unknown_schema", "schema_version"),
        (body(sequence=None), "missing_field", "sequence"),
        (body(sequence=0), "bad_value", "sequence"),
        (body(sequence=2**53), "bad_value", "sequence"),
        (body(sequence=4.0), "bad_value", "sequence"),
        (body(created_at="2026-11-20T16:05:00"), "bad_value", "created_at"),
        (body(note="x"), "unknown_field", "note"),
        (body(stopped=[ENTRY, ENTRY]), "duplicate_id", "stopped[1].promotion_id"),
        (body(stopped=[ENTRY | {"reason": ""}]), "bad_value", "stopped[0].reason"),
        (body(stopped=[ENTRY | {"reason": "a\x1b"}]), "bad_value", "stopped[0].reason"),
        (body(stopped=[ENTRY | {"by": "Іван"}]), "unknown_field", "stopped[0].by"),
        (
            body(stopped=[ENTRY | {"promotion_id": f"p{n}"} for n in range(MAX_STOPPED + 1)]),
            "bad_value",
            "stopped",
        ),
    ],
)
def test_a_malformed_list_names_its_fault(data: bytes, code: str, field: str) -> None:
    with pytest.raises(InvalidRuleset) as caught:
        parse_kill_list(data)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_the_longest_list_fits_and_one_more_is_not_sealed() -> None:
    longest = [stop(f"promotion-{n:022d}", "ї" * 200) for n in range(MAX_STOPPED)]
    data = seal_kill_list(longest, 1, AT)
    assert len(data) < MAX_KILL_LIST_BYTES
    assert len(parse_kill_list(data).promotion_ids) == MAX_STOPPED
    with pytest.raises(InvalidRuleset, match="stopped"):
        seal_kill_list([*longest, stop("one-more")], 1, AT)


@given(st.data())
def test_no_damaged_list_opens(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(LIST) - 1))
    bit = data.draw(st.integers(0, 7))
    damaged = bytearray(LIST)
    damaged[place] ^= 1 << bit
    with pytest.raises(InvalidRuleset) as caught:
        opened(bytes(damaged), signature=sign_kill_list(KEY, LIST))
    assert caught.value.code == "bad_signature"
