"""One POS and one printer joined: two pumps, the answers of the printer untouched."""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from drivers.base import Transport
from drivers.errors import DeviceUnavailable
from drivers.receipt.letters import Letters
from drivers.tap.advice import Addition, Agent, Question
from drivers.tap.fiscal_guard import SOH
from drivers.tap.stream import TapStream

CHUNK: Final = 4096
HOLD_S: Final = 0.02
ENDING_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class TapOptions:
    """What a tap adds, and how; without an agent it only passes bytes."""

    agent: Agent | None = None
    columns: int = 48
    page: tuple[int, Letters] = (17, "cp866")
    has_qr: bool = True


class SocketPort:
    """`drivers.base.Transport` over a connection that a POS opened."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        """At least one byte, `b""` when `timeout_s` passed; `DeviceUnavailable` at the end."""
        try:
            self._socket.settimeout(max(timeout_s, 0.000_1))
            data = self._socket.recv(max_bytes)
        except TimeoutError:
            return b""
        except OSError as error:
            raise DeviceUnavailable("port_gone", f"the POS went: {error}") from error
        if not data:
            raise DeviceUnavailable("port_gone", "the POS closed the connection")
        return data

    def write(self, data: bytes) -> None:
        """Send all bytes, or raise `DeviceUnavailable`."""
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise DeviceUnavailable("port_gone", f"the POS went: {error}") from error

    def close(self) -> None:
        """Hang up; safe to call twice."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def join(pos: Transport, printer: Transport, options: TapOptions) -> int:
    """Pass bytes both ways until either end is gone; gives how often lines were added."""
    question: list[Question] = []
    link = secrets.token_hex(8)

    def on_total(total_minor: int) -> None:
        if options.agent is not None:
            receipt = f"{link}-{stream.receipts}"
            question[:] = [options.agent.ask(total_minor, options.columns, receipt)]

    def addition() -> Addition:
        return question.pop().result() if question else Addition()

    stream = TapStream(on_total, addition, options.columns, options.page, options.has_qr)
    over = threading.Event()
    answers = threading.Thread(
        target=_answers, args=(printer, pos, stream, over), name="tap-answers", daemon=True
    )
    answers.start()
    try:
        _receipts(pos, printer, stream, over)
    except DeviceUnavailable:
        with contextlib.suppress(DeviceUnavailable):
            printer.write(stream.flush())
    # The printer may still be answering for what it was sent last.
    over.wait(ENDING_S)
    over.set()
    answers.join()
    pos.close()
    printer.close()
    return stream.added


def _receipts(pos: Transport, printer: Transport, stream: TapStream, over: threading.Event) -> None:
    while not over.is_set():
        data = pos.read(CHUNK, HOLD_S)
        out = stream.feed(data) if data else stream.flush()
        if out:
            printer.write(out)


def _answers(printer: Transport, pos: Transport, stream: TapStream, over: threading.Event) -> None:
    """What the printer says goes back at once; a fiscal one's frames make the wire blind."""
    with contextlib.suppress(DeviceUnavailable):
        while not over.is_set():
            data = printer.read(CHUNK, 0.1)
            if data:
                stream.saw_fiscal = stream.saw_fiscal or data[0] == SOH
                pos.write(data)
        return
    over.set()


def serve(accept: Callable[[], Transport], connect: Callable[[], Transport], o: TapOptions) -> None:
    """Join one POS connection after the other: two writers at one printer would mix receipts."""
    while True:
        pos = accept()
        try:
            printer = connect()
        except DeviceUnavailable:
            pos.close()
            continue
        join(pos, printer, o)
