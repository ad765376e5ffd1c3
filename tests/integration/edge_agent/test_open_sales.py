"""Sales that stay open: across a restart, and when nobody comes back to them."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from typing import Any

from tests.support.rig import OTHER_CARD, RULES, Rig, answer, line, payment, sell


def _open(rig: Rig, **more: Any) -> dict[str, Any]:
    body = {"basket": {"lines": [line(1, "bread", 10_000)]}, **more}
    return answer(rig.http.post(f"/v1/sales/{uuid.uuid4()}/open", json=body))


def test_a_forgotten_sale_gives_its_promise_back(rig: Rig) -> None:
    view = _open(rig, identity={"code": OTHER_CARD, "source": "scanner"})
    path = f"/v1/sales/{view['sale_id']}"
    assert answer(rig.http.post(f"{path}/redeem", json={"points": None}))["redeemed_minor"] == 1_500
    assert rig.agent is not None
    rig.agent.till.close_abandoned()
    assert answer(rig.http.get(f"{path}/status"))["state"] == "open"
    with closing(sqlite3.connect(rig.folder / "data" / "ledger.db")) as connection:
        connection.execute("UPDATE sale SET touched_at = '2020-01-01T00:00:00.000Z'")
        connection.commit()
    rig.agent.till.close_abandoned()
    assert answer(rig.http.get(f"{path}/status"))["state"] == "cancelled"
    again = sell(rig.http, [line(1, "bread", 10_000)], card=OTHER_CARD, redeem=True)
    assert again["redeemed_minor"] == 1_500


def test_an_open_sale_is_back_on_the_desk_after_a_restart(rig: Rig) -> None:
    view = _open(rig)
    rig.stop()
    rig.start()
    state = answer(rig.http.get("/v1/state"))
    assert state["sale"]["sale_id"] == view["sale_id"]
    done = rig.http.post(f"/v1/sales/{view['sale_id']}/confirm", json=payment(view))
    assert answer(done)["state"] == "posted"


def test_new_rules_wait_for_the_open_receipt(rig: Rig) -> None:
    view = _open(rig)
    assert rig.agent is not None
    rig.publish_running(RULES | {"promotions": []}, 2)
    rig.agent.till.activate_rules()
    assert answer(rig.http.get("/v1/status"))["ruleset_active"] == 1
    done = rig.http.post(f"/v1/sales/{view['sale_id']}/confirm", json=payment(view))
    assert answer(done)["ruleset_sequence"] == 1
    later = _open(rig)
    assert later["ruleset_sequence"] == 2


def test_a_bundle_with_a_flipped_bit_changes_nothing(rig: Rig) -> None:
    refused = rig.publish_running(RULES, 2, flip=True)
    assert refused == "bad_signature"
    _open(rig)
    status = answer(rig.http.get("/v1/status"))
    assert (status["ruleset_active"], status["ruleset_refused"]) == (1, "bad_signature")
