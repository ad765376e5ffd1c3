"""A new member and another card, from a real register at a real centre, and while it is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.flaky_centre import FlakyCentre
from tests.support.live_register import LiveRegister, until
from tests.support.rig import answer

MakeRegister = Callable[..., LiveRegister]
CARD, NEW_CARD = "0420990000017", "0420990000024"


def test_a_buyer_joins_and_gets_another_card(register: MakeRegister, flaky: FlakyCentre) -> None:
    till = register()
    http = till.http

    def join(**more: Any) -> Any:
        body = {"phone": "8 (067) 555-44-33", "name": "Ярина Ґалаґан", "agreed": True, **more}
        return http.post("/v1/members", json=body)

    for wrong, code in (
        ({"phone": "044 123 45 67"}, "phone_landline"),
        ({"phone": "12345"}, "bad_phone"),
        ({"name": "\u200e"}, "bad_name"),
        ({"birthday": "31.02.1990"}, "bad_birthday"),
        ({"birthday": "01.01.1890"}, "bad_birthday"),
        ({"agreed": False}, "consent_needed"),
    ):
        refused = join(**wrong)
        assert (refused.status_code, refused.json()["code"]) == (409, code), wrong
    joined = answer(join(birthday="23.08.1990"))
    member = joined["member"]
    assert (joined["state"], member["name"], member["missing"]) == ("joined", "Ярина Ґ.", [])
    assert answer(http.get("/v1/state"))["waiting"]["member_id"] == member["member_id"]
    assert answer(join())["state"] == "known"

    path = f"/v1/members/{member['member_id']}/card"
    not_a_card = http.post(path, json={"code": "4820000000017", "reason": "lost"})
    assert not_a_card.json()["code"] == "not_a_card"
    no_reason = http.post(path, json={"code": CARD, "reason": " "})
    assert no_reason.json()["code"] == "reason_needed"
    for code in (CARD, NEW_CARD):
        bound = answer(http.post(path, json={"code": code, "reason": "lost"}))
        assert bound["member"]["member_id"] == member["member_id"]
    assert answer(http.post("/v1/scan", json={"code": CARD}))["kind"] == "unknown"
    assert answer(http.post("/v1/scan", json={"code": NEW_CARD}))["kind"] == "member"

    flaky.misbehave("refuse")
    until("the centre is lost", lambda: join().json()["code"] == "join_offline")
    gone = http.post(path, json={"code": CARD, "reason": "lost"})
    assert (gone.status_code, gone.json()["code"]) == (503, "card_offline")
