"""An emulated bar code reader: a script in, the bytes of a reader out.

scan TEXT     send TEXT and the suffix          wait MS       pause
split N       send the next scan N bytes at a time            dup N   send the next scan N times
garbage N     N random bytes without a suffix   unplug S      pull the cable for S seconds
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from drivers.emulators.loop import DeviceLoop
from drivers.emulators.script import ScriptError, Step, parse_count, parse_millis, parse_script
from drivers.emulators.wire import Endpoint

SUFFIXES: Final = {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n", "tab": b"\t", "etx": b"\x03"}
SPLIT_PAUSE_S = 0.002
MAX_TEXT = 8_000


@dataclass(slots=True)
class _Manner:
    """How the next scan goes out."""

    chunk: int = 0
    times: int = 1


class ScannerEmulator:
    """One reader; scripts of one reader run one after the other."""

    def __init__(self, name: str, endpoint: Endpoint, suffix: str = "cr", seed: int = 1) -> None:
        if suffix not in SUFFIXES:
            raise ScriptError(f"suffix must be one of {', '.join(SUFFIXES)}")
        self.name = name
        self.kind = "scanner"
        self.scans_sent = 0
        self._suffix = SUFFIXES[suffix]
        self._random = random.Random(seed)
        self._loop = DeviceLoop(name, endpoint, lambda _data: None)
        self._loop.start()

    @property
    def url(self) -> str:
        """What a driver opens."""
        return self._loop.endpoint.url

    def send(self, script: str) -> None:
        """Run a script and return when its last byte is out; `ScriptError` before any is."""
        actions = [self._action(step) for step in parse_script(script)]
        self._loop.call(lambda: self._play(actions))

    def describe(self) -> dict[str, object]:
        """What `GET /devices` shows."""
        return {"kind": self.kind, "url": self.url, "scans_sent": self.scans_sent}

    def close(self) -> None:
        """Unplug for good."""
        self._loop.close()

    def _play(self, actions: list[Callable[[_Manner], None]]) -> None:
        manner = _Manner()
        for action in actions:
            action(manner)

    def _action(self, step: Step) -> Callable[[_Manner], None]:
        verb, argument = step.verb, step.rest
        if verb == "scan":
            if not 0 < len(step.text) <= MAX_TEXT:
                raise ScriptError(f"scan needs 1 to {MAX_TEXT} characters")
            data = step.text.encode("utf-8")
            return lambda manner: self._scan(data, manner)
        if verb == "wait":
            pause = parse_millis(argument, 1)
            return lambda _manner: self._loop.pause(pause / 1000)
        if verb == "unplug":
            away = parse_millis(argument or "1s", 1000)
            return lambda _manner: self._unplug(away)
        if verb == "garbage":
            count = parse_count(argument, 1, 10_000)
            return lambda _manner: self._loop.endpoint.send(self._random.randbytes(count))
        if verb == "split":
            chunk = parse_count(argument, 1, MAX_TEXT)
            return lambda manner: setattr(manner, "chunk", chunk)
        if verb == "dup":
            times = parse_count(argument, 1, 100)
            return lambda manner: setattr(manner, "times", times)
        raise ScriptError(f"unknown verb {verb!r}; known: scan wait split garbage dup unplug")

    def _scan(self, data: bytes, manner: _Manner) -> None:
        whole = data + self._suffix
        chunk = manner.chunk or len(whole)
        for _ in range(manner.times):
            for start in range(0, len(whole), chunk):
                self._loop.endpoint.send(whole[start : start + chunk])
                if manner.chunk:
                    self._loop.pause(SPLIT_PAUSE_S)
            self.scans_sent += 1
        manner.chunk, manner.times = 0, 1

    def _unplug(self, away_ms: int) -> None:
        self._loop.endpoint.unplug()
        self._loop.pause(away_ms / 1000)
        self._loop.endpoint.replug()
