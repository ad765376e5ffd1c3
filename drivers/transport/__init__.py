"""Byte streams to devices: `serial:/dev/ttyACM0?baud=115200` and `tcp:HOST:PORT`."""

from __future__ import annotations

from drivers.base import Transport
from drivers.transport.device_url import SerialUrl, parse_device_url
from drivers.transport.serial_port import SerialTransport
from drivers.transport.tcp import TcpTransport

__all__ = ["open_transport"]


def open_transport(url: str) -> Transport:
    """Open the port or the connection that `url` names.

    Raises `BadDeviceUrl` for an address that cannot be read and `DeviceUnavailable` when the port
    is missing, taken, or nobody listens there.
    """
    target = parse_device_url(url)
    if isinstance(target, SerialUrl):
        return SerialTransport(target)
    return TcpTransport(target)
