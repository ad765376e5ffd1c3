"""Keys of one Linux input device, taken for us alone: `evdev:/dev/input/by-id/…-event-kbd`.

The device is grabbed (EVIOCGRAB) once no key is down: a key that is held at that moment would stay
down for everybody else for ever. An unplug is told by the read itself (ENODEV), before udev knows.
"""

from __future__ import annotations

import array
import contextlib
import os
import select
import struct
import sys
from collections.abc import Callable
from typing import Final

from drivers.errors import DeviceUnavailable
from drivers.scanner.wedge import Key

EVENT: Final = struct.Struct("llHHi")
"""`struct input_event`: seconds, microseconds, type, code, value."""
EV_KEY: Final = 0x01
EVIOCGRAB: Final = 0x40044590
KEY_BYTES: Final = 96
EVIOCGKEY: Final = 0x80000000 | KEY_BYTES << 16 | ord("E") << 8 | 0x18
READ_EVENTS: Final = 64


def pack_key(key: Key) -> bytes:
    """A key as the kernel sends it."""
    return EVENT.pack(key.at_ms // 1000, key.at_ms % 1000 * 1000, EV_KEY, key.code, key.value)


def keys_down(handle: int) -> bool:
    """True while any key of the device is held; OSError when it is no input device."""
    import fcntl

    held = array.array("B", bytes(KEY_BYTES))
    fcntl.ioctl(handle, EVIOCGKEY, held, True)
    return any(held)


def grab_device(handle: int) -> None:
    """Take the device for us alone; OSError when somebody else has."""
    import fcntl

    fcntl.ioctl(handle, EVIOCGRAB, 1)


class EvdevKeys:
    """Key events of a file descriptor, which this object owns.

    `is_held` and `grab` are the two questions to the kernel; a test or a pipe brings its own."""

    def __init__(
        self,
        handle: int,
        name: str,
        is_held: Callable[[int], bool] = keys_down,
        grab: Callable[[int], None] = grab_device,
    ) -> None:
        self._handle = handle
        self._name = name
        self._pending = bytearray()
        self._is_held = is_held
        self._grab = grab
        self.is_grabbed = False
        self._grab_when_free()

    def read(self, timeout_s: float) -> list[Key]:
        """Keys in order, [] after `timeout_s`; `DeviceUnavailable` when the device is gone."""
        try:
            if not select.select([self._handle], [], [], max(0.0, timeout_s))[0]:
                self._grab_when_free()
                return []
            data = os.read(self._handle, EVENT.size * READ_EVENTS)
        except (OSError, ValueError) as error:
            raise DeviceUnavailable("port_gone", f"{self._name}: {error}") from error
        if not data:
            raise DeviceUnavailable("port_gone", f"{self._name}: the reader is gone")
        self._pending += data
        self._grab_when_free()
        return self._whole()

    def close(self) -> None:
        """Let the device go; safe to call twice."""
        if self._handle >= 0:
            with contextlib.suppress(OSError):
                os.close(self._handle)
            self._handle = -1

    def _whole(self) -> list[Key]:
        whole = len(self._pending) // EVENT.size * EVENT.size
        chunk = bytes(self._pending[:whole])
        del self._pending[:whole]
        return [
            Key(code, value, seconds * 1000 + micros // 1000)
            for seconds, micros, kind, code, value in EVENT.iter_unpack(chunk)
            if kind == EV_KEY
        ]

    def _grab_when_free(self) -> None:
        if self.is_grabbed:
            return
        # A pipe or pty is no input device: there is nothing to grab.
        with contextlib.suppress(OSError):
            if not self._is_held(self._handle):
                self._grab(self._handle)
                self.is_grabbed = True


def open_evdev(path: str) -> EvdevKeys:
    """Open an input device by its path; the group `input` may."""
    if sys.platform == "win32":
        raise DeviceUnavailable("no_port", "evdev is Linux's; use rawinput: on Windows")
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as error:
        raise DeviceUnavailable("no_port", f"{path}: cannot open: {error}") from error
    return EvdevKeys(handle, path)
