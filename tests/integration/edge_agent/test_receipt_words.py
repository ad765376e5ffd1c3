"""What a receipt owes the member, from the centre's rows to the paper of a printer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drivers.conformance.emulated_receipts import EmulatedSlipBench, emulated_receipts
from drivers.emulators.escpos.slip import Code
from edge_agent.ledger.cache import Cache
from sync.contract.feed import FeedPage, FeedRow
from tests.support.live_register import until
from tests.support.rig import CARD, RULES, Rig, line, sell

NOW = datetime.now(UTC)


def offer(name: str, text: str, **more: Any) -> dict[str, Any]:
    return {
        "promotion_id": name,
        "name": {"uk": name},
        "effect": {"kind": "message", "place": "receipt", "text": {"uk": text}},
        "conditions": [{"kind": "member_segment", "segments": ["чай"]}],
        **more,
    }


OFFERS = [
    offer("tea", "Чай −30 % лише для вас"),
    offer("later", "Ще не діє", valid_from=(NOW + timedelta(days=3)).date().isoformat()),
    offer("past", "Уже не діє", valid_until=(NOW - timedelta(days=3)).date().isoformat()),
    offer("other", "Для інших", conditions=[{"kind": "member_segment", "segments": ["кава"]}]),
]
RECEIPT = {"member_page": "https://bonus.example.ua/r/{sale_id}"}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[EmulatedSlipBench]:
    with emulated_receipts(tmp_path) as found:
        yield found


@pytest.fixture
def shop(tmp_path: Path, bench: EmulatedSlipBench) -> Iterator[Rig]:
    rules = {**RULES, "promotions": [*RULES["promotions"], *OFFERS], "receipt": RECEIPT}
    register = Rig(tmp_path, rules)
    with register.config.open("a", encoding="utf-8") as config:
        config.write(f'[printer]\ndriver = "receipt.escpos"\nurl = "{bench.emulator.url}"\n')
    cache = Cache(tmp_path / "data" / "cache.db")
    body = {"member_id": 101, "name": "Олена К.", "balance_points": 20_000, "segments": ["чай"]}
    # Without a lease nothing can be redeemed offline.
    drop = [
        FeedRow(kind="member", key="101", version=50, body=body),
        FeedRow(kind="lease", key="R1.1.101", version=50, is_deleted=True),
    ]
    then = (NOW - timedelta(hours=3)).isoformat().replace("+00:00", "Z")
    cache.apply_page(
        FeedPage(incarnation="test", cursor="1", rows=drop, more=False, server_time=then)
    )
    cache.close()
    register.start()
    assert register.agent is not None
    assert register.agent.printer is not None
    register.agent.printer.start()
    yield register
    register.agent.printer.stop()
    register.stop()


def test_the_paper_says_what_the_member_is_owed(shop: Rig, bench: EmulatedSlipBench) -> None:
    view = sell(shop.http, [line(1, "milk", 4_590, 2, groups=["dairy"])], card=CARD, redeem=True)
    until("the slip", lambda: bench.slips() == 1, 40)
    lines = [text.strip() for text in bench.last_lines()]
    said = " ".join(lines)
    assert "Чай −30 % лише для вас" in said.replace("-30 %", "−30 %")
    for other in ("Ще не діє", "Уже не діє", "Для інших"):
        assert other not in said
    assert view["redeem"]["redeemed_points"] == 0
    assert "бонуси збережено" in said.casefold()
    assert any(text.startswith("Буде зараховано") for text in lines), lines
    assert any(text.startswith("Баланс станом на") for text in lines), lines
    codes = [each.payload for each in bench.papers()[-1].printed if isinstance(each, Code)]
    assert codes == [f"https://bonus.example.ua/r/{view['sale_id']}"]
