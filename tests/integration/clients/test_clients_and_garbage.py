"""Whatever has the agent's port and however it answers: the sale is made, in the same 1.5 s."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.pos_clients import (
    LONG_S,
    NEEDS_NODE,
    SHELF,
    NodePos,
    PythonPos,
    load_client,
)
from tests.support.rig import TOKEN, Rig
from tests.support.sale_steps import facts

BUDGET_MS = 1_500


def http(status: int, body: bytes, kind: str = "application/json", more: str = "") -> bytes:
    """One whole answer."""
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{more}Connection: close\r\n\r\n".encode() + body


QUOTE = {"quote_id": "q", "basket_hash": "h", "payable_minor": SHELF - 918}
GOOD = http(200, json.dumps(QUOTE).encode())
GARBAGE = {
    "nothing at all": b"",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "a page": http(200, b"<h1>It works!</h1>", "text/html"),
    "no JSON": http(200, b'{"quote_id": '),
    "no text": http(200, b"\xff\xfe\x00"),
    "an empty answer": http(204, b""),
    "another program's answer": http(200, b'{"ok": true}'),
    "a list": http(200, b"[]"),
    "null": http(200, b"null"),
    "a word": http(200, b'"ok"'),
    "a sum that is no sum": http(200, json.dumps(QUOTE | {"payable_minor": "9"}).encode()),
    "a broken sum": http(200, json.dumps(QUOTE | {"payable_minor": 9.5}).encode()),
    "a sum of yes": http(200, json.dumps(QUOTE | {"payable_minor": True}).encode()),
    "a depth without end": http(200, b"[" * 200_000),
    "half of an answer": GOOD[:-40],
    "half of a head": GOOD[:30],
    "another program's refusal": http(404, b'{"error": "not found"}'),
    "a refusal that is no object": http(422, b"[1]"),
    "another program's failure": http(500, b"oops", "text/plain"),
    "a way to elsewhere": http(302, b"", more="Location: /login\r\n"),
}


class Stranger:
    """Has the port, and gives each call the next of its answers; the last one again and again."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            link, _ = self._server.accept()
            with link, suppress(OSError):
                link.settimeout(LONG_S)
                request = _request(link)
                if request == b"end":
                    return
                if request:
                    link.sendall(self.answers.pop(0) if self.answers[1:] else self.answers[0])

    def close(self) -> None:
        """Let the port go."""
        with socket.create_connection(("127.0.0.1", self.port), LONG_S) as link:
            link.sendall(b"end")
        self._thread.join(LONG_S)
        self._server.close()


def _request(link: socket.socket) -> bytes:
    """A whole request; `end` ends the server."""
    seen = b""
    while b"\r\n\r\n" not in seen and seen != b"end":
        part = link.recv(65_536)
        if not part:
            return seen
        seen += part
    head, _, body = seen.partition(b"\r\n\r\n")
    length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    wanted = int(length[0].partition(b":")[2]) if length else 0
    while len(body) < wanted and (part := link.recv(65_536)):
        body += part
        seen += part
    return seen


@pytest.fixture(params=["python", pytest.param("javascript", marks=NEEDS_NODE)])
def till(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[int], Any]]:
    """Makes a POS of one of the clients for a port."""
    made: list[Any] = []

    def make(port: int) -> Any:
        kind: Any = PythonPos if request.param == "python" else NodePos
        made.append(kind(f"http://127.0.0.1:{port}", tmp_path))
        return made[-1]

    yield make
    for pos in made:
        pos.close()


def test_garbage_is_no_answer(till: Callable[[int], Any]) -> None:
    """A sale without a quote is made at shelf prices, and nobody is asked twice about it."""
    stranger = Stranger()
    try:
        pos = till(stranger.port)
        for name, said in GARBAGE.items():
            stranger.answers = [said]
            pos.do("new")
            assert pos.do("open") is None, name
            assert pos.do("redeem") is None, name
            assert pos.do("payable") == SHELF, name
            assert pos.do("confirm") == "without", name
            assert pos.do("waited_ms") <= BUDGET_MS, name
    finally:
        stranger.close()


def test_garbage_confirms_nothing(till: Callable[[int], Any]) -> None:
    """The shown price stands, and the confirmation waits: now, and at every later try."""
    stranger = Stranger(GOOD, GARBAGE["another program's answer"])
    try:
        pos = till(stranger.port)
        pos.do("patient")
        pos.do("new")
        assert pos.do("open") == QUOTE["payable_minor"]
        pos.do("hasty")
        assert pos.do("confirm") == "later"
        assert pos.do("waited_ms") <= BUDGET_MS
        assert pos.do("payable") == QUOTE["payable_minor"]
        assert pos.do("flush") == []
        stranger.answers = [GARBAGE["half of an answer"]]
        assert pos.do("flush") == [], "and it waits still"
    finally:
        stranger.close()


def test_an_answer_cut_in_the_middle_is_asked_for_again(
    till: Callable[[int], Any], tmp_path: Path
) -> None:
    """The agent has committed and its answer breaks off: the same key brings it whole."""
    rig = Rig(tmp_path / "till")
    rig.start()
    cut = Cut(int(rig.url.rsplit(":", 1)[1]))
    try:
        pos = till(cut.port)
        pos.do("patient")
        sale_id = pos.do("new")
        assert pos.do("open") == SHELF - 918
        assert pos.do("confirm") == "confirmed"
        assert [body["sale_id"] for kind, body in facts(rig) if kind == "sale"] == [sale_id]
        assert cut.keys == [f"confirm-{sale_id}"] * 2
    finally:
        cut.close()
        rig.stop()


class Cut(Stranger):
    """The way to an agent that breaks off in the middle of the first confirmation's answer."""

    def __init__(self, agent: int) -> None:
        self._agent = agent
        self.keys: list[str] = []
        super().__init__(b"")

    def _serve(self) -> None:
        while True:
            link, _ = self._server.accept()
            with link, suppress(OSError):
                link.settimeout(LONG_S)
                request = _request(link)
                if request == b"end":
                    return
                if request:
                    link.sendall(self._passed_on(request))

    def _passed_on(self, request: bytes) -> bytes:
        head = request.partition(b"\r\n\r\n")[0].decode()
        port = f":{self._agent}"
        asked = request.replace(f":{self.port}".encode(), port.encode(), 1)
        asked = asked.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
        asked = asked.replace(b"onnection: keep-alive", b"onnection: close")
        answer = b""
        with socket.create_connection(("127.0.0.1", self._agent), LONG_S) as agent:
            agent.sendall(asked)
            while part := agent.recv(65_536):
                answer += part
        if "/confirm HTTP" not in head.splitlines()[0]:
            return answer
        fields = dict(line.lower().split(": ", 1) for line in head.splitlines()[1:])
        self.keys.append(fields["idempotency-key"])
        return answer if len(self.keys) > 1 else answer[: len(answer) // 2]


def test_a_spool_that_cannot_be_written_or_read_holds_nothing_up(tmp_path: Path) -> None:
    """A full disk costs one late confirmation; a broken file goes aside for a person."""
    module = load_client()
    stranger = Stranger(GOOD, GARBAGE["nothing at all"])
    try:
        url = f"http://127.0.0.1:{stranger.port}"
        client = module.Client(url, TOKEN, spool=tmp_path / "spool", budget_s=LONG_S)
        sale = client.sale()
        assert sale.open([]) is not None
        client.budget_s, sale.waited_s = 0.2, 0.0
        (tmp_path / "spool" / f"{sale.sale_id}.tmp").mkdir()
        assert sale.confirm([]) == "without"
        (tmp_path / "spool" / "broken.json").write_bytes(b'{"quote_id": "\xff')
        assert client.flush(LONG_S) == ([], ["broken"])
        assert client.waiting() == []
        assert (tmp_path / "spool" / "broken.refused").exists()
    finally:
        stranger.close()
