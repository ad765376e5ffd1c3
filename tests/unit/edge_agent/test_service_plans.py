"""What an installation would do, as data and on a tree of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path, PureWindowsPath

import pytest

from edge_agent import cli
from edge_agent.config import load_settings
from edge_agent.service import linux, windows
from edge_agent.service.plan import Run, Say, ServiceError, Step, WriteFile, carry_out, check_name

EXE = Path("/opt/loyalty-edge/bin/edge-agent")


def _commands(steps: list[Step]) -> list[tuple[str, ...]]:
    return [step.argv for step in steps if isinstance(step, Run)]


def _install(root: Path, *more: str) -> int:
    return cli.main(["service", "install", "--root", str(root), *more])


def test_a_tree_gets_unit_and_settings_and_no_command_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _install(tmp_path, "--name", "till-2") == 0
    unit = tmp_path / "etc/systemd/system/loyalty-edge@.service"
    settings = tmp_path / "etc/loyalty-edge/till-2.toml"
    assert f"ExecStart={Path(sys.executable).parent}/edge-agent run" in unit.read_text()
    assert unit.stat().st_mode & 0o777 == 0o644
    assert settings.stat().st_mode & 0o777 == 0o640
    assert load_settings(settings).data_dir == Path("/var/lib/loyalty-edge/till-2")
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == [
        "loyalty-edge@.service",
        "till-2.installed",
        "till-2.toml",
    ]
    assert "systemctl enable loyalty-edge@till-2.service" in capsys.readouterr().out


def test_an_upgrade_keeps_settings_and_renews_the_unit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _install(tmp_path)
    settings = tmp_path / "etc/loyalty-edge/till-1.toml"
    unit = tmp_path / "etc/systemd/system/loyalty-edge@.service"
    settings.write_text('data_dir = "/var/lib/loyalty-edge/till-1"\nlocale = "en"\n')
    unit.write_text("[Service]\nExecStart=/old run\n")
    assert cli.main(["service", "status", "--root", str(tmp_path)]) == 0
    assert "of another version" in capsys.readouterr().out
    _install(tmp_path)
    assert 'locale = "en"' in settings.read_text()
    assert "DevicePolicy=closed" in unit.read_text()
    capsys.readouterr()
    assert cli.main(["service", "status", "--root", str(tmp_path)]) == 0
    assert "of another version" not in capsys.readouterr().out


def test_uninstalling_keeps_settings_and_the_unit_of_other_registers(tmp_path: Path) -> None:
    _install(tmp_path, "--name", "till-1")
    _install(tmp_path, "--name", "till-2")
    wants = tmp_path / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir()
    for name in ("till-1", "till-2"):
        (wants / f"loyalty-edge@{name}.service").symlink_to("../loyalty-edge@.service")
    unit = tmp_path / "etc/systemd/system/loyalty-edge@.service"
    assert cli.main(["service", "uninstall", "--root", str(tmp_path)]) == 0
    assert unit.exists()
    assert os.listdir(wants) == ["loyalty-edge@till-2.service"]
    cli.main(["service", "uninstall", "--root", str(tmp_path), "--name", "till-2"])
    assert not unit.exists()
    assert (tmp_path / "etc/loyalty-edge/till-1.toml").exists()
    assert list((tmp_path / "etc/loyalty-edge").glob("*.installed")) == []
    assert cli.main(["service", "status", "--root", str(tmp_path)]) == 1


def test_a_dry_run_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _install(tmp_path, "--dry-run") == 0
    assert list(tmp_path.iterdir()) == []
    assert "write " in capsys.readouterr().out


def test_own_settings_are_checked_and_copied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('data_dir = "/var/lib/loyalty-edge/till-1"\nlocale = "en"\n')
    assert _install(tmp_path / "root", "--config", str(mine)) == 0
    installed = tmp_path / "root/etc/loyalty-edge/till-1.toml"
    assert installed.read_text() == mine.read_text()
    mine.write_text('data_dir = "/var/lib/loyalty-edge/till-1"\n')
    assert _install(tmp_path / "root", "--config", str(mine)) == 1
    assert "merge them by hand" in capsys.readouterr().err
    mine.write_text('data_dir = "/srv/till"\n')
    assert _install(tmp_path / "root", "--config", str(mine)) == 1
    assert "the service may write only to /var/lib/loyalty-edge/till-1" in capsys.readouterr().err
    mine.write_text('x = 1\ndata_dir = "/d"\n')
    assert _install(tmp_path / "root", "--config", str(mine)) == 1
    assert "mine.toml:1: unknown key 'x'" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "a/b", "..", "-x", "a b", "x" * 33, "a\n"])
def test_bad_names(name: str) -> None:
    with pytest.raises(ServiceError, match="is no name"):
        check_name(name)


def test_the_live_machine_first_time(tmp_path: Path) -> None:
    live = linux.Place(Path("/"), f"none-{tmp_path.name}"[:32], has_systemd=True, has_user=False)
    commands = _commands(linux.plan_install(live, None, EXE))
    assert [command[:2] for command in commands] == [
        ("useradd", "--system"),
        ("systemctl", "daemon-reload"),
        ("systemctl", "enable"),
    ]
    assert "--groups=dialout,video,input" in commands[0]


def test_the_live_machine_again(tmp_path: Path) -> None:
    """The operator's choice whether it starts at boot is not touched."""
    place = linux.Place(tmp_path, "till-1", has_systemd=True, has_user=True)
    identity = tmp_path / "var/lib/loyalty-edge/till-1/identity.json"
    identity.parent.mkdir(parents=True)
    identity.touch()
    assert [command[1] for command in _commands(linux.plan_install(place, None, EXE))] == [
        "daemon-reload",
        "enable",
        "start",
    ]
    _install(tmp_path)
    assert _commands(linux.plan_install(place, None, EXE)) == [
        ("systemctl", "daemon-reload"),
        ("systemctl", "try-restart", "loyalty-edge@till-1.service"),
    ]
    assert _commands(linux.plan_uninstall(place))[0] == (
        "systemctl",
        "disable",
        "--now",
        "loyalty-edge@till-1.service",
    )


@pytest.mark.parametrize("folder", ["/home/olena/venv", "/root", "/tmp/x"])
def test_an_agent_that_the_sandbox_hides_is_refused(folder: str) -> None:
    live = linux.Place(Path("/"), "till-1", has_systemd=True, has_user=True)
    with pytest.raises(ServiceError, match="which the service cannot see"):
        linux.plan_install(live, None, Path(folder) / "bin" / "edge-agent")


def test_a_failed_step_stops_and_says_which(tmp_path: Path) -> None:
    said: list[str] = []
    steps: list[Step] = [
        Run(("false",), may_fail=True),
        Run(("sh", "-c", "echo no such unit >&2; exit 3")),
        WriteFile(tmp_path / "x", ""),
    ]
    with pytest.raises(ServiceError, match=r"could not run sh .*: no such unit"):
        carry_out(steps, said.append)
    assert len(said) == 2
    assert not (tmp_path / "x").exists()


def test_the_windows_commands() -> None:
    exe = PureWindowsPath(r"C:\Program Files\Loyalty Edge\edge-agent.exe")
    steps = windows.plan_install("till-1", exe, windows.config_file("till-1"), is_installed=False)
    create, *rest = _commands(steps)
    assert create[:3] == ("sc.exe", "create", "loyalty-edge-till-1")
    options = dict(zip(create[3::2], create[4::2], strict=True))
    assert options == {
        "type=": "own",
        "obj=": r"NT AUTHORITY\LocalService",
        "binPath=": r'"C:\Program Files\Loyalty Edge\edge-agent.exe" run --config '
        r'"C:\ProgramData\Loyalty Edge\config\till-1.toml" --service',
        "start=": "delayed-auto",
    }
    failure = next(command for command in rest if command[1] == "failure")
    assert failure[3:] == (
        "reset=",
        "86400",
        "actions=",
        "restart/5000/restart/30000/restart/300000",
    )
    assert all("BUILTIN" not in part for command in rest for part in command)


def test_a_windows_upgrade_keeps_the_start_type() -> None:
    exe = PureWindowsPath(r"C:\x\edge-agent.exe")
    steps = windows.plan_install("till-1", exe, windows.config_file("till-1"), is_installed=True)
    first = _commands(steps)[0]
    assert first[1] == "config"
    assert "start=" not in first
    uninstall = windows.plan_uninstall("till-1")
    assert [command[1] for command in _commands(uninstall)] == ["stop", "delete"]
    assert isinstance(uninstall[-1], Say)


def test_the_windows_sample_loads(tmp_path: Path) -> None:
    exe = PureWindowsPath(r"C:\x\edge-agent.exe")
    steps = windows.plan_install("till-1", exe, windows.config_file("till-1"), is_installed=False)
    (sample,) = [step for step in steps if isinstance(step, WriteFile)]
    (tmp_path / "till-1.toml").write_text(sample.text)
    data_dir = str(load_settings(tmp_path / "till-1.toml").data_dir)
    assert data_dir.endswith(r"C:\ProgramData\Loyalty Edge\state\till-1")
