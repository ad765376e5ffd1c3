"""Keeping the tap alive: a parent that holds the listening socket and starts the worker again.

Connections that come while there is no worker wait in the socket's own queue and are not refused.
Where sockets cannot be handed on (Windows) the worker listens by itself.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType
from typing import Final

QUICK_DEATHS: Final = 5
QUICK_S: Final = 0.5
REST_S: Final = 0.5


class Supervisor:
    """Runs the worker until told to stop."""

    def __init__(self, arguments: Sequence[str], listener: socket.socket | None) -> None:
        self._arguments = list(arguments)
        self._listener = listener
        self._worker: subprocess.Popen[bytes] | None = None
        self._is_stopping = False

    def run(self) -> int:
        """Start the worker again whenever it ends; 0 once told to stop."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        deaths = 0
        while not self._is_stopping:
            began = time.monotonic()
            self._worker = self._start()
            if self._is_stopping:
                self._worker.terminate()
            self._worker.wait()
            deaths = deaths + 1 if time.monotonic() - began < QUICK_S else 0
            if deaths >= QUICK_DEATHS and not self._is_stopping:
                time.sleep(REST_S)
        return 0

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "drivers.tap", "--worker", *self._arguments]
        if self._listener is None or sys.platform == "win32":
            return subprocess.Popen(command)
        number = self._listener.fileno()
        os.set_inheritable(number, True)
        return subprocess.Popen([*command, "--socket", str(number)], pass_fds=(number,))

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._is_stopping = True
        if self._worker is not None:
            self._worker.terminate()
