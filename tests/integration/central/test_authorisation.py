"""Holds: granted, answered the same, voided, overtaken."""

import uuid

import pytest

pytestmark = pytest.mark.postgres


def ask(member, points, **changes):
    body = {
        "auth_id": str(uuid.uuid4()),
        "sale_id": str(uuid.uuid4()),
        "member_id": member,
        "points": points,
    }
    return {**body, **changes}


def post(till, body):
    reply = till.post("/v1/authorisations", body)
    assert reply.status_code == 200, reply.text
    answer = reply.json()
    return answer["approved_points"], answer["reason"]


def void(till, auth_id):
    reply = till.request("POST", f"/v1/authorisations/{auth_id}/void")
    assert reply.status_code == 200, reply.text
    return reply.json()["approved_points"], reply.json()["reason"]


def test_the_same_id_gets_the_same_answer(centre, add_member, books):
    member = add_member("10")
    till = centre.till()
    first = ask(member, 700)
    assert post(till, first) == (700, "")
    assert post(till, first) == (700, "")
    assert post(till, ask(member, 700)) == (300, "insufficient")
    assert post(till, ask(member, 700)) == (0, "insufficient")
    assert post(till, first) == (700, "")
    assert books(member) == {"held": 1000}
    assert till.member(member)["balance_points"] == 1000
    assert post(till, ask(404, 5)) == (0, "unknown_member")
    reused = till.post("/v1/authorisations", {**first, "sale_id": str(uuid.uuid4())})
    assert (reused.status_code, reused.json()["code"]) == (409, "auth_id_reused")


def test_a_void_gives_back_once(centre, add_member, books):
    member = add_member("10")
    till, other = centre.till("S1", "R1"), centre.till("S1", "R2")
    body = ask(member, 700)
    post(till, body)
    void(other, body["auth_id"])
    assert books(member)["held"] == 700
    assert void(till, body["auth_id"]) == (0, "voided")
    assert void(till, body["auth_id"]) == (0, "voided")
    assert books(member) == {"available": 1000}
    assert post(till, body) == (0, "voided")


def test_a_void_that_overtakes_its_authorisation_wins(centre, add_member, books):
    member = add_member("10")
    till = centre.till()
    body = ask(member, 700)
    assert void(till, body["auth_id"]) == (0, "voided")
    assert post(till, body) == (0, "voided")
    assert books(member) == {"available": 1000}
    assert till.request("POST", "/v1/authorisations/nonsense/void").status_code == 422


def test_hold_and_lease_pay_one_sale(centre, add_member, sale_body, redemption, books):
    member = add_member("100")
    till = centre.till()
    till.send("sale", sale_body(till, member))
    lease = till.lease(member)["lease_id"]
    body = ask(member, 7_000)
    assert post(till, body) == (4_000, "insufficient")
    spent = redemption(
        *(7_000, "online"),
        auth_id=body["auth_id"],
        hold_points=4_000,
        lease_id=lease,
        lease_points=3_000,
    )
    till.send("sale", sale_body(till, member, sale_id=body["sale_id"], redemption=spent))
    after = books(member)
    assert "held" not in after
    assert "overdraft" not in after
    assert sum(after.values()) == 3_000


def test_a_blocked_member_gets_nothing(centre, add_member, db):
    member = add_member("10")
    db.execute("update member set is_blocked = true where member_id = %s", [member])
    till = centre.till()
    assert post(till, ask(member, 5)) == (0, "blocked")


def test_lookup_answers_in_feed_form_and_lends_to_the_store(centre, add_member, books, db):
    member = add_member("100")
    card, phone = db.execute(
        "select t.token_key, p.phone from token t join person p using (member_id)"
    ).fetchone()
    till, other = centre.till("S1", "R1"), centre.till("S2", "R2")
    found = till.post("/v1/members/lookup", {"token_key": card}).json()
    kinds = sorted((row["kind"], row["key"]) for row in found["rows"])
    assert found["found"]
    assert [kind for kind, _ in kinds] == ["lease", "member", "token", "token"]
    assert ("lease", f"R1.1.{member}") in kinds
    assert books(member) == {"available": 4_000, f"lease:R1.1.{member}": 6_000}
    by_phone = other.post("/v1/members/lookup", {"phone": phone}).json()
    assert [row["key"] for row in by_phone["rows"] if row["kind"] == "lease"] == [f"R2.1.{member}"]
    assert books(member)[f"lease:R2.1.{member}"] == 4_000
    till.pull()
    versions = {(row["kind"], row["key"]): row["version"] for row in found["rows"]}
    for key, version in versions.items():
        assert till.cache[key]["version"] >= version
    nobody = till.post("/v1/members/lookup", {"phone": "+380670000000"}).json()
    assert (nobody["found"], nobody["rows"]) == (False, [])
    for wrong in (
        {},
        {"phone": "067"},
        {"token_key": "phone:00"},
        {"token_key": card, "phone": phone},
    ):
        assert till.post("/v1/members/lookup", wrong).status_code == 422


def test_expiry_takes_what_is_free_and_leaves_what_is_lent(centre, add_member, db, books):
    member = add_member("100", "2026-11-22")
    till = centre.till()
    till.post("/v1/members/lookup", {"phone": db.execute("select phone from person").fetchone()[0]})
    centre.clock.advance(hours=10)
    assert till.member(member)["balance_points"] == 10_000
    centre.clock.advance(hours=4)
    from central.housekeeping import expire_lots

    with db.transaction():
        expire_lots(db, centre.clock)
    assert books(member) == {f"lease:R1.1.{member}": 6_000}
