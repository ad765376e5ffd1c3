"""Sales, paper, voids and returns move points as the ledger says, and the books stay sound."""

import uuid

import pytest

pytestmark = pytest.mark.postgres


def new_id() -> str:
    return str(uuid.uuid4())


def verdict(subject_id, said="printed"):
    return {
        "version": 1,
        "subject_id": subject_id,
        "job_id": new_id(),
        "verdict": said,
        "decided_at": "2026-11-22T09:00:01.000Z",
    }


def void(sale_id):
    return {"version": 1, "sale_id": sale_id, "reason": "test", "voided_at": "2026-11-22T09:01:00Z"}


def back(sale_id, fiscal="none", **changes):
    body = {
        "version": 1,
        "return_id": new_id(),
        "sale_id": sale_id,
        "refund_minor": 10_000,
        "tenders": [{"kind": "cash", "amount_minor": 10_000}],
        "returned_at": "2026-11-23T09:00:00Z",
        "fiscal": fiscal,
    }
    return {**body, **changes}


def test_a_sale_without_paper_earns_at_once(centre, add_member, sale_body, books):
    member = add_member("10")
    till = centre.till()
    body = sale_body(till, member, accrual_points=250, accrual_expires_on="2027-11-22")
    assert till.send("sale", body) == "accepted"
    shown = till.member(member)
    assert shown["balance_points"] == 1250
    assert shown["name"] == "Олена К."
    assert shown["purchases_count"] == 1
    assert shown["purchases"] == [
        {"at": body["occurred_at"], "total_minor": 10_000, "items": ["Хліб"]}
    ]
    assert sum(books(member).values()) == 1250


def test_paper_decides_when_earned_points_count(centre, add_member, sale_body, books):
    member = add_member("10")
    till = centre.till()
    body = sale_body(till, member, accrual_points=250, fiscal="pending")
    till.send("sale", body)
    assert (till.member(member)["balance_points"], till.member(member)["pending_points"]) == (
        1000,
        250,
    )
    for said in ("not_printed", "unknown"):
        till.send("print_verdict", verdict(body["sale_id"], said))
        assert till.member(member)["pending_points"] == 250
    till.send("print_verdict", verdict(body["sale_id"]))
    till.send("print_verdict", verdict(body["sale_id"]))
    assert (till.member(member)["balance_points"], till.member(member)["pending_points"]) == (
        1250,
        0,
    )
    assert sum(books(member).values()) == 1250


def test_a_void_before_paper_restores_everything(
    centre, add_member, sale_body, redemption, books, db
):
    member = add_member("10", "2026-12-31")
    till = centre.till()
    before = books(member)
    slices = "select lot_id, expires_on, points from slice where member_id = %s and place = %s"
    lots = db.execute(slices, [member, "available"]).fetchall()
    body = sale_body(
        till, member, accrual_points=250, fiscal="pending", redemption=redemption(300, "online")
    )
    till.upload(
        till.fact("sale", body), till.fact("print_verdict", verdict(body["sale_id"], "not_printed"))
    )
    till.send("sale_voided", void(body["sale_id"]))
    assert till.send("print_verdict", verdict(body["sale_id"])) == "accepted"
    assert sum(books(member).values()) == sum(before.values())
    leased = db.execute(
        "select lot_id, expires_on, sum(points) from slice where member_id = %s group by 1, 2",
        [member],
    ).fetchall()
    assert leased == lots
    shown = till.member(member)
    assert (shown["pending_points"], shown["purchases"], shown["purchases_count"]) == (0, [], 0)


def test_a_hold_pays_the_sale_and_the_rest_is_released(
    centre, add_member, sale_body, redemption, books
):
    member = add_member("10")
    till = centre.till()
    auth_id, sale_id = new_id(), new_id()
    ask = {"auth_id": auth_id, "sale_id": sale_id, "member_id": member, "points": 400}
    reply = till.post("/v1/authorisations", ask).json()
    assert (reply["approved_points"], reply["reason"]) == (400, "")
    assert books(member) == {"available": 600, "held": 400}
    spent = redemption(300, "online", auth_id=auth_id, hold_points=300)
    till.send("sale", sale_body(till, member, sale_id=sale_id, redemption=spent))
    after = books(member)
    assert "held" not in after
    assert sum(after.values()) == 700
    assert till.member(member)["balance_points"] == 700


def test_a_hold_that_the_sale_did_not_use_is_voided(
    centre, add_member, sale_body, redemption, books, db
):
    member = add_member("10")
    till = centre.till()
    auth_id, sale_id = new_id(), new_id()
    ask = {"auth_id": auth_id, "sale_id": sale_id, "member_id": member, "points": 1000}
    till.post("/v1/authorisations", ask)
    declined = redemption(0, "declined", auth_id=auth_id, requested_points=1000)
    till.send("sale", sale_body(till, member, sale_id=sale_id, redemption=declined))
    assert "held" not in books(member)
    assert sum(books(member).values()) == 1000
    state = db.execute("select state from hold where auth_id = %s", [auth_id]).fetchone()
    assert state == ("voided",)
    late = till.post("/v1/authorisations", {**ask, "auth_id": new_id()}).json()
    assert (late["approved_points"], late["reason"]) == (0, "sale_closed")


def test_a_lease_is_spent_and_a_return_reopens_the_lots(
    centre, add_member, sale_body, redemption, books, db
):
    member = add_member("100", "2026-11-30")
    till = centre.till()
    till.send("sale", sale_body(till, member))
    lease = till.lease(member)
    assert lease["granted_points"] == 6_000
    assert (lease["epoch"], lease["state"]) == (1, "open")
    spent = redemption(1_500, lease_id=lease["lease_id"], lease_points=1_500)
    body = sale_body(till, member, redemption=spent, accrual_points=200, mode="offline")
    till.send("sale", body)
    assert sum(books(member).values()) == 10_000 - 1_500 + 200
    till.send("sale_return", back(body["sale_id"], member_id=member))
    after = books(member)
    assert sum(after.values()) == 10_000
    days = db.execute(
        "select expires_on::text, sum(points) from slice where member_id = %s"
        " group by 1 order by 1",
        [member],
    ).fetchall()
    assert days == [("2026-11-30", 8_500), ("2026-12-06", 1_500)]
    again = till.send("sale_return", back(body["sale_id"]))
    assert again == "accepted"
    assert books(member) == after


def test_a_return_with_paper_waits_for_it(centre, add_member, sale_body, books):
    member = add_member("0")
    till = centre.till()
    body = sale_body(till, member, accrual_points=500)
    till.send("sale", body)
    returned = back(body["sale_id"], fiscal="pending")
    till.send("sale_return", returned)
    assert till.member(member)["balance_points"] == 500
    till.send("print_verdict", verdict(returned["return_id"], "unknown"))
    assert till.member(member)["balance_points"] == 500
    till.send("print_verdict", verdict(returned["return_id"]))
    assert till.member(member)["balance_points"] == 0
    assert sum(books(member).values()) == 0


def test_spending_beyond_every_right_is_overdraft_with_its_origin(
    centre, add_member, sale_body, redemption, books, db
):
    member = add_member("10")
    till = centre.till()
    greedy = redemption(2_500, "lease", lease_id="R9.1.5", lease_points=2_500)
    body = sale_body(till, member, redemption=greedy, accrual_points=400, mode="offline")
    till.send("sale", body)
    assert books(member) == {"overdraft": -1_100}
    assert till.member(member)["balance_points"] == -1_100
    origin = db.execute(
        "select e.kind, e.layer, e.store_id, e.register_id, l.amount from entry e join leg l"
        " on l.member_id = e.member_id and l.entry_id = e.entry_id"
        " where l.account = 'overdraft' order by l.amount",
    ).fetchall()
    assert origin == [
        ("redemption", "lease", "S1", "R1", -1_500),
        ("repayment", "", "S1", "R1", 400),
    ]
    till.send("sale_voided", void(body["sale_id"]))
    assert sum(books(member).values()) == 1_000


def test_facts_about_an_unknown_sale_wait_for_it(centre, add_member, sale_body, books, db):
    member = add_member("0")
    seller, other = centre.till("S1", "R1"), centre.till("S1", "R2")
    body = sale_body(seller, member, accrual_points=500)
    returned = back(body["sale_id"], fiscal="pending")
    facts = [other.fact("sale_return", returned)]
    facts.append(other.fact("print_verdict", verdict(returned["return_id"])))
    reply = other.upload(*facts)
    assert [each["verdict"] for each in reply["verdicts"]] == ["accepted", "accepted"]
    states = "select state, count(*) from inbox group by state"
    assert db.execute(states).fetchall() == [("parked", 2)]
    seller.send("sale", body)
    assert db.execute(states).fetchall() == [("applied", 3)]
    assert db.execute("select count(*) from parked").fetchone() == (0,)
    assert sum(books(member).values()) == 0
    assert seller.member(member)["purchases_count"] == 0


def test_a_return_and_its_sale_in_one_batch_in_any_order(centre, add_member, sale_body, books, db):
    member = add_member("0")
    till = centre.till()
    body = sale_body(till, member, accrual_points=500)
    till.upload(till.fact("sale_return", back(body["sale_id"])), till.fact("sale", body))
    assert sum(books(member).values()) == 0
    assert db.execute("select state from inbox").fetchall() == [("applied",), ("applied",)]


def test_strangers_and_unknown_members_are_sold_to_as_well(
    centre, sale_body, redemption, books, db
):
    till = centre.till()
    stranger = sale_body(till)
    reply = till.upload(
        till.fact("sale", stranger),
        till.fact("print_verdict", verdict(stranger["sale_id"])),
        till.fact("sale", sale_body(till, 77, redemption=redemption(50))),
        till.fact("shift", {"opened": True}),
    )
    assert {each["verdict"] for each in reply["verdicts"]} == {"accepted"}
    assert books(77) == {"overdraft": -50}
    assert db.execute("select state from inbox group by 1").fetchall() == [("applied",)]


def test_only_the_holder_closes_a_lease_and_a_new_one_has_a_new_name(
    centre, add_member, sale_body, books
):
    member = add_member("100")
    till, other = centre.till("S1", "R1"), centre.till("S1", "R2")
    till.send("sale", sale_body(till, member))
    lease = till.lease(member)
    assert lease["granted_points"] == 3_000
    close = {
        "version": 1,
        "lease_id": lease["lease_id"],
        "member_id": member,
        "spent_points": 0,
        "closed_at": "2026-11-22T20:00:00Z",
    }
    other.send("lease_close", close)
    assert books(member)[f"lease:{lease['lease_id']}"] == 3_000
    till.send("lease_close", close)
    assert f"lease:{lease['lease_id']}" not in books(member)
    assert till.lease(member)["state"] == "closed"
    till.send("sale", sale_body(till, member))
    till.pull()
    again = till.cache["lease", f"{lease['lease_id']}.2"]["body"]
    assert (again["granted_points"], again["state"]) == (3_000, "open")
    assert books(member)[f"lease:{lease['lease_id']}.2"] == 3_000


def test_leases_die_with_their_epoch_but_stay_debited(centre, add_member, sale_body, books):
    member = add_member("100")
    old = centre.till("S1", "R1")
    old.send("sale", sale_body(old, member))
    old_lease = old.lease(member)["lease_id"]
    new = centre.till("S1", "R1")
    assert new.epoch == 2
    new.pull()
    assert not [key for key in new.cache if key[0] == "lease"]
    new.send("sale", sale_body(new, member))
    assert new.lease(member)["granted_points"] == 4_000, "all that is not lent to the old life"
    assert books(member)[f"lease:{old_lease}"] == 6_000
    late = old.fact("sale", sale_body(old, member))
    assert old.upload(late)["verdicts"][0]["verdict"] == "accepted"
    assert old.post("/v1/heartbeat", {"epoch": 1}).status_code == 403


def test_the_same_sale_id_is_sold_once(centre, add_member, sale_body, books):
    member = add_member("0")
    till = centre.till()
    body = sale_body(till, member, accrual_points=100)
    till.upload(till.fact("sale", body), till.fact("sale", body))
    till.send("sale", body)
    assert sum(books(member).values()) == 100
