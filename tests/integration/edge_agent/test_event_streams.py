"""The events by WebSocket and by SSE: the same news, resumed by id, only for who has the token."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)

from tests.support.rig import CARD, TOKEN, Rig, answer

LONG_S = 20.0


class Stream:
    """One WebSocket client over a plain socket."""

    def __init__(self, rig: Rig, path: str = "/v1/events/ws", **given: Any) -> None:
        host = rig.url.removeprefix("http://")
        name, port = host.split(":")
        self._socket = socket.create_connection((name, int(port)), LONG_S)
        self._ws = WSConnection(ConnectionType.CLIENT)
        self._events: Iterator[Any] = iter(())
        request = Request(host=given.pop("host", host), target=path, **given)
        self._socket.sendall(self._ws.send(request))

    def event(self) -> Any:
        """The next thing that the server says."""
        while True:
            for event in self._events:
                return event
            data = self._socket.recv(65_536)
            self._ws.receive_data(data or None)
            self._events = self._ws.events()

    def message(self) -> dict[str, Any]:
        """The next whole message."""
        text = ""
        while True:
            event = self.event()
            assert isinstance(event, TextMessage), event
            text += event.data
            if event.message_finished:
                found: dict[str, Any] = json.loads(text)
                return found

    def refusal(self) -> tuple[int, str]:
        """Status and code of a refused upgrade."""
        event = self.event()
        assert isinstance(event, RejectConnection), event
        body = b""
        while True:
            more = self.event()
            assert isinstance(more, RejectData), more
            body += more.data
            if more.body_finished:
                return event.status_code, json.loads(body)["code"]

    def say(self, text: str) -> None:
        """Send a text message."""
        self._socket.sendall(self._ws.send(TextMessage(text)))

    def close(self) -> None:
        """Drop the connection as a crashed program would."""
        self._socket.close()


@contextmanager
def streaming(rig: Rig, *args: Any, **given: Any) -> Iterator[Stream]:
    stream = Stream(rig, *args, **given)
    try:
        yield stream
    finally:
        stream.close()


BEARER = {"subprotocols": ["loyalty.v1", f"bearer.{TOKEN}"]}
HEADER = {"extra_headers": [(b"Authorization", f"Bearer {TOKEN}".encode())]}


@pytest.mark.parametrize("given", [BEARER, HEADER], ids=["subprotocol", "header"])
def test_a_websocket_hears_scans_and_never_gets_its_token_back(rig: Rig, given) -> None:
    with streaming(rig, **given) as stream:
        accepted = stream.event()
        assert isinstance(accepted, AcceptConnection)
        assert accepted.subprotocol == ("loyalty.v1" if given is BEARER else None)
        assert stream.message()["event"] == "state"
        stream.say("what a listener says is ignored")
        answer(rig.http.post("/v1/scan", json={"code": CARD, "source": "scanner"}))
        heard = stream.message()
        while heard["event"] != "scan":
            heard = stream.message()
        assert heard["data"]["kind"] == "member"
        assert CARD not in json.dumps(heard)


def test_both_streams_resume_after_the_last_id(rig: Rig) -> None:
    assert rig.agent is not None
    scan = {"code": CARD, "source": "scanner"}
    with streaming(rig, **BEARER) as stream:
        stream.event()
        stream.message()
        answer(rig.http.post("/v1/scan", json=scan))
        first = stream.message()["id"]
        answer(rig.http.post("/v1/scan", json=scan))
    until_unheard(rig)
    answer(rig.http.post("/v1/scan", json=scan))
    last = rig.agent.broadcast._last_id
    assert last > first + 1
    by_socket: list[int] = []
    with streaming(rig, f"/v1/events/ws?last_event_id={first}", **BEARER) as stream:
        stream.event()
        stream.message()
        while not by_socket or by_socket[-1] < last:
            by_socket.append(stream.message()["id"])
    by_sse: list[int] = []
    headers = {"Last-Event-ID": str(first)}
    with rig.http.stream("GET", "/v1/events", headers=headers, timeout=LONG_S) as lines:
        for text in lines.iter_lines():
            if text.startswith("id: "):
                by_sse.append(int(text[4:]))
            if by_sse and by_sse[-1] == last:
                break
    assert by_socket == by_sse == list(range(first + 1, last + 1))


def until_unheard(rig: Rig) -> None:
    assert rig.agent is not None
    gone = threading.Event()
    for _ in range(int(LONG_S / 0.05)):
        if not rig.agent.broadcast.is_heard:
            return
        gone.wait(0.05)
    raise AssertionError("a listener that left is still heard")


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({}, (401, "bad_token")),
        ({"subprotocols": ["loyalty.v1", "bearer.wrong"]}, (401, "bad_token")),
        ({"subprotocols": [f"bearer.{TOKEN}", "bearer.wrong"]}, (401, "bad_token")),
        ({**BEARER, "host": "evil.example"}, (403, "bad_host")),
        (
            {**BEARER, "extra_headers": [(b"Origin", b"https://evil.example")]},
            (403, "bad_origin"),
        ),
    ],
    ids=["no token", "wrong token", "two tokens", "rebound host", "foreign page"],
)
def test_strangers_get_no_websocket(rig: Rig, given, refused) -> None:
    with streaming(rig, **given) as stream:
        assert stream.refusal() == refused


def test_no_token_in_the_address_is_taken(rig: Rig) -> None:
    with streaming(rig, f"/v1/events/ws?token={TOKEN}") as stream:
        assert stream.refusal() == (401, "bad_token")
    assert httpx.get(f"{rig.url}/v1/state?token={TOKEN}").status_code == 401


def test_a_listener_that_leaves_is_forgotten_and_one_that_stays_is_told_goodbye(rig: Rig) -> None:
    assert rig.agent is not None
    broadcast = rig.agent.broadcast
    with streaming(rig, **BEARER) as stream:
        stream.event()
        stream.message()
        assert broadcast.is_heard
    until_unheard(rig)
    with streaming(rig, **BEARER) as stream:
        stream.event()
        stream.message()
        broadcast.close()
        assert isinstance(stream.event(), CloseConnection)


def test_an_oversized_message_ends_the_stream_and_nothing_else(rig: Rig) -> None:
    with streaming(rig, **BEARER) as stream:
        stream.event()
        stream.message()
        stream.say("x" * 10_000)
        assert isinstance(stream.event(), CloseConnection)
    assert rig.http.get("/healthz").status_code == 200
