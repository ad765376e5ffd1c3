"""Places before a camera that can go away and come back: a stream, a folder, a film."""

from __future__ import annotations

import contextlib
import shutil
import time
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np

from drivers.emulators.camera import CameraEmulator
from drivers.emulators.phone_screen import phone_scene

SIZE: Final = (640, 480)
CODE: Final = 220
FILM_FRAMES: Final = 8
FILM_FPS: Final = 15
AWAY: Final = "60s"
PORT_S: Final = 30.0


class Place(Protocol):
    """Where frames come from."""

    name: str
    faults: tuple[str, ...]

    @property
    def url(self) -> str:
        """What the camera opens."""

    def show(self, text: str) -> None:
        """Put a code before it."""

    def go(self, fault: str) -> None:
        """Fail in that way until `come_back`."""

    def come_back(self, text: str) -> None:
        """Be there again, with another code."""

    def close(self) -> None:
        """End."""


class StreamPlace:
    """An emulated camera over HTTP."""

    name = "stream"
    faults = ("unplug", "server dies", "stall", "freeze")

    def __init__(self) -> None:
        self._emulator = CameraEmulator("eye")
        self._port = int(self._emulator.url.rpartition(":")[2].partition("/")[0])
        self._fault = ""

    @property
    def url(self) -> str:
        """What the camera opens."""
        return self._emulator.url

    def show(self, text: str) -> None:
        """Put a code before it."""
        self._emulator.send(f"scan {text}")

    def go(self, fault: str) -> None:
        """Fail in that way until `come_back`."""
        self._fault = fault
        if fault == "server dies":
            self._emulator.close()
        else:
            self._emulator.send(f"{fault} {AWAY}")

    def come_back(self, text: str) -> None:
        """Be there again, with another code."""
        if self._fault == "server dies":
            self._emulator = self._on_its_port()
        self.show(text)
        if self._fault != "server dies":
            self._emulator.send(f"{self._fault} 0")

    def close(self) -> None:
        """End."""
        self._emulator.close()

    def _on_its_port(self) -> CameraEmulator:
        until_s = time.monotonic() + PORT_S
        while time.monotonic() < until_s:
            with contextlib.suppress(OSError):
                return CameraEmulator("eye", port=self._port)
            time.sleep(0.1)
        raise OSError(f"port {self._port} is taken by another process")


class FolderPlace:
    """A folder of pictures that is renamed away and back."""

    name = "folder"
    faults = ("moved away",)

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._away = folder.with_name(f"{folder.name}.away")
        folder.mkdir()
        cv2.imwrite(str(folder / "0.png"), np.full((SIZE[1], SIZE[0]), 90, np.uint8))

    @property
    def url(self) -> str:
        """What the camera opens."""
        return f"folder:{self._folder}"

    def show(self, text: str) -> None:
        """Put a code before it, whole at once."""
        self._write(self._folder, text)

    def go(self, fault: str) -> None:
        """Move it away."""
        del fault
        self._folder.rename(self._away)

    def come_back(self, text: str) -> None:
        """Move it back with another code."""
        self._write(self._away, text)
        self._away.rename(self._folder)

    def close(self) -> None:
        """Remove it."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _write(self, folder: Path, text: str) -> None:
        fresh = folder.with_name("fresh.png")
        cv2.imwrite(str(fresh), _scene(text))
        fresh.replace(folder / "0.png")


class FilmPlace:
    """A film that is renamed away and replaced by another."""

    name = "film"
    faults = ("moved away",)

    def __init__(self, path: Path) -> None:
        self._path = path
        self._write("")

    @property
    def url(self) -> str:
        """What the camera opens."""
        return f"video:{self._path}"

    def show(self, text: str) -> None:
        """Put another film in its place; it is played once the present one has ended."""
        self._write(text)

    def go(self, fault: str) -> None:
        """Move it away."""
        del fault
        self._path.rename(self._path.with_suffix(".away.avi"))

    def come_back(self, text: str) -> None:
        """Another film under its name."""
        self._write(text)

    def close(self) -> None:
        """Remove it."""
        self._path.unlink(missing_ok=True)

    def _write(self, text: str) -> None:
        fresh = self._path.with_name("fresh.avi")
        writer = cv2.VideoWriter(str(fresh), cv2.VideoWriter.fourcc(*"MJPG"), FILM_FPS, SIZE, False)
        scene = _scene(text) if text else np.full((SIZE[1], SIZE[0]), 90, np.uint8)
        for _ in range(FILM_FRAMES):
            writer.write(scene)
        writer.release()
        fresh.replace(self._path)


def _scene(text: str) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(phone_scene(text, SIZE, CODE), dtype=np.uint8)
