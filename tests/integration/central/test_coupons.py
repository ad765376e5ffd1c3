"""Coupons that a sale earns reach every register, serve once, and go with their sale."""

import uuid

import pytest

pytestmark = pytest.mark.postgres
TEA = {"promotion_id": "p", "coupon": "TEA", "valid_days": 30, "expires_on": "2026-12-22"}
LATER = {**TEA, "valid_days": 60, "expires_on": "2027-01-21"}


def held(till, member):
    return till.member(member)["coupons"]


def about(kind, subject_id):
    bodies = {
        "print_verdict": {
            "subject_id": subject_id,
            "job_id": str(uuid.uuid4()),
            "verdict": "printed",
            "decided_at": "2026-11-22T09:00:01Z",
        },
        "sale_voided": {"sale_id": subject_id, "reason": "", "voided_at": "2026-11-22T09:01:00Z"},
        "sale_return": {
            "return_id": str(uuid.uuid4()),
            "sale_id": subject_id,
            "refund_minor": 10_000,
            "tenders": [],
            "returned_at": "2026-11-23T09:00:00Z",
            "fiscal": "none",
        },
    }
    return {"version": 1, **bodies[kind]}


def test_a_coupon_is_earned_known_elsewhere_and_used_once(centre, add_member, sale_body):
    member = add_member("0")
    till, other = centre.till("S1", "R1"), centre.till("S2", "R2")
    till.send("sale", sale_body(till, member, coupons=[LATER]))
    till.send("sale", sale_body(till, member, coupons=[TEA]))
    assert held(other, member) == [
        {"code": "TEA", "expires_on": "2027-01-21"},
        {"code": "TEA", "expires_on": "2026-12-22"},
    ]
    other.send("sale", sale_body(other, member, used_coupons=["TEA"]))
    assert held(till, member) == [{"code": "TEA", "expires_on": "2027-01-21"}]
    for _ in range(2):
        till.send("sale", sale_body(till, member, used_coupons=["TEA", "NOBODY"]))
        assert held(till, member) == []


def test_paper_decides_when_a_coupon_counts(centre, add_member, sale_body):
    member = add_member("0")
    till = centre.till()
    sale = sale_body(till, member, coupons=[TEA], fiscal="pending")
    till.send("sale", sale)
    assert held(till, member) == []
    till.send("print_verdict", about("print_verdict", sale["sale_id"]))
    assert [coupon["code"] for coupon in held(till, member)] == ["TEA"]


def test_a_void_gives_back_what_it_used_and_a_return_takes_what_it_earned(
    centre, add_member, sale_body
):
    member = add_member("0")
    till = centre.till()
    earned = sale_body(till, member, coupons=[TEA])
    till.send("sale", earned)
    used = sale_body(till, member, used_coupons=["TEA"], coupons=[LATER], fiscal="pending")
    till.send("sale", used)
    assert held(till, member) == []
    till.send("sale_voided", about("sale_voided", used["sale_id"]))
    assert held(till, member) == [{"code": "TEA", "expires_on": "2026-12-22"}]
    till.send("sale_return", about("sale_return", earned["sale_id"]))
    assert held(till, member) == []


def test_the_day_of_the_last_purchase_is_local(centre, add_member, sale_body):
    member = add_member("0")
    till = centre.till()
    till.send("sale", sale_body(till, member, occurred_at="2026-11-22T22:30:00.000Z"))
    assert till.member(member)["last_purchase_on"] == "2026-11-23"
