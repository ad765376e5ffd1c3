"""A member with points at a live register: the steps of a redemption, and what was written."""

from __future__ import annotations

import json
import uuid
from typing import Any

from tests.support.flaky_centre import FlakyCentre
from tests.support.live_register import LiveRegister, until
from tests.support.real_centre import RealCentre, Shopper
from tests.support.rig import answer, line, payment, sell

PRICE = 10_000


def known_shopper(till: LiveRegister, centre: RealCentre) -> Shopper:
    """A member who bought here once, so that this register holds a lease."""
    shopper = centre.shopper()
    sell(till.http, [line(1, "bread", 2_000)], card=shopper.card)
    until("a lease", lambda: till.lease_points(shopper.member_id))
    return shopper


def open_sale(till: LiveRegister, card: str = "") -> str:
    """One good of 100 hryvnias."""
    sale_id = str(uuid.uuid4())
    body: dict[str, Any] = {"basket": {"lines": [line(1, "bread", PRICE)]}}
    if card:
        body["identity"] = {"code": card, "source": "scanner"}
    answer(till.http.post(f"/v1/sales/{sale_id}/open", json=body))
    return sale_id


def redeem(till: LiveRegister, sale_id: str, points: int | None = None) -> dict[str, Any]:
    """Ask for points, or for all that is possible."""
    return answer(till.http.post(f"/v1/sales/{sale_id}/redeem", json={"points": points}))


def confirm(till: LiveRegister, view: dict[str, Any]) -> dict[str, Any]:
    """Pay by card."""
    return answer(till.http.post(f"/v1/sales/{view['sale_id']}/confirm", json=payment(view)))


def decision(till: LiveRegister, sale_id: str) -> dict[str, Any]:
    """The one authorisation row of a sale."""
    rows = till.rows("SELECT * FROM authorisation WHERE sale_id = ?", sale_id)
    assert len(rows) == 1
    return rows[0]


def asked_ids(flaky: FlakyCentre) -> list[str]:
    """Ids under which the centre was asked."""
    return [json.loads(each.body)["auth_id"] for each in flaky.requests("/v1/authorisations")]


def sale_fact(centre: RealCentre, till: LiveRegister, sale_id: str) -> dict[str, Any]:
    """The sale as the centre holds it, exactly once."""
    facts = [f for f in centre.facts(till.identity) if f.get("sale_id") == sale_id]
    assert [(f["kind"], f["state"]) for f in facts if f["kind"] == "sale"] == [("sale", "applied")]
    return facts[0]
