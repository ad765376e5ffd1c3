"""Two agents never share a data folder, and the refusal names the first."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from edge_agent.single_instance import AlreadyRunning, announce_port, holder, lock

HOLD = (
    "import sys, time; from pathlib import Path\n"
    "from edge_agent.single_instance import lock\n"
    "with lock(Path(sys.argv[1]), 9777, Path('till-1.toml')):\n"
    "    print('held', flush=True); sys.stdin.read()\n"
)


@pytest.fixture
def first(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Another process that holds `tmp_path / "state"`."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "state")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_second_agent_is_refused_and_told_who(
    tmp_path: Path, first: subprocess.Popen[str]
) -> None:
    with (
        pytest.raises(AlreadyRunning, match=f"process {first.pid}, started 20.*till-1.toml") as no,
        lock(tmp_path / "state", 9778, Path("b.toml")),
    ):
        pytest.fail("locked twice")
    assert no.value.holder is not None
    assert (no.value.holder.pid, no.value.holder.port) == (first.pid, 9777)
    assert datetime.fromisoformat(no.value.holder.started_at).tzinfo is not None


def test_another_folder_is_free(tmp_path: Path, first: subprocess.Popen[str]) -> None:
    with lock(tmp_path / "other", 9778, Path("b.toml")):
        seen = holder(tmp_path / "other")
        assert seen is not None
        assert seen.pid == os.getpid()
    named = holder(tmp_path / "state")
    assert named is not None
    assert named.pid == first.pid


def test_a_killed_agent_leaves_no_lock(tmp_path: Path, first: subprocess.Popen[str]) -> None:
    first.kill()
    first.wait()
    assert holder(tmp_path / "state") is None
    with lock(tmp_path / "state", 9777, Path("a.toml")):
        assert holder(tmp_path / "state") is not None
    assert holder(tmp_path / "state") is None


def test_a_holder_that_cannot_be_read_is_still_a_holder(
    tmp_path: Path, first: subprocess.Popen[str]
) -> None:
    (tmp_path / "state" / "agent.lock").write_bytes(b"\xff" * 9000)
    unnamed = holder(tmp_path / "state")
    assert unnamed is not None
    assert unnamed.pid == 0
    assert first.poll() is None


def test_the_bound_port_is_announced_by_the_holder_only(
    tmp_path: Path, first: subprocess.Popen[str]
) -> None:
    with lock(tmp_path / "mine", 0, Path("a.toml")):
        announce_port(tmp_path / "mine", 41234)
        mine = holder(tmp_path / "mine")
    announce_port(tmp_path / "state", 1)
    theirs = holder(tmp_path / "state")
    assert mine is not None
    assert theirs is not None
    assert (mine.port, theirs.port, theirs.pid) == (41234, 9777, first.pid)


def test_nobody_holds_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert holder(tmp_path / "absent") is None
    assert not (tmp_path / "absent").exists()
