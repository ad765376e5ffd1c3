"""One step of the camera's process: a frame, a look at it, and what is to be told.

While nothing moves every third frame is looked at for motion alone and one a second is decoded, so
that an idle camera costs next to nothing. After motion, and while a code is in view, each frame is
decoded.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Protocol

from drivers.scanner.camera.capture import Capture
from drivers.scanner.camera.gate import FrozenWatch, MotionGate, Quality, quality
from drivers.scanner.camera.limits import memory_kib
from drivers.scanner.camera.options import CameraOptions
from drivers.scanner.camera.pipeline import Look, Pipeline
from drivers.scanner.camera.presence import Presence
from drivers.scanner.camera.readers import Gray
from drivers.scanner.camera.sources import open_source
from drivers.scanner.camera.symbology import same_code_key
from drivers.scanner.camera.zbar_link import ZbarLink

AWAKE_S = 2.0
IDLE_SKIP = 2
IDLE_LOOK_S = 1.0
WAIT_S = 0.25
BEAT_S = 0.5


class Tell(Protocol):
    """Where events go."""

    def __call__(self, kind: str, **content: object) -> None: ...


class Looking:
    """The camera's loop; `step` takes the present moment in seconds of a monotonic clock."""

    def __init__(
        self, options: CameraOptions, tell: Tell, present: Sequence[Sequence[str]] = ()
    ) -> None:
        self._options = options
        self._tell = tell
        self._zbar = ZbarLink()
        self._zbar.start()
        self._capture = Capture(lambda: open_source(options))
        self._pipeline = Pipeline(options.formats, self._zbar)
        self._presence = Presence()
        for kind, text in present:  # told by the process before this one
            self._presence.arrived((kind, text), time.monotonic())
        self._gate = MotionGate()
        self._frozen = FrozenWatch()
        self._again = threading.Event()
        self._awake_until_s = 0.0
        self._idle_look_at_s = 0.0
        self._was_open: bool | None = None
        self._beat_at_s = 0.0
        self._beat_frames = 0
        self._beat_last_s = time.monotonic()
        self._quality: Quality | None = None
        self._look_ms = 0
        self._decoded = 0

    def again(self) -> None:
        """Tell codes in view once more; from any thread."""
        self._again.set()

    def step(self, now_s: float) -> None:
        """Wait for one frame and deal with it."""
        if self._again.is_set():
            self._again.clear()
            self._presence.forget()
        is_awake = now_s < self._awake_until_s or not self._presence.is_empty
        if not is_awake:
            self._capture.skip(IDLE_SKIP, WAIT_S)
        pixels = self._capture.next(WAIT_S)
        now_s = time.monotonic()
        if pixels is not None:
            self._frame(self._in_roi(pixels), now_s, is_awake)
        self._report(now_s)

    def close(self) -> None:
        """Let camera and zbar go."""
        self._capture.close()
        self._zbar.close()

    def _frame(self, pixels: Gray, now_s: float, is_awake: bool) -> None:
        if self._gate.moved(pixels):
            self._awake_until_s = now_s + AWAKE_S
            is_awake = True
        if self._is_live and self._frozen.is_frozen(pixels, now_s):
            self._frozen = FrozenWatch()
            self._capture.give_up("the picture stands still")
            return
        if not is_awake and now_s < self._idle_look_at_s:
            return
        self._idle_look_at_s = now_s + IDLE_LOOK_S
        begun = time.monotonic()
        look = self._pipeline.look(pixels, now_s, with_rung=is_awake)
        self._look_ms = round((time.monotonic() - begun) * 1000)
        self._decoded += 1
        self._told(look, now_s)
        if now_s >= self._beat_at_s:
            self._quality = quality(pixels)

    def _told(self, look: Look, now_s: float) -> None:
        for reading in look.believed:
            key = same_code_key(reading.symbology, reading.text)
            if self._presence.arrived(key, now_s):
                self._tell("scan", text=reading.text, aim=reading.aim, key=key)
        seen = {same_code_key(reading.symbology, reading.text) for reading in look.read}
        self._presence.looked(seen, now_s)

    def _report(self, now_s: float) -> None:
        is_open = self._capture.is_open
        if is_open != self._was_open:
            why = "" if is_open else self._capture.problem
            if self._was_open is not None or is_open or why != "the camera is being opened":
                self._was_open = is_open
                self._tell("state", open=is_open, why=why)
        if now_s < self._beat_at_s:
            return
        spent_s = max(0.001, now_s - self._beat_last_s)
        came = self._capture.frames - self._beat_frames
        found = self._quality
        self._tell(
            "beat",
            open=is_open,
            decifps=round(came * 10 / spent_s),
            look_ms=self._look_ms,
            decoded=self._decoded,
            memory_kib=memory_kib(),
            present=self._presence.keys,
            zbar_crashes=self._zbar.crashes,
            zbar_pid=self._zbar.pid,
            threads=self._capture.threads_alive,
            sharpness=found.sharpness if found else -1,
            mean=found.mean if found else -1,
            bright_percent=found.bright_percent if found else -1,
            dark_percent=found.dark_percent if found else -1,
        )
        self._beat_at_s, self._beat_last_s = now_s + BEAT_S, now_s
        self._beat_frames = self._capture.frames
        self._zbar.start()

    @property
    def _is_live(self) -> bool:
        """A folder or film may well repeat itself; a sensor never does."""
        return self._options.place.kind in ("device", "http")

    def _in_roi(self, pixels: Gray) -> Gray:
        left, top, width, height = self._options.roi
        if (width, height) == (100, 100):
            return pixels
        rows, columns = pixels.shape
        return pixels[
            rows * top // 100 : max(rows * (top + height) // 100, rows * top // 100 + 1),
            columns * left // 100 : max(columns * (left + width) // 100, columns * left // 100 + 1),
        ].copy()
