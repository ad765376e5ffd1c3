"""`edge-agent shift` against a running register without a printer of its own."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from edge_agent.cli import main
from edge_agent.config import load_settings
from edge_agent.ledger.cache import Cache
from edge_agent.single_instance import lock
from sync.contract.feed import FeedRow
from sync.contract.staff import pin_verifier
from tests.support.rig import CARD, TOKEN, Rig, line, sell

Ask = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(
    rig: Rig, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Ask]:
    """One `edge-agent shift …` with its exit code and what it said."""
    settings = load_settings(rig.config)
    settings.token_file.write_text(TOKEN, encoding="ascii")
    body = {"cashier_id": "c1", "name": "Олена К.", "role": "cashier"}
    body["pin"] = pin_verifier("4711", bytes(16))
    cache = Cache(settings.data_dir / "cache.db")
    cache.apply_rows([FeedRow(kind="staff", key="c1", version=1, body=dict(body))])
    cache.close()

    def run(*words: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        code = main(["shift", *words, "--config", str(rig.config)])
        said = capsys.readouterr()
        return code, said.out, said.err

    with lock(settings.data_dir, urlsplit(rig.url).port or 0, rig.config):
        yield run


def test_a_shift_from_the_command_line(ask: Ask, rig: Rig) -> None:
    assert ask("sign-in", "c1", typed="4711\n")[0] == 0
    code, out, _ = ask("open", "--json")
    opened = json.loads(out)
    assert code == 0
    sell(rig.http, [line(1, "bread", 10_000)], card=CARD)
    code, out, _ = ask("status")
    assert code == 0
    assert "c1 Олена К. (cashier)" in out
    assert "1, 1 with a member" in out
    assert "5.00, 0.00" in out
    found = json.loads(ask("status", "--json")[1])
    assert (found["is_open"], found["totals"]["sales"]) == (True, 1)
    assert (opened.get("is_open", True), found["owner"]) == (True, "none")
    assert ask("x")[0] == 0
    assert ask("z")[0] == 0
    assert "closed" in ask("status")[1]
    assert "nobody" in ask("sign-out")[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("cash-in", "much"), "'much' is no sum"),
        (("cash-in", "1.234"), "'1.234' is no sum"),
        (("cash-in", "5.x"), "'5.x' is no sum"),
        (("resolve", "nothing", "printed", "--author", "iryna"), "nothing"),
    ],
    ids=["word", "three digits", "no digit", "unknown act"],
)
def test_what_cannot_be_done_is_said(ask: Ask, words: tuple[str, ...], said: str) -> None:
    code, _, err = ask(*words)
    assert code != 0
    assert said in err or "act" in err


def test_a_wrong_pin_and_a_stopped_agent(ask: Ask, tmp_path: Path) -> None:
    code, _, err = ask("sign-in", "c1", typed="1111\n")
    assert (code, bool(err)) == (1, True)
    other = tmp_path / "other"
    other.mkdir()
    (other / "agent.toml").write_text('data_dir = "data"\n', encoding="utf-8")
    assert main(["shift", "status", "--config", str(other / "agent.toml")]) == 1
