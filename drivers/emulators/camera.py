"""An emulated camera: an MJPEG stream over HTTP with its own pace, on 127.0.0.1.

It shows the pictures of a folder by name or the frames of a film, over and over, or what a script
puts before it:

show NAME   one picture of the folder     scan TEXT   a QR with TEXT, as on a phone's screen
blank       nothing                       play        the folder or film again
wait MS     pause                         freeze S    the same bytes again and again for S seconds
unplug S    the stream ends; for S seconds nobody answers but "503"
stall S     the stream stays open and nothing comes for S seconds
"""

from __future__ import annotations

import io
import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from PIL import Image

from drivers.emulators.phone_screen import blank_scene, noisy, phone_scene
from drivers.emulators.script import ScriptError, Step, parse_millis, parse_script
from drivers.errors import DeviceUnavailable

SIZE: Final = (1280, 720)
VARIANTS: Final = 4
HOLD_FRAMES: Final = 15
MAX_PICTURES: Final = 500
MAX_TEXT: Final = 1_000
PATH: Final = "/camera.mjpg"
PICTURES: Final = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp"})
Shown = tuple[bytes, ...]


class CameraEmulator:
    """One camera. A scene is encoded with several noises: a sensor never repeats its bytes."""

    kind = "camera"

    def __init__(
        self,
        name: str,
        port: int = 0,
        folder: Path | None = None,
        video: Path | None = None,
        fps: int = 15,
        seed: int = 1,
    ) -> None:
        self.name = name
        self.frames_sent = 0
        self._fps = fps
        self._random = random.Random(seed)
        self._folder, self._video = folder, video
        self._lock = threading.Lock()
        self._now: Iterator[bytes] = self._still(blank_scene(SIZE))
        self._last = b""
        self._frozen_until_s = 0.0
        self._away_until_s = 0.0
        self._stalled_until_s = 0.0
        self._is_closed = False
        self.send("play")
        handler = type("CameraHandler", (_Handler,), {"camera": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name=f"camera-{name}")
        self._thread.start()

    @property
    def url(self) -> str:
        """What a driver opens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}{PATH}"

    @property
    def is_away(self) -> bool:
        """Unplugged, or closed for good."""
        return self._is_closed or time.monotonic() < self._away_until_s

    @property
    def is_stalled(self) -> bool:
        """The stream is open and silent."""
        return time.monotonic() < self._stalled_until_s

    def send(self, script: str) -> None:
        """Run a script; `ScriptError` before any of it is done."""
        for action in [self._action(step) for step in parse_script(script)]:
            action()

    def describe(self) -> dict[str, object]:
        """What `GET /devices` shows."""
        return {"kind": self.kind, "url": self.url, "frames_sent": self.frames_sent}

    def close(self) -> None:
        """Unplug for good."""
        self._is_closed = True
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def next_frame(self) -> bytes:
        """The JPEG of the next frame."""
        with self._lock:
            if time.monotonic() >= self._frozen_until_s or not self._last:
                self._last = next(self._now)
            self.frames_sent += 1
            return self._last

    @property
    def step_s(self) -> float:
        """Time between two frames, seconds."""
        return 1 / self._fps

    def _action(self, step: Step) -> Callable[[], None]:
        verb, argument = step.verb, step.rest
        if verb == "show":
            picture = self._picture(argument.strip())
            return lambda: self._put(self._still(picture))
        if verb == "scan":
            if not 0 < len(step.text) <= MAX_TEXT:
                raise ScriptError(f"scan needs 1 to {MAX_TEXT} characters")
            scene = phone_scene(step.text, SIZE)
            return lambda: self._put(self._still(scene))
        if verb == "blank":
            return lambda: self._put(self._still(blank_scene(SIZE)))
        if verb == "play":
            return lambda: self._put(self._played())
        if verb == "wait":
            pause_s = parse_millis(argument, 1) / 1000
            return lambda: time.sleep(pause_s)
        if verb in ("freeze", "unplug", "stall"):
            length_s = parse_millis(argument or "1s", 1000) / 1000
            return lambda: self._fault(verb, length_s)
        known = "show scan blank play wait freeze unplug stall"
        raise ScriptError(f"unknown verb {verb!r}; known: {known}")

    def _fault(self, verb: str, length_s: float) -> None:
        with self._lock:
            until_s = time.monotonic() + length_s
            if verb == "freeze":
                self._frozen_until_s = until_s
            elif verb == "stall":
                self._stalled_until_s = until_s
            else:
                self._away_until_s = until_s

    def _put(self, frames: Iterator[bytes]) -> None:
        with self._lock:
            self._now = frames

    def _still(self, picture: Image.Image) -> Iterator[bytes]:
        return itertools.cycle([self._jpeg(noisy(picture, self._random)) for _ in range(VARIANTS)])

    def _played(self) -> Iterator[bytes]:
        if self._video is not None:
            return self._film(self._video)
        names = self._names()
        if not names:
            return self._still(blank_scene(SIZE))
        return self._slides(names)

    def _slides(self, names: list[Path]) -> Iterator[bytes]:
        for path in itertools.cycle(names):
            picture = self._picture(path.name)
            for _ in range(HOLD_FRAMES):
                yield self._jpeg(noisy(picture, self._random))

    def _film(self, path: Path) -> Iterator[bytes]:
        import cv2  # only a film needs it

        while True:
            film = cv2.VideoCapture(str(path))
            is_good, pixels = film.read()
            if not is_good:
                film.release()
                raise DeviceUnavailable("camera_unavailable", f"{path} is no film that can be read")
            while is_good:
                yield self._jpeg(Image.fromarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)))
                is_good, pixels = film.read()
            film.release()

    def _names(self) -> list[Path]:
        if self._folder is None:
            return []
        found = sorted(p for p in self._folder.iterdir() if p.suffix.lower() in PICTURES)
        return found[:MAX_PICTURES]

    def _picture(self, name: str) -> Image.Image:
        for path in self._names():
            if path.name == name:
                scene = blank_scene(SIZE)
                with Image.open(path) as file:
                    grey = file.convert("L")
                grey.thumbnail(SIZE)
                scene.paste(grey, ((SIZE[0] - grey.width) // 2, (SIZE[1] - grey.height) // 2))
                return scene
        raise ScriptError(f"no picture {name!r} in the camera's folder")

    @staticmethod
    def _jpeg(picture: Image.Image) -> bytes:
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=85)
        return out.getvalue()


class _Handler(BaseHTTPRequestHandler):
    camera: CameraEmulator
    timeout = 10

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != PATH or self.camera.is_away:
            gone = HTTPStatus.SERVICE_UNAVAILABLE if self.camera.is_away else HTTPStatus.NOT_FOUND
            self.send_error(gone)
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        due_s = time.monotonic()
        try:
            while not self.camera.is_away:
                if self.camera.is_stalled:
                    time.sleep(self.camera.step_s)
                    continue
                jpeg = self.camera.next_frame()
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
                due_s = max(due_s + self.camera.step_s, time.monotonic() - self.camera.step_s)
                time.sleep(max(0.0, due_s - time.monotonic()))
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Silence."""
