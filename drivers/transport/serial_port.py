"""A serial port or pseudo terminal through pyserial, read without inter-byte time-outs.

pyserial waits for `size` bytes or its whole time-out, so asking for more than is there costs the
time-out; asking for what is waiting, else for one byte, returns at once. `in_waiting` on an
unplugged port raises a bare `OSError`, not a `SerialException`: both are caught here.
"""

from __future__ import annotations

import contextlib
import select
import sys

import serial

from drivers.errors import DeviceUnavailable
from drivers.transport.device_url import SerialUrl

if sys.platform == "win32":
    PORT_ERRORS: tuple[type[Exception], ...] = (OSError, ValueError, TypeError)
else:
    import termios

    # termios.error is no OSError, and pyserial lets it through when a port vanishes under it.
    # A port that pyserial has closed under us gives ValueError (select) or TypeError (read).
    PORT_ERRORS = (OSError, termios.error, ValueError, TypeError)

WRITE_TIMEOUT_S = 3.0


class SerialTransport:
    """`drivers.base.Transport` over one serial port, held exclusively."""

    def __init__(self, url: SerialUrl) -> None:
        self._name = url.path
        try:
            self._port = serial.Serial(
                url.path,
                url.baud,
                parity=url.parity[0].upper(),
                stopbits=url.stop_bits,
                timeout=0,
                write_timeout=WRITE_TIMEOUT_S,
                exclusive=None if sys.platform == "win32" else True,
            )
        except PORT_ERRORS as error:
            raise DeviceUnavailable("no_port", f"{self._name}: cannot open: {error}") from error

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        """At least one byte as soon as any is there, `b""` when `timeout_s` passed."""
        try:
            if not self._wait_readable(timeout_s):
                return b""
            return bytes(self._port.read(max(1, min(max_bytes, self._port.in_waiting))))
        except PORT_ERRORS as error:
            raise DeviceUnavailable("port_gone", f"{self._name}: cannot read: {error}") from error

    def write(self, data: bytes) -> None:
        """Send all bytes, or raise `DeviceUnavailable`."""
        try:
            self._port.write(data)
        except PORT_ERRORS as error:
            raise DeviceUnavailable("port_gone", f"{self._name}: cannot write: {error}") from error

    def close(self) -> None:
        """Release the port; safe to call twice and on a port that is gone."""
        with contextlib.suppress(*PORT_ERRORS):
            self._port.close()

    def _wait_readable(self, timeout_s: float) -> bool:
        if sys.platform == "win32":
            # No select on Windows ports: the read that follows waits for its one byte instead.
            self._port.timeout = 0 if self._port.in_waiting else timeout_s
            return True
        return bool(select.select([self._port.fileno()], [], [], max(0.0, timeout_s))[0])
