"""Which serial port a USB reader sits on now: the number changes at every replug, the ids do not.

`usbserial:VID:PID[:SERIAL][@LOCATION][?baud=…]` names a reader by its USB ids, hexadecimal, by its
serial number, and by the place of the socket ("1-2.3", as `edge-agent doctor` shows it) where
several readers have no serial number, or the same one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from serial.tools import list_ports

from drivers.errors import BadDeviceUrl, DeviceUnavailable

SCHEME = "usbserial:"
_FORM = re.compile(
    r"(?P<vid>[0-9A-Fa-f]{4}):(?P<pid>[0-9A-Fa-f]{4})(?::(?P<serial>[^@?]{1,128}))?"
    r"(?:@(?P<location>[^?]{1,64}))?(?P<query>\?.*)?"
)


class Port(Protocol):
    """What pyserial says of a port (`serial.tools.list_ports_common.ListPortInfo`)."""

    device: str
    vid: int | None
    pid: int | None
    serial_number: str | None
    location: str | None


@dataclass(frozen=True, slots=True)
class SerialPlace:
    """An address that a transport opens, and the USB vendor behind it (`None`: not USB)."""

    url: str
    vendor_id: int | None


def all_ports() -> Iterable[Port]:
    """The ports of this machine."""
    return list_ports.comports()


def place_of(url: str, ports: Callable[[], Iterable[Port]] = all_ports) -> SerialPlace:
    """Where the reader is now.

    Raises `BadDeviceUrl` for an address that cannot be read, and `DeviceUnavailable`: `no_port`
    when it is not plugged in, `several_ports` when the address fits more than one."""
    if not url.startswith(SCHEME):
        return SerialPlace(url, _vendor_behind(url, ports))
    match = _FORM.fullmatch(url.removeprefix(SCHEME))
    if match is None:
        raise BadDeviceUrl(
            "bad_device_url", f"{url[:80]!r} must be {SCHEME}VID:PID[:SERIAL][@LOCATION]"
        )
    fits = [port for port in ports() if _is_meant(port, match)]
    if not fits:
        raise DeviceUnavailable("no_port", f"no reader {url.partition('?')[0]} is plugged in")
    if len(fits) > 1:
        places = ", ".join(f"@{port.location or port.device}" for port in fits)
        raise DeviceUnavailable(
            "several_ports", f"{len(fits)} readers fit {url}: add the serial number or {places}"
        )
    return SerialPlace(f"serial:{fits[0].device}{match['query'] or ''}", fits[0].vid)


def _is_meant(port: Port, match: re.Match[str]) -> bool:
    if (port.vid, port.pid) != (int(match["vid"], 16), int(match["pid"], 16)):
        return False
    if match["serial"] and match["serial"] != port.serial_number:
        return False
    return not match["location"] or match["location"] == port.location


def _vendor_behind(url: str, ports: Callable[[], Iterable[Port]]) -> int | None:
    scheme, _, rest = url.partition(":")
    if scheme != "serial":
        return None
    path = os.path.realpath(rest.partition("?")[0])
    return next((port.vid for port in ports() if os.path.realpath(port.device) == path), None)
