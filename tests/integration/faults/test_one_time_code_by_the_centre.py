"""A one-time code on its way: made and checked by the register, sent by the centre's program."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.support.flaky_centre import FlakyCentre
from tests.support.live_register import LiveRegister, until
from tests.support.real_centre import RealCentre
from tests.support.redeeming import confirm, open_sale, redeem, sale_fact
from tests.support.rig import answer, line, sell

MakeRegister = Callable[..., LiveRegister]


def test_the_code_reaches_the_phone_and_strengthens_the_sale(
    register: MakeRegister, centre: RealCentre, flaky: FlakyCentre
) -> None:
    till, shopper = register(), centre.shopper()
    sale = open_sale(till, shopper.card)
    path = f"/v1/sales/{sale}/one-time-code"
    before = len(centre.codes_sent())
    assert answer(till.http.post(path, json={}))["state"] == "code_unsent", "no number is known"
    centre.give_phone(shopper.member_id, "+380671234567")
    assert answer(till.http.post(path, json={}))["state"] == "code_sent"
    (message,) = centre.codes_sent()[before:]
    assert message["phone"] == "+380671234567"
    code = re.findall(r"\b[0-9]{6}\b", message["text"])[0]
    answer(till.http.post(f"{path}/check", json={"code": code}))
    confirm(till, redeem(till, sale, 500))
    till.until_drained()
    redemption = sale_fact(centre, till, sale)["redemption"]
    assert (redemption["points"], redemption["strength"]) == (500, 40)

    flaky.misbehave("refuse")
    sell(till.http, [line(1, "bread", 2_750)])
    until("offline", lambda: not till.status()["online"])
    offline = open_sale(till, shopper.card)
    asked = answer(till.http.post(f"/v1/sales/{offline}/one-time-code", json={}))
    assert asked["state"] == "code_unsent"
    assert asked["sentence"]
