"""A bar code reader on a serial port (RS-232, USB-COM) or TCP."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from drivers.base import Scan, ScanSignal, Transport
from drivers.errors import DeviceUnavailable
from drivers.registry import BadDriverOption, DriverSpec, Options
from drivers.scanner.framer import FramerCounters, ScanFramer
from drivers.scanner.serial_place import Port, all_ports, place_of
from drivers.scanner.signals import CHOICES, signals_for
from drivers.scanner.speaker import Speaker
from drivers.scanner.ssi import SsiFramer
from drivers.transport import open_transport
from drivers.transport.device_url import SerialUrl, parse_device_url

READ_CHUNK = 4096
ENCODINGS = ("utf-8", "cp1251", "latin-1")
SUFFIXES = ("any", "none")
PROTOCOLS = ("text", "ssi")
LEAST_SILENCE_S = 0.020
SILENT_CHARACTERS = 20
BITS_OF_CHARACTER = 10


class SerialScanner:
    """`drivers.base.Scanner` over a transport. Not thread safe: one device, one thread.

    With `silence_s` a code ends when the reader has said nothing for so long; `signals` are the
    reader's own commands, `speaker` sounds where it has none."""

    def __init__(
        self,
        transport: Transport,
        encoding: str = "utf-8",
        *,
        is_ssi: bool = False,
        silence_s: float | None = None,
        signals: Mapping[ScanSignal, bytes] | None = None,
        speaker: Speaker | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._transport = transport
        self._text = ScanFramer(encoding)
        self._ssi = SsiFramer(encoding) if is_ssi else None
        self._silence_s = silence_s
        self._signals = signals
        self._speaker = speaker
        self._clock = clock
        self._heard_at = clock()
        self._ready: deque[Scan] = deque()

    @property
    def counters(self) -> FramerCounters:
        """Codes that were dropped since the port was opened."""
        return self._text.counters if self._ssi is None else self._ssi.counters

    @property
    def is_unfinished(self) -> bool:
        """A code has begun that no terminator has ended."""
        return self._text.has_pending

    def read_scan(self, timeout_s: float) -> Scan | None:
        """Next scan, or `None` after `timeout_s`; `DeviceUnavailable` once the reader is gone.

        Scans already read before an unplug are handed out first."""
        deadline = self._clock() + timeout_s
        while not self._ready:
            left = deadline - self._clock()
            try:
                data = self._transport.read(READ_CHUNK, max(0.0, min(left, self._patience())))
                self._take(data)
            except DeviceUnavailable:
                self._forget()
                if self._ready:
                    break
                raise
            if not data and left <= 0:
                break
        return self._ready.popleft() if self._ready else None

    def signal(self, kind: ScanSignal) -> bool:
        """Sound one of the three signals; False when nothing can: no byte goes to a reader that
        is not identified. `DeviceUnavailable` when it is gone."""
        if self._signals is not None:
            self._transport.write(self._signals[kind])
            return True
        return self._speaker is not None and self._speaker.play(kind)

    def close(self) -> None:
        """Release the port."""
        self._transport.close()

    def _patience(self) -> float:
        if self._silence_s is None or not self._text.has_pending:
            return float("inf")
        return max(0.0, self._heard_at + self._silence_s - self._clock())

    def _take(self, data: bytes) -> None:
        if self._ssi is not None:
            heard = self._ssi.feed(data)
            self._ready.extend(heard.scans)
            if heard.replies:
                self._transport.write(heard.replies)
        elif data:
            self._heard_at = self._clock()
            self._ready.extend(self._text.feed(data))
        elif self._silence_s is not None and self._text.has_pending and self._patience() <= 0:
            self._ready.extend(self._text.silence())

    def _forget(self) -> None:
        self._text.reset()
        if self._ssi is not None:
            self._ssi.reset()


def open_serial_scanner(
    url: str, options: Options, ports: Callable[[], Iterable[Port]] = all_ports
) -> SerialScanner:
    """Open the reader at `url`: `serial:`, `tcp:` or `usbserial:`.

    Options: `encoding`, how bytes over 127 are read; `suffix`, "none" for a reader that ends its
    codes by silence alone; `protocol`, "ssi" for Zebra's packets; `signals`, the reader's vendor,
    "auto" to go by its USB id; `speaker`, the event device of the register's own speaker."""
    encoding = _one_of(options, "encoding", ENCODINGS)
    protocol = _one_of(options, "protocol", PROTOCOLS)
    suffix = _one_of(options, "suffix", SUFFIXES)
    choice = _one_of(options, "signals", CHOICES)
    place = place_of(url, ports)
    speaker = str(options["speaker"])
    return SerialScanner(
        open_transport(place.url),
        encoding,
        is_ssi=protocol == "ssi",
        silence_s=silence_of(place.url) if suffix == "none" else None,
        signals=signals_for(choice, place.vendor_id, protocol),
        speaker=Speaker(speaker) if speaker else None,
    )


def silence_of(url: str) -> float:
    """Seconds after the last byte in which a reader would have sent the next twenty."""
    target = parse_device_url(url)
    if not isinstance(target, SerialUrl):
        return LEAST_SILENCE_S
    return max(LEAST_SILENCE_S, SILENT_CHARACTERS * BITS_OF_CHARACTER / target.baud)


def _one_of(options: Options, key: str, known: tuple[str, ...]) -> str:
    value = str(options[key])
    if value not in known:
        raise BadDriverOption("bad_option", f"{key} must be one of {', '.join(known)}")
    return value


DRIVER = DriverSpec(
    name="scanner.serial",
    kind="scanner",
    open=open_serial_scanner,
    options={
        "encoding": "utf-8",
        "suffix": "any",
        "protocol": "text",
        "signals": "auto",
        "speaker": "",
    },
)
