"""A senior's badge scanned where their word is asked for: it allows, and signs nobody in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.scan_intake import Takes
from edge_agent.scan_queue import MAX_HOLD_S
from tests.support.rig import CARD, Rig, answer, line, sell
from tests.support.staff import BADGE, CASHIER, staffed

Json = dict[str, Any]
ASKED = {"is_open": True, "takes_badge": True}


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Rig]:
    """A register with a cashier signed in."""
    register = Rig(tmp_path)
    staffed(register)
    register.start()
    answer(register.http.post("/v1/shift/sign-in", json=CASHIER))
    yield register
    register.stop()


def state(till: Rig) -> Json:
    return answer(till.http.get("/v1/state"))


def question(till: Rig, body: Json) -> Json:
    return answer(till.http.post("/v1/panel/dialog", json=body))


def scan(till: Rig, code: str) -> Json:
    return answer(till.http.post("/v1/scan", json={"code": code, "source": "scanner"}))


def word(till: Rig, sale_id: str = "") -> tuple[int, Json]:
    body = {"take_scan": True, "act": "reassign", "subject": sale_id}
    response = till.http.post("/v1/approvals", json=body)
    return response.status_code, response.json()


def test_a_scanned_badge_is_a_word_for_one_act_and_signs_nobody_in(till: Rig) -> None:
    sale_id = sell(till.http, [line(1, "bread", 10_000)])["sale_id"]
    path = f"/v1/sales/{sale_id}/reassign"
    body = {"identity": {"code": CARD, "source": "scanner"}, "reason": "forgot the card"}
    assert till.http.post(path, json=body).json()["code"] == "approval_needed"
    assert question(till, ASKED)["held"] is False
    heard = scan(till, BADGE)
    assert (heard["kind"], heard["masked"]) == ("badge", "badge:****")
    seen = till.http.get("/v1/state")
    assert BADGE not in seen.text, "a badge is as good as a PIN: the screen is not told it"
    assert seen.json()["scan"] == {"number": 1, "text": ""}
    status, given = word(till, sale_id)
    assert (status, given["name"]) == (200, "Ірина С.")
    assert word(till, sale_id)[1]["code"] == "sign_in_unclear", "one scan, one word"
    assert state(till)["shift"]["cashier"]["cashier_id"] == "c1"
    moved = answer(till.http.post(path, json=body | {"approval": given["approval_id"]}))
    assert moved["member"]["member_id"] == 101


def test_whatever_is_scanned_there_reaches_no_sale(till: Rig) -> None:
    question(till, ASKED)
    for code in (CARD, "4820000000017", "nothing-known"):
        assert scan(till, code)["kind"] == "badge"
        assert word(till)[1]["code"] == "sign_in_wrong"
    seen = state(till)
    assert (seen["sale"], seen["waiting"], seen["notice"]) == (None, None, None)


def test_a_badge_is_kept_for_the_question_that_stands_only(till: Rig) -> None:
    question(till, ASKED)
    scan(till, BADGE)
    question(till, ASKED)
    assert word(till)[0] == 200, "the question was only said again"
    scan(till, BADGE)
    question(till, {"is_open": False})
    assert word(till)[1]["code"] == "sign_in_unclear"
    scan(till, BADGE)
    assert state(till)["shift"]["cashier"]["cashier_id"] == "s1", "without a question it signs in"


@pytest.mark.parametrize(
    ("takes", "after_a_minute"), [("badge", "member"), ("text", "member"), ("", "member")]
)
def test_a_question_that_is_not_said_again_ends_after_a_minute(
    till: Rig, takes: Takes, after_a_minute: str
) -> None:
    assert till.agent is not None
    scans = till.agent.desk.scans
    now = scans._monotonic()
    scans._monotonic = lambda: now
    scans.question(True, takes)
    for seconds in (MAX_HOLD_S - 1, 2 * MAX_HOLD_S - 2):
        later = now + seconds
        scans._monotonic = lambda at=later: at
        scans.heard(CARD, "")
        assert state(till)["waiting"] is None, seconds
        scans.question(True, takes)
    ended = now + 3 * MAX_HOLD_S
    scans._monotonic = lambda: ended
    scans.heard(CARD, "")
    assert scan(till, CARD)["kind"] == after_a_minute
    assert state(till)["waiting"]["member_id"] == 101
