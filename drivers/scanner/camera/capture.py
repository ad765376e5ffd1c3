"""The newest frame and no other: a thread grabs every frame and makes a picture of one only when
it is asked for, so that a slow look never sees a queue of old frames.

A camera that gives nothing for `SILENT_S`, ends or stands still is given up and opened again,
after 0.5 to 3 s. A thread that hangs inside a driver is never waited for; it lets its camera go
when it comes back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2

from drivers.errors import DeviceError
from drivers.scanner.camera.readers import Gray
from drivers.scanner.camera.sources import FrameSource

SILENT_S = 1.6
"""Noticed within two seconds, a look every quarter of one."""
OPENING_S = 20.0
REOPEN_S = (0.5, 1.0, 2.0, 3.0)
MAX_HANGING = 3


class TooManyHang(Exception):
    """Several threads hang in the camera's driver; only a new process frees them."""


@dataclass(slots=True)
class _Line:
    """What the capturing thread and the looking one share of one opened camera."""

    ready: threading.Condition = field(default_factory=threading.Condition)
    is_wanted: bool = False
    is_stopped: bool = False
    is_open: bool = False
    problem: str = ""
    pixels: Gray | None = None
    frames: int = 0
    moved_at_s: float = field(default_factory=time.monotonic)


class Capture:
    """One camera, opened again and again. Used by one looking thread."""

    def __init__(self, open_source: Callable[[], FrameSource]) -> None:
        self._open = open_source
        self._line: _Line | None = None
        self._threads: list[threading.Thread] = []
        self._failures = 0
        self._retry_at_s = 0.0
        self._frames_before = 0
        self.problem = "the camera is being opened"

    @property
    def is_open(self) -> bool:
        """Frames come."""
        return self._line is not None and self._line.is_open and self._line.frames > 0

    @property
    def frames(self) -> int:
        """Frames that came since the beginning, looked at or not."""
        return self._frames_before + (self._line.frames if self._line is not None else 0)

    @property
    def threads_alive(self) -> int:
        """Capturing threads that have not ended."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        return len(self._threads)

    def next(self, wait_s: float) -> Gray | None:
        """A frame grabbed after this call, or `None` when none came within `wait_s` seconds."""
        line = self._line
        if line is None:
            self._begin_when_due(wait_s)
            return None
        with line.ready:
            line.is_wanted, line.pixels = True, None
            line.ready.wait_for(lambda: line.pixels is not None or bool(line.problem), wait_s)
            pixels = line.pixels
        if pixels is not None:
            self._failures = 0
            return pixels
        silence_s = time.monotonic() - line.moved_at_s
        if line.problem:
            self.give_up(line.problem)
        elif line.is_open and silence_s > SILENT_S:
            self.give_up(f"no frame for {SILENT_S} s")
        elif not line.is_open and silence_s > OPENING_S:
            self.give_up(f"it did not open within {OPENING_S:.0f} s")
        return None

    def skip(self, frames: int, wait_s: float) -> None:
        """Let so many frames pass without making pictures of them."""
        line = self._line
        if line is not None:
            target = line.frames + frames
            with line.ready:
                line.ready.wait_for(lambda: line.frames >= target or bool(line.problem), wait_s)

    def give_up(self, why: str) -> None:
        """Leave this camera and open it again a little later."""
        line, self._line = self._line, None
        if line is None:
            return
        with line.ready:
            line.is_stopped = True
            line.ready.notify_all()
        self._frames_before += line.frames
        self.problem = why
        self._retry_at_s = time.monotonic() + REOPEN_S[min(self._failures, len(REOPEN_S) - 1)]
        self._failures += 1
        if self.threads_alive > MAX_HANGING:
            raise TooManyHang(why)

    def close(self) -> None:
        """Stop for good."""
        if self._line is not None:
            self._line.is_stopped = True
            self._line = None

    def _begin_when_due(self, wait_s: float) -> None:
        left = self._retry_at_s - time.monotonic()
        if left > 0:
            time.sleep(min(left, wait_s))
            return
        self._line = _Line()
        thread = threading.Thread(
            target=_run, args=(self._open, self._line), name="camera-frames", daemon=True
        )
        self._threads.append(thread)
        thread.start()


def _run(open_source: Callable[[], FrameSource], line: _Line) -> None:
    try:
        source = open_source()
    except (DeviceError, cv2.error) as error:
        _end(line, str(error))
        return
    try:
        line.moved_at_s, line.is_open = time.monotonic(), True
        while not line.is_stopped and source.grab():
            _take(source, line)
    except cv2.error as error:
        _end(line, str(error).strip()[:200])
    finally:
        source.close()
        _end(line, "the camera is gone")


def _take(source: FrameSource, line: _Line) -> None:
    pixels = source.retrieve() if line.is_wanted else None
    with line.ready:
        line.frames += 1
        line.moved_at_s = time.monotonic()
        if pixels is not None and pixels.size:
            line.pixels, line.is_wanted = pixels, False
        line.ready.notify_all()


def _end(line: _Line, problem: str) -> None:
    with line.ready:
        line.problem = line.problem or problem
        line.ready.notify_all()
