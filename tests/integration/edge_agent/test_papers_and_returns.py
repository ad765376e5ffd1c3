"""After a sale: the POS's own paper, receipts that are found, goods that come back."""

from __future__ import annotations

import uuid
from typing import Any

from edge_agent.ledger.verify import quick_check
from tests.support.rig import (
    CARD,
    OTHER_CARD,
    Rig,
    answer,
    sell,
)
from tests.support.sale_steps import GROUPS, begin, facts, post, refusal

# --- paper of the POS -------------------------------------------------------------------------


def test_the_pos_prints_what_the_confirmation_hands_it_also_after_a_restart(rig: Rig) -> None:
    sale = sell(rig.http, GROUPS, card=CARD, redeem=True)
    blocks = {block["slot"]: block for block in sale["receipt_blocks"]}
    assert any("Молочне" in text for text in blocks["post_lines"]["text"])
    assert all(len(text) <= 32 for block in blocks.values() for text in block["text"])
    assert blocks["qr"]["qr"] == f"LES:{sale['sale_id']}"
    rig.stop()
    rig.start()
    again = answer(rig.http.get(f"/v1/sales/{sale['sale_id']}/status"))
    assert again["receipt_blocks"] == sale["receipt_blocks"]


def test_what_became_of_the_poss_paper(rig: Rig) -> None:
    sale = sell(rig.http, GROUPS, card=CARD)
    shown = answer(post(rig, sale, "print-result", {"verdict": "unknown", "reason": "кабель"}))
    assert [job["state"] for job in shown["prints"]] == ["unknown"]
    said = {"verdict": "printed", "fiscal_number": "1234567"}
    for _ in range(3):
        shown = answer(post(rig, sale, "print-result", said))
    assert [(job["state"], job["fiscal_number"]) for job in shown["prints"]] == [
        ("printed", "1234567")
    ]
    late = answer(post(rig, sale, "print-result", {"verdict": "not_printed"}))
    assert late["prints"][0]["state"] == "printed", "printed is the last word"
    verdicts = [body["verdict"] for kind, body in facts(rig) if kind == "print_verdict"]
    assert verdicts == ["unknown", "printed"]
    assert refusal(post(rig, sale, "void", {})) == (409, "not_voidable")


def test_a_sale_whose_paper_the_pos_could_not_print_is_voided_with_its_points(rig: Rig) -> None:
    before = answer(rig.http.get("/v1/status"))["last_seq"]
    sale = sell(rig.http, GROUPS, card=CARD)
    assert refusal(post(rig, sale, "void", {})) == (409, "not_voidable"), "nothing was said yet"
    answer(post(rig, sale, "print-result", {"verdict": "not_printed"}))
    job = answer(rig.http.get(f"/v1/sales/{sale['sale_id']}/status"))["prints"][0]["job_id"]
    retry = rig.http.post(f"/v1/print-jobs/{job}/retry", json={})
    assert refusal(retry) == (409, "paper_is_pos")
    void = answer(post(rig, sale, "void", {"reason": "немає паперу"}))
    assert void["state"] == "voided"
    assert answer(rig.http.get("/v1/status"))["last_seq"] == before + 3
    member = begin(rig, GROUPS, CARD)["member"]
    assert (member["balance_points"], member["pending_points"]) == (20_000, 0)
    assert quick_check(rig.folder / "data" / "ledger.db") == []


def test_an_open_sale_has_no_paper(rig: Rig) -> None:
    view = begin(rig, GROUPS)
    assert refusal(post(rig, view, "print-result", {"verdict": "printed"})) == (409, "sale_closed")


# --- receipts that come back ------------------------------------------------------------------


def test_a_receipt_is_found_by_its_number_its_qr_or_its_id(rig: Rig) -> None:
    sale = sell(rig.http, GROUPS, card=CARD, redeem=1_000)
    said = {"verdict": "printed", "fiscal_number": "990017"}
    answer(post(rig, sale, "print-result", said))
    tax_qr = "https://cabinet.tax.gov.ua/cashreg/check?fn=4000012345&id=990017&sm=1.00"
    own_qr = f"LES:{sale['sale_id']}"
    for text in ("990017", " 990017 ", sale["sale_id"], own_qr, tax_qr):
        (found,) = answer(rig.http.post("/v1/receipts/search", json={"receipt": text}))["receipts"]
        assert (found["sale_id"], found["fiscal_number"]) == (sale["sale_id"], "990017"), text
        assert [each["left_milli"] for each in found["lines"]] == [2_000, 1_000, 1_000]
        assert found["redeemed_points"] == 1_000
    for text in ("", "0", "LES:zzz", "https://[", "x" * 512):
        refused = rig.http.post("/v1/receipts/search", json={"receipt": text})
        assert refusal(refused)[1] == "unknown_receipt", text


def test_a_members_receipts_are_listed_newest_first(rig: Rig) -> None:
    sales = [sell(rig.http, GROUPS, card=CARD) for _ in range(3)]
    sell(rig.http, GROUPS, card=OTHER_CARD)
    body = {"identity": {"code": CARD, "source": "scanner"}}
    found = answer(rig.http.post("/v1/receipts/search", json=body))["receipts"]
    assert {each["sale_id"] for each in found} == {sale["sale_id"] for sale in sales}
    sold_at = [each["sold_at"] for each in found]
    assert sold_at == sorted(sold_at, reverse=True)


def test_a_preview_shows_money_and_points_and_writes_nothing(rig: Rig) -> None:
    sale = sell(rig.http, GROUPS, card=CARD, redeem=True)
    body = {"lines": [{"line_id": "1", "qty_milli": 1_000}]}
    shown = answer(post(rig, sale, "returns/preview", body))
    assert (shown["state"], len(facts(rig))) == ("preview", 1)
    back = answer(post(rig, sale, "returns", {"return_id": str(uuid.uuid4()), **body}))
    same = {name: shown[name] for name in shown if name not in ("return_id", "state")}
    assert same == {name: back[name] for name in same}
    assert back["restored_points"] > 0
    over = post(rig, sale, "returns/preview", {"lines": [{"line_id": "1", "qty_milli": 2_000}]})
    assert refusal(over) == (422, "over_returned")


def test_another_registers_sale_comes_back_as_a_reversal_that_waits_for_it(rig: Rig) -> None:
    foreign = {"sale_id": str(uuid.uuid4())}
    body = {
        "return_id": str(uuid.uuid4()),
        "refund_minor": 12_345,
        "tenders": [{"kind": "card", "amount_minor": 12_345}],
    }
    given = answer(post(rig, foreign, "returns/foreign", body))
    assert (given["refund_minor"], given["is_complete"]) == (12_345, True)
    assert answer(post(rig, foreign, "returns/foreign", body)) == given
    again = post(rig, foreign, "returns/foreign", {**body, "return_id": str(uuid.uuid4())})
    assert refusal(again) == (409, "already_returned")
    ((kind, fact),) = facts(rig)
    assert (kind, fact["version"], fact["sale_id"]) == ("sale_return", 1, foreign["sale_id"])
    short = {**body, "return_id": str(uuid.uuid4()), "refund_minor": 1}
    other = {"sale_id": str(uuid.uuid4())}
    assert refusal(post(rig, other, "returns/foreign", short)) == (409, "refund_differs")
    own = sell(rig.http, GROUPS)
    mine = {**body, "return_id": str(uuid.uuid4())}
    assert refusal(post(rig, own, "returns/foreign", mine)) == (409, "own_sale")


def test_parts_of_another_registers_sale_wait_with_their_lines(rig: Rig) -> None:
    foreign = {"sale_id": str(uuid.uuid4())}
    assert refusal(post(rig, foreign, "returns/preview", {})) == (404, "unknown_sale")

    def part(lines: dict[str, int] | None) -> Any:
        body: dict[str, Any] = {"return_id": str(uuid.uuid4()), "refund_minor": 0}
        if lines is not None:
            body["lines"] = [{"line_id": key, "qty_milli": qty} for key, qty in lines.items()]
        return post(rig, foreign, "returns/foreign", body)

    first = answer(part({"1": 500, "2": 1_000}))
    assert [(each["line_id"], each["qty_milli"]) for each in first["lines"]] == [
        ("1", 500),
        ("2", 1_000),
    ]
    assert (first["is_complete"], first["restored_points"]) == (False, 0)
    answer(part({"1": 500}))
    assert answer(part(None))["is_complete"]
    assert refusal(part({"1": 500})) == (409, "already_returned")
    versions = [(fact["version"], fact["is_complete"]) for _, fact in facts(rig)]
    assert versions == [(3, False), (3, False), (1, True)]
