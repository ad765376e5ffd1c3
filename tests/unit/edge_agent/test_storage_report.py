"""What a register tells its centre about its disk and files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.rig import Rig, line, sell


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    register = Rig(tmp_path)
    register.start()
    try:
        yield register
    finally:
        register.stop()


def test_a_heartbeat_says_how_the_disk_and_the_files_stand(rig: Rig, tmp_path: Path) -> None:
    agent = rig.agent
    assert agent is not None
    before = agent.health.heartbeat().storage
    assert before is not None
    assert (before.state, before.checked_at, before.faults) == ("ok", "", 0)
    assert before.free_bytes > 0
    assert before.head == agent.health.head() != ""
    assert before.ledger_bytes == (tmp_path / "data" / "ledger.db").stat().st_size

    sell(rig.http, [line(1, "bread", 10_000)])
    agent.upkeep.check_files()
    whole = agent.health.heartbeat().storage
    assert whole is not None
    assert whole.checked_at
    assert (whole.state, whole.faults) == ("ok", 0)

    spoil = "UPDATE sale SET revision = revision + 1"
    agent.till._ledger.query(lambda c: c.execute(spoil).rowcount)
    (tmp_path / "data" / "cache.db.broken-1").write_bytes(b"x")
    agent.upkeep.check_files()
    damaged = agent.health.heartbeat().storage
    assert damaged is not None
    assert (damaged.state, damaged.faults, damaged.broken_caches) == ("damaged", 1, 1)
