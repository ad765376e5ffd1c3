"""A small till program: what a POS maker writes against the local API, and no more."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from edge_agent.demo.processes import DemoFailed

PAPER_S = 20.0
JsonObject = dict[str, Any]


class Pos:
    """One till. Every write carries an Idempotency-Key and is repeated when its reply is lost."""

    def __init__(self, url: str, token: str) -> None:
        self._client = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=10
        )

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def get(self, path: str) -> JsonObject:
        """Read something."""
        answer = self._client.get(path)
        answer.raise_for_status()
        body: JsonObject = answer.json()
        return body

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> JsonObject:
        """Write something; a refusal is raised with its cashier sentence."""
        key = str(uuid.uuid4())
        answer = self._client.request(
            method, path, json=dict(body), headers={"Idempotency-Key": key}
        )
        if answer.status_code >= 400:
            raise DemoFailed(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        result: JsonObject = answer.json()
        return result

    def open(self, sale_id: str, *, take_scan: bool = False, phone: str = "") -> JsonObject:
        """Open a sale, with whoever was scanned, or by a phone number the buyer said."""
        identity: JsonObject | None = None
        if take_scan:
            identity = {"take_scan": True}
        elif phone:
            identity = {"code": phone, "source": "keyboard"}
        return self.send("POST", f"/v1/sales/{sale_id}/open", {"identity": identity})

    def put_basket(self, sale_id: str, lines: Sequence[Mapping[str, Any]]) -> JsonObject:
        """Replace the basket."""
        return self.send("PUT", f"/v1/sales/{sale_id}/basket", {"lines": list(lines)})

    def redeem_all(self, sale_id: str) -> JsonObject:
        """Redeem as much as is possible."""
        return self.send("POST", f"/v1/sales/{sale_id}/redeem", {"points": None})

    def confirm(self, view: Mapping[str, Any], by_card: bool) -> JsonObject:
        """Pay exactly, by card or in cash."""
        kind, field = ("card", "payable_minor") if by_card else ("cash", "payable_cash_minor")
        amount = int(view[field])
        tenders = [{"kind": kind, "amount_minor": amount}] if amount > 0 else []
        body = {
            "quote_id": view["quote_id"],
            "basket_hash": view["basket_hash"],
            "tenders": tenders,
        }
        return self.send("POST", f"/v1/sales/{view['sale_id']}/confirm", body)

    def wait_for_member(self, timeout_s: float = 5.0) -> bool:
        """Wait until the scanned member stands on the register's screen."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if self.get("/v1/state")["waiting"] is not None:
                return True
            time.sleep(0.005)
        return False

    def wait_for_paper(self, sale_id: str, timeout_s: float = PAPER_S) -> JsonObject:
        """Wait until every paper of the sale has its verdict."""
        end = time.monotonic() + timeout_s
        while True:
            view = self.get(f"/v1/sales/{sale_id}/status")
            states = [job["state"] for job in view["prints"]]
            if all(state not in ("queued", "printing") for state in states):
                return view
            if time.monotonic() > end:
                raise DemoFailed(f"sale {sale_id} has no paper verdict after {timeout_s} s")
            time.sleep(0.025)
