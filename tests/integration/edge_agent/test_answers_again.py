"""A repeated write gets the first answer's bytes, whatever happened since."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from typing import Any

import httpx

from edge_agent.ledger.answers import FROM_ROWS
from tests.support.rig import CARD, OTHER_CARD, RULES, Rig, answer, line, payment, sell

GOODS = [line(1, "bread", 3_333, 3), line(2, "milk", 4_590, groups=["dairy"])]
OTHER_RULES = {
    "programme": {"redeem_max_share_bp": 2_000, "redeem_as": "payment", "minor_per_bonus": 50},
    "promotions": [],
}


class Asked:
    """Keyed writes and their first answers."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.calls: list[tuple[str, str, dict[str, Any], str, bytes]] = []

    def __call__(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        key = str(uuid.uuid4())
        first = self._send(method, path, body, key)
        self.calls.append((method, path, body, key, first.content))
        return answer(first)

    def _send(self, method: str, path: str, body: dict[str, Any], key: str) -> httpx.Response:
        headers = {"Idempotency-Key": key}
        return self.rig.http.request(method, path, json=body, headers=headers)

    def again(self) -> None:
        for method, path, body, key, first in self.calls:
            repeated = self._send(method, path, body, key)
            assert (repeated.status_code, repeated.content) == (200, first), path

    def with_other_bodies(self) -> None:
        for method, path, body, key, _ in self.calls:
            refused = self._send(method, path, {**body, "more": 1}, key)
            assert (refused.status_code, refused.json()["code"]) == (422, "key_reused"), path


def ask_everything(rig: Rig) -> Asked:
    """Every kind of write of a sale's life, under keys."""
    ask, sale_id = Asked(rig), str(uuid.uuid4())
    path = f"/v1/sales/{sale_id}"
    identity = {"code": CARD, "source": "scanner"}
    ask("POST", f"{path}/open", {"basket": {"lines": GOODS[:1]}, "identity": identity, "odd": 1})
    ask("PUT", f"{path}/basket", {"lines": GOODS})
    ask("PUT", f"{path}/tenders", {"kinds": ["card"]})
    ask("POST", f"{path}/park", {"note": "1"})
    ask("POST", f"{path}/resume", {})
    view = ask("POST", f"{path}/redeem", {"points": 1_000})
    ask("POST", f"{path}/confirm", {**payment(view), "receipt_width": 40})
    ask("POST", f"{path}/print-result", {"verdict": "printed", "fiscal_number": "5"})
    part = {"lines": [{"line_id": "1", "qty_milli": 1_000}], "odd": 1}
    ask("POST", f"{path}/returns", {"return_id": str(uuid.uuid4()), **part})
    foreign = {"return_id": str(uuid.uuid4()), "refund_minor": 0, **part}
    ask("POST", f"/v1/sales/{uuid.uuid4()}/returns/foreign", foreign)
    other = {"identity": {"code": OTHER_CARD}, "reason": "забув картку", "supervisor": "Оля"}
    plain = sell(rig.http, GOODS)
    ask("POST", f"/v1/sales/{plain['sale_id']}/reassign", other)
    return ask


def test_the_first_answer_comes_back_byte_for_byte(rig: Rig) -> None:
    ask = ask_everything(rig)
    ask.again()
    ask.with_other_bodies()
    # More sales, other rules, another language, another life of the process.
    sell(rig.http, GOODS, card=CARD, redeem=True)
    for sale_id in {path.split("/")[3] for _, path, *_ in ask.calls if path.endswith("/returns")}:
        answer(rig.http.post(f"/v1/sales/{sale_id}/returns", json={"return_id": str(uuid.uuid4())}))
    rig.stop()
    rig.publish({**RULES, **OTHER_RULES}, 2, activate=True)
    text = rig.config.read_text(encoding="utf-8")
    rig.config.write_text(f'locale = "en"\n{text}', encoding="utf-8")
    rig.start()
    ask.again()
    sell(rig.http, GOODS, card=CARD)
    ask.again()


def test_what_the_rows_say_is_not_kept_twice(rig: Rig) -> None:
    ask_everything(rig)
    with closing(sqlite3.connect(rig.folder / "data" / "ledger.db")) as connection:
        kept = [row[0] for row in connection.execute("SELECT answer FROM idempotency")]
    assert kept.count(FROM_ROWS) == 2, "the two returns"
    assert len(kept) == 11
