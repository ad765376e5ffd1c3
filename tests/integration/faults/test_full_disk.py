"""The disk is full under a real agent: sales live on the reserve, then loyalty stops, not the till.

The reserve here is for 100 sales, and another program eats of it;
`python -m bench.soak.durable_full_disk` shows it for 2,500.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from edge_agent.cli import main
from edge_agent.ledger.storage import FILE_NAME
from edge_agent.ledger.verify import verify
from tests.support.agent_process import AgentProcess
from tests.support.live_register import until
from tests.support.rig import CARD, Rig
from tests.support.small_disk import CannotMount, fill, small_disk

SALES = 100
GREEDY_EVERY = 12


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    try:
        with small_disk(tmp_path / "disk", 72) as folder:
            yield folder
    except CannotMount as why:
        pytest.skip(f"a small disk needs the right to mount: {why}")


def _storage(agent: AgentProcess) -> str:
    return str(agent.status()["storage"])


def test_sales_live_on_the_reserve_and_then_loyalty_stops_clearly(
    disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Rig(disk)
    agent = AgentProcess(disk, f"[storage]\nreserve_sales = {SALES}\n")
    agent.start()
    try:
        assert agent.sell(card=CARD).status_code == 200
        until("a reserve", lambda: agent.status()["reserve_bytes"] > SALES * 40_000)
        reserve = agent.status()["reserve_bytes"]
        assert (disk / "data" / FILE_NAME).stat().st_blocks * 512 >= reserve, "real blocks"

        filler = fill(disk)
        sold = 0
        while (answer := agent.sell(card=CARD)).status_code == 200:
            sold += 1
            if sold % GREEDY_EVERY == 0:
                assert _storage(agent) in ("reserve", "full")
                fill(disk, "somebody-else")  # another program takes what it can get
        assert sold >= 4 * GREEDY_EVERY, "it never gets more than a step of the reserve"
        told = answer.json()
        assert (answer.status_code, told["code"]) == (503, "loyalty_unavailable")
        assert told["cashier_message"]["en"].startswith("Loyalty is unavailable")
        assert "Бонуси" in told["cashier_message"]["uk"]
        assert _storage(agent) == "full"
        notice = until("the notice", lambda: agent.http.get("/v1/state").json()["notice"])
        assert notice["code"] == "disk_full"
        assert verify(agent.ledger).faults == [], "reading needs no room"

        with suppress(SystemExit):
            assert main(["doctor", "--config", str(disk / "agent.toml"), "--json"]) == 1
        findings = json.loads(capsys.readouterr().out)["findings"]
        assert any(f["check"] == "reserve" and f["verdict"] == "fail" for f in findings)

        agent.kill()
        agent.start()
        fill(disk, "somebody-else")
        statuses = [agent.sell().status_code for _ in range(GREEDY_EVERY)]
        assert set(statuses) <= {200, 503}, "it starts even so"
        assert statuses[-1] == 503

        filler.unlink()
        (disk / "somebody-else").unlink()
        until("room again", lambda: _storage(agent) in ("ok", "low"))
        assert agent.sell(card=CARD).status_code == 200
        # A register that has sold knows what a sale takes, and its reserve follows.
        until("the reserve again", lambda: agent.status()["reserve_bytes"] >= reserve // 2)
    finally:
        agent.stop()
    assert verify(agent.ledger).faults == []
