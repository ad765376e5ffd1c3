"""What the doctor says of scanner, printer and camera: by the agent, the port or a look."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from drivers.conformance.emulated import emulated_printer
from drivers.scanner.camera.driver import CameraReport
from edge_agent.config import load_settings
from edge_agent.doctor import camera as camera_check
from edge_agent.doctor import devices
from edge_agent.doctor.finding import Case, Finding, Verdict

SERIAL = '[scanner]\ndriver = "scanner.serial"\nurl = "serial:/dev/ttyACM77"\n'
PRINTER = '[printer]\ndriver = "fiscal.datecs_ua"\nurl = "tcp:127.0.0.1:9"\n'


def case(folder: Path, extra: str, status: dict[str, Any] | None = None) -> Case:
    """A register with these settings; with a `status` its agent runs and says it."""
    path = folder / "agent.toml"
    path.write_text(f'data_dir = "data"\n{extra}', encoding="utf-8")
    return Case(load_settings(path), status is not None, status, "")


def only(found: list[Finding], check: str) -> Finding:
    return next(each for each in found if each.check == check)


@pytest.mark.parametrize(
    ("state", "verdict", "advice"),
    [
        ("ok", "ok", ""),
        ("low", "warn", "paper ready"),
        ("out", "fail", "put paper in"),
        ("offline", "fail", "cable"),
        ("error", "fail", "own message"),
        ("puzzled", "warn", "edge-agent logs"),
    ],
)
def test_a_running_agent_holds_the_port_and_its_word_counts(
    tmp_path: Path, state: str, verdict: Verdict, advice: str
) -> None:
    status = {"devices": {"printer": state, "scanner": "ok"}}
    register = case(tmp_path, SERIAL + PRINTER, status)
    found = only(list(devices.printer(register)), "printer")
    assert (found.verdict, found.says) == (verdict, f"the agent says: {state}")
    assert advice in found.do
    assert only(list(devices.scanner(register)), "scanner").verdict == "ok"


def test_without_devices_nothing_is_wrong_unless_the_agent_should_print(tmp_path: Path) -> None:
    assert only(list(devices.scanner(case(tmp_path, ""))), "scanner").verdict == "ok"
    assert list(devices.printer(case(tmp_path, '[till]\nprint_mode = "none"\n'))) == []
    found = only(list(devices.printer(case(tmp_path, '[till]\nprint_mode = "agent"\n'))), "printer")
    assert found.verdict == "warn"
    assert "add [printer]" in found.do


def test_a_printer_names_itself_and_its_paper(tmp_path: Path) -> None:
    with emulated_printer(tmp_path, "tcp", dialect="datecs_ua") as bench:
        url = bench.emulator.url
        register = case(tmp_path, f'[printer]\ndriver = "fiscal.datecs_ua"\nurl = "{url}"\n')
        found = only(list(devices.printer(register)), "printer")
    assert found.verdict == "ok", found
    assert "paper ok" in found.says


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_a_port_of_another_group_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = tmp_path / "ttyS9"
    port.touch(mode=0o660)
    os.chown(port, 0, 20)
    # Root may use every port: what the kernel would say to a service's own user.
    monkeypatch.setattr("edge_agent.doctor.devices.os.access", lambda *_: False)
    register = case(tmp_path, SERIAL.replace("/dev/ttyACM77", str(port)))
    found = only(list(devices.scanner(register)), "scanner")
    assert found.verdict == "fail"
    assert "belongs to group dialout" in found.says
    assert found.do.startswith("usermod -aG dialout ")


GOOD = {"decifps": 150, "mean": 120, "bright_percent": 2, "sharpness": 20}


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({}, ""),
        ({"decifps": 60}, "too few frames"),
        ({"mean": 10}, "too dark"),
        ({"bright_percent": 40}, "burnt out"),
        ({"sharpness": 2}, "soft"),
        ({"mean": -1, "sharpness": -1}, ""),
    ],
    ids=["good", "slow", "dark", "bright", "soft", "nothing seen"],
)
def test_a_camera_is_told_what_to_change(change: dict[str, int], advice: str) -> None:
    said = camera_check.camera_advice(CameraReport(is_open=True, **{**GOOD, **change}), 15)
    assert said.startswith(advice)
    assert bool(said) == bool(advice)


def test_a_camera_that_is_absent_busy_or_missing(tmp_path: Path) -> None:
    assert list(camera_check.camera(case(tmp_path, ""))) == []
    there = '[camera]\ndriver = "scanner.camera"\nurl = "folder:/nowhere/at/all"\n'
    busy = only(list(camera_check.camera(case(tmp_path, there, {"devices": {}}))), "camera")
    assert (busy.verdict, "stop the agent" in busy.says) == ("ok", True)
    missing = only(list(camera_check.camera(case(tmp_path, there))), "camera")
    assert (missing.verdict, "group video" in missing.do) == ("fail", True)
