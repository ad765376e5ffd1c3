"""A register whose own printer is a receipt printer: sale, slip, verdict."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from drivers.conformance.emulated_receipts import emulated_receipts
from tests.support.rig import CARD, RULES, Rig, line, sell

TEMPLATE = {"footer": {"uk": ["До зустрічі на Подолі!"]}}


def printed(register: Rig, sale_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 15
    while True:
        view = register.http.get(f"/v1/sales/{sale_id}/status").json()
        if view["prints"] and view["prints"][0]["state"] not in ("queued", "printing"):
            return view["prints"][0]
        assert time.monotonic() < deadline, view["prints"]
        time.sleep(0.05)


def test_a_members_sale_comes_out_with_the_bundle_s_own_words(tmp_path: Path) -> None:
    register = Rig(tmp_path, {**RULES, "receipt": TEMPLATE})
    with emulated_receipts(tmp_path) as bench:
        with register.config.open("a", encoding="utf-8") as config:
            config.write(f'[printer]\ndriver = "receipt.escpos"\nurl = "{bench.emulator.url}"\n')
        register.start()
        assert register.agent is not None
        worker = register.agent.printer
        assert worker is not None
        worker.start()
        try:
            view = sell(register.http, [line(1, "milk", 4_590, 2, groups=["dairy"])], card=CARD)
            assert printed(register, view["sale_id"])["state"] == "printed"
            said = bench.last_lines()
            bench.emulator.send("paper_out")
            view = sell(register.http, [line(1, "bread", 10_000)], card=CARD)
            refused = printed(register, view["sale_id"])
        finally:
            worker.stop()
            register.stop()
        assert bench.slips() == 1
    assert (refused["state"], refused["reason"]) == ("not_printed", "paper_out")
    assert said[0].strip() == "Крамниця на Подолі"
    assert "До зустрічі на Подолі!" in [text.strip() for text in said]
    assert any(text.startswith("Молочне -10 %") and text.endswith("-9,18") for text in said)
    assert any(text.startswith("Буде зараховано") for text in said)
