"""Goods come back at another register: it is told what is left, or names goods and no points."""

import uuid

import pytest

pytestmark = pytest.mark.postgres

LINES = [
    {
        "line_id": str(number),
        "sku": f"000{number}",
        "name": "Хліб",
        "qty_milli": 4_000,
        "unit_price_minor": 2_500,
        "sum_minor": 10_000,
    }
    for number in (1, 2)
]


def new_id() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def sold(centre, add_member, sale_body, redemption):
    """15 bonuses of a member's 30 spent, 10 on line 1; 2.00 bonuses earned, 1.20 by line 1."""

    def make(**changes):
        member = add_member("30")
        till = centre.till()
        till.pull()
        shares = [{"line_id": "1", "amount": 1_000}, {"line_id": "2", "amount": 500}]
        earned = [{"line_id": "1", "amount": 120}, {"line_id": "2", "amount": 80}]
        body = sale_body(
            till,
            member,
            lines=LINES,
            redemption=redemption(1_500, "online", shares=shares),
            accruals=[{"promotion_id": "p", "name": "5 %", "points": 200, "shares": earned}],
            accrual_points=200,
            gross_minor=20_000,
            redeemed_minor=1_500,
            payable_minor=18_500,
            tenders=[{"kind": "cash", "amount_minor": 18_500}],
            **changes,
        )
        return till, member, body

    return make


def goods(sale_id, lines, version=3, **changes):
    figures = dict.fromkeys(("gross_minor", "discount_minor", "redeemed_minor", "paid_minor"), 0)
    body = {
        "version": version,
        "return_id": new_id(),
        "sale_id": sale_id,
        "refund_minor": 100,
        "tenders": [{"kind": "cash", "amount_minor": 100}],
        "returned_at": "2026-11-23T09:00:00Z",
        "fiscal": "none",
        "lines": [{"line_id": key, "qty_milli": qty, **figures} for key, qty in lines.items()],
        "is_complete": False,
    }
    return {**body, **changes}


def voided(sale_id, **more):
    body = {"version": 1, "sale_id": sale_id, "reason": "", "voided_at": "2026-11-22T10:00:00Z"}
    return body | more


def ask(till, **message):
    reply = till.post("/v1/sales/lookup", message)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_another_register_is_told_the_sale_and_what_came_back(centre, sold):
    till, member, body = sold()
    other = centre.till("S2", "R2")
    assert ask(other, sale_id=body["sale_id"])["sales"] == [], "its register has not told it yet"
    till.send("sale", body)
    other.send("sale_return", back := goods(body["sale_id"], {"1": 1_000}))
    for question in ({"sale_id": body["sale_id"]}, {"member_id": member}):
        told = ask(other, **question)
        (found,) = told["sales"]
        assert found["sale"]["sale_id"] == body["sale_id"]
        assert [line["qty_milli"] for line in found["sale"]["lines"]] == [4_000, 4_000]
        assert [each["return_id"] for each in found["returns"]] == [back["return_id"]]
        assert told["balance_points"] == 3_000 - 1_500 + 200 + 250 - 30
    assert other.post("/v1/sales/lookup", {}).json()["code"] == "bad_message"
    assert ask(other, member_id=member + 1)["sales"] == []


def test_a_strangers_sale_is_told_with_what_came_back_and_a_voided_one_is_not(centre, sale_body):
    till, other = centre.till(), centre.till("S2", "R2")
    sale, gone = sale_body(till), sale_body(till)
    for body in (sale, gone):
        till.send("sale", body)
    till.send("sale_voided", voided(gone["sale_id"]))
    other.send("sale_return", back := goods(sale["sale_id"], {}, version=1, is_complete=True))
    told = ask(other, sale_id=sale["sale_id"])
    assert [each["return_id"] for each in told["sales"][0]["returns"]] == [back["return_id"]]
    assert told["balance_points"] is None
    assert ask(other, sale_id=gone["sale_id"])["sales"] == []


@pytest.mark.parametrize("first", [False, True], ids=["after its sale", "before its sale"])
def test_goods_without_figures_move_the_points_of_those_goods(centre, sold, books, first):
    till, member, body = sold()
    other = centre.till("S2", "R2")
    sends = [
        lambda: till.send("sale", body),
        lambda: other.send("sale_return", goods(body["sale_id"], {"1": 1_000, "2": 2_000})),
    ]
    for send in reversed(sends) if first else sends:
        assert send() == "accepted"
    spent, earned = 1_500 - 250 - 250, 200 - 30 - 40
    assert sum(books(member).values()) == 3_000 - spent + earned


def test_goods_come_back_never_more_than_there_were_also_within_a_batch(centre, sold, books):
    till, member, body = sold()
    other = centre.till("S2", "R2")
    till.send("sale", body)
    parts = [goods(body["sale_id"], {"1": 3_000, "9": 5_000}) for _ in range(2)]
    other.upload(*[other.fact("sale_return", part) for part in parts])
    assert sum(books(member).values()) == 3_000 - 1_500 + 200 + 1_000 - 120, "line 1 came back"
    other.send("sale_return", goods(body["sale_id"], {"2": 4_000}))
    assert sum(books(member).values()) == 3_000
    other.send("sale_return", goods(body["sale_id"], {"1": 4_000, "2": 4_000}))
    till.send("sale_return", goods(body["sale_id"], {}, version=1, is_complete=True))
    assert sum(books(member).values()) == 3_000


def test_the_receipt_of_a_reassigned_sale_gives_back_its_present_life(
    centre, add_member, sale_body, books
):
    member = add_member("30")
    till, other = centre.till(), centre.till("S2", "R2")
    first = sale_body(till)
    earned = [{"line_id": "1", "amount": 400}]
    accruals = [{"promotion_id": "p", "name": "5 %", "points": 400, "shares": earned}]
    second = sale_body(till, member, accruals=accruals, accrual_points=400)
    till.send("sale", first)
    other.send("sale_return", goods(first["sale_id"], {"1": 100}))
    till.upload(
        till.fact("sale_voided", voided(first["sale_id"], reassigned_to=second["sale_id"])),
        till.fact("sale", second),
    )
    (found,) = ask(other, sale_id=first["sale_id"])["sales"]
    assert found["sale"]["sale_id"] == second["sale_id"]
    other.send("sale_return", goods(first["sale_id"], {"1": 500}))
    assert sum(books(member).values()) == 3_000 + 400 - 200
    other.send("sale_return", goods(first["sale_id"], {}, version=1, is_complete=True))
    assert sum(books(member).values()) == 3_000
