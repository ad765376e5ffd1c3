"""zbar from outside: a process started when first needed, killed when it hangs, started again."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from typing import Any, Final

from drivers.scanner.camera.limits import ONE_THREAD
from drivers.scanner.camera.zbar_worker import HEADER, MAX_PIXELS, kind_bits

ANSWER_S = 2.0
QR_PAUSE_S = 30.0
_ENDED: Final = b""


class ZbarLink:
    """One zbar process. Not thread safe.

    After a crash QR codes are kept from it for a while: what brought it down may still be held
    before the camera. `crashes`, `cpu_us` and `pid` are for reports."""

    def __init__(self, qr_pause_s: float = QR_PAUSE_S) -> None:
        self.crashes = 0
        self.cpu_us = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._reader: threading.Thread | None = None
        self._no_qr_until_s = 0.0
        self._qr_pause_s = qr_pause_s
        self._is_ready = False

    def start(self, wait_s: float = 0.0) -> bool:
        """Begin, if it does not run; whether it is ready within `wait_s` seconds."""
        try:
            self._running()
            if not self._is_ready:
                line = self._answers.get(timeout=wait_s) if wait_s else self._answers.get_nowait()
                if line == _ENDED:
                    self._crashed()
                    return False
                self._is_ready = True
        except (OSError, queue.Empty):
            return False
        return True

    @property
    def pid(self) -> int:
        """Process id, 0 when it does not run."""
        return self._process.pid if self._process is not None else 0

    def read(
        self, pixels: bytes, width: int, height: int, kinds: tuple[str, ...]
    ) -> list[list[Any]]:
        """`[kind, text, left, top, right, bottom]` of every code; none when zbar fails on it, and
        none while it starts: nothing waits for that."""
        if len(pixels) != width * height or not 0 < len(pixels) <= MAX_PIXELS:
            return []
        if time.monotonic() < self._no_qr_until_s:
            kinds = tuple(kind for kind in kinds if kind != "qr")
        bits = kind_bits(kinds)
        if not bits or not self.start():
            return []
        process = self._process
        assert process is not None
        assert process.stdin is not None
        try:
            process.stdin.write(HEADER.pack(width, height, bits))
            process.stdin.write(pixels)
            process.stdin.flush()
            line = self._answers.get(timeout=ANSWER_S)
        except (OSError, queue.Empty):
            line = _ENDED
        if line == _ENDED:
            self._crashed()
            return []
        answer = json.loads(line)
        self.cpu_us += int(answer["cpu_us"])
        found: list[list[Any]] = answer["found"]
        return found

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        if self._reader is not None:
            self._reader.join()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue  # what was not written is of no use to a dead process

    def _crashed(self) -> None:
        self.crashes += 1
        self._no_qr_until_s = time.monotonic() + self._qr_pause_s
        self.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None:
            return self._process
        process = subprocess.Popen(
            [sys.executable, "-m", "drivers.scanner.camera.zbar_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **ONE_THREAD},
        )
        self._process, self._answers, self._is_ready = process, queue.SimpleQueue(), False
        self._reader = threading.Thread(
            target=_carry, args=(process, self._answers), name="zbar-answers", daemon=True
        )
        self._reader.start()
        return process


def _carry(process: subprocess.Popen[bytes], answers: queue.SimpleQueue[bytes]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        answers.put(line)
    answers.put(_ENDED)
