"""An emulated bar code reader: a script in, the bytes of a reader out, and ears for its host.

scan TEXT     send TEXT as the mode does       wait MS        let time pass, listening
split N       send the next scan N bytes at a time             dup N   send the next scan N times
garbage N     N random bytes without a suffix  unplug S       pull the cable for S seconds
freeze S      neither send nor listen          replay FILE    a recording of raw bytes, as it was
type human MS, type reader MS                  pause between the keys of the next scan
layout NAME   layout of the computer: us, uk, ru, de, fr (keyboard mode: what a text field shows)

Modes are serial text, Zebra packets (`ssi`), key presses (`wedge`) and HID POS reports. Beeps and
lamps are kept and shown; a Datalogic reader that was stopped sends nothing until it is started.
"""

from __future__ import annotations

import random
import select
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from drivers.emulators.loop import DeviceLoop
from drivers.emulators.scanning.byte_log import BadRecording, Piece, Way, read_pieces, write_piece
from drivers.emulators.scanning.models import VENDORS, ReaderModel
from drivers.emulators.scanning.outlets import MODES, OUTLETS, SUFFIXES, Sent
from drivers.emulators.script import ScriptError, Step, parse_count, parse_millis, parse_script
from drivers.emulators.wire import Endpoint
from drivers.scanner.hid_reports import REPORT_BYTES, REPORT_COMMAND
from loyalty.codes.layout import LAYOUTS, typed_under

SPLIT_PAUSE_MS: Final = 2
MAX_TEXT: Final = 8_000
ACK_S: Final = 2.0
"""A Zebra reader sends a packet again when no ACK came in this time (72E-40451, chapter 2)."""
HOST_LAYOUTS: Final = ("us", *LAYOUTS, "de", "fr")
_WESTERN: Final = {
    "de": str.maketrans("yzYZ", "zyZY"),
    "fr": str.maketrans("aqzwAQZW", "qawzQAWZ"),
}
SCHEMES: Final = {"serial": "serial:", "ssi": "serial:", "wedge": "evdev:", "hid_pos": "hid:"}


class Time(Protocol):
    """The device's clock: the machine's, or one that only scripts move."""

    def now_ms(self) -> int: ...
    def pause(self, loop: DeviceLoop, millis: int) -> None: ...


class RealTime:
    """Milliseconds of the machine."""

    def now_ms(self) -> int:
        """Since some moment."""
        return time.monotonic_ns() // 1_000_000

    def pause(self, loop: DeviceLoop, millis: int) -> None:
        """Sleep; ends when the device is closed."""
        loop.pause(millis / 1000)


class VirtualTime:
    """Milliseconds that pass only where a script says so: an hour takes no time."""

    def __init__(self) -> None:
        self._now_ms = 0

    def now_ms(self) -> int:
        """Since the device was made."""
        return self._now_ms

    def pause(self, loop: DeviceLoop, millis: int) -> None:
        """Move on at once."""
        del loop
        self._now_ms += millis


@dataclass(frozen=True, slots=True)
class ReaderKind:
    """What kind of reader it is; ScriptError for what there is not."""

    mode: str = "serial"
    vendor: str = "plain"
    suffix: str = "cr"

    def __post_init__(self) -> None:
        for name, value, known in (
            ("mode", self.mode, MODES),
            ("vendor", self.vendor, VENDORS),
            ("suffix", self.suffix, tuple(SUFFIXES)),
        ):
            if value not in known:
                raise ScriptError(f"{name} must be one of {', '.join(known)}")


@dataclass(slots=True)
class _Manner:
    """How the next scan goes out."""

    chunk: int = 0
    times: int = 1
    gap_ms: int = 0


class ScannerEmulator:
    """One reader; scripts of one reader run one after the other."""

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        suffix: str = "cr",
        seed: int = 1,
        *,
        vendor: str = "plain",
        mode: str = "serial",
        clock: Time | None = None,
        record: Path | None = None,
    ) -> None:
        # Packets are Zebra's alone, so a reader that sends them understands them.
        vendor = "zebra" if mode == "ssi" else vendor
        self.kind_of = ReaderKind(mode, vendor, suffix)
        self.name = name
        self.kind = "scanner"
        self.scans_sent = self.scans_refused = 0
        self.typed = ""
        self._layout = "us"
        self._clock = clock or RealTime()
        self._record = record
        self._began_ms = self._clock.now_ms()
        self._outlet = OUTLETS[mode](suffix)
        self._random = random.Random(seed)
        self._reports = b""
        self.model = ReaderModel(vendor, self._clock.now_ms)
        self._loop = DeviceLoop(name, endpoint, self._hear)
        self._loop.start()

    @property
    def url(self) -> str:
        """What a driver opens."""
        url = self._loop.endpoint.url
        return url.replace("serial:", SCHEMES[self.kind_of.mode], 1)

    def send(self, script: str) -> None:
        """Run a script and return when its last byte is out; `ScriptError` before any is."""
        actions = [self._action(step) for step in parse_script(script)]
        self._loop.call(lambda: self._play(actions))

    def sounds(self) -> list[str]:
        """Beeps so far, by name; what is on the wire is heard first."""
        return self._loop.call(self.model.sounds)

    def describe(self) -> dict[str, object]:
        """What `GET /devices` shows."""
        return {
            "kind": self.kind,
            "url": self.url,
            "mode": self.kind_of.mode,
            "vendor": self.kind_of.vendor,
            "scans_sent": self.scans_sent,
            "scans_refused": self.scans_refused,
            "is_disabled": self.model.is_disabled,
            "stray_bytes": self.model.stray(),
            "typed": self.typed,
            "signals": [one.shown() for one in list(self.model.heard)[-20:]],
        }

    def close(self) -> None:
        """Unplug for good."""
        self._loop.close()

    # --- the host's side ------------------------------------------------------------------------

    def _hear(self, data: bytes) -> None:
        self._keep("in", data)
        if self.kind_of.mode != "hid_pos":
            answer = self.model.hear(data)
            if answer:
                self._put(answer)
            return
        self._reports += data
        while len(self._reports) >= REPORT_BYTES:
            report, self._reports = self._reports[:REPORT_BYTES], self._reports[REPORT_BYTES:]
            is_command = report[0] == REPORT_COMMAND
            self.model.hear(report[2 : 2 + report[1]] if is_command else report)

    def _listen(self, seconds: float, enough: Callable[[], bool] = lambda: False) -> None:
        """Hear the host for so long; always in the machine's time."""
        until = time.monotonic() + seconds
        while True:
            left = until - time.monotonic()
            readers = self._loop.endpoint.readers()
            if readers and select.select(readers, [], [], max(0.0, left))[0]:
                if data := self._loop.endpoint.receive():
                    self._hear(data)
            elif not readers:
                self._loop.pause(max(0.0, left))
            if enough() or left <= 0:
                return

    # --- scripts --------------------------------------------------------------------------------

    def _play(self, actions: list[Callable[[_Manner], None]]) -> None:
        manner = _Manner()
        for action in actions:
            action(manner)

    def _action(self, step: Step) -> Callable[[_Manner], None]:
        makers = {
            "scan": self._scan_action,
            "wait": self._wait_action,
            "freeze": self._freeze_action,
            "unplug": self._unplug_action,
            "garbage": self._garbage_action,
            "replay": self._replay_action,
            "split": lambda one: _set("chunk", parse_count(one.rest, 1, MAX_TEXT)),
            "dup": lambda one: _set("times", parse_count(one.rest, 1, 100)),
            "type": _type_action,
            "layout": self._layout_action,
        }
        if step.verb not in makers:
            raise ScriptError(f"unknown verb {step.verb!r}; known: {' '.join(makers)}")
        return makers[step.verb](step)

    def _scan_action(self, step: Step) -> Callable[[_Manner], None]:
        if not 0 < len(step.text) <= MAX_TEXT:
            raise ScriptError(f"scan needs 1 to {MAX_TEXT} characters")
        text = step.text
        try:
            self._outlet.bytes_of(text, is_again=False, gap_ms=0, now_ms=0)
        except ValueError as error:
            raise ScriptError(f"scan: {error}") from None
        return lambda manner: self._scan(text, manner)

    def _wait_action(self, step: Step) -> Callable[[_Manner], None]:
        millis = parse_millis(step.rest, 1)
        return lambda _manner: self._wait(millis)

    def _freeze_action(self, step: Step) -> Callable[[_Manner], None]:
        millis = parse_millis(step.rest or "1s", 1000)
        return lambda _manner: self._clock.pause(self._loop, millis)

    def _unplug_action(self, step: Step) -> Callable[[_Manner], None]:
        millis = parse_millis(step.rest or "1s", 1000)
        return lambda _manner: self._unplug(millis)

    def _garbage_action(self, step: Step) -> Callable[[_Manner], None]:
        count = parse_count(step.rest, 1, 10_000)
        return lambda _manner: self._put(self._random.randbytes(count))

    def _replay_action(self, step: Step) -> Callable[[_Manner], None]:
        try:
            pieces = read_pieces(Path(step.text))
        except BadRecording as error:
            raise ScriptError(f"replay: {error}") from None
        return lambda _manner: self._replay(pieces)

    def _layout_action(self, step: Step) -> Callable[[_Manner], None]:
        if step.rest not in HOST_LAYOUTS:
            raise ScriptError(f"layout must be one of {', '.join(HOST_LAYOUTS)}")
        return lambda _manner: setattr(self, "_layout", step.rest)

    # --- what goes out --------------------------------------------------------------------------

    def _scan(self, text: str, manner: _Manner) -> None:
        for number in range(manner.times):
            if self.model.is_disabled:
                self.scans_refused += 1
                continue
            now_ms = self._clock.now_ms()
            pieces = self._outlet.bytes_of(
                text, is_again=number > 0, gap_ms=manner.gap_ms, now_ms=now_ms
            )
            if self.kind_of.mode == "wedge":
                self.typed = _shown(text, self._layout)
            self._put_all(pieces, manner.chunk)
            if self.kind_of.mode == "ssi":
                self._await_ack(text)
            self.scans_sent += 1
        manner.chunk, manner.times, manner.gap_ms = 0, 1, 0

    def _put_all(self, pieces: list[Sent], chunk: int) -> None:
        for piece in pieces:
            size = chunk or len(piece.data) or 1
            for start in range(0, len(piece.data), size):
                self._put(piece.data[start : start + size])
                if chunk:
                    self._clock.pause(self._loop, SPLIT_PAUSE_MS)
            if piece.pause_ms:
                self._clock.pause(self._loop, piece.pause_ms)

    def _await_ack(self, text: str) -> None:
        """Two seconds for an ACK, then once more with the status bit of a repeat."""
        for is_last in (False, True):
            before, self.model.wants_repeat = self.model.acks, False
            self._listen(ACK_S, lambda: self.model.acks > before)  # noqa: B023 - called at once
            if self.model.acks > before and not self.model.wants_repeat:
                return
            if not is_last:
                again = self._outlet.bytes_of(text, is_again=True, gap_ms=0, now_ms=0)
                self._put_all(again, 0)

    def _wait(self, millis: int) -> None:
        if isinstance(self._clock, RealTime):
            self._listen(millis / 1000)
        else:
            self._clock.pause(self._loop, millis)
            self._listen(0)

    def _unplug(self, away_ms: int) -> None:
        self._loop.endpoint.unplug()
        self._clock.pause(self._loop, away_ms)
        self._loop.endpoint.replug()

    def _replay(self, pieces: list[Piece]) -> None:
        began_ms = self._clock.now_ms()
        for piece in pieces:
            if piece.way == "out":
                self._wait(max(0, began_ms + piece.at_ms - self._clock.now_ms()))
                self._put(piece.data)

    def _put(self, data: bytes) -> None:
        self._keep("out", data)
        self._loop.endpoint.send(data)

    def _keep(self, way: Way, data: bytes) -> None:
        if self._record is not None:
            write_piece(self._record, Piece(self._clock.now_ms() - self._began_ms, way, data))


def _set(field: str, value: int) -> Callable[[_Manner], None]:
    return lambda manner: setattr(manner, field, value)


def _type_action(step: Step) -> Callable[[_Manner], None]:
    who, *pause = step.words or [""]
    usual = {"human": "120ms", "reader": "5ms"}
    if who not in usual or len(pause) > 1:
        raise ScriptError("type needs human or reader, and the pause between keys: type human 90ms")
    return _set("gap_ms", parse_millis(pause[0] if pause else usual[who], 1))


def _shown(text: str, layout: str) -> str:
    """What a text field of a computer with that layout would show."""
    if layout in LAYOUTS:
        return typed_under(text, layout)
    return text.translate(_WESTERN[layout]) if layout in _WESTERN else text
