"""The main job itself: the demo's own judgement, read from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.demo.evidence import PaperSlip, read_paper
from edge_agent.demo.processes import script


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder outside of pytest's own, which another session closes to PostgreSQL's user."""
    with tempfile.TemporaryDirectory(prefix="loyalty-edge-test-") as name:
        yield Path(name)


@pytest.mark.postgres
@pytest.mark.timeout(300)
@pytest.mark.skipif(sys.platform == "win32", reason="the demo's emulators need ptys")
def test_the_demo_keeps_every_promise(folder: Path) -> None:
    done = subprocess.run(
        [script("edge-agent"), "demo", "--json", "--sales", "60"],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-2000:]
    found = json.loads(done.stdout)
    assert found["ok"] is True
    assert all(found["invariants"].values()), found["invariants"]
    assert found["sales"] >= 60
    assert found["sales_offline"] >= 15
    assert found["decisions"]["offline"].get("lease", 0) >= 1
    assert found["declined_offline"]["layer"] == "declined"
    assert found["declined_offline"]["earned_points"] > 0
    assert found["ruleset_active"] == [2, 2]
    assert min(found["sales_under_new_rules"].values()) >= 1
    pictures = list(Path(found["receipts"]).glob("*.png"))
    assert len(pictures) >= 10


def test_paper_is_read_as_it_stands(tmp_path: Path) -> None:
    paper = tmp_path / "paper.txt"
    paper.write_text(
        "СУМА                              1 916,67\nДо сплати      1 916,50\n"
        "ЧЕК № 0000001     22-11-2026\n        ФІСКАЛЬНИЙ ЧЕК\n\n\n"
        "СУМА        5,00\nЧЕК № 0000002\n   АНУЛЬОВАНО\n\n\n"
        "ЧЕК № 0000003\n   НЕ ФІСКАЛЬНИЙ\n\n\n"
        "СУМА        5,00\nЧЕК № 0000004\n   ВИДАТКОВИЙ ЧЕК\n\n\n",
        encoding="utf-8",
    )
    assert read_paper(paper) == [PaperSlip(1, False, 191_650), PaperSlip(4, True, 500)]
