"""The camera from the agent's side: a guarded process and the scans it tells.

The agent imports this and never a picture library. A process that dies is started again at once,
one that falls silent is killed and started again; either costs a moment of scanning and nothing
else.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from drivers.base import Scan
from drivers.errors import DeviceUnavailable
from drivers.registry import DriverSpec, Options
from drivers.scanner.camera.limits import ONE_THREAD
from drivers.scanner.camera.options import DEFAULTS, CameraOptions, camera_options

OPEN_S = 10.0
SILENT_S = 6.0
START_S = 30.0
RESTART_S = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
HEALTHY_S = 10.0
MAX_LINE = 4 * 1024 * 1024
MAX_WAITING = 1_000
MAX_PRESENT = 64
_ENDED: Final = b""


@dataclass(frozen=True, slots=True)
class CameraReport:
    """How the camera is: frames a second in tenths, sharpness and grey levels as in `gate.Quality`;
    -1 where nothing is known yet."""

    is_open: bool
    decifps: int = -1
    sharpness: int = -1
    mean: int = -1
    bright_percent: int = -1
    dark_percent: int = -1
    look_ms: int = -1
    memory_kib: int = -1
    zbar_crashes: int = 0
    zbar_pid: int = 0
    decoded: int = 0
    threads: int = 0


class CameraScanner:
    """`drivers.base.Scanner` over a camera. `read_scan` is called by one thread; after
    `DeviceUnavailable` the scanner stays usable and comes back with the camera."""

    def __init__(self, options: CameraOptions) -> None:
        self._options = options
        self._lines: queue.Queue[bytes] = queue.Queue(MAX_WAITING)
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._is_closed = False
        self._heard_at_s = 0.0
        self._is_started = False
        self._started_at_s = 0.0
        self._failures = 0
        self._retry_at_s = 0.0
        self._is_seeing: bool | None = None
        self._problem = "the camera is being opened"
        self._ready: deque[Scan] = deque()
        self._present: list[list[str]] = []
        self.restarts = 0
        self.report = CameraReport(is_open=False)
        self._begin()

    @property
    def is_seeing(self) -> bool:
        """Frames come."""
        return bool(self._is_seeing)

    @property
    def pid(self) -> int:
        """The process's id, 0 while it does not run."""
        return self._process.pid if self._process is not None else 0

    def read_scan(self, timeout_s: float) -> Scan | None:
        """Next scan, or `None` after `timeout_s`; `DeviceUnavailable` while the camera is gone."""
        deadline = time.monotonic() + timeout_s
        while not self._ready:
            left = deadline - time.monotonic()
            self._step(max(0.0, min(left, 0.2)))
            if left <= 0:
                break
        if self._ready:
            return self._ready.popleft()
        if self._is_seeing is False:
            raise DeviceUnavailable("camera_unavailable", self._problem)
        return None

    def wait_open(self, timeout_s: float) -> None:
        """Until frames come; `DeviceUnavailable` when the camera says no or says nothing."""
        deadline = time.monotonic() + timeout_s
        while self._is_seeing is None and time.monotonic() < deadline:
            self._step(0.1)
        if not self._is_seeing:
            raise DeviceUnavailable("camera_unavailable", self._problem)

    def scan_again(self) -> None:
        """Codes still in view are told once more."""
        process = self._process
        if process is not None and process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.write(b"again\n")
                process.stdin.flush()

    def close(self) -> None:
        """End the process."""
        self._is_closed = True
        self._end()

    def _step(self, wait_s: float) -> None:
        now_s = time.monotonic()
        if self._process is None:
            if self._is_closed:
                raise DeviceUnavailable("camera_unavailable", "the camera was closed")
            if now_s < self._retry_at_s:
                time.sleep(min(wait_s, self._retry_at_s - now_s))
                return
            self.restarts += 1
            self._begin()
        try:
            line = self._lines.get(timeout=wait_s) if wait_s else self._lines.get_nowait()
        except queue.Empty:
            limit_s = SILENT_S if self._is_started else START_S
            if time.monotonic() - self._heard_at_s > limit_s:
                self._fail("the camera's process fell silent")
            return
        if line == _ENDED:
            self._fail("the camera's process ended")
            return
        self._heard(line)

    def _heard(self, line: bytes) -> None:
        now_s = time.monotonic()
        self._heard_at_s, self._is_started = now_s, True
        if now_s - self._started_at_s > HEALTHY_S:
            self._failures = 0
        message: dict[str, Any] = json.loads(line)
        kind = message.pop("t")
        if kind == "scan":
            text = str(message["text"])
            self._present.append(list(message["key"]))
            self._ready.append(Scan(text, str(message["aim"]), text.encode()))
        elif kind == "state":
            self._is_seeing, self._problem = bool(message["open"]), str(message["why"])
        elif kind == "beat":
            message["is_open"] = message.pop("open")
            self._present = message.pop("present")
            self.report = CameraReport(**message)
        elif kind == "fatal":
            self._is_seeing = False
            self._problem = f"{message['why']}; install loyalty-edge[camera]"

    def _begin(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "drivers.scanner.camera.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **ONE_THREAD},
        )
        self._heard_at_s = self._started_at_s = time.monotonic()
        self._is_started = False
        self._lines = queue.Queue(MAX_WAITING)
        self._reader = threading.Thread(
            target=_carry, args=(self._process, self._lines), name="camera-lines", daemon=True
        )
        self._reader.start()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            present = json.dumps(self._present[:MAX_PRESENT])
            self._process.stdin.write(f"{self._options.to_json()}\n{present}\n".encode())
            self._process.stdin.flush()

    def _fail(self, why: str) -> None:
        self._end()
        if self._is_seeing is not False or "install" not in self._problem:
            self._problem = why
        if self._failures:
            self._is_seeing = False
        self._retry_at_s = time.monotonic() + RESTART_S[min(self._failures, len(RESTART_S) - 1)]
        self._failures += 1

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        # Closing its input lets it end zbar and the camera itself.
        with contextlib.suppress(OSError):
            assert process.stdin is not None
            process.stdin.close()
        try:
            process.wait(1.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._reader is not None:
            self._reader.join()
        assert process.stdout is not None
        process.stdout.close()


def _carry(process: subprocess.Popen[bytes], lines: queue.Queue[bytes]) -> None:
    assert process.stdout is not None
    while line := process.stdout.readline(MAX_LINE):
        with contextlib.suppress(queue.Full):  # nobody reads: the newest are dropped
            lines.put_nowait(line)
    while True:
        try:
            lines.put_nowait(_ENDED)
            return
        except queue.Full:
            with contextlib.suppress(queue.Empty):
                lines.get_nowait()


def open_camera(url: str, options: Options) -> CameraScanner:
    """Open the camera at `url` and wait for its first frame, or raise `DeviceUnavailable`."""
    scanner = CameraScanner(camera_options(url, options))
    try:
        scanner.wait_open(OPEN_S)
    except DeviceUnavailable:
        scanner.close()
        raise
    return scanner


DRIVER = DriverSpec(name="scanner.camera", kind="scanner", open=open_camera, options=dict(DEFAULTS))
