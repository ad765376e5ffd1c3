"""A bundle damaged or exchanged on its way: refused, told to everybody, and the old rules stay."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.flaky_centre import FlakyCentre
from tests.support.live_register import LiveRegister, until
from tests.support.real_centre import RULES, RealCentre
from tests.support.rig import line, sell

MILK = [line(1, "milk", 10_000, groups=["dairy"])]


def _rules(percent_bp: int) -> dict[str, Any]:
    changed = copy.deepcopy(RULES)
    changed["promotions"][0]["effect"]["percent_bp"] = percent_bp
    return changed


def _flip(data: bytes) -> bytes:
    """One bit inside a number of the rules: 2500 basis points become 2510 or so."""
    place = data.index(b'"percent_bp":2500') + len(b'"percent_bp":25')
    return data[:place] + bytes((data[place] ^ 1,)) + data[place + 1 :]


@pytest.mark.parametrize(
    ("digest_too", "code"), [(False, "digest_mismatch"), (True, "bad_signature")]
)
def test_a_bundle_with_a_flipped_bit_is_refused_and_shown(
    register: Callable[..., LiveRegister],
    centre: RealCentre,
    flaky: FlakyCentre,
    digest_too: bool,
    code: str,
) -> None:
    """With its digest in the feed changed as well, only the signature is left to tell."""
    till = register()
    before = till.status()["ruleset_active"]
    assert sell(till.http, MILK)["discount_minor"] == 1_000
    wrong: dict[str, str] = {}

    def tamper(path: str, body: bytes) -> bytes:
        if path.startswith("/v1/bundles/"):
            return _flip(body)
        if path.startswith("/v1/feed?") and digest_too:
            for right, fake in wrong.items():
                body = body.replace(right.encode(), fake.encode())
        return body

    flaky.tamper = tamper
    flaky.misbehave("error", only="/v1/feed")
    sequence = centre.publish(_rules(2_500))
    content = centre.bundle(sequence)
    wrong[hashlib.sha256(content).hexdigest()] = hashlib.sha256(_flip(content)).hexdigest()
    flaky.behave()

    until("the refusal", lambda: till.status()["ruleset_refused"] == code)
    state = till.status()
    assert (state["ruleset_active"], state["ruleset_downloaded"]) == (before, before)
    assert sell(till.http, MILK)["discount_minor"] == 1_000
    name = till.identity.register_id
    until("the report", lambda: centre.register(name)["ruleset_refused"] == code)
    assert centre.register(name)["ruleset_active"] == before
    till.until_online()
    till.until_drained()

    flaky.tamper = lambda _path, body: body
    sequence = centre.publish(_rules(2_000))
    until("the next rules", lambda: till.status()["ruleset_active"] == sequence)
    assert till.status()["ruleset_refused"] == ""
    assert sell(till.http, MILK)["discount_minor"] == 2_000
    until("the report", lambda: centre.register(name)["ruleset_refused"] == "")
    centre.publish(RULES)


def test_a_bundle_of_another_programme_is_refused(
    register: Callable[..., LiveRegister], centre: RealCentre, flaky: FlakyCentre
) -> None:
    """Whole and well formed, but signed by nobody this register trusts."""
    till = register()
    before = till.status()["ruleset_active"]
    stranger = json.dumps({"promotions": []}).encode()
    foreign = hashlib.sha256(stranger).hexdigest()

    def tamper(path: str, body: bytes) -> bytes:
        if path.startswith("/v1/bundles/"):
            return stranger
        if path.startswith("/v1/feed?"):
            return re.sub(rb'"sha256":"[0-9a-f]{64}"', f'"sha256":"{foreign}"'.encode(), body)
        return body

    flaky.tamper = tamper
    centre.publish(_rules(2_500))
    until("the refusal", lambda: till.status()["ruleset_refused"] == "bad_signature")
    assert till.status()["ruleset_active"] == before
    assert sell(till.http, MILK)["discount_minor"] == 1_000
    centre.publish(RULES)
