"""Child processes of the demo: started through their console scripts, spoken to from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

KEEPS_COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
"""An installed program has its modules compiled; where the environment forbids to keep them, each
start would compile them all anew, for half of its time."""
READY_S = 45.0
STOP_S = 20.0


class DemoFailed(RuntimeError):
    """A step of the demo did not work; the sentence says which and where its log is."""


def script(name: str) -> str:
    """Path of a console script of this installation."""
    folder = Path(sys.executable).parent
    for candidate in (folder / name, folder / f"{name}.exe"):
        if candidate.is_file():
            return str(candidate)
    raise DemoFailed(f"the console script {name} is not installed beside {sys.executable}")


def run_tool(name: str, *arguments: str) -> str:
    """Run a command to its end and return what it printed; a failure names the command."""
    done = subprocess.run(
        [script(name), *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode != 0:
        tail = (done.stderr or done.stdout).strip()[-600:]
        raise DemoFailed(f"{name} {' '.join(arguments)} ended with {done.returncode}: {tail}")
    return done.stdout


class Child:
    """A long-running child that prints one JSON line when it is ready."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self._arguments = [script(arguments[0]), *arguments[1:]]
        self._log = log
        self._process: subprocess.Popen[str] | None = None
        self.ready: Mapping[str, Any] = {}
        self.started_s = 0.0

    def start(self) -> Mapping[str, Any]:
        """Start and wait for the ready line."""
        started = time.monotonic()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._arguments,
                stdout=subprocess.PIPE,
                stderr=log,
                stdin=subprocess.DEVNULL,
                text=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **KEEPS_COMPILED},
            )
        line = self._first_line(self._process)
        try:
            self.ready = json.loads(line)
        except ValueError:
            raise DemoFailed(f"{self.name} did not become ready; see {self._log}") from None
        self.started_s = time.monotonic() - started
        threading.Thread(target=_drain, args=(self._process,), daemon=True).start()
        return self.ready

    def _first_line(self, process: subprocess.Popen[str]) -> str:
        found: list[str] = []

        def read() -> None:
            if process.stdout is not None:
                found.append(process.stdout.readline())

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        reader.join(READY_S)
        return found[0] if found else ""

    @property
    def is_running(self) -> bool:
        """The child has not ended."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ask it to end and wait; kill it when it does not."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL, as a power cut to the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def _drain(process: subprocess.Popen[str]) -> None:
    if process.stdout is not None:
        for _ in process.stdout:
            pass
        process.stdout.close()
