"""Device addresses: `serial:PATH[?baud=N&parity=even&stop=2]` and `tcp:HOST:PORT`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from drivers.errors import BadDeviceUrl

DEFAULT_BAUD = 115_200
BAUD_RATES = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115_200, 230_400)
PARITIES = ("none", "even", "odd")
MAX_URL = 512


@dataclass(frozen=True, slots=True)
class SerialUrl:
    """A serial port, or a pseudo terminal, and its speed in bits per second; 8N1 unless told."""

    path: str
    baud: int = DEFAULT_BAUD
    parity: str = "none"
    stop_bits: int = 1


@dataclass(frozen=True, slots=True)
class TcpUrl:
    """A device that listens on TCP."""

    host: str
    port: int


def parse_device_url(url: str) -> SerialUrl | TcpUrl:
    """Read a device address, or raise `BadDeviceUrl` that says what is wrong with it."""
    if len(url) > MAX_URL:
        raise _bad(url[:40] + "…", f"longer than {MAX_URL} characters")
    scheme, colon, rest = url.partition(":")
    if colon and scheme == "serial":
        return _parse_serial(url, rest)
    if colon and scheme == "tcp":
        return _parse_tcp(url, rest)
    raise _bad(url, "must start with 'serial:' or 'tcp:'")


def _bad(url: str, why: str) -> BadDeviceUrl:
    return BadDeviceUrl("bad_device_url", f"device address {url!r}: {why}")


def _parse_serial(url: str, rest: str) -> SerialUrl:
    path, _, query = rest.partition("?")
    if not path:
        raise _bad(url, "names no port, for example serial:/dev/ttyACM0?baud=115200")
    if "\0" in path:
        raise _bad(url, "the port has a NUL character in it")
    given = dict(parse_qsl(query, keep_blank_values=True))
    for key in given.keys() - {"baud", "parity", "stop"}:
        raise _bad(url, f"unknown setting {key!r}; known are 'baud', 'parity' and 'stop'")
    baud, parity = given.get("baud", str(DEFAULT_BAUD)), given.get("parity", "none")
    stop = given.get("stop", "1")
    if not baud.isdecimal() or int(baud) not in BAUD_RATES:
        raise _bad(url, f"baud must be one of {', '.join(map(str, BAUD_RATES))}")
    if parity not in PARITIES or stop not in ("1", "2"):
        raise _bad(url, "parity must be none, even or odd, and stop 1 or 2")
    return SerialUrl(path, int(baud), parity, int(stop))


def _parse_tcp(url: str, rest: str) -> TcpUrl:
    host, colon, port = rest.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host:
        raise _bad(url, "must be tcp:HOST:PORT")
    if not (port.isascii() and port.isdecimal() and 1 <= int(port) <= 65535):
        raise _bad(url, "the port must be a number from 1 to 65535")
    return TcpUrl(host, int(port))
