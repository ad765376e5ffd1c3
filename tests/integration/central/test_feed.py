"""The feed: nothing missed with writers in flight, everyone sees their own rows only."""

import hashlib
import hmac
import random
import threading
import time
from base64 import b64decode
from datetime import UTC, datetime

import httpx
import pytest

from central.changes import Changes
from central.db.session import connect
from central.feed import read_page
from sync.serving.port import Caller

pytestmark = pytest.mark.postgres
NOW = datetime(2026, 11, 22, tzinfo=UTC)
WRITERS, ROWS_EACH = 4, 120


def test_concurrent_writers_lose_no_row_while_the_naive_cursor_does(database_url):
    """Each writer leaves its transaction open for a moment after writing, as real ones do. The
    naive reader follows the highest version number it has seen of a plain sequence."""
    seed = 20261122
    with connect(database_url) as setup:
        setup.execute("drop table if exists naive_row")
        setup.execute("create table naive_row (id bigserial primary key, name text)")
    started = threading.Barrier(WRITERS + 1)

    def write(number: int) -> None:
        chance = random.Random(seed + number)
        with connect(database_url) as connection:
            started.wait()
            for row in range(ROWS_EACH):
                with connection.transaction():
                    changes = Changes()
                    changes.put("good", f"{number}-{row}", {"n": row})
                    changes.flush(connection)
                    connection.execute(
                        "insert into naive_row (name) values (%s)", [f"{number}-{row}"]
                    )
                    time.sleep(chance.random() * 0.008)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    caller = Caller("R1", "S1", 1, True)
    seen: set[str] = set()
    naive: set[str] = set()
    cursor, last = "", 0
    started.wait()
    with connect(database_url) as connection:
        while True:
            finished = not any(thread.is_alive() for thread in threads)
            with connection.transaction():
                connection.execute("set transaction isolation level repeatable read, read only")
                page = read_page(connection, caller, cursor, 50, NOW)
            seen |= {row.key for row in page.rows}
            cursor = page.cursor
            fresh = connection.execute(
                "select id, name from naive_row where id > %s order by id", [last]
            ).fetchall()
            naive |= {name for _, name in fresh}
            last = fresh[-1][0] if fresh else last
            if finished and not page.more and not page.rows:
                break
    everything = {f"{n}-{row}" for n in range(WRITERS) for row in range(ROWS_EACH)}
    assert seen == everything, f"seed {seed}"
    assert naive != everything, f"the naive cursor missed nothing: no race, seed {seed}"


def test_a_row_in_flight_holds_back_what_committed_after_it(database_url):
    caller = Caller("R1", "S1", 1, True)

    def keys_after(connection, cursor):
        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read, read only")
            page = read_page(connection, caller, cursor, 50, NOW)
        return [row.key for row in page.rows], page.cursor

    with (
        connect(database_url) as slow,
        connect(database_url) as fast,
        connect(database_url) as reader,
    ):
        with slow.transaction():
            changes = Changes()
            changes.put("good", "slow", {})
            changes.flush(slow)
            with fast.transaction():
                changes = Changes()
                changes.put("good", "fast", {})
                changes.flush(fast)
            found, cursor = keys_after(reader, "")
            assert found == []
        found, _ = keys_after(reader, cursor)
        assert found == ["slow", "fast"]


def test_the_head_waits_for_the_balances_it_promises(centre, add_member, sale_body, database_url):
    member = add_member("10")
    till = centre.till()
    till.pull()
    with connect(database_url) as slow, connect(database_url) as other:
        with slow.transaction():
            slow.execute("select pg_current_xact_id()")
            till.send("sale", sale_body(till, member, accrual_points=100))
            assert ("head", "R1") not in till.cache
            till.pull()
            assert ("head", "R1") not in till.cache
        rows = till.pull()
        assert [row["kind"] for row in rows][-1] == "head"
        assert till.cache["head", "R1"]["body"] == {"epoch": 1, "seq": 1}
        # The next fact's balance is overwritten by a transaction that readers may not see yet.
        till.send("sale", sale_body(till, member, accrual_points=100))
        with slow.transaction():
            slow.execute("select pg_current_xact_id()")
            with other.transaction():
                changes = Changes()
                body = {**till.cache["member", str(member)]["body"], "tier": "gold"}
                changes.put("member", str(member), body, member_id=member)
                changes.flush(other)
            rows = till.pull()
            assert "head" not in [row["kind"] for row in rows]
        till.pull()
    assert till.cache["head", "R1"]["body"]["seq"] == 2
    assert till.cache["member", str(member)]["body"]["tier"] == "gold"
    assert till.pull() == []


def test_pages_follow_each_other_inside_one_transaction(centre, db):
    changes = Changes()
    for number in range(25):
        changes.put("good", f"g{number:02}", {"n": number})
    with db.transaction():
        changes.flush(db)
    till = centre.till()
    rows = till.pull(limit=10)
    assert [row["key"] for row in rows] == [f"g{number:02}" for number in range(25)]
    assert till.pull() == []
    with db.transaction():
        changes.put("good", "g07", {"n": 7})
        changes.put("good", "g08", {"n": 80})
        changes.put("good", "g09", {"n": 9}, is_deleted=True)
        changes.flush(db)
    rows = [(row["key"], row["version"], row["is_deleted"]) for row in till.pull()]
    assert rows == [("g08", 2, False), ("g09", 2, True)]


def test_everyone_sees_their_own_rows_and_phones_by_their_own_key(
    centre, add_member, sale_body, db
):
    member = add_member("100")
    first, second = centre.till("S1", "R1"), centre.till("S1", "R2")
    stranger = centre.till("S2", "R3")
    first.send("sale", sale_body(first, member))
    rows = {till.register_id: till.pull() for till in (first, second, stranger)}

    def keys(name, kind):
        return {row["key"] for row in rows[name] if row["kind"] == kind}

    assert keys("R1", "lease") == {f"R1.1.{member}"}
    assert keys("R2", "lease") == {f"R2.1.{member}"}
    assert keys("R3", "lease") == set()
    assert keys("R1", "head") == {"R1"}
    assert keys("R2", "head") == set()
    phone = db.execute("select phone from person where member_id = %s", [member]).fetchone()[0]
    for till in (first, stranger):
        key = b64decode(till.identity["phone_key"])
        token = "phone:" + hmac.new(key, phone.encode(), hashlib.sha256).hexdigest()
        assert token in keys(till.register_id, "token")
    assert keys("R1", "token") != keys("R3", "token")
    assert keys("R1", "token") == keys("R2", "token")
    assert phone not in str(rows)
    assert "Коваль" not in str(rows)


def test_a_phone_that_changes_hands_leads_to_its_new_owner(centre, add_member, db, tmp_path):
    from central.member_import import import_members

    member = add_member("1")
    card, phone = db.execute(
        "select t.token_key, p.phone from token t join person p using (member_id)"
    ).fetchone()
    till = centre.till()
    till.pull()
    file = tmp_path / "again.csv"
    for text in (
        f"card,phone\n{card[5:]},0509999999\n",
        f"phone,name\n{phone},Іван Франко\n",
        f"card,phone\n{card[5:]},0508888888\n",
    ):
        file.write_text(text, encoding="utf-8")
        import_members(db, file, NOW, dry_run=False, on_progress=lambda _rows: None)
        till.pull()
    key = b64decode(till.identity["phone_key"])

    def owner(number):
        token = "phone:" + hmac.new(key, number.encode(), hashlib.sha256).hexdigest()
        row = till.cache["token", token]
        return None if row["is_deleted"] else row["body"]["member_id"]

    assert owner("+380508888888") == member
    assert owner("+380509999999") is None
    newcomer = db.execute("select member_id from person where phone = %s", [phone]).fetchone()[0]
    assert newcomer != member
    assert owner(phone) == newcomer


@pytest.mark.parametrize(
    "cursor", ["x", "0" * 32 + ".1.1.1", "{own}.1.1", "{own}.99999999999999999999.1.1"]
)
def test_a_foreign_or_garbled_cursor_is_gone(centre, cursor):
    till = centre.till()
    cursor = cursor.format(own=till.identity["incarnation"])
    reply = till.request("GET", f"/v1/feed?cursor={cursor}")
    assert (reply.status_code, reply.json()["code"]) == (410, "cursor_gone")


def test_hints_come_when_something_changed(centre, sale_body, add_member):
    member = add_member("1")
    till = centre.till()
    from sync.contract.signing import sign_request

    signed = sign_request(
        till.private_key, "R1", "GET", "/v1/feed/hints", "2026-11-22T09:00:00Z", b""
    )
    with (
        httpx.Client(base_url=centre.url, timeout=10, trust_env=False) as own,
        own.stream("GET", "/v1/feed/hints", headers=signed) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        assert next(lines) == ": beat"
        assert next(lines).startswith("id: ")
        assert next(lines) == ""
        till.send("sale", sale_body(till, member))
        hint = [next(lines) for _ in range(4)]
        assert hint[0] == "event: hint"
        assert hint[1].startswith("id: ")
        assert hint[2:] == ["data: {}", ""]


def test_rows_of_several_savepoints_have_places_of_their_own(db):
    with db.transaction():
        changes = Changes()
        for number in range(3):
            part = changes.part()
            part.put("good", str(number), {"n": number})
            with db.transaction():
                part.write(db)
            changes.take_over(part)
        changes.put("good", "last", {})
        changes.flush(db)
    places = db.execute("select xid::text, id from change").fetchall()
    assert len(places) == len(set(places)) == 4
