"""Who owes points is told to every register ahead of all other rows, and when it has ended."""

import uuid

import pytest

from central.changes import Changes
from central.people import block

pytestmark = pytest.mark.postgres


def overspend(till, member, sale_body, redemption, points):
    burn = redemption(points, "cache", cache_points=points)
    till.send("sale", sale_body(till, member, redemption=burn, mode="offline"))


def test_a_register_far_behind_learns_first_whom_to_deny(
    centre, add_member, sale_body, redemption, db
):
    member = add_member("1")
    till, behind = centre.till("S1", "R1"), centre.till("S2", "R2")
    with db.transaction():
        changes = Changes()
        for number in range(40):
            changes.put("good", f"{number:05d}", {"sku": f"{number:05d}", "name": "x"})
        changes.flush(db)
    overspend(till, member, sale_body, redemption, 500)
    page = behind.request("GET", "/v1/feed?cursor=&limit=10").json()
    assert page["more"]
    denied = [row for row in page["rows"] if row["kind"] == "deny"]
    assert [(row["key"], row["body"]["reason"]) for row in denied] == [(str(member), "overdraft")]
    rows = behind.pull(10)
    assert behind.cache["deny", str(member)]["is_deleted"] is False
    assert len({row["key"] for row in rows if row["kind"] == "good"}) == 40
    # What they earn repays first; the denial ends with the debt.
    till.send("sale", sale_body(till, member, accrual_points=400))
    behind.pull()
    assert behind.cache["deny", str(member)]["is_deleted"] is True


def test_the_denied_get_no_right_and_a_blocked_one_is_told_at_once(
    centre, add_member, sale_body, redemption, books, db
):
    member = add_member("10")
    till = centre.till()
    overspend(till, member, sale_body, redemption, 2_000)
    assert books(member) == {"overdraft": -1_000}
    assert not [key for key in till.cache if key[0] == "lease"]
    body = {"auth_id": str(uuid.uuid4()), "sale_id": str(uuid.uuid4()), "member_id": member}
    assert till.post("/v1/authorisations", {**body, "points": 1}).json()["approved_points"] == 0
    other = add_member("10")
    with db.transaction():
        block(db, other, centre.clock(), "iryna", "lost card", on=True)
    till.pull()
    assert till.cache["deny", str(other)]["body"]["reason"] == "blocked"
    with db.transaction():
        block(db, other, centre.clock(), "iryna", "found", on=False)
    till.pull()
    assert till.cache["deny", str(other)]["is_deleted"] is True


def test_an_overdraft_keeps_its_layer_and_is_repaid_oldest_first(
    centre, add_member, sale_body, redemption, books, db
):
    member = add_member("100")
    till, other = centre.till("S1", "R1"), centre.till("S2", "R2")
    till.send("sale", sale_body(till, member))
    lease = till.lease(member)["lease_id"]
    mixed = redemption(
        *(12_000, "cache"),
        lease_id=lease,
        lease_points=6_500,
        purse_points=2_000,
        cache_points=3_500,
    )
    sale = sale_body(till, member, redemption=mixed, mode="offline")
    till.send("sale", sale)
    overspend(other, member, sale_body, redemption, 300)
    rows = "select layer, store_id, register_id, points, left_points from overdraft order by 1, 2"
    # 10,000 were there: what the lease lacked came from available first, then the purse's.
    assert db.execute(rows).fetchall() == [
        ("cache", "S1", "R1", 2_000, 2_000),
        ("cache", "S2", "R2", 300, 300),
    ]
    assert books(member) == {"overdraft": -2_300}
    till.send("sale", sale_body(till, member, accrual_points=2_100))
    assert db.execute(rows).fetchall() == [
        ("cache", "S1", "R1", 2_000, 0),
        ("cache", "S2", "R2", 300, 200),
    ]
    assert books(member) == {"overdraft": -200}
    void = {"sale_id": sale["sale_id"], "reason": "x", "voided_at": "2026-11-22T09:00:00.000Z"}
    till.send("sale_voided", void)
    after = books(member)
    assert "overdraft" not in after
    assert sum(after.values()) == 10_000 + 2_100 - 300
