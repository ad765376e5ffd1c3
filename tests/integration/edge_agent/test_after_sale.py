"""Beside and after a sale: what an answer says, parking, another member, what was forgotten."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from edge_agent.ledger.verify import quick_check
from sync.contract.messages import WireSale
from tests.support.rig import (
    CARD,
    NO_LEASE_CARD,
    OTHER_CARD,
    PHONE,
    Rig,
    answer,
    line,
    payment,
    sell,
)
from tests.support.sale_steps import GROUPS, begin, facts, post, refusal

# --- what an answer says ----------------------------------------------------------------------


def test_adjustments_sum_to_the_change_of_each_tax_group(rig: Rig) -> None:
    view = begin(rig, GROUPS, CARD)
    view = answer(post(rig, view, "redeem", {"points": 3_333}))
    assert view["redeemed_minor"] == 3_333
    for group in view["tax_groups"]:
        off = sum(
            each["amount_minor"]
            for each in view["adjustments"]
            if each["tax_group"] == group["tax_group"]
        )
        assert group["gross_minor"] - off == group["paid_minor"]
        assert off == group["discount_minor"] + group["redeemed_minor"]
    assert sum(group["paid_minor"] for group in view["tax_groups"]) == view["payable_minor"]
    assert {each["kind"] for each in view["adjustments"]} == {"promotion", "redemption"}
    assert (view["mode"], view["ruleset_sequence"]) == ("offline", 1)
    assert view["quote_id"] != ""
    assert view["basket_hash"] != ""


def test_a_register_in_doubt_says_degraded(rig: Rig) -> None:
    assert rig.agent is not None
    view = begin(rig, GROUPS, CARD)
    rig.agent.till._ledger.judged(["a doubt"])
    shown = answer(rig.http.get(f"/v1/sales/{view['sale_id']}/status"))
    assert shown["mode"] == "degraded"


# --- whose sale it is -------------------------------------------------------------------------


def test_a_second_member_asks_and_the_same_one_is_silent(rig: Rig) -> None:
    view = begin(rig, GROUPS, CARD)
    path = f"/v1/sales/{view['sale_id']}/member"
    ask = {"if_other": "ask", "source": "scanner"}
    assert refusal(rig.http.put(path, json={"code": OTHER_CARD, **ask})) == (409, "other_member")
    same = answer(rig.http.put(path, json={"code": CARD, **ask}))
    assert same["member"]["member_id"] == 101
    other = answer(rig.http.put(path, json={"code": OTHER_CARD, "source": "scanner"}))
    assert other["member"]["member_id"] == 102


def test_the_same_member_typed_after_the_card_keeps_the_cards_strength(rig: Rig) -> None:
    view = begin(rig, [line(1, "bread", 10_000)], CARD)
    path = f"/v1/sales/{view['sale_id']}"
    answer(rig.http.put(f"{path}/member", json={"code": PHONE, "source": "keyboard"}))
    redeemed = answer(rig.http.post(f"{path}/redeem", json={"points": None}))
    assert redeemed["redeemed_minor"] == 5_000


def test_a_replaced_member_takes_the_redemption_along_and_nothing_adds_up(rig: Rig) -> None:
    view = begin(rig, [line(1, "bread", 10_000)], CARD)
    path = f"/v1/sales/{view['sale_id']}"
    assert answer(rig.http.post(f"{path}/redeem", json={"points": None}))["redeemed_minor"] == 5_000
    other = answer(rig.http.put(f"{path}/member", json={"code": OTHER_CARD, "source": "scanner"}))
    assert other["redeemed_minor"] == 0
    redeemed = answer(rig.http.post(f"{path}/redeem", json={"points": None}))
    assert redeemed["redeemed_minor"] == 1_500, "the second member's lease alone"


def reassign(rig: Rig, view: dict[str, Any], card: str = OTHER_CARD, **more: Any) -> Any:
    body = {
        "identity": {"code": card, "source": "scanner"},
        "reason": "забув картку",
        "supervisor": "Оля",
        **more,
    }
    return post(rig, view, "reassign", body)


@pytest.mark.parametrize("first", ["", CARD], ids=["a stranger's", "another member's"])
def test_a_sale_is_given_to_its_member_as_a_void_and_a_new_sale(rig: Rig, first: str) -> None:
    sale = sell(rig.http, GROUPS, card=first)
    answer(post(rig, sale, "print-result", {"verdict": "printed", "fiscal_number": "77"}))
    moved = answer(reassign(rig, sale))
    assert moved["sale_id"] != sale["sale_id"]
    assert moved["member"]["member_id"] == 102
    assert moved["result"]["payable_minor"] == sale["result"]["payable_minor"]
    assert moved["accrual_points"] > 0
    assert answer(reassign(rig, sale))["sale_id"] == moved["sale_id"], "asked again: the same"
    old = answer(rig.http.get(f"/v1/sales/{sale['sale_id']}/status"))
    assert (old["state"], old["result"]["reassigned_to"]) == ("voided", moved["sale_id"])
    kinds = [kind for kind, _ in facts(rig)]
    assert kinds == ["sale", "print_verdict", "sale_voided", "sale"]
    fact = WireSale.model_validate(facts(rig)[-1][1])
    assert (fact.member_id, fact.accrual_points) == (102, moved["accrual_points"])
    # The buyer holds the old receipt: under its number the goods come back, by the new life.
    (found,) = answer(rig.http.post("/v1/receipts/search", json={"receipt": "77"}))["receipts"]
    assert found["sale_id"] == moved["sale_id"]
    back = answer(post(rig, sale, "returns", {"return_id": str(uuid.uuid4())}))
    assert (back["sale_id"], back["reversed_points"]) == (moved["sale_id"], fact.accrual_points)
    assert quick_check(rig.folder / "data" / "ledger.db") == []


def test_a_sale_is_not_reassigned_without_reason_or_after_a_redemption(rig: Rig) -> None:
    sale = sell(rig.http, GROUPS)
    assert refusal(reassign(rig, sale, supervisor=" ")) == (409, "needs_supervisor")
    assert refusal(reassign(rig, sale, card="nobody")) == (409, "unknown_member")
    spent = sell(rig.http, [line(1, "bread", 10_000)], card=CARD, redeem=True)
    assert refusal(reassign(rig, spent)) == (409, "redeemed_already")
    assert [kind for kind, _ in facts(rig)] == ["sale", "sale"]


def test_a_third_member_gets_the_sale_from_the_second_and_not_the_seconds_answer(rig: Rig) -> None:
    sale = sell(rig.http, GROUPS)
    answer(post(rig, sale, "print-result", {"verdict": "printed", "fiscal_number": "78"}))
    second = answer(reassign(rig, sale))
    third = answer(reassign(rig, sale, card=NO_LEASE_CARD))
    assert third["member"]["member_id"] == 103
    assert third["sale_id"] not in (sale["sale_id"], second["sale_id"])
    assert answer(reassign(rig, sale, card=NO_LEASE_CARD))["sale_id"] == third["sale_id"]
    assert answer(reassign(rig, second, card=NO_LEASE_CARD))["sale_id"] == third["sale_id"]
    kinds = [kind for kind, _ in facts(rig)]
    assert kinds == ["sale", "print_verdict", *["sale_voided", "sale"] * 2]
    voids = [body for kind, body in facts(rig) if kind == "sale_voided"]
    assert [each["reassigned_to"] for each in voids] == [second["sale_id"], third["sale_id"]]
    back = answer(reassign(rig, sale))
    assert back["member"]["member_id"] == 102, "and back again, as a new life"
    assert back["sale_id"] not in (second["sale_id"], third["sale_id"])
    (found,) = answer(rig.http.post("/v1/receipts/search", json={"receipt": "78"}))["receipts"]
    assert found["sale_id"] == back["sale_id"]
    assert quick_check(rig.folder / "data" / "ledger.db") == []


def test_a_sale_of_an_earlier_shift_is_the_centres(rig: Rig) -> None:
    sale, second = sell(rig.http, GROUPS), sell(rig.http, GROUPS)
    moved = answer(reassign(rig, second))
    answer(rig.http.post("/v1/shift/z", json={}))
    for each in (sale, moved):
        assert refusal(reassign(rig, each, card=CARD)) == (409, "reassign_too_late")
    assert answer(reassign(rig, second))["sale_id"] == moved["sale_id"], "asked again: the same"
    fresh = sell(rig.http, GROUPS)
    assert answer(reassign(rig, fresh))["member"]["member_id"] == 102
    assert refusal(reassign(rig, sale)) == (409, "reassign_too_late")


# --- parked and forgotten sales ---------------------------------------------------------------


def test_a_parked_sale_gives_its_promise_back_and_is_resumed_with_todays_prices(rig: Rig) -> None:
    view = begin(rig, [line(1, "bread", 10_000)], CARD)
    answer(post(rig, view, "redeem", {"points": None}))
    parked = answer(post(rig, view, "park", {"note": "пішла по гроші"}))
    assert (parked["is_parked"], parked["redeemed_minor"]) == (True, 0)
    assert answer(rig.http.get("/v1/state"))["sale"] is None, "the desk is free"
    (listed,) = rig.http.get("/v1/sales", params={"state": "parked"}).json()
    assert (listed["note"], listed["member_name"]) == ("пішла по гроші", "Олена К.")
    assert rig.http.get("/v1/sales").json() == []
    other = begin(rig, [line(1, "bread", 10_000)], CARD)
    assert answer(post(rig, other, "redeem", {"points": None}))["redeemed_minor"] == 5_000
    resumed = answer(post(rig, view, "resume", {}))
    assert resumed["is_parked"] is False
    assert resumed["member"]["member_id"] == 101
    assert rig.http.get("/v1/sales", params={"state": "parked"}).json() == []


def test_a_parked_sale_survives_a_restart_and_is_not_put_on_the_desk(rig: Rig) -> None:
    view = begin(rig, GROUPS)
    answer(post(rig, view, "park", {"note": "1"}))
    rig.stop()
    rig.start()
    assert answer(rig.http.get("/v1/state"))["sale"] is None
    assert [each["note"] for each in rig.http.get("/v1/sales?state=parked").json()] == ["1"]


def test_a_sale_nobody_confirmed_is_closed_by_rule_and_shown(rig: Rig) -> None:
    """The register's clock goes on; parked sales go the same way, and promises come back."""
    assert rig.agent is not None
    view, parked = begin(rig, [line(1, "bread", 10_000)], CARD), begin(rig, GROUPS)
    assert answer(post(rig, view, "redeem", {"points": None}))["redeemed_minor"] == 5_000
    answer(post(rig, parked, "park", {"note": "1"}))
    clock = rig.agent.till.context().clock
    clock.learn((12 * 3_600 - 300) * 1_000, 0)
    rig.agent.beat()
    assert answer(rig.http.get(f"/v1/sales/{view['sale_id']}/status"))["state"] == "open"
    clock.learn((12 * 3_600 + 60) * 1_000, 0)
    rig.agent.beat()
    state = answer(rig.http.get("/v1/state"))
    assert state["notice"]["code"] == "abandoned"
    listed = rig.http.get("/v1/sales", params={"state": "abandoned"}).json()
    assert {each["sale_id"] for each in listed} == {view["sale_id"], parked["sale_id"]}
    shown = answer(rig.http.get(f"/v1/sales/{view['sale_id']}/status"))
    assert (shown["state"], shown["result"]) == ("cancelled", {"closed_by": "abandoned"})
    assert refusal(rig.http.post(f"/v1/sales/{view['sale_id']}/confirm", json=payment(view))) == (
        409,
        "sale_closed",
    )
    assert facts(rig) == []
    other = begin(rig, [line(1, "bread", 10_000)], CARD)
    assert answer(post(rig, other, "redeem", {"points": None}))["redeemed_minor"] == 5_000


def test_unknown_fields_are_named_wherever_they_stand(rig: Rig) -> None:
    body = {
        "colour": 1,
        "basket": {"lines": [line(1, "milk", 100) | {"size": "L"}], "note": ""},
        "identity": {"code": NO_LEASE_CARD, "face": "x"},
    }
    view = answer(rig.http.post(f"/v1/sales/{uuid.uuid4()}/open", json=body))
    assert view["ignored"] == ["colour", "identity.face", "basket.note", "basket.lines.0.size"]
    parked = answer(post(rig, view, "park", {"note": "1", "till": 2}))
    assert parked["ignored"] == ["till"]
