"""The agent as systemd starts it: notify, watchdog, status, reload, a second agent, stop, kill."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.log_reader import Wanted, entries
from edge_agent.single_instance import holder
from sync.contract.signing import new_private_key
from sync.enrolment import Identity

EDGE_AGENT = str(Path(sys.executable).parent / "edge-agent")
PATIENCE_S = 60


class Service:
    """One register's service and the socket on which it tells how it is."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "agent.toml"
        self.state = folder / "state"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.settings("info")
        Identity(
            register_id="r-1",
            store_id="s-1",
            store_name="Магазин",
            epoch=1,
            incarnation="i",
            centre_url="https://centre.example",
            ca_pem="",
            programme_keys={"k": bytes(32)},
            private_key=new_private_key(),
            phone_key=bytes(32),
        ).save(self.state / "identity.json")
        self.heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.heard.bind(str(folder / "notify"))
        self.heard.settimeout(PATIENCE_S)
        self.environment = os.environ | {
            "NOTIFY_SOCKET": str(folder / "notify"),
            "WATCHDOG_USEC": "400000",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def settings(self, level: str) -> None:
        self.config.write_text(
            f'data_dir = "state"\n[api]\nport = {self.port}\n[till]\nprint_mode = "none"\n'
            f'[log]\nlevel = "{level}"\n'
        )

    def start(self) -> subprocess.Popen[bytes]:
        self.process = subprocess.Popen(
            [EDGE_AGENT, "run", "--config", str(self.config), "--service"],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return self.process

    def wait_for(self, message: str) -> str:
        """The first datagram that begins so."""
        while not (said := self.heard.recv(4096).decode()).startswith(message):
            pass
        return said

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [EDGE_AGENT, *arguments, "--config", str(self.config)],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def events(self) -> list[str]:
        return [entry.event for entry in entries(self.state / "logs", Wanted())]

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.heard.close()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    yield service
    service.close()


def test_a_life_under_systemd(service: Service) -> None:
    process = service.start()
    assert f"STATUS=listening on 127.0.0.1:{service.port}" in service.wait_for("READY=1")
    service.wait_for("WATCHDOG=1")
    service.wait_for("WATCHDOG=1")

    status = service.command("status", "--json")
    assert status.returncode == 0, status.stderr
    told = json.loads(status.stdout)
    assert (told["running"], told["register_id"], told["pid"]) == (True, "r-1", process.pid)

    doctor = service.command("doctor", "--json")
    found = {f["check"]: f["verdict"] for f in json.loads(doctor.stdout)["findings"]}
    assert (doctor.returncode, found["agent"], found["ledger"]) == (0, "ok", "ok")

    process.send_signal(signal.SIGTERM)
    service.wait_for("STOPPING=1")
    assert process.wait(timeout=PATIENCE_S) == 0
    assert holder(service.state) is None
    events = service.events()
    assert events[0] == "agent_started"
    assert events[-1] == "agent_stopped"


def test_a_second_agent_is_refused_and_the_first_goes_on(service: Service) -> None:
    first = service.start()
    service.wait_for("READY=1")
    second = service.command("run")
    assert second.returncode == 75
    assert f"process {first.pid}" in second.stderr
    assert first.poll() is None
    assert "second_agent" in service.events()


def test_the_log_level_follows_the_settings_on_reload(service: Service) -> None:
    process = service.start()
    service.wait_for("READY=1")
    service.settings("debug")
    process.send_signal(signal.SIGHUP)
    for _ in range(100):
        service.wait_for("WATCHDOG=1")
        if "log_level_changed" in service.events():
            return
    pytest.fail("the level did not change in a hundred beats")


def test_a_killed_agent_starts_again(service: Service) -> None:
    first = service.start()
    service.wait_for("READY=1")
    first.kill()
    first.wait()
    assert service.command("status").returncode == 1
    second = service.start()
    service.wait_for("READY=1")
    now = holder(service.state)
    assert now is not None
    assert now.pid == second.pid


def test_an_agent_that_is_not_enrolled_says_so(service: Service) -> None:
    (service.state / "identity.json").unlink()
    ran = service.command("run")
    assert ran.returncode == 78
    assert "enrol" in ran.stderr
