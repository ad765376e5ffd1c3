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
        ({"feed": "hub"}, "ok", "rows from the hub"),
        ({"feed": "centre", "stands_for": "R1"}, "ok", "in the place of R1"),
        ({"role": "hub", "feed": "behind"}, "warn", "behind the centre"),
    ],
    ids=[
        *("peer", "silent", "none", "stranger", "hub", "fenced", "fed", "stand-in", "behind"),
    ],
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
    heir = {"register_id": "R1", "hub": {**_HUB, "stand_in": "R1"}}
    found = list(hub(Case(settings, True, heir, "")))
    assert [each.verdict for each in found] == ["ok", "warn"]
    assert list(hub(Case(settings, False, None, "does not run"))) == []


def test_the_status_tells_the_hub_in_one_line() -> None:
    counts = {"members_lent": 12, "claims": 3, "copies": 40}
    start = "store hub          R2, term 3, store; 12 members lent to, 3 claims, 40 copies"
    assert table({"hub": {**_HUB, **counts}}) == [f"{start}; feed from the centre"]
    behind = {**_HUB, **counts, "feed": "hub", "stand_in": "R3"}
    assert table({"hub": behind}) == [f"{start}; feed from the hub; stand-in R3"]
    own = {**_HUB, **counts, "role": "hub", "feed": "kept", "fed": 2, "stands_for": "R1"}
    (line,) = table({"hub": own})
    assert line.endswith("feed kept for 2 tills; stands in for R1")
    assert table({"hub": None}) == []
