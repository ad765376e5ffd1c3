"""Requests that nobody's POS would make: a problem for each, and never a failure of the agent."""

from __future__ import annotations

import copy
import gzip
import json
import random
import socket
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from edge_agent.api import guard
from tests.support.rig import TOKEN, Rig, answer, line

SEED = 20261122
EACH = 5
TYPED = {"Content-Type": "application/json"}
TEXTS = [
    *("\x00", "a\x00b", "\x1b[2J", "\u202e", "\ud800", "\udfff\ud800", "\r\nX: y", "\ufeff"),
    *("\U0010ffff" * 3, "e\u0301" * 4, "'; drop table sale;--", "../../etc/passwd", "%00", "١٢٣٤"),
]
NUMBERS = [
    *("1.0", "1e2", "1e400", "-1", "9007199254740993", "1" + "0" * 400, "1" + "0" * 5_000),
    *("NaN", "Infinity", '"1"', "true", "null", "[]", "{}", "-0"),
]
BODIES = [
    *(b"", b"[]", b"null", b'"x"', b"{", b"\xff\xfe", b"{}garbage", b'{"a":1,"a":2}'),
    *(b'{"a":' * 50_000, b"[" * 100_000, b'{"\\ud800":1}', b'{"\\u0000":1}'),
    *('{"і":1}'.encode("cp1251"), "{}".encode("utf-16"), b"\xef\xbb\xbf{}", gzip.compress(b"{}")),
    json.dumps({"x" * 100_000: 1}).encode(),
    json.dumps({str(number): 1 for number in range(30_000)}).encode(),
    b'{"x":' + b"9" * 6_000 + b"}",
]
IDS = ["%00", "..", "%2e%2e%2f", "0" * 36, "%F0%9F%92%A5" * 4, "A" * 5_000, "%ff" * 33, "%20" * 32]


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One register for all of it."""
    register = Rig(tmp_path_factory.mktemp("hostile"))
    register.start()
    try:
        yield register
    finally:
        register.stop()


class Document:
    """The document of the API, and requests made from it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._schemas = document["components"]["schemas"]
        self.writes = [
            (verb.upper(), path, self._body(call))
            for path, calls in document["paths"].items()
            for verb, call in calls.items()
            if verb != "get" and "events" not in path
        ]

    def _body(self, call: dict[str, Any]) -> dict[str, Any]:
        content = call.get("requestBody", {}).get("content", {})
        schema: dict[str, Any] = content.get("application/json", {}).get("schema", {})
        return schema

    def _meant(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema or "anyOf" in schema:
            if "anyOf" in schema:
                schema = schema["anyOf"][0]
            else:
                schema = self._schemas[schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def sample(self, schema: dict[str, Any]) -> Any:
        """A body that nearly fits."""
        schema = self._meant(schema)
        kind = schema.get("type")
        if "enum" in schema:
            return schema["enum"][0]
        if kind == "object":
            return {name: self.sample(one) for name, one in schema.get("properties", {}).items()}
        if kind == "array":
            return [self.sample(schema["items"])] * max(1, schema.get("minItems", 0))
        if kind == "string":
            long = schema.get("minLength", 0) >= 32
            return str(uuid.uuid4()) if long else "1" * max(4, schema.get("minLength", 0))
        return {"integer": 1, "boolean": True}.get(str(kind))

    def places(
        self, schema: dict[str, Any], path: tuple[str | int, ...] = ()
    ) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Where a value stands, and of what type."""
        schema = self._meant(schema)
        kind = str(schema.get("type"))
        for name, one in schema.get("properties", {}).items():
            yield from self.places(one, (*path, name))
        if kind == "array":
            yield from self.places(schema["items"], (*path, 0))
        elif kind in ("string", "integer", "boolean"):
            yield path, kind

    def spoiled(self, schema: dict[str, Any], chance: random.Random) -> bytes:
        """A body with one value that nobody would send."""
        places = list(self.places(schema))
        if not places or chance.random() < 0.3:
            return chance.choice(BODIES)
        (*way, last), kind = chance.choice(places)
        body = copy.deepcopy(self.sample(schema))
        at = body
        for step in way:
            at = at[step]
        at[last] = "@@"
        bad = json.dumps(chance.choice(TEXTS)) if kind == "string" else chance.choice(NUMBERS)
        return json.dumps(body).replace('"@@"', bad).encode()


def _told(path: str, sale_id: str) -> str:
    names = {"sale_id": sale_id, "job_id": sale_id, "line_id": "1", "member_id": "101"}
    for name, value in names.items():
        path = path.replace("{" + name + "}", value)
    return path


def test_no_body_and_no_id_makes_the_agent_fail(rig: Rig) -> None:
    """Each write of the document, with values drawn from a list of bad ones."""
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    document = Document(rig.http.get("/openapi.json").json())
    assert len(document.writes) > 40
    statuses = set()
    for verb, path, schema in document.writes:
        for number in range(EACH):
            sale_id = chance.choice(IDS) if number == 0 else str(uuid.uuid4())
            body = document.spoiled(schema, chance)
            reply = rig.http.request(verb, _told(path, sale_id), content=body, headers=TYPED)
            what = f"{verb} {path} {body[:200]!r}: {reply.text[:200]}"
            assert reply.status_code < 500 or reply.status_code == 503, what
            is_problem = reply.headers["content-type"] == "application/problem+json"
            assert is_problem == (reply.status_code >= 400), what
            statuses.add(reply.status_code)
    assert {404, 422} <= statuses
    assert answer(rig.http.get("/v1/status"))["register_id"] == "R1"


def _put(rig: Rig, **more: str) -> httpx.Response:
    path = f"/v1/sales/{uuid.uuid4()}/open"
    body = {"basket": {"lines": [line(1, "bread", 100)]}}
    return rig.http.post(path, content=json.dumps(body), headers=TYPED | more)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json; charset=utf-8", 200),
        ("Application/JSON", 200),
        ("application/json, text/plain", 403),
        ("application/jsonx", 403),
        ("text/json", 403),
        ("", 403),
    ],
)
def test_only_json_is_json(rig: Rig, kind: str, status: int) -> None:
    assert _put(rig, **{"Content-Type": kind}).status_code == status


def test_a_delete_without_a_body_needs_no_kind(rig: Rig) -> None:
    """HTTP libraries send none then; with a body, or a word of its kind, it is a write as any."""
    sale_id = str(uuid.uuid4())
    path = f"/v1/sales/{sale_id}/member"
    answer(rig.http.post(f"/v1/sales/{sale_id}/open", json={}))
    assert answer(rig.http.delete(path))["member"] is None
    assert rig.http.request("DELETE", path, content=b"{}").status_code == 403
    plain = {"Content-Type": "text/plain"}
    assert rig.http.delete(path, headers=plain).status_code == 403
    assert rig.http.delete(path, headers={"Origin": "https://evil.example"}).status_code == 403


def test_a_path_has_one_spelling_and_a_key_one_request(rig: Rig) -> None:
    sale_id, key = str(uuid.uuid4()), {"Idempotency-Key": str(uuid.uuid4())}
    answer(rig.http.post(f"/v1/sales/{sale_id}/open", json={}, headers=key))
    slash = rig.http.put(f"/v1/sales/{sale_id}/basket/", json={"lines": []})
    assert (slash.status_code, slash.json()["code"]) == (404, "no_such_route")
    reused = rig.http.post(f"/v1/sales/{sale_id}/cancel", json={}, headers=key)
    assert (reused.status_code, reused.json()["code"]) == (422, "key_reused")
    other = rig.http.post(f"/v1/sales/{uuid.uuid4()}/open", json={}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    for key_text in ("short", "x" * 129, "a b c d e f", "tab\tin the key"):
        assert _put(rig, **{"Idempotency-Key": key_text}).status_code == 422
    assert answer(rig.http.get(f"/v1/sales/{sale_id}/status"))["state"] == "open"


def _sent(rig: Rig, head: str, body: bytes) -> str:
    """The answer to bytes that no HTTP library would send, up to its end."""
    host = rig.url.removeprefix("http://")
    port = int(host.rsplit(":", 1)[1])
    lines = (
        f"PUT /v1/sales/{uuid.uuid4()}/basket HTTP/1.1",
        *(f"Host: {host}", f"Authorization: Bearer {TOKEN}", "Content-Type: application/json"),
        *("Connection: close", head, "", ""),
    )
    answered = b""
    with socket.create_connection(("127.0.0.1", port), 30) as link:
        link.sendall("\r\n".join(lines).encode("latin-1") + body)
        while b"\r\n\r\n" not in answered or b'"code"' not in answered:
            part = link.recv(65_536)
            if not part:
                break
            answered += part
    return answered.decode()


def test_a_body_without_a_length_has_the_same_bound(rig: Rig) -> None:
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    said = _sent(rig, "Transfer-Encoding: chunked", chunk * 20)
    assert said.startswith("HTTP/1.1 413 ")
    assert '"code":"too_large"' in said


def test_a_body_that_never_comes_is_not_waited_for(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "BODY_S", 0.2)
    said = _sent(rig, "Content-Length: 50", b'{"lines":')
    assert said.startswith("HTTP/1.1 422 ")
    assert '"code":"bad_request"' in said


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: -1",
        "Content-Length: 99999999999999999999999",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: \xb2",
        "Host: evil.example\r\nContent-Length: 2",
    ],
)
def test_heads_that_mean_two_things_are_refused(rig: Rig, head: str) -> None:
    assert _sent(rig, head, b"{}").startswith(("HTTP/1.1 400 ", "HTTP/1.1 413 "))
