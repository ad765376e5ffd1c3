"""Byte streams to receipt printers: our own for serial ports and TCP, python-escpos's for the rest.

    serial:PATH[?baud=N] · tcp:HOST:PORT · usb:VVVV:PPPP · file:PATH · win32raw:PRINTER NAME

The last two only write: nothing can be asked of the printer behind them.
"""

from __future__ import annotations

import re
from typing import Any, Final

from drivers.base import Transport
from drivers.errors import BadDeviceUrl, DeviceUnavailable
from drivers.transport import open_transport

WRITE_ONLY: Final = ("file:", "win32raw:")
USB_TIMEOUT_MS: Final = 3_000
_USB = re.compile(r"([0-9a-fA-F]{4}):([0-9a-fA-F]{4})")


def is_write_only(url: str) -> bool:
    """Whether nothing can be read from this address."""
    return url.startswith(WRITE_ONLY)


def open_port(url: str) -> Transport:
    """Open the address; `BadDeviceUrl` when it cannot be read, `DeviceUnavailable` when nobody is
    there or the library for it is not installed."""
    scheme, _, rest = url.partition(":")
    if scheme == "usb":
        found = _USB.fullmatch(rest)
        if found is None:
            raise BadDeviceUrl("bad_device_url", f"{url!r} must be usb:VVVV:PPPP, hexadecimal")
        return _LibraryPort(url, "Usb", int(found[1], 16), int(found[2], 16))
    if scheme in ("file", "win32raw"):
        if not rest or "\0" in rest:
            raise BadDeviceUrl("bad_device_url", f"{url!r} names no printer")
        return _LibraryPort(url, "File" if scheme == "file" else "Win32Raw", rest)
    return open_transport(url)


class _LibraryPort:
    """`drivers.base.Transport` over a printer class of python-escpos."""

    def __init__(self, url: str, kind: str, *arguments: Any) -> None:
        import escpos.printer
        from escpos.exceptions import Error

        self._url = url
        self._failures: tuple[type[Exception], ...] = (Error, OSError, RuntimeError, ValueError)
        try:
            options = {"timeout": USB_TIMEOUT_MS} if kind == "Usb" else {}
            self._printer: Any = getattr(escpos.printer, kind)(*arguments, **options)
            self._printer.open()
        except self._failures as error:
            raise DeviceUnavailable("no_port", f"{url}: cannot open: {error}") from error

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        """What a USB printer says; nothing ever comes from a port that only writes."""
        if is_write_only(self._url):
            return b""
        try:
            found = self._printer.device.read(
                self._printer.in_ep, max_bytes, max(1, int(timeout_s * 1000))
            )
            return bytes(found)
        except OSError as error:
            # pyusb's time-out is an OSError of its own, told apart by its number or its class.
            if "timeout" in type(error).__name__.lower() or error.errno in (60, 110, 10060):
                return b""
            raise DeviceUnavailable("port_gone", f"{self._url}: cannot read: {error}") from error

    def write(self, data: bytes) -> None:
        """Send all bytes, or raise `DeviceUnavailable`."""
        try:
            self._printer._raw(data)
        except self._failures as error:
            raise DeviceUnavailable("port_gone", f"{self._url}: cannot write: {error}") from error

    def close(self) -> None:
        """Release the port; safe to call twice."""
        self._printer.close()
