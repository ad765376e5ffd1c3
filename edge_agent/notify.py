"""Telling systemd how the service is: ready, status line, watchdog, stopping.

The protocol of sd_notify(3): one datagram of `KEY=value` lines to the unix socket named by
`NOTIFY_SOCKET`; a name that starts with `@` is in the abstract namespace. Without that variable
every call does nothing. A lost datagram is never an error of the agent.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping

MAX_STATUS = 200


class Notifier:
    """Sends the messages of one service; made by `from_environment`."""

    def __init__(self, address: str, watchdog_us: int = 0) -> None:
        self._address = address
        self._socket: socket.socket | None = None
        if address and hasattr(socket, "AF_UNIX"):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
        self.watchdog_interval_s: float | None = watchdog_us / 2_000_000 if watchdog_us else None
        """How often `watchdog` must be called: half of what systemd waits; `None` = never."""

    def ready(self, status: str = "") -> None:
        """The service does its work now."""
        self._send("READY=1", *_status(status))

    def status(self, status: str) -> None:
        """One line for `systemctl status`."""
        self._send(*_status(status))

    def watchdog(self) -> None:
        """The service is alive; silence for the whole interval gets it killed and restarted."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The service has begun to stop."""
        self._send("STOPPING=1")

    def close(self) -> None:
        """Release the socket; safe to call twice."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, *lines: str) -> None:
        if self._socket is None:
            return
        name = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError):
            self._socket.sendto("\n".join(lines).encode(), name)


def from_environment(environment: Mapping[str, str] = os.environ) -> Notifier:
    """The notifier that the service manager asked for. `WATCHDOG_PID`, when given, must be us."""
    watchdog = environment.get("WATCHDOG_USEC", "0")
    is_ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    watchdog_us = int(watchdog) if watchdog.isascii() and watchdog.isdigit() and is_ours else 0
    return Notifier(environment.get("NOTIFY_SOCKET", ""), watchdog_us)


def _status(text: str) -> tuple[str, ...]:
    return (f"STATUS={' '.join(text.split())[:MAX_STATUS]}",) if text else ()
