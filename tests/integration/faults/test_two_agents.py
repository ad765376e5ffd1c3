"""Two agents that want the same folder, port or ledger: the second says who is in the way."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from edge_agent.demo.processes import Child, script
from edge_agent.ledger.ledger import Ledger
from tests.support.rig import Rig

EXIT_TEMPORARY, EXIT_CONFIG = 75, 78


def _rig(folder: Path, port: int) -> Rig:
    folder.mkdir()
    rig = Rig(folder)
    rig.config.write_text(f'data_dir = "data"\n[api]\nport = {port}\n', encoding="utf-8")
    return rig


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(rig: Rig) -> Iterator[tuple[str, int]]:
    """Address and process id of a started agent."""
    child = Child(
        "edge-agent", ["edge-agent", "run", "--config", str(rig.config)], rig.folder / "log"
    )
    url = str(child.start()["url"])
    try:
        yield url, int(httpx.get(f"{url}/healthz").json()["pid"])
    finally:
        child.stop()


def _run(rig: Rig) -> subprocess.CompletedProcess[str]:
    command = [script("edge-agent"), "run", "--config", str(rig.config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_same_folder(tmp_path: Path) -> None:
    rig = _rig(tmp_path / "one", 0)
    with _running(rig) as (url, pid):
        second = _run(rig)
        assert second.returncode == EXIT_TEMPORARY
        assert f"process {pid}" in second.stderr
        assert str(rig.folder / "data") in second.stderr
        assert httpx.get(f"{url}/healthz").json()["pid"] == pid, "the first goes on"


def test_the_same_port(tmp_path: Path) -> None:
    port = _free_port()
    first, second = _rig(tmp_path / "one", port), _rig(tmp_path / "two", port)
    with _running(first) as (_, pid):
        refused = _run(second)
        assert refused.returncode == EXIT_TEMPORARY
        assert f"port {port}" in refused.stderr
        assert f"the agent of register R1, process {pid}" in refused.stderr
    with _running(second):
        pass


def test_a_port_of_another_program(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        refused = _run(_rig(tmp_path / "one", int(other.getsockname()[1])))
    assert refused.returncode == EXIT_TEMPORARY
    assert "taken by another program" in refused.stderr


def test_an_identity_older_than_its_ledger(tmp_path: Path) -> None:
    """A restart would not help: the service manager is told so."""
    rig = _rig(tmp_path / "one", 0)
    Ledger(rig.folder / "data" / "ledger.db", "R1", 2).close()
    refused = _run(rig)
    assert refused.returncode == EXIT_CONFIG
    assert "is in epoch 2, this identity in 1" in refused.stderr
    assert "unexpected" not in refused.stderr
