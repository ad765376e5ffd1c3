"""A purse that is redeemed online is claimed at the centre: no second store that is online takes
it again, and what a cut-off store took binds the claims that follow."""

import uuid

import pytest

from central import lives, purse_keys, purses
from loyalty.authorisation.policy import Policy
from sync.contract.rights import PurseRequest

pytestmark = pytest.mark.postgres


@pytest.fixture
def purse(centre, db, add_member):
    """A member with nothing available beside a purse of 2,000 points: (member, serial)."""
    with db.transaction():
        key = purse_keys.create(db, centre.data_dir, centre.clock(), "olena", "first")
    member = add_member("100")
    for store in ("S1", "S2", "S3"):
        centre.code(store, f"R-{store}")
    request = PurseRequest(member_id=member, stores=["S1", "S2", "S3"])
    with db.transaction():
        reply = purses.issue(db, key, request, centre.clock(), Policy())
    assert reply.points == 2_000
    return member, reply.serial


def ask(till, member, points, serial=0, **more):
    """What is held, and what of the purse is claimed; with the id to go on with."""
    body = {
        "auth_id": str(uuid.uuid4()),
        "sale_id": str(uuid.uuid4()),
        "member_id": member,
        "points": points,
        "purse_serial": serial,
        "purse_points": 2_000 if serial else 0,
        **more,
    }
    reply = till.post("/v1/authorisations", body)
    assert reply.status_code == 200, reply.text
    answer = reply.json()
    return answer["approved_points"], answer["purse_points"], body


def sale_of(till, member, sale_body, redemption, asked, **parts):
    body = asked[2]
    points = sum(value for name, value in parts.items() if name.endswith("_points"))
    burn = redemption(points, "purse", auth_id=body["auth_id"], **parts)
    return sale_body(till, member, sale_id=body["sale_id"], redemption=burn)


def test_one_store_claims_and_the_next_gets_nothing(centre, purse, sale_body, redemption, books):
    member, serial = purse
    one, two = centre.till("S1", "R1"), centre.till("S2", "R2")
    # 8,000 are available: the purse is claimed for what they do not cover.
    first = ask(one, member, 9_500, serial)
    assert first[:2] == (8_000, 1_500)
    again = one.post("/v1/authorisations", first[2]).json()
    assert (again["approved_points"], again["purse_points"]) == (8_000, 1_500)
    assert ask(two, member, 2_000, serial)[:2] == (0, 0)
    body = sale_of(
        *(one, member, sale_body, redemption, first),
        hold_points=8_000,
        purse_points=1_500,
        purse_serial=serial,
    )
    assert one.send("sale", body) == "accepted"
    assert books(member)[f"purse:{serial}"] == 500
    assert ask(two, member, 2_000, serial)[:2] == (0, 0), "a still code counts once"
    moving = ask(two, member, 2_000, serial, purse_minute=10)
    assert moving[1] == 500, "a moving one while points are left"
    assert ask(one, member, 2_000, serial, purse_minute=11)[1] == 0


def test_a_void_and_another_question_of_the_same_sale_free_the_claim(centre, purse):
    member, serial = purse
    one, two = centre.till("S1", "R1"), centre.till("S2", "R2")
    _, claimed, body = ask(one, member, 10_000, serial)
    assert claimed == 2_000
    once_more = ask(one, member, 10_000, serial, sale_id=body["sale_id"])
    assert once_more[1] == 2_000, "the sale gave the first one up"
    for each in (body, once_more[2]):
        one.post(f"/v1/authorisations/{each['auth_id']}/void", {})
    assert ask(two, member, 10_000, serial)[1] == 2_000


def test_a_claim_ends_with_its_registers_log_and_never_by_an_hour(centre, purse, sale_body):
    member, serial = purse
    one, two = centre.till("S1", "R1"), centre.till("S2", "R2")
    assert ask(one, member, 10_000, serial, number=1)[1] == 2_000
    centre.clock.advance(days=2)
    assert ask(two, member, 10_000, serial)[1] == 0
    fact = one.fact("sale", sale_body(one, member))
    batch = {"register_id": "R1", "epoch": one.epoch, "facts": [fact], "settled_number": 1}
    assert one.post("/v1/facts", batch).status_code == 200
    for _ in range(200):
        if ask(two, member, 10_000, serial)[1] == 2_000:
            break
    else:
        pytest.fail("the housekeeper did not release what the log had given up")


def test_what_a_cut_off_store_took_binds_the_next_claim(centre, purse, sale_body, redemption, db):
    member, serial = purse
    one, two, three = (centre.till(f"S{n}", f"R{n}") for n in (1, 2, 3))
    claim = ask(one, member, 10_000, serial)
    assert claim[1] == 2_000
    offline = redemption(2_000, "purse", purse_serial=serial, purse_points=2_000)
    two.send("sale", sale_body(two, member, redemption=offline, mode="offline"))
    assert ask(three, member, 10_000, serial)[1] == 0
    body = sale_of(
        *(one, member, sale_body, redemption, claim),
        purse_points=2_000,
        purse_serial=serial,
    )
    assert one.send("sale", body) == "accepted"
    seen = db.execute(
        "select register_id, points from purse_sighting where serial = %s order by 1", [serial]
    ).fetchall()
    assert seen == [("R1", 2_000), ("R2", 2_000)], "both receipts"


def test_the_lease_here_comes_before_and_refusals_claim_nothing(centre, purse, db):
    member, serial = purse
    till = centre.till("S1", "R1")
    assert ask(till, member, 9_000, serial, own_points=400)[:2] == (8_000, 600)
    assert ask(till, member, 900, serial, own_points=900)[1] == 0
    assert ask(till, member, 500, serial + 7)[1] == 0, "a serial that is nobody's"
    assert ask(till, member, 500)[1] is None, "no purse was shown"
    with db.transaction():
        lives.begin_new_life(db, centre.clock())
    assert ask(till, member, 500, serial)[1] is None, "a restored centre does not know"
