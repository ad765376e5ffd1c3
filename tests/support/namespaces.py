"""Network namespaces, and processes that live in them. Needs root and `ip`."""

from __future__ import annotations

import ctypes
import json
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from edge_agent.demo.processes import script

T = TypeVar("T")
_CLONE_NEWNET = 0x40000000
_READY_S = 60.0


class NoNamespaces(RuntimeError):
    """Network namespaces cannot be made here; the sentence says why."""


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()[:200]}")


def remove_stale(prefix: str) -> list[str]:
    """Remove the namespaces named `prefix`, a process number (its last five digits) and letters
    whose process is gone, with what still runs inside them; their names."""
    found = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=False)
    living = {int(each.name) % 100_000 for each in Path("/proc").iterdir() if each.name.isdigit()}
    stale = []
    for line in found.stdout.splitlines():
        match = re.fullmatch(rf"({re.escape(prefix)}(\d{{1,5}})[a-z]+)( .*)?", line)
        if match and int(match[2]) not in living:
            stale.append(match[1])
            _end_inside(match[1])
            subprocess.run(["ip", "netns", "del", match[1]], capture_output=True, check=False)
    return stale


def _end_inside(name: str) -> None:
    """Nobody waits for what a killed campaign has left running."""
    inside = subprocess.run(
        ["ip", "netns", "pids", name], capture_output=True, text=True, check=False
    )
    for number in inside.stdout.split():
        with suppress(ProcessLookupError):
            os.kill(int(number), signal.SIGKILL)


@contextmanager
def unwound_by_signals() -> Iterator[None]:
    """SIGTERM and SIGINT unwind the block like an exception, so that it cleans up after itself;
    a second one waits for that. They do so in the background too, where a shell ignores SIGINT."""
    numbers = (signal.SIGTERM, signal.SIGINT)

    def unwind(number: int, _frame: FrameType | None) -> None:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    before = [signal.signal(each, unwind) for each in numbers]
    try:
        yield
    finally:
        for each, handler in zip(numbers, before, strict=True):
            signal.signal(each, handler)


class Namespace:
    """One network namespace; `run` calls a function on a thread that lives inside it."""

    def __init__(self, name: str) -> None:
        self.name = name
        try:
            _ip("netns", "add", name)
        except (RuntimeError, FileNotFoundError) as error:
            raise NoNamespaces(str(error)) from None
        self._pool = ThreadPoolExecutor(4, initializer=self._enter)
        self.ip("link", "set", "lo", "up")

    def ip(self, *arguments: str) -> None:
        """`ip` inside."""
        _ip("-n", self.name, *arguments)

    def run(self, work: Callable[[], T]) -> T:
        """The result of `work`; sockets it makes belong to this namespace for ever."""
        return self._pool.submit(work).result()

    def command(self, *arguments: str) -> list[str]:
        """A command line that runs inside."""
        return ["ip", "netns", "exec", self.name, *arguments]

    def close(self) -> None:
        """Let the namespace go."""
        self._pool.shutdown()
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True, check=False)

    def _enter(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        descriptor = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            if libc.setns(descriptor, _CLONE_NEWNET) != 0:
                raise NoNamespaces(os.strerror(ctypes.get_errno()))
        finally:
            os.close(descriptor)


class Process:
    """A child inside a namespace that prints one JSON line when it is ready."""

    def __init__(self, place: Namespace, arguments: Sequence[str], log: Path) -> None:
        self._command = place.command(script(arguments[0]), *arguments[1:])
        self._log = log
        self._child: subprocess.Popen[str] | None = None

    def start(self) -> dict[str, Any]:
        """Start and wait for the ready line."""
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                self._command,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        assert self._child.stdout is not None
        ready = self._child.stdout.readline()
        assert ready, f"{self._command} did not start:\n{self._log.read_text()[-2000:]}"
        found: dict[str, Any] = json.loads(ready)
        return found

    def kill(self) -> None:
        """SIGKILL: it gets no chance to finish anything."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, and wait."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        if child.poll() is None:
            child.send_signal(number)
        child.wait(_READY_S)
        assert child.stdout is not None
        child.stdout.close()
