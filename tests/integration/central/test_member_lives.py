"""A lost card, one person with two numbers, corrections, inactivity: each audited, each told."""

import json
import time
from datetime import timedelta

import pytest

from central import cli, member_lives
from central.errors import BadInput

pytestmark = pytest.mark.postgres
NEW_CARD = "card:0420000999997"


def card_of(db, member):
    row = db.execute("select token_key from token where member_id = %s", [member]).fetchone()
    return row[0] if row else None


def test_a_lost_card_leads_nowhere_and_the_new_one_to_its_member(centre, add_member, db):
    member, other = add_member("10"), add_member("5")
    till = centre.till()
    old = card_of(db, member)
    till.pull()
    assert till.cache["token", old]["body"] == {"member_id": member}

    def rebind(who, to, drop):
        with db.transaction():
            member_lives.rebind(db, who, to, drop, centre.clock(), "iryna", "lost")

    rebind(member, NEW_CARD, old)
    till.pull()
    assert till.cache["token", NEW_CARD]["body"] == {"member_id": member}
    assert till.cache["token", old]["is_deleted"]
    with pytest.raises(BadInput, match="another member"):
        rebind(other, NEW_CARD, "")
    with pytest.raises(BadInput, match="not this member"):
        rebind(other, "card:0420000888888", NEW_CARD)
    # A card that was dropped and found again may serve another member: told above the deletion.
    rebind(other, old, "")
    till.pull()
    assert not till.cache["token", old]["is_deleted"]
    assert till.cache["token", old]["body"] == {"member_id": other}
    deeds = db.execute("select verb, subject, author from deed order by done_at").fetchall()
    assert ("rebind", f"member:{member}", "iryna") in deeds


def test_one_person_with_two_numbers(centre, add_member, sale_body, redemption, books, db):
    source, target = add_member("100", "2027-01-31"), add_member("50")
    till = centre.till()
    card = card_of(db, source)
    till.send("sale", sale_body(till, source))
    lease = till.lease(source)
    with db.transaction():
        moved = member_lives.merge(db, source, target, centre.clock(), "iryna", "two cards")
    assert moved == 4_000
    assert books(source) == {f"lease:R1.1.{source}": 6_000}
    assert books(target) == {"available": 9_000}
    till.pull()
    assert till.cache["token", card]["body"] == {"member_id": target}
    assert till.member(source)["is_blocked"]
    days = "select expires_on::text, points from slice where member_id = %s order by 1"
    assert db.execute(days, [target]).fetchall() == [("2027-01-31", 4_000), ("9999-12-31", 5_000)]
    # A register that was cut off goes on under the old number; its log is taken, the rest follows.
    burn = redemption(1_000, lease_id=lease["lease_id"], lease_points=1_000)
    till.send("sale", sale_body(till, source, redemption=burn, mode="offline", accrual_points=70))
    asked = till.lease(source)
    assert asked["recall_points"] == 6_000
    back = {"lease_id": lease["lease_id"], "member_id": source, "points": 5_000}
    back |= {"recall_id": asked["recall_id"], "returned_at": "2026-11-22T09:00:00.000Z"}
    till.send("lease_returned", back)
    for _ in range(100):
        with db.transaction():
            member_lives.carry_over(db, centre.clock())
        if not books(source):
            break
        time.sleep(0.05)
    assert books(source) == {}
    assert books(target) == {"available": 14_070}
    for pair in ((source, target), (target, source), (target, target)):
        with pytest.raises(BadInput), db.transaction():
            member_lives.merge(db, *pair, centre.clock(), "iryna", "again")


def test_the_phone_of_the_merged_leads_to_the_other(centre, add_member, db):
    source, target = add_member("1"), add_member("1")
    phone = db.execute("select phone from person where member_id = %s", [source]).fetchone()[0]
    db.execute("update person set phone = null where member_id = %s", [target])
    till = centre.till()
    rows = till.post("/v1/members/lookup", {"phone": phone}).json()["rows"]
    (token,) = [r["key"] for r in rows if r["key"].startswith("phone:")]
    till.pull()
    with db.transaction():
        member_lives.merge(db, source, target, centre.clock(), "iryna", "one person")
    till.pull()
    assert till.cache["token", token]["body"] == {"member_id": target}


def test_corrections_have_bounds_and_inactivity_skips_what_is_lent(
    centre, add_member, sale_body, books, db
):
    member = add_member("100")
    till = centre.till()
    till.send("sale", sale_body(till, member))

    def adjust(points):
        with db.transaction():
            member_lives.adjust(db, member, points, None, centre.clock(), "iryna", "goodwill")

    adjust(250)
    centre.clock.advance(seconds=1)
    adjust(-150)
    assert sum(books(member).values()) == 10_100
    for wrong, words in ((0, "over zero"), (-9_000, "available"), (10**10, "ten million")):
        with pytest.raises(BadInput, match=words):
            adjust(wrong)

    def annul(days):
        centre.clock.advance(seconds=1)
        before = centre.clock() - timedelta(days=days)
        with db.transaction():
            return member_lives.annul(db, before, centre.clock(), "iryna", "a year")

    assert annul(365) == (0, 0)
    centre.clock.advance(days=400)
    assert annul(365) == (1, 4_100)
    assert annul(365) == (0, 0), "saying it twice changes nothing"
    assert books(member) == {f"lease:R1.1.{member}": 6_000}


def test_the_commands_are_audited(centre, add_member, capsys):
    member, other = add_member("10"), add_member("20")

    def run(*arguments):
        place = ["--data-dir", str(centre.data_dir), "--database-url", centre.database_url]
        code = cli.main(["members", *arguments, *place])
        out = capsys.readouterr().out
        return code, json.loads(out) if out else None

    why = ["--reason", "a call", "--author", "iryna"]
    who = ["--member", str(member)]
    assert run("rebind", *who, "--to-card", "0420000999997", *why)[1]["card"] == NEW_CARD
    assert run("rebind", *who, "--to-card", "123", *why)[0] == 2
    assert run("adjust", *who, "--bonuses", "+2.50", *why) == (
        0,
        {"member_id": member, "points": 250},
    )
    assert run("adjust", *who, "--bonuses", "much", *why)[0] == 2
    assert run("adjust", *who, "--bonuses=-99", *why)[0] == 2
    assert run("block", *who, *why)[0] == run("unblock", *who, *why)[0] == 0
    assert run("merge", *who, "--into", str(other), *why)[1]["moved_points"] == 1_250
    assert run("annul", "--inactive-days", "1", *why)[0] == 2
    assert run("annul", "--inactive-days", "3650", *why)[1] == {"members": 0, "points": 0}
    code, shown = run("show", *who)
    assert (code, shown["merged_into"], shown["balance_points"]) == (0, other, 0)
    verbs = [deed["verb"] for deed in shown["deeds"]]
    assert sorted(verbs) == ["adjust", "block", "merge", "rebind", "unblock"]
    assert {deed["author"] for deed in shown["deeds"]} == {"iryna"}
    with pytest.raises(SystemExit):
        run("adjust", *who, "--bonuses", "1")
