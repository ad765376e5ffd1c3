"""Where frames come from: `grab` waits for the next one, `retrieve` makes a grey picture of it.

`grab` returns False when the source has ended or is gone. All of it blocks; `capture` gives it a
thread of its own and leaves it when it hangs. MJPEG over HTTP is read here and not by FFmpeg, whose
time-outs differ from build to build.
"""

from __future__ import annotations

import http.client
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

import cv2
import numpy as np

from drivers.errors import DeviceUnavailable
from drivers.scanner.camera.options import CameraOptions
from drivers.scanner.camera.readers import Gray

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp"})
MAX_PICTURES = 2_000
MAX_JPEG_BYTES = 8 * 1024 * 1024
MAX_HEADER_BYTES = 4096
HTTP_S = 3.0
PROBE_S = 1.0
READ_TRIES = 100


class FrameSource(Protocol):
    """One open camera, used by one thread."""

    def grab(self) -> bool:
        """Wait for the next frame; False when there is none any more."""

    def retrieve(self) -> Gray | None:
        """The grabbed frame in grey; `None` when it is damaged."""

    def close(self) -> None:
        """Let the camera go."""


def open_source(options: CameraOptions) -> FrameSource:
    """Open the place that `options` name, or raise `DeviceUnavailable` saying why not."""
    kind, where = options.place.kind, options.place.where
    if kind == "folder":
        return FolderSource(Path(where), options.fps)
    if kind == "video":
        return VideoSource(where, options.fps)
    if kind == "http":
        return MjpegSource(where)
    return open_device(options)


class Pace:
    """Lets `fps` frames a second pass."""

    def __init__(self, fps: int) -> None:
        self._step_s = 1 / fps
        self._next_s = time.monotonic()

    def wait(self) -> None:
        """Until the next frame is due."""
        left = self._next_s - time.monotonic()
        if left > 0:
            time.sleep(left)
        self._next_s = max(self._next_s + self._step_s, time.monotonic() - self._step_s)


class FolderSource:
    """The pictures of a folder by name, over and over; looked up anew at each round."""

    def __init__(self, folder: Path, fps: int) -> None:
        self._folder = folder
        self._pace = Pace(fps)
        self._left: list[Path] = []
        self._now: Path | None = None
        if not self._listed():
            raise DeviceUnavailable("camera_unavailable", f"{folder} holds no picture")

    def grab(self) -> bool:
        self._pace.wait()
        self._left = self._left or self._listed()
        self._now = self._left.pop(0) if self._left else None
        return self._now is not None

    def retrieve(self) -> Gray | None:
        if self._now is None:
            return None
        return cast("Gray | None", cv2.imread(str(self._now), cv2.IMREAD_GRAYSCALE))

    def close(self) -> None:
        self._left = []

    def _listed(self) -> list[Path]:
        try:
            found = sorted(p for p in self._folder.iterdir() if p.suffix.lower() in PICTURES)
        except OSError:
            return []
        return found[:MAX_PICTURES]


class _Captured:
    """A source over `cv2.VideoCapture`."""

    def __init__(self, capture: Any) -> None:
        self._capture = capture

    def grab(self) -> bool:
        return bool(self._capture.grab())

    def retrieve(self) -> Gray | None:
        is_good, pixels = self._capture.retrieve()
        if not is_good or pixels is None:
            return None
        if pixels.ndim == 3:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
        return cast(Gray, pixels)

    def close(self) -> None:
        self._capture.release()


class VideoSource(_Captured):
    """A film, over and over, at the wanted pace: OpenCV itself plays as fast as it can."""

    def __init__(self, path: str, fps: int) -> None:
        super().__init__(cv2.VideoCapture(path))
        self._path = path
        self._pace = Pace(fps)
        if not self._capture.isOpened():
            raise DeviceUnavailable("camera_unavailable", f"{path} is no film that can be read")

    def grab(self) -> bool:
        self._pace.wait()
        if self._capture.grab():
            return True
        self._capture.release()
        self._capture = cv2.VideoCapture(self._path)
        return bool(self._capture.grab())


class MjpegSource:
    """Motion JPEG over HTTP (`multipart/x-mixed-replace`): JPEGs between boundaries."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self._connection = kind(parts.hostname or "", parts.port, timeout=HTTP_S)
        self._jpeg = b""
        try:
            self._connection.request("GET", (parts.path or "/") + f"?{parts.query}".rstrip("?"))
            self._answer = self._connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise DeviceUnavailable("camera_unavailable", f"{parts.netloc}: {error}") from None
        if self._answer.status != http.client.OK:
            self.close()
            raise DeviceUnavailable(
                "camera_unavailable", f"{parts.netloc} answers {self._answer.status}"
            )

    def grab(self) -> bool:
        try:
            length = self._part_length()
            self._jpeg = self._answer.read(length) if length else b""
        except (OSError, ValueError, http.client.HTTPException):
            return False
        return bool(self._jpeg)

    def retrieve(self) -> Gray | None:
        try:
            data = np.frombuffer(self._jpeg, np.uint8)
            return cast("Gray | None", cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))
        except cv2.error:
            return None

    def close(self) -> None:
        self._answer.close()
        self._connection.close()

    def _part_length(self) -> int:
        """Skip to the next part's body; its `Content-Length`, 0 when the stream has ended."""
        length = 0
        for _ in range(64):
            line = self._answer.readline(MAX_HEADER_BYTES)
            if not line:
                return 0
            if not line.strip() and length:
                return length
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length":
                length = int(value)
                if not 0 < length <= MAX_JPEG_BYTES:
                    raise ValueError("a part out of bounds")
        raise ValueError("no part with a Content-Length")


def backends() -> list[int]:
    """OpenCV's ways to a camera on this system, the one that opens fastest first."""
    if sys.platform == "win32":
        return [cv2.CAP_DSHOW, cv2.CAP_MSMF]
    return [cv2.CAP_AVFOUNDATION] if sys.platform == "darwin" else [cv2.CAP_V4L2]


def open_device(options: CameraOptions) -> FrameSource:
    """A camera of this machine, by the backend that gives the wanted rate or the best one."""
    return fastest(
        [lambda backend=backend: _opened(options, backend) for backend in backends()],  # type: ignore[misc]
        options.fps,
        f"{options.place.where} does not open: is it plugged in, is another programme using it, "
        "may this user use it (group video)?",
    )


def fastest(openers: list[Callable[[], FrameSource]], fps: int, problem: str) -> FrameSource:
    """The first source that reaches 80 % of `fps` frames within a second, else the fastest."""
    best: Callable[[], FrameSource] | None = None
    best_rate = 0.0
    for place, opener in enumerate(openers):
        try:
            source = opener()
        except DeviceUnavailable:
            continue
        if place == len(openers) - 1 and best is None:
            return source
        rate = measured_rate(source)
        if rate >= fps * 0.8:
            return source
        source.close()
        if rate > best_rate:
            best, best_rate = opener, rate
    if best is None:
        raise DeviceUnavailable("camera_unavailable", problem)
    return best()


def measured_rate(source: FrameSource) -> float:
    """Frames a second over about a second, without the first, which waits for the sensor."""
    if not source.grab():
        return 0.0
    begun = time.monotonic()
    frames = 0
    while (spent := time.monotonic() - begun) < PROBE_S:
        if not source.grab():
            break
        frames += 1
    return frames / max(spent, 0.001)


def _opened(options: CameraOptions, backend: int) -> FrameSource:
    where = options.place.where
    # Format before size: many cameras give 720p at 15 frames only as JPEG.
    wanted = [
        (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")),
        (cv2.CAP_PROP_FRAME_WIDTH, options.width),
        (cv2.CAP_PROP_FRAME_HEIGHT, options.height),
        (cv2.CAP_PROP_FPS, options.fps),
    ]
    capture = cv2.VideoCapture()
    target: Any = int(where) if where.isdecimal() else where
    if not capture.open(target, backend) or not capture.isOpened():
        capture.release()
        raise DeviceUnavailable("camera_unavailable", f"{where} does not open")
    for name, value in wanted:
        capture.set(name, value)
    if options.exposure:
        for name, value in (
            (cv2.CAP_PROP_AUTO_EXPOSURE, 3),  # V4L2 takes manual only after automatic
            (cv2.CAP_PROP_AUTO_EXPOSURE, 1),
            (cv2.CAP_PROP_EXPOSURE, options.exposure),
        ):
            capture.set(name, value)
    return _Captured(capture)
