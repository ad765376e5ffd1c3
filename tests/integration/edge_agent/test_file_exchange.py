"""A till that can only read and write files sells through the running register."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from types import ModuleType

import pytest

from edge_agent.ledger.verify import quick_check
from tests.support.live_register import until
from tests.support.rig import CARD, Rig, line, payment

CLIENT = Path(__file__).parents[3] / "integrations" / "files" / "loyalty_files.py"
PATIENT_S = 30.0
SALE = "7f6c0f1e-3a52-4a53-9f6e-0d6a1c7b2e11"


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Rig]:
    """A register with an exchange folder, `exchange` beside its settings."""
    rig = Rig(tmp_path)
    with rig.config.open("a", encoding="utf-8") as file:
        file.write('[exchange]\nfolder = "exchange"\npoll_ms = 20\n')
    rig.start()
    assert rig.agent is not None
    assert rig.agent.exchange is not None
    exchange = rig.agent.exchange
    exchange.start()
    try:
        until("the folder", (tmp_path / "exchange").is_dir)
        yield rig
    finally:
        exchange.stop()
        rig.stop()


@pytest.fixture(scope="module")
def client() -> ModuleType:
    """The sample client, as a till's developer would take it."""
    spec = util.spec_from_file_location("loyalty_files", CLIENT)
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_members_sale_by_files_alone(till: Rig, client: ModuleType) -> None:
    folder = till.folder / "exchange"

    def call(request: str, body: object = None, name: str | None = None) -> dict[str, object]:
        done: dict[str, object] = client.call(folder, request, body, PATIENT_S, name)
        return done

    opening = {
        "identity": {"code": CARD, "source": "scanner"},
        "basket": {"lines": [line(1, "bread", 10_000)]},
    }
    call(f"POST /v1/sales/{SALE}/open", opening)
    view = call(f"POST /v1/sales/{SALE}/redeem", {"points": None})
    assert view["redeemed_minor"] == 5_000
    confirmed = call(f"POST /v1/sales/{SALE}/confirm", payment(view), name="confirm-F1")
    assert confirmed["state"] == "posted"
    again = call(f"POST /v1/sales/{SALE}/confirm", payment(view), name="confirm-F1")
    assert again == confirmed
    assert till.http.get(f"/v1/sales/{SALE}/status").json()["state"] == "posted"
    assert quick_check(till.folder / "data" / "ledger.db") == []


def test_a_refusal_reaches_the_till_with_its_sentence(till: Rig, client: ModuleType) -> None:
    with pytest.raises(client.Refused) as refused:
        client.call(
            till.folder / "exchange", f"POST /v1/sales/{uuid.uuid4()}/redeem", {}, PATIENT_S
        )
    assert refused.value.answer["status"] == 404
    assert refused.value.answer["cashier_message"]


def test_many_tills_files_at_once_get_their_own_answers(till: Rig, client: ModuleType) -> None:
    found: dict[int, object] = {}

    def one(number: int) -> None:
        body = {"basket": {"lines": [line(1, "bread", 1_000 + number)]}}
        view = client.call(
            till.folder / "exchange", f"POST /v1/sales/{uuid.uuid4()}/open", body, PATIENT_S
        )
        found[number] = view["payable_minor"]

    threads = [threading.Thread(target=one, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: 1_000 + number for number in range(20)}


def test_the_folder_comes_back_after_it_was_away(till: Rig, client: ModuleType) -> None:
    folder = till.folder / "exchange"
    folder.rmdir()
    assert client.call(_made(folder), "GET /v1/status", None, PATIENT_S)["register_id"] == "R1"


def test_without_an_agent_the_till_goes_on_and_takes_its_request_back(
    tmp_path: Path, client: ModuleType
) -> None:
    with pytest.raises(client.AgentSilent):
        client.call(tmp_path, "GET /v1/status", None, 0.2)
    assert list(tmp_path.iterdir()) == []


def test_the_sample_runs_from_the_command_line(till: Rig) -> None:
    folder = till.folder / "exchange"
    command = [sys.executable, str(CLIENT), str(folder), "GET /v1/status"]

    def answered() -> str:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return done.stdout if done.returncode == 0 else ""

    assert json.loads(until("an answer", answered))["register_id"] == "R1"


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder
