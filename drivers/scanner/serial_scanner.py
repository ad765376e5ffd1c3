"""A bar code reader on a serial port (RS-232, USB-COM) or TCP."""

from __future__ import annotations

import time
from collections import deque

from drivers.base import Scan, Transport
from drivers.errors import DeviceUnavailable
from drivers.registry import BadDriverOption, DriverSpec, Options
from drivers.scanner.framer import FramerCounters, ScanFramer
from drivers.transport import open_transport

READ_CHUNK = 4096
ENCODINGS = ("utf-8", "cp1251", "latin-1")


class SerialScanner:
    """`drivers.base.Scanner` over a transport. Not thread safe: one device, one thread."""

    def __init__(self, transport: Transport, encoding: str = "utf-8") -> None:
        self._transport = transport
        self._framer = ScanFramer(encoding)
        self._ready: deque[Scan] = deque()

    @property
    def counters(self) -> FramerCounters:
        """Codes that were dropped since the port was opened."""
        return self._framer.counters

    def read_scan(self, timeout_s: float) -> Scan | None:
        """Next scan, or `None` after `timeout_s`; `DeviceUnavailable` once the reader is gone.

        Scans already read before an unplug are handed out first."""
        deadline = time.monotonic() + timeout_s
        while not self._ready:
            left = deadline - time.monotonic()
            try:
                data = self._transport.read(READ_CHUNK, max(0.0, left))
            except DeviceUnavailable:
                self._framer.reset()
                raise
            self._ready.extend(self._framer.feed(data))
            if not data and left <= 0:
                return None
        return self._ready.popleft()

    def close(self) -> None:
        """Release the port."""
        self._transport.close()


def open_serial_scanner(url: str, options: Options) -> SerialScanner:
    """Open the reader at `url`; option `encoding` is how bytes over 127 are read."""
    encoding = str(options["encoding"])
    if encoding not in ENCODINGS:
        raise BadDriverOption("bad_option", f"encoding must be one of {', '.join(ENCODINGS)}")
    return SerialScanner(open_transport(url), encoding)


DRIVER = DriverSpec(
    name="scanner.serial",
    kind="scanner",
    open=open_serial_scanner,
    options={"encoding": "utf-8"},
)
