"""Keys of one keyboard under Windows by Raw Input. Not yet run on Windows.

`rawinput:TEXT` takes every keyboard whose device name holds TEXT ("VID_05E0&PID_1200"). Raw Input
names the device behind a key and needs no focus, but cannot keep the key from the other windows:
USB-COM or HID POS mode is better wherever the reader has it.
"""

from __future__ import annotations

import queue
import struct
import sys
import threading
import time
from collections.abc import Callable
from typing import Final, Protocol

from drivers.errors import DeviceUnavailable
from drivers.scanner.wedge import DOWN, UP, Key

RI_KEY_BREAK: Final = 1
RI_KEY_E0: Final = 2
RI_KEY_E1: Final = 4
RIM_TYPEKEYBOARD: Final = 1
_HEADER: Final = struct.Struct("<IIQQ")
"""RAWINPUTHEADER, 64 bit: type, size, device handle, wParam."""
_KEYBOARD: Final = struct.Struct("<HHHHII")
"""RAWKEYBOARD: make code, flags, reserved, virtual key, message, extra."""
_EXTENDED: Final = {0x1C: 96, 0x1D: 97, 0x35: 98, 0x38: 100}
"""Linux key of a make code behind E0: keypad ENTER, right CTRL, keypad /, right ALT."""


def key_of(data: bytes, at_ms: int) -> tuple[int, Key] | None:
    """(device handle, key) of a RAWINPUT structure, `None` for what is no key."""
    if len(data) < _HEADER.size + _KEYBOARD.size:
        return None
    kind, _, device, _ = _HEADER.unpack_from(data)
    if kind != RIM_TYPEKEYBOARD:
        return None
    make, flags, *_ = _KEYBOARD.unpack_from(data, _HEADER.size)
    if flags & RI_KEY_E1:
        return None  # PAUSE alone, whose make code is that of CTRL
    code = _EXTENDED.get(make, 0) if flags & RI_KEY_E0 else make
    if not code:
        return None
    return device, Key(code, UP if flags & RI_KEY_BREAK else DOWN, at_ms)


class Window(Protocol):
    """What the keys are read from; used by the thread that opened it."""

    def next_inputs(self, timeout_s: float) -> list[bytes]:
        """RAWINPUT structures that came, [] after `timeout_s`."""

    def name_of(self, device: int) -> str:
        """The device's path name, "" when it is gone."""

    def close(self) -> None:
        """Destroy the window."""


def _hidden_window() -> Window:
    from drivers.scanner import raw_input_window

    return raw_input_window.HiddenWindow()


class RawInputKeys:
    """Keys of the devices whose name holds `wanted`, gathered by a hidden window's thread."""

    def __init__(self, wanted: str, open_window: Callable[[], Window] = _hidden_window) -> None:
        self._wanted = wanted.lower()
        self._open_window = open_window
        self._keys: queue.SimpleQueue[Key] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._pump, name="raw-input", daemon=True)
        self._thread.start()

    def read(self, timeout_s: float) -> list[Key]:
        """Keys in order, [] after `timeout_s`."""
        try:
            found = [self._keys.get(timeout=max(0.001, timeout_s))]
        except queue.Empty:
            return []
        while not self._keys.empty():
            found.append(self._keys.get())
        return found

    def close(self) -> None:
        """Stop listening."""
        self._stop.set()
        self._thread.join(timeout=2)

    def _pump(self) -> None:
        window = self._open_window()
        try:
            while not self._stop.is_set():
                for data in window.next_inputs(0.05):
                    found = key_of(data, time.monotonic_ns() // 1_000_000)
                    if found and self._wanted in window.name_of(found[0]).lower():
                        self._keys.put(found[1])
        finally:
            window.close()


def open_raw_input(wanted: str) -> RawInputKeys:
    """Listen to keyboards by their name; Windows only."""
    if sys.platform != "win32":
        raise DeviceUnavailable("no_port", "rawinput: is Windows's; use evdev: on Linux")
    return RawInputKeys(wanted)
