"""Lives of a printing process that end by a real SIGKILL, on time that only waiting moves.

The printer stays in this process (`InlineBench`); each life is a fork of it with a ledger of its
own on disk, and reaches printer and clock by questions over a socket. A kill by the kernel is as
real as over a pty, and no time-out costs anything.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import struct
from collections.abc import Callable
from typing import Any, Final

from drivers.emulators.escpos.device import EscPosConfig, EscPosDevice
from drivers.emulators.escpos.wire import EscPosWire
from drivers.emulators.printer import PrinterEmulator
from drivers.errors import DeviceUnavailable
from drivers.fiscal.counted.pace import Pace
from tests.support.inline_printer import InlineBench, InlineLoop, InlinePort, InlineWorld
from tests.support.sigkill_lives import ESCPOS, live, load_late_parts

LARGEST: Final = 200_000
_READ: Final = struct.Struct("<Id")
_SECONDS: Final = struct.Struct("<d")
HEAD: Final = 1 + _SECONDS.size
THERE: Final = b"+"
GONE: Final = b"!"


class InlineSlipBench:
    """A receipt printer as `InlineBench` has a fiscal one."""

    def __init__(self) -> None:
        self.world = InlineWorld()
        self.device = EscPosDevice(EscPosConfig())
        self.emulator = PrinterEmulator(
            "receipts",
            self.world,
            self.device,
            0,
            lambda line: EscPosWire(line, self.device),
            InlineLoop,
        )

    def connect(self) -> InlinePort:
        """A new port."""
        return InlinePort(self.world)

    def slips(self) -> int:
        """Slips that were cut off."""
        return sum(slip.is_cut for slip in self.emulator.documents())


def bench_of(dialect: str) -> InlineBench | InlineSlipBench:
    """The emulated printer of this protocol, without a thread."""
    return InlineSlipBench() if dialect == ESCPOS else InlineBench(dialect)


class ForkedLives:
    """Lives on one printer; give it to `sigkill_matrix.Matrix` in the place of `Lives`."""

    def __init__(self, bench: InlineBench | InlineSlipBench) -> None:
        self._bench = bench
        load_late_parts()
        # What is there by now is shared by every fork, and no collection looks at it again.
        gc.freeze()

    def live(self, order: dict[str, Any]) -> dict[str, Any]:
        """One life to its end."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        child = os.fork()
        if child == 0:
            ours.close()
            _live_apart(order, theirs, self._bench.world.now)
        theirs.close()
        with ours:
            said = self._serve(ours)
        _pid, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        answer = {"killed": killed, **said}
        assert killed or "verdict" in answer, (order, answer, status)
        return answer

    def close(self) -> None:
        """Nothing to stop."""

    def _serve(self, line: socket.socket) -> dict[str, Any]:
        """Answer until the life is over; what it said at its end, if anything."""
        world, said = self._bench.world, {}
        port: InlinePort | None = None
        while request := line.recv(LARGEST):
            verb, body = request[:1], request[1:]
            if verb == b"=":
                said = json.loads(body)
                break
            if verb == b"C":
                port = self._bench.connect()
            if verb == b"P":
                world.pass_time(*_SECONDS.unpack(body))
            answer = _on_port(port, verb, body) if verb in b"RW" else b""
            flag = GONE if answer is None else THERE
            line.send(flag + _SECONDS.pack(world.now) + (answer or b""))
        return said


def _on_port(port: InlinePort | None, verb: bytes, body: bytes) -> bytes | None:
    assert port is not None, "bytes before a connection"
    try:
        if verb == b"R":
            return port.read(*_READ.unpack(body))
        port.write(body)
    except DeviceUnavailable:
        return None
    return b""


def _live_apart(order: dict[str, Any], line: socket.socket, now: float) -> None:
    """The forked process; it never returns."""
    # A collection would touch, and so copy, every page that the fork shares with its parent.
    gc.disable()
    code = 1
    try:
        asked = _Asked(line, now)
        pace = Pace(asked.now, asked.pass_time)
        line.send(b"=" + json.dumps(live(order, asked.opened, pace)).encode())
        code = 0
    finally:
        os._exit(code)


class _Asked:
    """The printer, its cable and its clock, as the forked process sees them.

    Each answer tells the time, which nothing but a question moves."""

    def __init__(self, line: socket.socket, now: float) -> None:
        self._line = line
        self._now = now

    def opened(self, _url: str) -> _AskedPort:
        self.ask(b"C")
        return _AskedPort(self.ask)

    def now(self) -> float:
        return self._now

    def pass_time(self, seconds: float) -> None:
        self.ask(b"P" + _SECONDS.pack(seconds))

    def ask(self, request: bytes) -> bytes:
        self._line.send(request)
        answer = self._line.recv(LARGEST)
        (self._now,) = _SECONDS.unpack(answer[1:HEAD])
        if answer[:1] == GONE:
            raise DeviceUnavailable("port_gone", "the cable is out")
        return answer[HEAD:]


class _AskedPort:
    """`drivers.base.Transport` by questions."""

    def __init__(self, ask: Callable[[bytes], bytes]) -> None:
        self._ask = ask

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        return self._ask(b"R" + _READ.pack(max_bytes, timeout_s))

    def write(self, data: bytes) -> None:
        self._ask(b"W" + data)

    def close(self) -> None:
        """The printer does not notice."""
