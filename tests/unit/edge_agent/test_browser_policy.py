"""The browser's policy for pages that call the agent: written, shown, removed, and as asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_agent.cli import main
from edge_agent.commands.browser_policy import places, windows_commands

ORIGINS = ["https://pos.example", "https://till.example:8443"]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Settings that let two pages in."""
    path = tmp_path / "agent.toml"
    path.write_text(f'data_dir = "data"\n[api]\norigins = {json.dumps(ORIGINS)}\n')
    return path


def run(verb: str, config: Path, root: Path) -> int:
    return main(["browser-policy", verb, "--config", str(config), "--root", str(root)])


def test_it_is_installed_shown_and_removed_and_leaves_other_policies(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "root"
    other = root / "etc/chromium/policies/managed/theirs.json"
    other.parent.mkdir(parents=True)
    other.write_text('{"HomepageLocation": "https://shop.example"}')
    assert run("show", config, root) == 1
    assert run("install", config, root) == 0
    for _browser, place in places(root):
        policy = json.loads(place.read_text())
        assert policy["LoopbackNetworkAllowedForUrls"] == ORIGINS
        assert policy["LocalNetworkAccessAllowedForUrls"] == ORIGINS
        assert place.stat().st_mode & 0o777 == 0o644
    assert run("show", config, root) == 0
    config.write_text('data_dir = "data"\n[api]\norigins = ["https://new.example"]\n')
    assert run("show", config, root) == 1
    assert "lacks https://new.example" in capsys.readouterr().out
    assert run("remove", config, root) == 0
    assert run("remove", config, root) == 0
    assert other.is_file()
    assert not any(place.exists() for _browser, place in places(root))


def test_without_origins_nothing_is_written(tmp_path: Path) -> None:
    config = tmp_path / "agent.toml"
    config.write_text('data_dir = "data"\n')
    assert run("install", config, tmp_path / "root") == 1
    assert not (tmp_path / "root").exists()


def test_the_commands_for_windows_name_every_origin_under_every_key() -> None:
    commands = windows_commands(tuple(ORIGINS))
    adds = [each for each in commands if each.startswith("reg add")]
    assert len(adds) == 3 * 2 * len(ORIGINS)
    assert any(r"HKLM\SOFTWARE\Policies\Microsoft\Edge\Loopback" in each for each in adds)
    assert all(each.startswith("reg delete") for each in windows_commands(()))
