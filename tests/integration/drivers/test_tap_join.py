"""A POS and a printer joined by the tap in one process: sockets on both sides, a real agent's
answers over HTTP, and what happens when either end goes."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from drivers.errors import DeviceUnavailable
from drivers.tap.advice import MAX_ANSWER, MAX_LINES, MAX_QR, Agent
from drivers.tap.proxy import SocketPort, TapOptions, join, serve

RECEIPT = b"\x1b@\x1bt\x11" + "СУМА    1 157,50 грн\n".encode("cp866") + b"\x1ba\x01\x1dVB\x00"
CUT = b"\x1dVB\x00"


@contextmanager
def answering(body: bytes, status: int = 200) -> Iterator[tuple[str, list[dict[str, object]]]]:
    """An HTTP server that always answers so, and what it was asked."""
    asked: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            token = self.headers.get("Authorization", "")
            asked.append({**json.loads(self.rfile.read(length)), "token": token})
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Wire:
    """The tap between two socket pairs."""

    def __init__(self, pool: ThreadPoolExecutor, options: TapOptions) -> None:
        self.pos, pos_end = socket.socketpair()
        self.printer, printer_end = socket.socketpair()
        for end in (self.pos, self.printer):
            end.settimeout(20)
        ports = [_Port(pos_end), _Port(printer_end)]
        self.added: Future[int] = pool.submit(join, ports[0], ports[1], options)

    def end(self) -> int:
        """Hang up as the POS does; how often lines were added."""
        self.pos.close()
        added = self.added.result(20)
        self.printer.close()
        return added


class _Port(SocketPort):
    """A socket pair has no TCP options."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection


def until_cut(printer: socket.socket) -> bytes:
    got = b""
    while not got.endswith(CUT):
        got += printer.recv(4096)
    return got


def is_gone(end: socket.socket) -> bool:
    """Whether the tap has hung up; with bytes unread the other end sees a reset."""
    try:
        return end.recv(16) == b""
    except ConnectionResetError:
        return True


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as made:
        yield made


def patient(url: str, token: Path | None = None) -> Agent:
    """An agent that the tap waits for, however slow this machine is."""
    return Agent(url, token, timeout_s=20)


def test_lines_come_before_the_cut_and_answers_go_back(
    pool: ThreadPoolExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("drivers.tap.advice.PATIENCE_S", 20.0)
    (tmp_path / "token").write_text("secret\n", encoding="ascii")
    answer = json.dumps({"lines": ["BONUS 345"], "qr": ""}).encode()
    with answering(answer) as (url, asked):
        wire = Wire(pool, TapOptions(patient(url, tmp_path / "token"), columns=32))
        wire.pos.sendall(RECEIPT)
        paper = until_cut(wire.printer)
        wire.printer.sendall(b"\x12")
        assert wire.pos.recv(16) == b"\x12"
        wire.pos.sendall(RECEIPT)
        until_cut(wire.printer)
        assert wire.end() == 2
    assert b"BONUS 345" in paper
    assert [each["total_minor"] for each in asked] == [115_750, 115_750]
    assert asked[0]["receipt"] != asked[1]["receipt"]
    assert {each["token"] for each in asked} == {"Bearer secret"}
    assert {each["width"] for each in asked} == {32}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"no json", 200),
        (b"[]", 200),
        (json.dumps({"lines": "x"}).encode(), 200),
        (json.dumps({"lines": [1]}).encode(), 200),
        (json.dumps({"lines": ["x"] * (MAX_LINES + 1)}).encode(), 200),
        (json.dumps({"lines": [], "qr": "x" * (MAX_QR + 1)}).encode(), 200),
        (b" " * (MAX_ANSWER + 1), 200),
        (json.dumps({"lines": ["x"]}).encode(), 503),
    ],
    ids=["text", "list", "no lines", "numbers", "many", "long qr", "long", "refused"],
)
def test_an_answer_of_another_form_adds_nothing(
    pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch, body: bytes, status: int
) -> None:
    monkeypatch.setattr("drivers.tap.advice.PATIENCE_S", 20.0)
    with answering(body, status) as (url, asked):
        wire = Wire(pool, TapOptions(patient(url)))
        wire.pos.sendall(RECEIPT)
        assert until_cut(wire.printer) == RECEIPT
        assert wire.end() == 0
    assert len(asked) == 1


def test_no_agent_at_its_address_adds_nothing(pool: ThreadPoolExecutor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    wire = Wire(pool, TapOptions(patient(f"http://127.0.0.1:{port}")))
    wire.pos.sendall(RECEIPT)
    assert until_cut(wire.printer) == RECEIPT
    assert wire.end() == 0


def test_a_printer_that_goes_ends_the_wire_for_the_pos(pool: ThreadPoolExecutor) -> None:
    wire = Wire(pool, TapOptions())
    wire.pos.sendall(RECEIPT[:20])
    wire.printer.close()
    wire.added.result(20)
    assert is_gone(wire.pos)
    wire.pos.close()


def test_an_agent_elsewhere_is_refused() -> None:
    with pytest.raises(ValueError, match="on this machine"):
        Agent("http://example.com:80", None)


def test_one_pos_after_the_other_is_served(pool: ThreadPoolExecutor) -> None:
    """A printer that cannot be reached costs the POS its connection, not the tap its life."""

    class Ended(Exception):
        pass

    pairs = [socket.socketpair() for _ in range(2)]
    first, second = pairs
    paper, paper_end = socket.socketpair()
    waiting = [_Port(first[1]), _Port(second[1])]
    printers: list[_Port | None] = [None, _Port(paper_end)]

    def accept() -> SocketPort:
        if not waiting:
            raise Ended
        return waiting.pop(0)

    def connect() -> SocketPort:
        printer = printers.pop(0)
        if printer is None:
            raise DeviceUnavailable("port_gone", "no printer")
        return printer

    served = pool.submit(serve, accept, connect, TapOptions())
    first[0].settimeout(20)
    paper.settimeout(20)
    assert is_gone(first[0])
    second[0].sendall(RECEIPT)
    assert until_cut(paper) == RECEIPT
    second[0].close()
    with pytest.raises(Ended):
        served.result(20)
    for end in (first[0], paper):
        end.close()
