"""What the doctor says of the store's hub."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.commands.status import table
from edge_agent.config import Settings, load_settings
from edge_agent.doctor.finding import Case
from edge_agent.doctor.hub import hub

_HUB = {
    "role": "peer",
    "hub": "R2",
    "term": 3,
    "until": "2999-01-01T00:00:00Z",
    "island": "store",
    "problem": "",
    "is_fenced": False,
}


def _settings(folder: Path, listen: str) -> Settings:
    path = folder / "agent.toml"
    path.write_text(f'data_dir = "state"\n[hub]\n{listen}\n', encoding="utf-8")
    return load_settings(path)


@pytest.mark.parametrize(
    ("change", "verdict", "word"),
    [
        ({}, "ok", "R2 answers"),
        ({"island": "alone", "problem": "timed out"}, "warn", "timed out"),
        ({"role": "none", "hub": "", "until": ""}, "warn", "no term"),
        ({"role": "stranger"}, "warn", "does not know"),
        ({"role": "hub"}, "ok", "this register"),
        ({"role": "hub", "is_fenced": True}, "fail", "nothing is lent"),
    ],
    ids=["peer", "silent", "none", "stranger", "hub", "fenced"],
)
def test_the_stores_hub_is_examined(
    tmp_path: Path, change: dict[str, object], verdict: str, word: str
) -> None:
    settings = _settings(tmp_path, 'listen = "127.0.0.1:9778"')
    (finding,) = hub(Case(settings, True, {"hub": {**_HUB, **change}}, ""))
    assert (finding.verdict, word in finding.says) == (verdict, True)
    assert bool(finding.do) is (verdict != "ok")


def test_a_hub_that_does_not_listen_and_a_term_that_is_over(tmp_path: Path) -> None:
    settings = _settings(tmp_path, "")
    told = {**_HUB, "role": "hub", "until": "2020-01-01T00:00:00Z"}
    found = list(hub(Case(settings, True, {"hub": told}, "")))
    assert [each.verdict for each in found] == ["fail", "warn"]
    assert "listen" in found[0].do
    assert list(hub(Case(settings, False, None, "does not run"))) == []


def test_the_status_tells_the_hub_in_one_line() -> None:
    counts = {"members_lent": 12, "claims": 3, "copies": 40}
    assert table({"hub": {**_HUB, **counts}}) == [
        "store hub          R2, term 3, store; 12 members lent to, 3 claims, 40 copies"
    ]
    assert table({"hub": None}) == []
