"""A device that listens on TCP: a LAN printer, a serial server, an emulator."""

from __future__ import annotations

import socket

from drivers.errors import DeviceUnavailable
from drivers.transport.device_url import TcpUrl

CONNECT_TIMEOUT_S = 3.0
WRITE_TIMEOUT_S = 3.0


class TcpTransport:
    """`drivers.base.Transport` over one TCP connection."""

    def __init__(self, url: TcpUrl) -> None:
        self._name = f"{url.host}:{url.port}"
        try:
            self._socket = socket.create_connection((url.host, url.port), CONNECT_TIMEOUT_S)
        except OSError as error:
            raise DeviceUnavailable("no_port", f"{self._name}: cannot connect: {error}") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        """At least one byte as soon as any is there, `b""` when `timeout_s` passed."""
        try:
            # A time-out of 0 would mean "non-blocking" and raise another error.
            self._socket.settimeout(max(timeout_s, 0.000_1))
            data = self._socket.recv(max_bytes)
        except TimeoutError:
            return b""
        except OSError as error:
            raise DeviceUnavailable("port_gone", f"{self._name}: cannot read: {error}") from error
        if not data:
            raise DeviceUnavailable("port_gone", f"{self._name}: the device closed the connection")
        return data

    def write(self, data: bytes) -> None:
        """Send all bytes, or raise `DeviceUnavailable`."""
        try:
            self._socket.settimeout(WRITE_TIMEOUT_S)
            self._socket.sendall(data)
        except OSError as error:
            raise DeviceUnavailable("port_gone", f"{self._name}: cannot write: {error}") from error

    def close(self) -> None:
        """Release the connection; safe to call twice."""
        self._socket.close()
