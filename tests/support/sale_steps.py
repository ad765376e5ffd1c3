"""A sale's steps at the local API, and what they left in the outbox."""

from __future__ import annotations

import json
import sqlite3
import uuid
from contextlib import closing
from typing import Any

from tests.support.rig import (
    Rig,
    answer,
    line,
)

GROUPS = [
    line(1, "milk", 4_590, 2, groups=["dairy"], tax_group="А"),
    line(2, "bread", 2_755, tax_group="Б"),
    line(3, "tea", 9_999, tax_group="А"),
]


def begin(rig: Rig, lines: list[dict[str, Any]], card: str = "") -> dict[str, Any]:
    body: dict[str, Any] = {"basket": {"lines": lines}}
    if card:
        body["identity"] = {"code": card, "source": "scanner"}
    return answer(rig.http.post(f"/v1/sales/{uuid.uuid4()}/open", json=body))


def post(rig: Rig, view: dict[str, Any], verb: str, body: dict[str, Any]) -> Any:
    return rig.http.post(f"/v1/sales/{view['sale_id']}/{verb}", json=body)


def refusal(response: Any) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    assert set(response.json()["cashier_message"]) == {"uk", "en", "pl"}
    return response.status_code, response.json()["code"]


def facts(rig: Rig) -> list[tuple[str, dict[str, Any]]]:
    with closing(sqlite3.connect(rig.folder / "data" / "ledger.db")) as connection:
        rows = connection.execute("SELECT kind, body FROM outbox ORDER BY seq").fetchall()
    return [(kind, json.loads(body)) for kind, body in rows]
