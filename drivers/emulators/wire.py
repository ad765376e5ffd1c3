"""Where an emulated device is plugged in: a pseudo terminal under a fixed path, or a TCP port."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
import time
from pathlib import Path
from typing import Protocol

from drivers.errors import BadDeviceUrl, DeviceUnavailable

READ_CHUNK = 4096
SEND_TIMEOUT_S = 1.0
BITS_OF_A_BYTE = 10


class Endpoint(Protocol):
    """The device's end of the cable."""

    @property
    def url(self) -> str:
        """What a driver opens."""

    def readers(self) -> list[int]:
        """File descriptors to wait on."""

    def receive(self) -> bytes:
        """What has arrived, `b""` when nothing has; never blocks."""

    def send(self, data: bytes) -> None:
        """Send to whoever is connected; what nobody reads is lost, as on a real cable."""

    def unplug(self) -> None:
        """Pull the cable: the other side sees its port vanish."""

    def replug(self) -> None:
        """Plug in again under the same address."""

    def close(self) -> None:
        """Unplug for good."""


class PtyEndpoint:
    """A pseudo terminal; `link` is a symbolic link that always points at the current one."""

    def __init__(self, link: Path) -> None:
        if sys.platform == "win32":
            raise DeviceUnavailable("no_pty", "no pseudo terminals on Windows; use --tcp")
        self._link = link
        self._master = self._slave = -1
        self.replug()

    @property
    def url(self) -> str:
        return f"serial:{self._link}"

    def readers(self) -> list[int]:
        return [] if self._master < 0 else [self._master]

    def receive(self) -> bytes:
        if self._master < 0:
            return b""
        try:
            return os.read(self._master, READ_CHUNK)
        except BlockingIOError:
            return b""

    def send(self, data: bytes) -> None:
        left = data
        while left and self._master >= 0:
            try:
                left = left[os.write(self._master, left) :]
            except BlockingIOError:
                if not select.select([], [self._master], [], SEND_TIMEOUT_S)[1]:
                    return

    def unplug(self) -> None:
        if self._master < 0:
            return
        with contextlib.suppress(OSError):
            if os.readlink(self._link) == os.ttyname(self._slave):
                self._link.unlink()
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1

    def replug(self) -> None:
        if self._master >= 0:
            return
        import tty

        # Our own slave descriptor stays open, else the master fails while no driver is connected.
        self._master, self._slave = os.openpty()
        os.set_blocking(self._master, False)
        tty.setraw(self._slave)
        self._link.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._link.with_name(f".{self._link.name}.{os.getpid()}")
        fresh.symlink_to(os.ttyname(self._slave))
        fresh.replace(self._link)

    def close(self) -> None:
        self.unplug()


class TcpEndpoint:
    """A listening port; one driver at a time, a newer connection takes over."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._listener: socket.socket | None = None
        self._peer: socket.socket | None = None
        self.replug()

    @property
    def url(self) -> str:
        return f"tcp:{self._host}:{self._port}"

    def readers(self) -> list[int]:
        return [s.fileno() for s in (self._listener, self._peer) if s is not None]

    def receive(self) -> bytes:
        self._accept()
        if self._peer is None:
            return b""
        try:
            data = self._peer.recv(READ_CHUNK)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._hang_up()
        return data

    def send(self, data: bytes) -> None:
        if self._peer is None:
            self._accept()
        if self._peer is None:
            return
        try:
            self._peer.settimeout(SEND_TIMEOUT_S)
            self._peer.sendall(data)
            self._peer.setblocking(False)
        except OSError:
            self._hang_up()

    def unplug(self) -> None:
        self._hang_up()
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def replug(self) -> None:
        if self._listener is not None:
            return
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            self._listener = socket.create_server((self._host, self._port), family=family)
        except OSError as error:
            raise DeviceUnavailable("no_port", f"cannot listen on {self.url}: {error}") from error
        self._listener.setblocking(False)
        self._port = self._listener.getsockname()[1]

    def close(self) -> None:
        self.unplug()

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            peer, _ = self._listener.accept()
        except BlockingIOError:
            return
        self._hang_up()
        peer.setblocking(False)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._peer = peer

    def _hang_up(self) -> None:
        if self._peer is not None:
            self._peer.close()
            self._peer = None


class SlowEndpoint:
    """A serial line in front of a device: every byte takes its ten bits, both ways."""

    def __init__(self, inner: Endpoint, baud: int) -> None:
        self._inner = inner
        self._byte_s = BITS_OF_A_BYTE / baud

    @property
    def url(self) -> str:
        return self._inner.url

    def readers(self) -> list[int]:
        return self._inner.readers()

    def receive(self) -> bytes:
        data = self._inner.receive()
        time.sleep(len(data) * self._byte_s)
        return data

    def send(self, data: bytes) -> None:
        time.sleep(len(data) * self._byte_s)
        self._inner.send(data)

    def unplug(self) -> None:
        self._inner.unplug()

    def replug(self) -> None:
        self._inner.replug()

    def close(self) -> None:
        self._inner.close()


def open_endpoint(link: str = "", tcp: str = "", baud: int = 0) -> Endpoint:
    """A pty under `link`, or a TCP port from "HOST:PORT" (port 0: any free one).

    `baud` over 0 makes it as slow as a serial line of that speed."""
    endpoint = _endpoint(link, tcp)
    return SlowEndpoint(endpoint, baud) if baud else endpoint


def _endpoint(link: str, tcp: str) -> Endpoint:
    if bool(link) == bool(tcp):
        raise BadDeviceUrl("bad_device_url", "give either a pty path or a TCP address")
    if link:
        return PtyEndpoint(Path(link).absolute())
    host, _, port = tcp.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise BadDeviceUrl("bad_device_url", f"TCP address must be HOST:PORT, not {tcp!r}")
    return TcpEndpoint(host.strip("[]"), int(port))
