"""systemd's own judgement of the unit, and that there is one source of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from edge_agent import cli
from edge_agent.service import linux

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "edge_agent" / "service" / "data" / linux.UNIT
EXPOSURE_LIMIT = 15  # tenths; neighbours of this kind stand at 92–96

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit as `service install` writes it, with an agent that exists."""
    cli.main(["service", "install", "--root", str(tmp_path)])
    return tmp_path / "etc/systemd/system" / linux.UNIT


def _systemd(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@needs_systemd
def test_the_unit_is_clean(unit: Path) -> None:
    instance = unit.with_name("loyalty-edge@till-1.service")
    instance.symlink_to(unit.name)
    ran = _systemd("verify", "--recursive-errors=no", str(instance))
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@needs_systemd
def test_a_mistake_in_the_unit_would_be_seen(unit: Path) -> None:
    unit.write_text(unit.read_text().replace("WatchdogSec=30", "WatchDogSecs=30"))
    ran = _systemd("verify", "--recursive-errors=no", str(unit))
    assert "WatchDogSecs" in ran.stderr


@needs_systemd
def test_the_exposure_is_low(unit: Path) -> None:
    ran = _systemd("security", "--offline=true", f"--threshold={EXPOSURE_LIMIT}", str(unit))
    assert ran.returncode == 0, ran.stdout[-300:]


@needs_systemd
def test_the_exposure_would_be_noticed(unit: Path) -> None:
    text = unit.read_text().replace("ProtectSystem=strict", "").replace("PrivateTmp=yes", "")
    unit.write_text(text)
    ran = _systemd("security", "--offline=true", f"--threshold={EXPOSURE_LIMIT}", str(unit))
    assert ran.returncode != 0


def test_the_unit_promises_what_the_guide_says() -> None:
    lines = SOURCE.read_text().splitlines()
    for wanted in (
        "Type=notify",
        "WatchdogSec=30",
        "Restart=always",
        "User=loyalty-edge",
        "StateDirectory=loyalty-edge/%i loyalty-edge/%i.anchor",
        "DevicePolicy=closed",
        *(f"DeviceAllow=char-{name} rw" for name in ("ttyACM", "ttyUSB", "ttyS", "video4linux")),
    ):
        assert wanted in lines


def test_packaging_shows_the_one_source() -> None:
    shown = ROOT / "packaging" / "systemd" / linux.UNIT
    assert shown.resolve() == SOURCE
    assert linux.PACKAGED_EXECUTABLE in SOURCE.read_text()


def test_the_wheel_holds_unit_schema_and_six_packages(tmp_path: Path) -> None:
    """Built by the project's own backend, as `pip install .` does."""
    pytest.importorskip("hatchling", reason="hatchling is not installed")
    code = f"from hatchling.build import build_wheel; print(build_wheel({str(tmp_path)!r}))"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    with zipfile.ZipFile(tmp_path / ran.stdout.split()[-1]) as wheel:
        names = wheel.namelist()
    assert f"edge_agent/service/data/{linux.UNIT}" in names
    assert any(name.startswith("edge_agent/ledger/schema/") for name in names)
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"loyalty", "edge_agent", "drivers", "receipt_templates", "sync", "central"}
