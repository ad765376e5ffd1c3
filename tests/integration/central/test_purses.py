"""Purses: issued once, renewed under one serial, credited back by every log of their stores."""

import base64

import pytest

from central import keys, policies, purse_keys, purses
from central.errors import BadInput, KeysUnusable
from central.people import block
from loyalty.authorisation.policy import Policy
from loyalty.purse import chain_end, keys_by_tag, read, store_tag, suffix
from sync.contract.rights import PurseRequest
from sync.contract.signing import public_key_of, verify_purse, verify_purse_key

pytestmark = pytest.mark.postgres
AT = "2026-11-22T09:00:00.000Z"


@pytest.fixture
def page(centre, db):
    """Asks for a code as the member's page does."""
    with db.transaction():
        key = purse_keys.create(db, centre.data_dir, centre.clock(), "olena", "first")

    def ask(member, policy=None, **fields):
        request = PurseRequest(member_id=member, **fields)
        with db.transaction():
            return purses.issue(db, key, request, centre.clock(), policy or Policy())

    ask.public = public_key_of(key.private_key)
    return ask


def shown(page, reply):
    return read(reply.text, keys_by_tag([page.public]), verify_purse).claim


def take(till, member, sale_body, redemption, serial, points, **changes):
    burn = redemption(points, "purse", purse_serial=serial, purse_points=points, **changes)
    body = sale_body(till, member, redemption=burn, mode="offline")
    assert till.send("sale", body) == "accepted"
    return body["sale_id"]


def tidy(db, centre):
    with db.transaction():
        purses.ask_floors(db, centre.clock())
    with db.transaction():
        return purses.close_ended(db, centre.clock())


def floor_wanted(till):
    till.pull()
    row = till.cache.get(("purse_floor", till.identity["store_id"]))
    return row["body"]["floor_min"] if row else 0


def state_floor(till):
    assert (
        till.send("purse_floor", {"floor_min": floor_wanted(till), "stated_at": AT}) == "accepted"
    )


def test_a_purse_is_debited_once_and_renewed_under_its_serial(
    centre, page, add_member, sale_body, books
):
    member = add_member("100")
    till = centre.till()
    till.send("sale", sale_body(till, member))
    seed = bytes(range(16))
    first = page(member, chain_end=chain_end(seed, 4_320).hex())
    assert books(member) == {
        "available": 2_000,
        f"lease:R1.1.{member}": 6_000,
        f"purse:{first.serial}": 2_000,
    }
    claim = read(first.text + suffix(seed, 4_320, 3), keys_by_tag([page.public]), verify_purse)
    assert (claim.link_no, claim.claim.points, claim.claim.member_id) == (3, 2_000, member)
    assert claim.claim.stores == (store_tag("S1"),)
    centre.clock.advance(hours=5)
    again = page(member)
    assert (again.serial, again.points) == (first.serial, 2_000)
    assert again.not_before_min == first.not_before_min + 300
    assert books(member)[f"purse:{first.serial}"] == 2_000
    other = page(add_member("100"), stores=["S1"])
    assert other.serial > first.serial
    assert till.member(member)["balance_points"] == 10_000


def test_the_page_names_the_store_where_the_code_will_be_shown(centre, page, add_member, sale_body):
    """It takes the place of the third store by visits; there are never more than three."""
    member = add_member("100")
    for store, register, sales in (("S1", "R1", 4), ("S2", "R2", 3), ("S3", "R3", 2)):
        till = centre.till(store, register)
        for _ in range(sales):
            till.send("sale", sale_body(till, member))
    centre.till("S9", "R9")
    reply = page(member, shown_in="S9")
    assert reply.stores == ["S9", "S1", "S2"]
    assert shown(page, reply).stores == tuple(store_tag(each) for each in reply.stores)
    # While it is open its stores stay: another store would be one more to spend it in.
    assert page(member, shown_in="S3").stores == reply.stores
    assert page(add_member("100"), stores=["S1", "S9"], shown_in="S9").stores == ["S9", "S1"]
    with pytest.raises(BadInput, match="S7"):
        page(add_member("100"), shown_in="S7")


def test_only_every_log_of_the_audience_brings_the_rest_back(
    centre, page, add_member, sale_body, redemption, books, db
):
    member = add_member("100")
    tills = [centre.till("S1", "R1"), centre.till("S1", "R2"), centre.till("S2", "R3")]
    centre.till("S9", "R9")
    reply = page(member, stores=["S1", "S2"])
    take(tills[0], member, sale_body, redemption, reply.serial, 500)
    assert books(member)[f"purse:{reply.serial}"] == 1_500
    centre.clock.advance(days=3, minutes=5)
    assert tidy(db, centre) == 0
    assert [floor_wanted(till) for till in tills] == [0, 0, 0], "their clocks may be behind"
    centre.clock.advance(days=30)
    assert tidy(db, centre) == 0
    assert floor_wanted(tills[0]) == reply.not_before_min + reply.life_min
    for till in tills[:2]:
        state_floor(till)
        assert tidy(db, centre) == 0
    state_floor(tills[2])
    tidy(db, centre)
    after = books(member)
    assert f"purse:{reply.serial}" not in after
    assert sum(after.values()) == 9_500
    late = take(tills[1], member, sale_body, redemption, reply.serial, 100)
    row = db.execute("select layer, points from overdraft where subject_id = %s", [late])
    assert row.fetchall() == [], "available covered it"
    assert sum(books(member).values()) == 9_400


def test_a_renewal_keeps_it_open_and_a_replaced_life_waits_for_a_person(
    centre, page, add_member, books, db
):
    from central import lives

    member = add_member("100")
    till = centre.till()
    first = page(member, stores=["S1"])
    centre.clock.advance(days=4)
    tidy(db, centre)
    renewed = page(member)
    state_floor(till)
    assert tidy(db, centre) == 0
    again = centre.till("S1", "R1")
    centre.clock.advance(days=4)
    tidy(db, centre)
    state_floor(again)
    assert tidy(db, centre) == 0, "the replaced machine may still be on"
    with db.transaction():
        assert lives.settle(db, "R1", "olena", "scrapped", centre.clock()).lives == 1
    tidy(db, centre)
    assert books(member) == {"available": 10_000}
    assert page(member, stores=["S1"]).serial > renewed.serial == first.serial


def test_the_second_use_of_a_code_is_seen_with_both_receipts(
    centre, page, add_member, sale_body, redemption, books, db
):
    from central.offline_loss import purses_used_twice

    member = add_member("100")
    one, two = centre.till("S1", "R1"), centre.till("S2", "R2")
    reply = page(member, stores=["S1", "S2"])
    sales = [take(till, member, sale_body, redemption, reply.serial, 2_000) for till in (one, two)]
    (found,) = purses_used_twice(db)
    assert (found["serial"], found["points"], found["taken_points"]) == (reply.serial, 2_000, 4_000)
    assert [seen["sale_id"] for seen in found["receipts"]] == sales
    assert [seen["store_id"] for seen in found["receipts"]] == ["S1", "S2"]
    # A moving code may be used in parts; that is no double use.
    other = add_member("100")
    moving = page(other, stores=["S1", "S2"], chain_end="00" * 16)
    for till in (one, two):
        take(till, other, sale_body, redemption, moving.serial, 1_000, link_index=5)
    assert [each["serial"] for each in purses_used_twice(db)] == [reply.serial]
    assert "overdraft" not in books(member)


def test_who_gets_none_and_why(centre, page, add_member, db):
    centre.till()
    member = add_member("100")
    assert page(member).reason == "no_store"
    assert page(member, policy=Policy(purse_max_points=0), stores=["S1"]).reason == "off"
    assert page(add_member("0"), stores=["S1"]).reason == "no_points"
    with db.transaction():
        block(db, member, centre.clock(), "olena", "lost", on=True)
    assert page(member, stores=["S1"]).reason == "blocked"
    with pytest.raises(BadInput, match="S7"):
        page(add_member("10"), stores=["S7"])
    with pytest.raises(BadInput, match="no member"):
        page(404, stores=["S1"])


def test_two_keys_are_valid_and_vouched_for(centre, db):
    till = centre.till()
    with db.transaction():
        purse_keys.create(db, centre.data_dir, centre.clock(), "olena", "first")
        second = purse_keys.create(
            db, centre.data_dir, centre.clock(), "olena", "yearly", rotate=True
        )
    with pytest.raises(KeysUnusable), db.transaction():
        purse_keys.create(db, centre.data_dir, centre.clock(), "olena", "third", rotate=True)
    till.pull()
    rows = {key[1]: row["body"] for key, row in till.cache.items() if key[0] == "purse_key"}
    assert len(rows) == 2
    programme = public_key_of(keys.load_keys(centre.data_dir)[0].private_key)
    for body in rows.values():
        public, signature = (base64.b64decode(body[name]) for name in ("public_key", "signature"))
        assert verify_purse_key(programme, public, signature)
        assert not verify_purse_key(programme, bytes(32), signature)
    old = next(name for name in rows if name != second.key_id)
    with db.transaction():
        purse_keys.drop(db, centre.data_dir, old, centre.clock(), "olena", "the year is over")
    till.pull()
    assert till.cache["purse_key", old]["is_deleted"]
    assert [key.key_id for key in purse_keys.load(centre.data_dir)] == [second.key_id]


def test_the_policy_in_force_is_told_and_bounded(centre, db):
    till = centre.till()
    with db.transaction():
        policies.put(db, Policy(purse_stores=2), centre.clock(), "olena", "fewer stores")
    till.pull()
    assert till.cache["offline_policy", "active"]["body"]["purse_stores"] == 2
    assert policies.active(db) == Policy(purse_stores=2)
    with pytest.raises(BadInput, match="lease_home_bp"), db.transaction():
        policies.put(db, Policy(lease_home_bp=10_001), centre.clock(), "olena", "too much")
