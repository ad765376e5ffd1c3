"""What systemd hears on the notify socket."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.notify import from_environment


@pytest.fixture(params=["path", "abstract"])
def heard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """A receiving socket and the value of NOTIFY_SOCKET that leads to it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        if request.param == "path":
            name = str(tmp_path / "notify")
            receiver.bind(name)
        else:
            name = f"@loyalty-edge-{uuid.uuid4()}"
            receiver.bind("\0" + name[1:])
        receiver.settimeout(5)
        yield name, receiver


def test_the_messages_of_a_service(heard: tuple[str, socket.socket]) -> None:
    name, receiver = heard
    notifier = from_environment({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "30000000"})
    notifier.ready("port 9777")
    notifier.status("two\nlines " + "x" * 500)
    notifier.watchdog()
    notifier.stopping()
    notifier.close()
    notifier.close()
    assert receiver.recv(1000) == b"READY=1\nSTATUS=port 9777"
    assert receiver.recv(1000) == b"STATUS=" + b"two lines " + b"x" * 190
    assert receiver.recv(1000) == b"WATCHDOG=1"
    assert receiver.recv(1000) == b"STOPPING=1"
    assert notifier.watchdog_interval_s == 15


def test_without_a_socket_nothing_happens() -> None:
    notifier = from_environment({})
    notifier.ready()
    notifier.watchdog()
    assert notifier.watchdog_interval_s is None
    notifier.close()


def test_a_lost_listener_is_no_error(tmp_path: Path) -> None:
    notifier = from_environment({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    notifier.ready()
    notifier.close()


def test_a_full_listener_does_not_block(tmp_path: Path) -> None:
    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(name)
        notifier = from_environment({"NOTIFY_SOCKET": name})
        for _ in range(5000):
            notifier.watchdog()
        notifier.close()


@pytest.mark.parametrize(
    "environment",
    [
        {"WATCHDOG_USEC": "x"},
        {"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid() + 1)},
        {"WATCHDOG_USEC": "-5"},
    ],
)
def test_a_watchdog_that_is_not_ours(environment: dict[str, str]) -> None:
    notifier = from_environment(environment)
    assert notifier.watchdog_interval_s is None
    notifier.close()
