"""The exchange folder: what is a request, what is answered, what survives a cut."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

from edge_agent.exchange.folder import ANSWERS_STAY_S, ExchangeFolder
from edge_agent.exchange.request import (
    MAX_REQUEST_BYTES,
    BadRequestFile,
    FileRequest,
    read_request,
)

OPEN = {"request": "POST /v1/sales/S1/open", "body": {"lines": []}}


class Desk:
    """Answers as the API would and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[FileRequest] = []
        self.status = 200

    def __call__(self, request: FileRequest) -> tuple[int, bytes]:
        self.asked.append(request)
        return self.status, json.dumps({"code": "ok", "text": "Ґанок"}).encode()


def _put(folder: Path, name: str, content: Any, age_s: float = 0.0) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    written = time.time() - age_s
    os.utime(path, (written, written))
    return path


def _answer(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def exchange(tmp_path: Path, desk: Desk) -> ExchangeFolder:
    return ExchangeFolder(tmp_path, desk, valid_s=30)


def test_a_request_is_answered_and_goes(
    tmp_path: Path, exchange: ExchangeFolder, desk: Desk
) -> None:
    _put(tmp_path, "a1.req", OPEN)
    assert exchange.work_off() == 1
    assert _answer(tmp_path, "a1.resp") == {"status": 200, "body": {"code": "ok", "text": "Ґанок"}}
    assert [path.name for path in tmp_path.iterdir()] == ["a1.resp"]
    asked = desk.asked[0]
    assert (asked.method, asked.path) == ("POST", "/v1/sales/S1/open")
    assert json.loads(asked.body) == {"lines": []}


def test_a_refusal_is_an_err_file(tmp_path: Path, exchange: ExchangeFolder, desk: Desk) -> None:
    desk.status = 409
    _put(tmp_path, "a1.req", OPEN)
    exchange.work_off()
    assert _answer(tmp_path, "a1.err") == {"status": 409, "code": "ok", "text": "Ґанок"}


def test_the_oldest_is_first(tmp_path: Path, exchange: ExchangeFolder, desk: Desk) -> None:
    for number, age in ((1, 1.0), (2, 9.0), (3, 5.0)):
        _put(tmp_path, f"n{number}.req", {"request": f"GET /v1/sales/{number}/status"}, age)
    assert exchange.work_off() == 3
    assert [request.path[10] for request in desk.asked] == ["2", "3", "1"]


def test_the_same_file_met_again_carries_the_same_key(
    tmp_path: Path, exchange: ExchangeFolder, desk: Desk
) -> None:
    """A power cut between the answer and the request's removal: asked twice, done once."""
    for name in ("a1.req", "a1.req", "a2.req"):
        _put(tmp_path, name, OPEN)
        exchange.work_off()
    first, again, other = (request.key for request in desk.asked)
    assert first == again != other


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"[1]", "no_request"),
        ({"request": 5}, "no_request"),
        ({"request": "GET http://elsewhere/v1/status"}, "bad_request_line"),
        ({"request": "GET /v1/../healthz"}, "bad_request_line"),
        ({"request": "GET /healthz"}, "bad_request_line"),
        ({"request": "TRACE /v1/status"}, "bad_request_line"),
        ({"request": "GET /v1/status\r\nHost: x"}, "bad_request_line"),
        ({"request": "GET /v1/events"}, "no_streams"),
        (b" " * (MAX_REQUEST_BYTES + 1), "too_large"),
    ],
    ids=range(11),
)
def test_a_bad_request_is_told_by_its_code(
    tmp_path: Path, exchange: ExchangeFolder, desk: Desk, content: Any, code: str
) -> None:
    _put(tmp_path, "bad.req", content, age_s=5)
    assert exchange.work_off() == 1
    assert _answer(tmp_path, "bad.err")["code"] == code
    assert not desk.asked


def test_a_bad_name_is_refused(tmp_path: Path, exchange: ExchangeFolder, desk: Desk) -> None:
    _put(tmp_path, "чек 1.req", OPEN)
    exchange.work_off()
    assert _answer(tmp_path, "чек 1.err")["code"] == "bad_name"
    assert not desk.asked


def test_a_till_that_does_not_rename_may_finish_its_file(
    tmp_path: Path, exchange: ExchangeFolder, desk: Desk
) -> None:
    whole = json.dumps(OPEN).encode()
    _put(tmp_path, "slow.req", whole[:20], age_s=-1)
    assert exchange.work_off() == 0
    _put(tmp_path, "slow.req", whole)
    assert exchange.work_off() == 1
    assert len(desk.asked) == 1


@pytest.mark.parametrize(
    ("request_line", "is_done"),
    [
        ("PUT /v1/sales/S1/basket", False),
        ("POST /v1/sales/S1/redeem", False),
        ("POST /v1/sales/S1/confirm", True),
        ("POST /v1/sales/S1/void", True),
    ],
)
def test_what_the_till_gave_up_on_is_not_done_but_what_happened_is(
    tmp_path: Path, exchange: ExchangeFolder, desk: Desk, request_line: str, is_done: bool
) -> None:
    _put(tmp_path, "old.req", {"request": request_line, "body": {}}, age_s=31)
    exchange.work_off()
    assert bool(desk.asked) == is_done
    if not is_done:
        assert _answer(tmp_path, "old.err")["code"] == "expired"


def test_windows_1251_is_read_and_answered_in_plain_ascii(
    tmp_path: Path, exchange: ExchangeFolder, desk: Desk
) -> None:
    text = '{"request": "POST /v1/sales/S1/open", "body": {"cashier": "Їжакевич Ґ. Є."}}'
    _put(tmp_path, "old-till.req", text.encode("cp1251"))
    exchange.work_off()
    assert json.loads(desk.asked[0].body) == {"cashier": "Їжакевич Ґ. Є."}
    raw = (tmp_path / "old-till.resp").read_bytes()
    assert raw.isascii()
    assert json.loads(raw)["body"]["text"] == "Ґанок"


def test_a_folder_named_like_a_request_holds_nobody_up(
    tmp_path: Path, exchange: ExchangeFolder
) -> None:
    (tmp_path / "a0.req").mkdir()
    _put(tmp_path, "a1.req", OPEN)
    assert exchange.work_off() == 1


def test_answers_nobody_fetched_are_swept(tmp_path: Path, exchange: ExchangeFolder) -> None:
    _put(tmp_path, "old.resp", b"{}", age_s=ANSWERS_STAY_S + 60)
    _put(tmp_path, "new.err", b"{}")
    _put(tmp_path, "till-own.txt", b"", age_s=ANSWERS_STAY_S + 60)
    assert exchange.sweep() == 1
    assert {path.name for path in tmp_path.iterdir()} == {"new.err", "till-own.txt"}


def test_a_byte_order_mark_is_no_part_of_the_request() -> None:
    raw = b"\xef\xbb\xbf" + json.dumps(OPEN).encode()
    assert read_request("a", raw).path == "/v1/sales/S1/open"


def test_random_bytes_are_refused_and_never_raise_anything_else() -> None:
    dice = random.Random(20_261_122)
    for number in range(2_000):
        raw = dice.randbytes(number % 64)
        with pytest.raises(BadRequestFile):
            read_request("a", raw)
