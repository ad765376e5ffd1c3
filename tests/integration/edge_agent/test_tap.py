"""A POS prints its own receipt; the tap adds what the register knows of the sale."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from drivers.conformance.emulated_receipts import EmulatedSlipBench, emulated_receipts
from edge_agent.ledger.cache import Cache
from sync.contract.feed import FeedRow
from tests.support.live_register import until
from tests.support.rig import CARD, OTHER_CARD, RULES, TOKEN, Rig, line, sell


def offer(name: str, text: str, **more: Any) -> dict[str, Any]:
    return {
        "promotion_id": name,
        "name": {"uk": name},
        "effect": {"kind": "message", "place": "receipt", "text": {"uk": text}},
        **more,
    }


def of(segment: str) -> dict[str, Any]:
    return {"conditions": [{"kind": "member_segment", "segments": [segment]}]}


TEMPLATE = {
    "labels": {"uk": {"balance": "Рахунок", "balance_as_of": "Рахунок на {time}"}},
    "member_page": "https://bonus.example.ua/r/{sale_id}",
}
OFFERS = [
    offer("coffee", "Кава −30 % для вас", **of("coffee")),
    offer("tea", "Чай для інших", **of("tea")),
    offer("past", "Торішнє", valid_until="2025-01-01", **of("coffee")),
]


@pytest.fixture
def shop(tmp_path: Path) -> Any:
    rules = {**RULES, "promotions": [*RULES["promotions"], *OFFERS], "receipt": TEMPLATE}
    register = Rig(tmp_path, rules)
    cache = Cache(tmp_path / "data" / "cache.db")
    body = {"member_id": 101, "name": "Олена К.", "balance_points": 20_000, "segments": ["coffee"]}
    cache.apply_rows([FeedRow(kind="member", key="101", version=2, body=body)])
    cache.close()
    register.start()
    yield register
    register.stop()


def lines_for(shop: Rig, total_minor: int, receipt: str) -> dict[str, Any]:
    body = {"total_minor": total_minor, "width": 42, "receipt": receipt}
    response = shop.http.post("/v1/tap/lines", json=body)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def test_the_sale_s_lines_go_to_its_receipt_and_to_no_other(shop: Rig) -> None:
    view = sell(shop.http, [line(1, "bread", 10_000)], card=CARD, redeem=True)
    total = view["payable_minor"]
    assert lines_for(shop, total + 1, "other")["lines"] == []
    found = lines_for(shop, total, "a-0")
    assert found == lines_for(shop, total, "a-0"), "a receipt may ask twice"
    assert lines_for(shop, total, "a-1") == {"lines": [], "qr": ""}, "the next buyer gets nothing"
    said = found["lines"]
    assert any(text.startswith("Списано") and text.endswith("-50 бонусів") for text in said)
    assert any(text.startswith("Буде зараховано") for text in said)
    assert any(text.startswith("Рахунок") for text in said), "the bundle's own word"
    assert "Кава -30 % для вас" in said
    assert not any("Чай" in text or "Торішнє" in text for text in said)
    assert found["qr"] == f"https://bonus.example.ua/r/{view['sale_id']}"
    assert all(len(text) <= 42 for text in said)


def test_a_refused_redemption_says_why(shop: Rig) -> None:
    for _ in range(2):
        view = sell(shop.http, [line(1, "bread", 10_000)], card=OTHER_CARD, redeem=True)
    assert view["redeemed_minor"] == 0
    said = " ".join(lines_for(shop, view["payable_minor"], "a-0")["lines"]).casefold()
    assert "бонуси збережено" in said


def test_the_tap_needs_the_token_and_a_sane_question(shop: Rig) -> None:
    body = {"total_minor": 100, "width": 42, "receipt": "a-0"}
    url = "/v1/tap/lines"
    assert shop.http.post(url, json=body, headers={"Authorization": ""}).status_code == 401
    assert shop.http.post(url, json={**body, "width": 9}).status_code == 422
    assert shop.http.post(url, json={**body, "total_minor": -1}).status_code == 422


def print_receipt(port: int, bench: EmulatedSlipBench, payable_minor: int, pause_s: float) -> str:
    """A POS's receipt, its total returned; printing what follows the total takes `pause_s`."""
    total, before = f"СУМА {payable_minor // 100},{payable_minor % 100:02d}", bench.slips()
    with socket.create_connection(("127.0.0.1", port), 10) as pos:
        pos.sendall(b"\x1b@\x1bt\x2e" + f"{total}\n".encode("cp1251"))
        time.sleep(pause_s)
        pos.sendall("Дякуємо!\n".encode("cp1251") + b"\x1dVB\x00")
        until("the slip", lambda: bench.slips() > before)
    return total


def test_from_the_sale_to_the_paper(shop: Rig, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN, encoding="ascii")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with emulated_receipts(tmp_path) as bench:
        ends = ["--pos", f"tcp:127.0.0.1:{port}", "--printer", bench.emulator.url]
        agent = ["--agent", f"{str(shop.http.base_url).rstrip('/')}/v1/tap/lines"]
        tap = subprocess.Popen(
            [sys.executable, "-m", "drivers.tap", *ends, *agent, "--token-file", str(token)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert tap.stdout is not None
        try:
            assert json.loads(tap.stdout.readline())["event"] == "ready"
            for pause_s in (0.5, 2.0, 5.0, 11.0):
                view = sell(shop.http, [line(1, "bread", 10_000)], card=CARD)
                total = print_receipt(port, bench, view["payable_minor"], pause_s)
                if len(bench.last_lines()) > 2:
                    break
        finally:
            tap.terminate()
            tap.wait(10)
            tap.stdout.close()
        printed = bench.last_lines()
    assert printed[:2] == [total, "Дякуємо!"]
    assert any(text.startswith("Буде зараховано") for text in printed)
    assert f"[QR https://bonus.example.ua/r/{view['sale_id']}]" in printed
