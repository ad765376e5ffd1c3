"""How strongly a member was identified decides what each layer may do."""

from __future__ import annotations

import re
import uuid
from typing import Any

from sync.contract.feed import FeedRow
from tests.support.purses import Page
from tests.support.rig import CARD, PHONE, Rig, answer, line, payment

HUNDRED = {"lines": [line(1, "bread", 10_000)]}


def _open(rig: Rig, code: str, source: str = "keyboard") -> dict[str, Any]:
    body = {"identity": {"code": code, "source": source}, "basket": HUNDRED}
    return answer(rig.http.post(f"/v1/sales/{uuid.uuid4()}/open", json=body))


def _redeem(rig: Rig, view: dict[str, Any]) -> dict[str, Any]:
    return answer(rig.http.post(f"/v1/sales/{view['sale_id']}/redeem", json={"points": None}))


def _policy(rig: Rig, version: int = 1, **needs: int) -> None:
    assert rig.agent is not None
    row = FeedRow(kind="offline_policy", key="active", version=version, body={"needs": needs})
    rig.agent.health._cache.apply_rows([row])


def test_a_typed_phone_earns_and_redeems_only_with_a_one_time_code(rig: Rig) -> None:
    view = _redeem(rig, _open(rig, PHONE))
    assert (view["redeemed_minor"], view["redeem"]["reason"]) == (0, "identification_too_weak")
    assert view["accrual_points"] == 500

    path = f"/v1/sales/{view['sale_id']}/one-time-code"
    sent = answer(rig.http.post(path, json={}))
    assert sent["state"] == "code_sent"
    code = re.findall(r"\b[0-9]{6}\b", rig.console.getvalue())[0]
    assert code not in str(sent), "the register never shows it"
    wrong = rig.http.post(f"{path}/check", json={"code": f"{(int(code) + 1) % 10**6:06d}"})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "code_wrong")
    answer(rig.http.post(f"{path}/check", json={"code": code}))
    again = rig.http.post(f"{path}/check", json={"code": code})
    assert again.json()["code"] == "code_unknown"

    view = _redeem(rig, view)
    assert (view["redeemed_minor"], view["redeem"]["layer"]) == (5_000, "lease")
    done = answer(rig.http.post(f"/v1/sales/{view['sale_id']}/confirm", json=payment(view)))
    assert done["redeemed_minor"] == 5_000


def test_a_code_is_bounded_and_needs_an_open_sale_with_a_member(rig: Rig) -> None:
    stranger = str(uuid.uuid4())
    answer(rig.http.post(f"/v1/sales/{stranger}/open", json={"basket": HUNDRED}))
    refused = rig.http.post(f"/v1/sales/{stranger}/one-time-code", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_member")
    view = _open(rig, PHONE)
    path = f"/v1/sales/{view['sale_id']}/one-time-code"
    states = [answer(rig.http.post(path, json={}))["state"] for _ in range(4)]
    assert states == ["code_sent"] * 3 + ["code_too_many"]
    assert rig.http.post(f"{path}/check", json={"code": "12"}).status_code == 422
    answer(rig.http.post(f"/v1/sales/{view['sale_id']}/cancel", json={}))
    assert rig.http.post(path, json={}).json()["code"] == "sale_closed"


def test_what_each_layer_wants_is_the_programmes_own_data(rig: Rig) -> None:
    page = Page(rig.programme_key, rig.key_id)
    assert rig.agent is not None
    rig.agent.health._cache.apply_rows([page.row()])
    _policy(rig, 1, online=20, lease=40, purse=30, cache=20)
    view = _redeem(rig, _open(rig, CARD, "scanner"))
    assert view["redeemed_minor"] == 0, "a card is too weak for this lease"
    signed = _redeem(rig, _open(rig, page.still(page.claim(2_000, member_id=101)), "scanner"))
    assert (signed["redeemed_minor"], signed["redeem"]["layer"]) == (2_000, "purse")
    _policy(rig, 2, online=20, lease=10, purse=30, cache=20)
    view = _redeem(rig, _open(rig, PHONE))
    assert view["redeem"]["layer"] == "lease", "this programme trusts a typed phone"


def test_a_policy_out_of_its_bounds_is_not_taken(rig: Rig) -> None:
    assert rig.agent is not None
    body = {"lease_home_bp": 9_000, "lease_second_bp": 9_000, "needs": {"lease": 0}}
    row = FeedRow(kind="offline_policy", key="active", version=1, body=body)
    rig.agent.health._cache.apply_rows([row])
    assert rig.agent.till.context().policy.needs.lease == 20
