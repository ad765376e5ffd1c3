"""Rights given since the backup, when all that the centre knew of them is gone: they are told by
registers, or points stay back until they are dead. Nothing is overdrawn by any of them."""

from __future__ import annotations

import uuid

import pytest

from central import cli, forgotten_purses, policies, purse_keys, purses
from central.audit import check_books
from central.backup import backup
from central.db.session import connect
from central.housekeeping import expire_lots
from loyalty.authorisation.policy import Policy
from sync.contract.rights import FeedHubTerm, HubTerm, PurseRequest
from tests.support.restored_centre import own_database, restore_to

pytestmark = pytest.mark.postgres
AT = "2026-11-22T09:00:00.000Z"
CAP = 2_000


@pytest.fixture
def database_url(postgres):
    with own_database(postgres) as url:
        yield url


@pytest.fixture
def tills(centre):
    """Two registers of one store, and one of another."""
    return [centre.till("S1", "R1"), centre.till("S1", "R2"), centre.till("S2", "R3")]


def report(till, **held):
    """The word of a register after a restore."""
    till.cursor = ""
    incarnation = till.request("GET", "/v1/feed?cursor=&limit=1").json()["incarnation"]
    body = {"incarnation": incarnation, "epoch": till.epoch, "leases": [], **held}
    reply = till.post("/v1/rights", body)
    assert reply.status_code == 200, reply.text
    return reply.json()["restored"]


def ask(till, member, points):
    """A question; (approved points, reason, the ids)."""
    ids = {"auth_id": str(uuid.uuid4()), "sale_id": str(uuid.uuid4())}
    reply = till.post("/v1/authorisations", {**ids, "member_id": member, "points": points})
    assert reply.status_code == 200, reply.text
    return reply.json()["approved_points"], reply.json()["reason"], ids


def books_of(centre, member):
    with connect(centre.database_url) as db:
        found = check_books(db)
        assert found["ok"], found
        rows = db.execute(
            "select account, balance from account where member_id = %s and balance <> 0", [member]
        )
        return dict(rows.fetchall())


def small_purses(centre):
    """A policy that puts little into a purse, and its key."""
    policy = Policy(purse_max_points=CAP, lease_home_bp=0, lease_second_bp=0)
    with connect(centre.database_url) as db, db.transaction():
        policies.put(db, policy, centre.clock(), "olena", "small")
        return policy, purse_keys.create(db, centre.data_dir, centre.clock(), "olena", "first")


def show_purse(centre, key, policy, member):
    with connect(centre.database_url) as db, db.transaction():
        request = PurseRequest(member_id=member, stores=["S1", "S2"])
        return purses.issue(db, key, request, centre.clock(), policy)


def burn_purse(till, member, sale_body, redemption, serial):
    burnt = redemption(CAP, "purse", purse_serial=serial, purse_points=CAP)
    return till.send("sale", sale_body(till, member, redemption=burnt, mode="offline"))


def all_have_spoken(centre, tills):
    for till in tills:
        report(till)
    centre.clock.advance(minutes=16)


def state_floors(tills):
    """Each register hears up to when purses are closed, and says that it takes none of them."""
    for till in tills:
        till.cursor = ""
        till.pull()
        row = till.cache.get(("purse_floor", till.identity["store_id"]))
        floor = {"floor_min": row["body"]["floor_min"] if row else 0, "stated_at": AT}
        assert till.send("purse_floor", floor) == "accepted"


def test_points_of_a_forgotten_purse_stay_back_until_every_log_has_closed_it(
    centre, tills, add_member, sale_body, redemption, tmp_path
):
    policy, key = small_purses(centre)
    member = add_member("100")
    taken = backup(centre.database_url, tmp_path, centre.clock())
    forgotten = show_purse(centre, key, policy, member)
    assert forgotten.points == CAP
    assert not restore_to(centre, tmp_path / taken.file, tmp_path, is_lost=True).carried_over
    all_have_spoken(centre, tills)

    # Everything that may be given out is given out: it ends where a purse may begin.
    assert ask(tills[0], member, 10_000)[:2] == (10_000 - CAP, "insufficient")
    assert show_purse(centre, key, policy, member).reason == "no_points"
    assert burn_purse(tills[2], member, sale_body, redemption, forgotten.serial) == "accepted"
    assert "overdraft" not in books_of(centre, member)


def test_what_stayed_back_is_free_again_by_logs_and_never_by_time(
    centre, tills, add_member, tmp_path
):
    small_purses(centre)
    member = add_member("100")
    taken = backup(centre.database_url, tmp_path, centre.clock())
    restore_to(centre, tmp_path / taken.file, tmp_path, is_lost=True)
    all_have_spoken(centre, tills)
    centre.clock.advance(days=30)
    with connect(centre.database_url) as db, db.transaction():
        purses.ask_floors(db, centre.clock())
        assert not forgotten_purses.forget(db)
        assert expire_lots(db, centre.clock) == 0
    state_floors(tills[:2])
    assert ask(tills[0], member, 10_000)[0] == 10_000 - CAP
    state_floors(tills[2:])
    with connect(centre.database_url) as db, db.transaction():
        forgotten_purses.forget(db)
        assert forgotten_purses.kept_back(db) == 0
    assert ask(tills[0], member, 10_000)[0] == CAP


def test_a_purse_and_a_term_that_can_still_be_read_are_carried_over(
    centre, tills, add_member, tmp_path
):
    policy, key = small_purses(centre)
    member = add_member("100")
    taken = backup(centre.database_url, tmp_path, centre.clock())
    open_purse = show_purse(centre, key, policy, member)
    name_hub(centre)
    assert restore_to(centre, tmp_path / taken.file, tmp_path).carried_over
    assert books_of(centre, member) == {"available": 8_000, f"purse:{open_purse.serial}": CAP}
    with connect(centre.database_url) as db:
        assert forgotten_purses.kept_back(db) == 0
    tills[1].cursor = ""
    tills[1].pull()
    assert term_of(tills[1]).term == 1


def name_hub(centre):
    words = ["hub", "name", "--store", "S1", "--register", "R1", "--reason", "wired"]
    place = ["--data-dir", str(centre.data_dir), "--database-url", centre.database_url]
    assert cli.main([*words, *place]) == 0


def term_of(till):
    row = FeedHubTerm.model_validate(till.cache["hub_term", "S1"]["body"])
    return HubTerm.model_validate_json(row.content)


@pytest.mark.parametrize("first", ["the hub's word", "the peer's sale"])
def test_a_forgotten_hubs_lease_is_burnt_once_by_its_peers(
    centre, tills, add_member, sale_body, redemption, tmp_path, first
):
    hub, peer, other = tills
    member = add_member("100")
    taken = backup(centre.database_url, tmp_path, centre.clock())
    name_hub(centre)
    hub.send("sale", sale_body(hub, member))
    lease = hub.lease(member)
    granted = lease["granted_points"]
    assert granted > 1_000
    restore_to(centre, tmp_path / taken.file, tmp_path, is_lost=True)
    # Its sale comes again, by rewind; a sale that a peer made offline comes for the first time.
    resend(hub, sale_body(hub, member))
    held = {
        "lease_id": lease["lease_id"],
        "member_id": member,
        "granted_points": granted,
        "spent_points": 0,
        "state": "open",
        "is_hub": True,
    }

    def sell():
        burn = redemption(500, lease_id=lease["lease_id"], lease_points=500)
        assert peer.send("sale", sale_body(peer, member, redemption=burn)) == "accepted"

    def tell():
        assert report(hub, leases=[held]) == 1

    for step in (tell, sell) if first == "the hub's word" else (sell, tell):
        step()
    all_have_spoken(centre, (peer, other))
    sell()
    after = books_of(centre, member)
    assert after == {"available": 10_000 - granted, f"lease:{lease['lease_id']}": granted - 1_000}
    # The number of the lost term is not given again.
    name_hub(centre)
    peer.cursor = ""
    peer.pull()
    assert term_of(peer).term > 1


def resend(till, body):
    """The register's log from its start: the restored centre knows nothing of it."""
    from sync.contract.chain import GENESIS

    till.seq, till.head = 0, GENESIS
    assert till.send("sale", body) == "accepted"


def test_points_held_for_an_open_sale_are_told_and_wait_for_it(
    centre, tills, add_member, sale_body, redemption, tmp_path
):
    till, _, other = tills
    small_purses(centre)
    member = add_member("100")
    taken = backup(centre.database_url, tmp_path, centre.clock())
    points, _, ids = ask(till, member, 7_000)
    assert points == 7_000
    restore_to(centre, tmp_path / taken.file, tmp_path, is_lost=True)
    held = {**ids, "member_id": member, "points": points}
    assert report(till, holds=[held]) == 1
    report(till, holds=[held])
    all_have_spoken(centre, tills[1:])
    assert ask(other, member, 10_000)[0] == 10_000 - CAP - 7_000
    burn = redemption(7_000, "online", auth_id=ids["auth_id"], hold_points=7_000)
    sale = sale_body(till, member, sale_id=ids["sale_id"], redemption=burn)
    assert till.send("sale", sale) == "accepted"
    after = books_of(centre, member)
    assert f"hold:{ids['auth_id']}" not in after
    assert "overdraft" not in after
    # A sale that has come is not held for again.
    with connect(centre.database_url) as db:
        states = db.execute("select state from hold where auth_id = %s", [ids["auth_id"]])
        assert states.fetchall() == [("used",)]
