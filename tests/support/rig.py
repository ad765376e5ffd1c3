"""A real register for tests: real files, real threads, real HTTP; no centre and no devices."""

from __future__ import annotations

import io
import threading
import time
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from edge_agent.agent import Agent
from edge_agent.api.websocket import MAX_MESSAGE_BYTES, websocket_protocol
from edge_agent.bootstrap import build
from edge_agent.bundles import BundleStore
from edge_agent.config import load_settings
from edge_agent.head_guard import begin
from edge_agent.ledger.cache import Cache
from edge_agent.one_time_codes import ConsoleSender
from edge_agent.runtime import loopback_sockets
from loyalty.errors import InvalidRuleset
from sync.contract.bundle import seal
from sync.contract.feed import FeedRow
from sync.contract.messages import canonical_json
from sync.contract.signing import key_id, new_private_key, public_key_of, sign_bundle
from sync.contract.tokens import phone_token
from sync.enrolment import Identity

TOKEN = "test-token-of-this-register-000000"
CARD = "0420000000013"
OTHER_CARD = "0420000000020"
NO_LEASE_CARD = "0420000000037"
PHONE = "+380671234567"
PHONE_KEY = bytes(range(32))

RULES: dict[str, Any] = {
    "programme": {"redeem_max_share_bp": 5_000, "accrual_valid_days": 365},
    "promotions": [
        {
            "promotion_id": "dairy10",
            "name": {"uk": "Молочне −10 %", "en": "Dairy −10 %"},
            "effect": {"kind": "percent", "target": {"groups": ["dairy"]}, "percent_bp": 1000},
        },
        {
            "promotion_id": "earn5",
            "name": {"uk": "5 % бонусами", "en": "5 % back"},
            "effect": {"kind": "accrue_percent", "target": {"all": True}, "percent_bp": 500},
            "conditions": [{"kind": "member_known"}],
        },
    ],
}


def feed_rows(register_id: str = "R1", epoch: int = 1) -> list[FeedRow]:
    """Three members (one without a lease here), their cards, and three goods."""
    rows = []
    for member_id, card, name, points in (
        (101, CARD, "Олена К.", 20_000),
        (102, OTHER_CARD, "Ігор Ґ.", 5_000),
        (103, NO_LEASE_CARD, "Юлія Ї.", 9_000),
    ):
        body = {"member_id": member_id, "name": name, "balance_points": points}
        rows.append(FeedRow(kind="member", key=str(member_id), version=1, body=body))
        rows.append(
            FeedRow(kind="token", key=f"card:{card}", version=1, body={"member_id": member_id})
        )
    phone = phone_token(PHONE_KEY, PHONE)
    rows.append(FeedRow(kind="token", key=phone, version=1, body={"member_id": 101}))
    for member_id, granted in ((101, 6_000), (102, 1_500)):
        lease_id = f"{register_id}.{epoch}.{member_id}"
        body = {
            "lease_id": lease_id,
            "member_id": member_id,
            "register_id": register_id,
            "epoch": epoch,
            "granted_points": granted,
            "state": "open",
        }
        rows.append(FeedRow(kind="lease", key=lease_id, version=1, body=body))
    for sku, name, price, groups, code in (
        ("milk", "Молоко 2,5 % 900 г", 4_590, ["dairy"], "4820000000017"),
        ("bread", "Хліб «Український»", 2_750, ["bread"], "4820000000024"),
        ("cigs", "Цигарки", 9_900, ["tobacco"], "4820000000031"),
    ):
        body = {
            "sku": sku,
            "name": name,
            "unit_price_minor": price,
            "groups": groups,
            "barcodes": [code],
            "goods_class": "tobacco" if sku == "cigs" else "normal",
        }
        rows.append(FeedRow(kind="good", key=sku, version=1, body=body))
    return rows


class Rig:
    """One register over a data folder; can be stopped and started again on the same files."""

    def __init__(self, folder: Path, rules: dict[str, Any] | None = None) -> None:
        self.folder = folder
        self.programme_key = new_private_key()
        public = public_key_of(self.programme_key)
        self.key_id = key_id(public)
        self.identity = Identity(
            register_id="R1",
            store_id="S1",
            store_name="Крамниця на Подолі",
            epoch=1,
            incarnation="test",
            centre_url="http://127.0.0.1:9",
            ca_pem="",
            programme_keys={self.key_id: public},
            private_key=new_private_key(),
            phone_key=PHONE_KEY,
        )
        data = folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        self.identity.save(data / "identity.json")
        self.config = folder / "agent.toml"
        self.config.write_text('data_dir = "data"\n[api]\nport = 0\n', encoding="utf-8")
        begin(load_settings(self.config), self.identity)
        self.publish(rules or RULES, 1, activate=True)
        cache = Cache(data / "cache.db")
        cache.apply_rows(feed_rows())
        cache.close()
        self.agent: Agent | None = None
        self.console = io.StringIO()
        """Where one-time codes are sent to."""

    def publish(self, rules: dict[str, Any], sequence: int, *, activate: bool = False) -> None:
        """Put a signed bundle into the register's folder (of a stopped register)."""
        store = BundleStore.open(self.folder / "data" / "bundles", self.identity.programme_keys)
        data = seal(canonical_json(rules), sequence, "2026-01-01T00:00:00Z")
        signature = sign_bundle(self.programme_key, data)
        store.offer(data, signature, self.key_id, datetime.now(UTC))
        if activate:
            store.activate_pending()

    def publish_running(self, rules: dict[str, Any], sequence: int, *, flip: bool = False) -> str:
        """Offer a bundle to the running register; the code of its refusal, "" when taken."""
        assert self.agent is not None
        data = bytearray(seal(canonical_json(rules), sequence, "2026-01-01T00:00:00Z"))
        signature = sign_bundle(self.programme_key, bytes(data))
        if flip:
            data[len(data) // 2] ^= 1
        try:
            self.agent.rules.store.offer(bytes(data), signature, self.key_id, datetime.now(UTC))
        except InvalidRuleset as error:
            return error.code
        return ""

    def start(self, machine: str = "") -> None:
        """Build the agent and serve its API on a free port; `machine` stands for its facts."""
        sockets = loopback_sockets(0)
        port = sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.agent = build(
            load_settings(self.config),
            port=port,
            token=TOKEN,
            machine=machine,
            sender=ConsoleSender(self.console),
        )
        protocol: Any = websocket_protocol
        config = uvicorn.Config(
            self.agent.app,
            log_config=None,
            lifespan="off",
            ws=protocol,
            ws_max_size=MAX_MESSAGE_BYTES,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": sockets}, daemon=True
        )
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        self.http = httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10
        )

    def stop(self) -> None:
        """Stop serving and close the files."""
        if self.agent is not None:
            self.http.close()
            self._server.should_exit = True
            self._server.force_exit = True
            self._thread.join(10)
            self.agent.close()
            self.agent = None


def line(number: int, sku: str, price: int, qty: int = 1, **more: Any) -> dict[str, Any]:
    """A basket line of `qty` pieces."""
    return {
        "line_id": str(number),
        "sku": sku,
        "name": sku,
        "qty_milli": qty * 1000,
        "unit_price_minor": price,
        "sum_minor": price * qty,
        **more,
    }


def sell(
    http: httpx.Client,
    lines: Iterable[dict[str, Any]],
    *,
    card: str = "",
    redeem: bool | int = False,
) -> dict[str, Any]:
    """Open, price, redeem and confirm one sale over HTTP; returns the last answer."""
    sale_id = str(uuid.uuid4())
    body: dict[str, Any] = {"basket": {"lines": list(lines)}}
    if card:
        body["identity"] = {"code": card, "source": "scanner"}
    view = answer(http.post(f"/v1/sales/{sale_id}/open", json=body))
    if redeem is not False:
        points = None if redeem is True else redeem
        view = answer(http.post(f"/v1/sales/{sale_id}/redeem", json={"points": points}))
    return answer(http.post(f"/v1/sales/{sale_id}/confirm", json=payment(view)))


def payment(view: dict[str, Any]) -> dict[str, Any]:
    """The confirmation of a view, paid exactly by card."""
    due = view["payable_minor"]
    return {
        "quote_id": view["quote_id"],
        "basket_hash": view["basket_hash"],
        "tenders": [{"kind": "card", "amount_minor": due}] if due else [],
    }


def answer(response: httpx.Response) -> dict[str, Any]:
    """The JSON of a successful answer."""
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body
