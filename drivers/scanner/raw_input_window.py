"""The hidden window that Windows sends raw keys to. Not yet run on Windows.

Win32: RegisterRawInputDevices with RIDEV_INPUTSINK on a message-only window, GetRawInputData for
each WM_INPUT, GetRawInputDeviceInfoW for the device's name.
"""

from __future__ import annotations

import ctypes
import time
from typing import Any, Final

WM_INPUT: Final = 0x00FF
RID_INPUT: Final = 0x10000003
RIDI_DEVICENAME: Final = 0x20000007
RIDEV_INPUTSINK: Final = 0x00000100
HWND_MESSAGE: Final = -3
HEADER_BYTES: Final = 24
PM_REMOVE: Final = 1


class _Device(ctypes.Structure):
    _fields_ = (
        ("usage_page", ctypes.c_ushort),
        ("usage", ctypes.c_ushort),
        ("flags", ctypes.c_uint32),
        ("target", ctypes.c_void_p),
    )


class _Message(ctypes.Structure):
    _fields_ = (
        ("hwnd", ctypes.c_void_p),
        ("message", ctypes.c_uint),
        ("wparam", ctypes.c_size_t),
        ("lparam", ctypes.c_ssize_t),
        ("time", ctypes.c_uint32),
        ("x", ctypes.c_int32),
        ("y", ctypes.c_int32),
        ("private", ctypes.c_uint32),
    )


class HiddenWindow:
    """Belongs to the thread that made it."""

    def __init__(self) -> None:
        self._user: Any = ctypes.WinDLL("user32", use_last_error=True)  # type: ignore[attr-defined]
        self._user.CreateWindowExW.restype = ctypes.c_void_p
        self._hwnd = self._user.CreateWindowExW(
            0, "Message", "loyalty-edge", 0, 0, 0, 0, 0, ctypes.c_void_p(HWND_MESSAGE), 0, 0, 0
        )
        if not self._hwnd:
            raise OSError(ctypes.get_last_error(), "no message window")  # type: ignore[attr-defined]
        device = _Device(1, 6, RIDEV_INPUTSINK, self._hwnd)
        if not self._user.RegisterRawInputDevices(ctypes.byref(device), 1, ctypes.sizeof(device)):
            raise OSError(ctypes.get_last_error(), "no raw input")  # type: ignore[attr-defined]

    def next_inputs(self, timeout_s: float) -> list[bytes]:
        """RAWINPUT structures that came, [] after `timeout_s`."""
        found: list[bytes] = []
        until = time.monotonic() + timeout_s
        message = _Message()
        while not found and time.monotonic() < until:
            while self._user.PeekMessageW(ctypes.byref(message), self._hwnd, 0, 0, PM_REMOVE):
                if message.message == WM_INPUT:
                    found.append(self._data_of(message.lparam))
            if not found:
                time.sleep(0.002)
        return found

    def name_of(self, device: int) -> str:
        """The device's path name, which holds its USB ids; "" when it is gone."""
        size = ctypes.c_uint(512)
        name = ctypes.create_unicode_buffer(512)
        handle = ctypes.c_void_p(device)
        self._user.GetRawInputDeviceInfoW(handle, RIDI_DEVICENAME, name, ctypes.byref(size))
        return name.value

    def close(self) -> None:
        """Destroy the window."""
        self._user.DestroyWindow(ctypes.c_void_p(self._hwnd))

    def _data_of(self, handle: int) -> bytes:
        size = ctypes.c_uint(0)
        raw = ctypes.c_void_p(handle)
        self._user.GetRawInputData(raw, RID_INPUT, None, ctypes.byref(size), HEADER_BYTES)
        buffer = ctypes.create_string_buffer(size.value)
        self._user.GetRawInputData(raw, RID_INPUT, buffer, ctypes.byref(size), HEADER_BYTES)
        return buffer.raw
