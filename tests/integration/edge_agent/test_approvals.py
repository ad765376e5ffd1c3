"""A senior's word: what a cashier may not do alone is done with it, once, and named in the fact."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge_agent.errors import Conflict
from edge_agent.shift.approvals import GOOD_FOR_S, Approvals, Policy
from edge_agent.shift.sign_in import TRIES, SignIn, SignInRefused
from tests.support.rig import OTHER_CARD, Rig, answer, line, sell
from tests.support.staff import BADGE, CASHIER, SENIOR, staffed

BREAD = [line(1, "bread", 10_000)]
Json = dict[str, Any]


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Rig]:
    """A register with staff, where the cashier is signed in."""
    register = Rig(tmp_path)
    staffed(register)
    with register.config.open("a", encoding="utf-8") as config:
        config.write("[approvals]\nreturn_from_minor = 20000\n")
    register.start()
    answer(register.http.post("/v1/shift/sign-in", json=CASHIER))
    yield register
    register.stop()


def word(till: Rig, act: str, subject: str, **who: str) -> str:
    """The id of a senior's word."""
    body = {**(who or SENIOR), "act": act, "subject": subject}
    return str(answer(till.http.post("/v1/approvals", json=body))["approval_id"])


def no_word(till: Rig, **body: str) -> str:
    """Why there was none."""
    refused = till.http.post("/v1/approvals", json={"act": "void", "subject": "x", **body})
    assert refused.status_code in (403, 409), refused.text
    return str(refused.json()["code"])


def reassign(till: Rig, sale_id: str, approval: str = "") -> Any:
    body = {
        "identity": {"code": OTHER_CARD, "source": "scanner"},
        "reason": "забув картку",
        "supervisor": "хтось",
        "approval": approval,
    }
    return till.http.post(f"/v1/sales/{sale_id}/reassign", json=body)


def give_back(till: Rig, sale_id: str, approval: str = "") -> Any:
    body = {"return_id": str(uuid.uuid4()), "reason": "не підійшло", "approval": approval}
    return till.http.post(f"/v1/sales/{sale_id}/returns", json=body)


def fact(till: Rig, kind: str) -> Json:
    """The newest fact of a kind."""
    with closing(sqlite3.connect(till.folder / "data" / "ledger.db")) as db:
        row = db.execute("SELECT body FROM outbox WHERE kind = ? ORDER BY seq DESC", (kind,))
        found: Json = json.loads(row.fetchone()[0])
        return found


def refusal(response: Any) -> str:
    assert response.status_code in (403, 404, 409), response.text
    return str(response.json()["code"])


def test_a_sale_goes_to_another_member_on_a_seniors_word_alone(till: Rig) -> None:
    sale_id = str(sell(till.http, BREAD)["sale_id"])
    other = str(sell(till.http, BREAD)["sale_id"])
    refused = reassign(till, sale_id)
    assert refused.status_code == 403
    assert refused.json()["code"] == "approval_needed"
    assert refused.json()["cashier_message"]["uk"].startswith("Потрібен старший касир")
    assert refusal(reassign(till, sale_id, "no-such-word")) == "approval_needed"
    assert refusal(reassign(till, sale_id, word(till, "void", sale_id))) == "approval_needed"
    good = word(till, "reassign", sale_id)
    assert refusal(reassign(till, other, good)) == "approval_needed", "it is for one sale"
    assert answer(reassign(till, sale_id, good))["member"]["member_id"] == 102
    assert "Ірина С. (s1)" in fact(till, "sale_voided")["reason"], "not who the POS named"
    assert refusal(reassign(till, sale_id, good)) == "approval_needed", "and used up"
    assert answer(till.http.get("/v1/shift"))["cashier"]["cashier_id"] == "c1"


def test_the_word_of_a_cashier_or_a_wrong_pin_is_none(till: Rig) -> None:
    assert no_word(till, **CASHIER) == "approval_too_low"
    assert no_word(till, cashier_id="s1") == "sign_in_unclear"
    wrong = [no_word(till, cashier_id="s1", pin="0000") for _ in range(TRIES)]
    assert wrong == ["sign_in_wrong"] * TRIES
    assert no_word(till, **SENIOR) == "sign_in_locked"
    assert word(till, "void", "x", badge=BADGE), "a badge cannot be guessed"


def test_a_right_word_takes_the_wrong_tries_back(till: Rig) -> None:
    for _ in range(2):
        for _ in range(TRIES - 1):
            assert no_word(till, cashier_id="s1", pin="0000") == "sign_in_wrong"
        assert word(till, "void", "x")


def test_a_senior_who_is_signed_in_needs_no_other(till: Rig) -> None:
    answer(till.http.post("/v1/shift/sign-in", json=SENIOR))
    sale_id = str(sell(till.http, BREAD)["sale_id"])
    assert answer(reassign(till, sale_id))["member"]["member_id"] == 102
    assert "Ірина С. (s1)" in fact(till, "sale_voided")["reason"]


def test_only_a_return_of_much_money_needs_a_word(till: Rig) -> None:
    small, large = (sell(till.http, [line(1, "bread", 10_000, many)]) for many in (1, 2))
    answer(give_back(till, small["sale_id"]))
    assert fact(till, "sale_return")["reason"] == "не підійшло"
    assert refusal(give_back(till, large["sale_id"])) == "approval_needed"
    approval = word(till, "return", large["sale_id"])
    assert answer(give_back(till, large["sale_id"], approval))["refund_minor"] == 20_000
    assert fact(till, "sale_return")["reason"] == "не підійшло [Ірина С. (s1)]"
    foreign = str(uuid.uuid4())
    body = {"return_id": str(uuid.uuid4()), "refund_minor": 20_000}
    body["tenders"] = [{"kind": "cash", "amount_minor": 20_000}]
    path = f"/v1/sales/{foreign}/returns/foreign"
    assert refusal(till.http.post(path, json=body)) == "approval_needed"
    body["approval"] = word(till, "return", foreign)
    assert answer(till.http.post(path, json=body))["refund_minor"] == 20_000


def test_an_act_refused_for_another_reason_leaves_the_word(till: Rig) -> None:
    sale_id = str(sell(till.http, BREAD)["sale_id"])
    assert refusal(till.http.post(f"/v1/sales/{sale_id}/void", json={})) == "approval_needed"
    good = word(till, "void", sale_id)
    path, body = f"/v1/sales/{sale_id}/void", {"approval": good}
    first, second = (refusal(till.http.post(path, json=body)) for _ in range(2))
    assert first == second != "approval_needed"
    cash = till.http.post("/v1/shift/cash-out", json={"amount_minor": 500})
    assert refusal(cash) == "approval_needed"
    cash_word = word(till, "cash_out", "500")
    body = {"amount_minor": 500, "approval": cash_word}
    assert refusal(till.http.post("/v1/shift/cash-out", json=body)) == "shift_of_pos"


def test_a_word_is_good_for_a_while_and_for_who_policy_asks(till: Rig) -> None:
    assert till.agent is not None
    now = [1_000.0]
    approvals = Approvals(till.agent.shift, lambda: now[0], Policy(void=False))
    assert approvals.run("void", "a", "", lambda by: by) == "", "this policy asks nobody"
    assert approvals.run("return", "a", "", lambda by: by, lambda: 10**9) == ""
    given = SignIn("s1", "9000")
    old = approvals.ask(given, "reassign", "a")
    now[0] += GOOD_FOR_S
    with pytest.raises(SignInRefused, match="senior"):
        approvals.run("reassign", "a", old.approval_id, lambda by: by)
    fresh = approvals.ask(given, "reassign", "a")

    def fails(_by: str) -> str:
        raise Conflict("busy", "not now")

    with pytest.raises(Conflict):
        approvals.run("reassign", "a", fresh.approval_id, fails)
    assert approvals.run("reassign", "a", fresh.approval_id, lambda by: by) == "Ірина С. (s1)"


def test_without_a_list_of_staff_the_name_in_the_call_stands(rig: Rig) -> None:
    sale_id = str(sell(rig.http, BREAD)["sale_id"])
    answer(reassign(rig, sale_id))
    assert fact(rig, "sale_voided")["reason"].startswith("reassigned by хтось")
