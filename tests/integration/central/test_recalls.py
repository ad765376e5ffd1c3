"""Leases are asked back from registers that are there, and come back by their own facts only."""

import threading
import uuid

import pytest

pytestmark = pytest.mark.postgres
AT = "2026-11-22T09:00:00.000Z"


def ask(till, member, points):
    body = {
        "auth_id": str(uuid.uuid4()),
        "sale_id": str(uuid.uuid4()),
        "member_id": member,
        "points": points,
    }
    reply = till.post("/v1/authorisations", body)
    assert reply.status_code == 200, reply.text
    return reply.json()["approved_points"], reply.json()["reason"]


def give_back(till, lease, points, recall_id):
    body = {
        "lease_id": lease["lease_id"],
        "member_id": lease["member_id"],
        "points": points,
        "recall_id": recall_id,
        "returned_at": AT,
    }
    assert till.send("lease_returned", body) == "accepted"


def answering(till, member, share=1.0):
    """A register that looks at its feed until it is asked, then answers."""

    def work():
        for _ in range(200):
            lease = till.lease(member)
            if lease.get("recall_id"):
                points = int(lease["recall_points"] * share)
                give_back(till, lease, points, lease["recall_id"])
                return

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_a_till_gets_what_another_one_gives_back_in_time(centre, add_member, sale_body, books):
    member = add_member("100")
    home, other = centre.till("S1", "R1"), centre.till("S2", "R2")
    home.send("sale", sale_body(home, member))
    assert books(member)[f"lease:R1.1.{member}"] == 6_000
    thread = answering(home, member)
    assert ask(other, member, 9_000) == (9_000, "")
    thread.join()
    assert books(member) == {"held": 9_000, f"lease:R1.1.{member}": 1_000}
    assert home.lease(member)["recall_id"] == ""
    assert home.lease(member)["granted_points"] == 6_000


def test_nothing_is_credited_by_asking(centre, add_member, sale_body, redemption, books):
    member = add_member("100")
    home, other = centre.till("S1", "R1"), centre.till("S2", "R2")
    home.send("sale", sale_body(home, member))
    lease = home.lease(member)
    burn = redemption(6_000, lease_id=lease["lease_id"], lease_points=6_000)
    burnt = home.fact("sale", sale_body(home, member, redemption=burn, mode="offline"))
    assert ask(other, member, 9_000) == (4_000, "insufficient")
    centre.clock.advance(days=2)
    assert ask(other, member, 9_000) == (0, "insufficient")
    home.upload(burnt)
    asked = home.lease(member)
    assert asked["recall_points"] == 5_000
    give_back(home, asked, 0, asked["recall_id"])
    assert books(member) == {"held": 4_000}
    give_back(home, asked, 5_000, "")
    assert books(member) == {"held": 4_000}, "what is spent does not come back"


def test_only_those_who_are_there_are_asked(centre, add_member, sale_body, books):
    member = add_member("100")
    home, other = centre.till("S1", "R1"), centre.till("S2", "R2")
    home.send("sale", sale_body(home, member))
    centre.clock.advance(minutes=5)
    assert ask(other, member, 9_000) == (4_000, "insufficient")
    assert home.lease(member)["recall_id"] == ""
    stranger = {"lease_id": f"R1.1.{member}", "member_id": member, "points": 10, "returned_at": AT}
    other.send("lease_returned", stranger)
    assert books(member)[f"lease:R1.1.{member}"] == 6_000, "another store's lease is not theirs"


def test_a_move_asks_the_old_store_for_its_surplus(centre, add_member, sale_body, books):
    member = add_member("100")
    old, new = centre.till("S1", "R1"), centre.till("S2", "R2")
    old.send("sale", sale_body(old, member))
    for _ in range(3):
        new.send("sale", sale_body(new, member))
    lease = old.lease(member)
    assert lease["recall_points"] == 2_000, "S2 may hold 6,000 now and has 4,000"
    give_back(old, lease, 2_000, lease["recall_id"])
    new.send("sale", sale_body(new, member))
    after = books(member)
    assert after == {f"lease:R1.1.{member}": 4_000, f"lease:R2.1.{member}": 6_000}


def test_a_hubs_lease_is_spent_and_returned_by_its_store(
    centre, add_member, sale_body, redemption, books, db
):
    member = add_member("100")
    hub, till, far = centre.till("S1", "R1"), centre.till("S1", "R2"), centre.till("S2", "R3")
    db.execute("insert into hub_term values ('S1', 1, 'R1', '{}', '', '')")
    till.send("sale", sale_body(till, member))
    lease = f"R1.1.{member}"
    assert books(member) == {"available": 4_000, f"lease:{lease}": 6_000}
    burn = redemption(2_500, lease_id=lease, lease_points=2_500)
    till.send("sale", sale_body(till, member, redemption=burn, mode="offline"))
    far.send("sale", sale_body(far, member, redemption=burn, mode="offline"))
    assert books(member) == {f"lease:{lease}": 4_500, f"lease:R3.1.{member}": 500}
    assert hub.lease(member)["granted_points"] == 7_000
    back = {"lease_id": lease, "member_id": member, "points": 500, "returned_at": AT}
    till.send("lease_returned", back)
    assert books(member)[f"lease:{lease}"] == 4_000
