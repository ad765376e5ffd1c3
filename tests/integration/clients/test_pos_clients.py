"""The Python and the JavaScript client over a real agent that is killed, frozen or starts late."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.pos_clients import (
    JS,
    LINES,
    LONG_S,
    NEEDS_NODE,
    SHELF,
    NodePos,
    PythonPos,
    load_client,
)
from tests.support.rig import CARD, TOKEN, Rig

QUOTED = SHELF - 918


class Agent:
    """A real agent process over a rig's files; killed, frozen and started again."""

    def __init__(self, folder: Path) -> None:
        rig = Rig(folder)
        self.rig = rig
        (folder / "data" / "api.token").write_text(TOKEN, encoding="ascii")
        self.port = 0
        self.child: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start, on the port of before where there was one; the agent's address."""
        assert self.child is None
        text = f'data_dir = "data"\n[api]\nport = {self.port}\n'
        self.rig.config.write_text(text, encoding="utf-8")
        ends = time.monotonic() + LONG_S
        while (line := self._launched()) == b"" and time.monotonic() < ends:
            # Another test's connection may have the port of before for a moment.
            self.kill()
        ready = json.loads(line)
        self.port = int(ready["url"].rsplit(":", 1)[1])
        return str(ready["url"])

    def _launched(self) -> bytes:
        script = str(Path(sys.executable).parent / "edge-agent")
        self.child = subprocess.Popen(
            [script, "run", "--config", str(self.rig.config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self.child.stdout is not None
        return self.child.stdout.readline()

    def freeze(self) -> None:
        """Stop the process where it is: its port takes connections and nothing is answered."""
        assert self.child is not None
        os.kill(self.child.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self.child is not None
        os.kill(self.child.pid, signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL."""
        if self.child is not None:
            self.child.kill()
            self.child.wait(20)
            assert self.child.stdout is not None
            self.child.stdout.close()
            self.child = None

    def sales(self) -> list[dict[str, Any]]:
        """Sales that stand in the ledger file."""
        from edge_agent.ledger.reading import recorded_sales

        found = recorded_sales(self.rig.folder / "data" / "ledger.db")
        return [each.sale.model_dump() for each in found]


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    """A started agent."""
    process = Agent(tmp_path)
    process.start()
    try:
        yield process
    finally:
        process.kill()


@pytest.fixture(
    params=["python", pytest.param("javascript", marks=NEEDS_NODE)],
)
def pos(request: pytest.FixtureRequest, agent: Agent, tmp_path: Path) -> Iterator[Any]:
    """A POS on one of the clients."""
    url = f"http://127.0.0.1:{agent.port}"
    made: Any = (PythonPos if request.param == "python" else NodePos)(url, tmp_path)
    try:
        yield made
    finally:
        made.close()


def quoted(pos: Any) -> tuple[str, int]:
    """A new sale that is opened and redeems, with a healthy agent: its id and its sum."""
    pos.do("patient")
    sale_id = pos.do("new")
    assert pos.do("open") == QUOTED
    redeemed = pos.do("redeem")
    assert 0 < redeemed < QUOTED
    return sale_id, redeemed


def without_an_agent(pos: Any) -> None:
    """A sale at shelf prices: nothing is asked twice, and all waiting fits the budget."""
    pos.do("new")
    pos.do("hasty")
    assert pos.do("open") is None
    assert pos.do("basket") is None
    assert pos.do("redeem") is None
    assert pos.do("payable") == SHELF
    assert pos.do("confirm") == "without"
    assert pos.do("waited_ms") <= 1_500


def test_a_sale_is_completed_whatever_becomes_of_the_agent(agent: Agent, pos: Any) -> None:
    first, _ = quoted(pos)
    assert pos.do("confirm") == "confirmed"
    assert [sale["sale_id"] for sale in agent.sales()] == [first]

    # Frozen between quote and payment: its port takes the call, and no answer comes.
    second, shown = quoted(pos)
    agent.freeze()
    pos.do("hasty")
    assert pos.do("payable") == shown, "the price that was shown stands"
    assert pos.do("confirm") == "later"
    assert pos.do("waited_ms") <= 1_500
    without_an_agent(pos)
    agent.thaw()
    assert pos.do("flush") == [second]

    # Killed there, and goods rung up after its death have no quote.
    third, shown = quoted(pos)
    agent.kill()
    pos.do("hasty")
    assert pos.do("confirm") == "later"
    assert pos.do("waited_ms") <= 1_500
    without_an_agent(pos)
    assert pos.do("flush") == [], "nobody is there"
    agent.start()
    assert pos.do("flush") == [third]
    assert pos.do("flush") == []

    _, shown = quoted(pos)
    agent.kill()
    pos.do("hasty")
    assert pos.do("basket") is None
    assert pos.do("payable") == SHELF, "the POS's own sum, not the quote of other goods"
    assert pos.do("confirm") == "without"
    sold = {sale["sale_id"]: sale for sale in agent.sales()}
    assert set(sold) == {first, second, third}
    assert all(sale["redemption"]["points"] > 0 for sale in sold.values())


def test_answers_that_were_lost_and_answers_that_say_no(agent: Agent, tmp_path: Path) -> None:
    module = load_client()
    url = f"http://127.0.0.1:{agent.port}"
    client = module.Client(url, TOKEN, spool=tmp_path / "spool", budget_s=LONG_S)
    token = {"Authorization": f"Bearer {TOKEN}"}

    no = client.sale()
    no.open(LINES)
    with pytest.raises(module.Refused) as refused:
        no.confirm([{"kind": "card", "amount_minor": 1}])
    assert refused.value.code == "underpaid"
    assert set(refused.value.cashier_message) == {"uk", "en", "pl"}

    # The commit was answered, and the answer never came.
    sale = client.sale()
    view = sale.open(LINES, code=CARD, source="scanner")
    body = {
        "quote_id": view["quote_id"],
        "basket_hash": view["basket_hash"],
        "tenders": [{"kind": "card", "amount_minor": view["payable_minor"]}],
        "payable_minor": view["payable_minor"],
    }
    path, key = f"/v1/sales/{sale.sale_id}/confirm", f"confirm-{sale.sale_id}"
    assert client.call("POST", path, body, key, LONG_S)["state"] == "posted"
    assert client.keep(sale.sale_id, body)

    # So with a redemption: what nobody was shown is taken back before the confirmation.
    other = client.sale()
    other.open(LINES, code=CARD, source="scanner")
    path = f"{url}/v1/sales/{other.sale_id}/redeem"
    redeemed = httpx.post(path, json={"points": None}, headers=token, timeout=LONG_S)
    assert redeemed.json()["redeemed_minor"] > 0
    agent.kill()
    client.budget_s, other.waited_s = 1.5, 0.0
    assert other.confirm([{"kind": "card", "amount_minor": QUOTED}]) == "later"
    agent.start()
    assert client.flush(LONG_S) == (sorted([sale.sale_id, other.sale_id]), [])
    sold = {each["sale_id"]: each for each in agent.sales()}
    assert set(sold) == {sale.sale_id, other.sale_id}
    assert sold[other.sale_id]["payable_minor"] == QUOTED
    assert sold[other.sale_id]["redeemed_minor"] == 0


def test_a_stranger_at_the_port_does_not_hold_the_sale() -> None:
    """Whoever took the port and says nothing costs a sale no more than its budget."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        module = load_client()
        client = module.Client(f"http://127.0.0.1:{server.getsockname()[1]}", TOKEN)
        sale = client.sale()
        assert sale.open(LINES) is None
        assert sale.confirm([]) == "without"
        assert sale.waited_s <= 1.5


def test_the_javascript_is_small_and_has_no_imports() -> None:
    text = JS.read_text(encoding="utf-8")
    assert len(gzip.compress(text.encode(), 9)) < 5 * 1024
    assert "import " not in text.split("*/", 1)[1]
    assert "require(" not in text
