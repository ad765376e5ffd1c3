"""systemd's own judgement of the tap's unit, and that its example line is taken by the tap."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from drivers.tap.cli import build_parser

UNIT = Path(__file__).parents[3] / "packaging" / "systemd" / "loyalty-edge-tap@.service"
EXPOSURE_LIMIT = 20


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a Python that exists here."""
    text = UNIT.read_text(encoding="utf-8").replace("/opt/loyalty-edge/bin/python", sys.executable)
    copy = tmp_path / "loyalty-edge-tap@till-1.service"
    copy.write_text(text, encoding="utf-8")
    return copy


def test_the_example_line_is_what_the_tap_takes() -> None:
    (options,) = re.findall(r"TAP_OPTIONS=(.*)", UNIT.read_text(encoding="utf-8"))
    given = build_parser().parse_args(shlex.split(options))
    assert given.pos.startswith("tcp:")
    assert given.agent.endswith("/v1/tap/lines")


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)
def test_systemd_takes_the_unit_and_finds_it_closed(unit: Path) -> None:
    verified = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60
    )
    mine = [line for line in verified.stderr.splitlines() if "loyalty-edge-tap" in line]
    assert mine == [], verified.stderr
    security = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_LIMIT}", unit],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert security.returncode == 0, security.stdout[-400:]
