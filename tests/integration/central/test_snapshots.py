"""A snapshot file and the feed behind it are the same as the whole feed from nothing."""

import hashlib
import sqlite3
import threading
import time
from contextlib import closing

import pytest

from central.changes import Changes
from central.db.session import connect
from central.snapshots import drop_files
from sync.centre_client import CentreClient
from sync.contract.cache_format import COLUMNS, FORMAT, stored
from sync.contract.feed import FeedRow
from sync.errors import CentreRefused

pytestmark = pytest.mark.postgres
SHARED = ("member", "token", "phone", "good", "ruleset")


@pytest.fixture
def client_of(centre):
    made = []

    def make(till):
        clock = lambda: "2026-11-22T09:00:00Z"  # noqa: E731
        client = CentreClient(centre.url, till.register_id, till.private_key, None, clock)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


def fetch(client, path):
    info = client.snapshot(FORMAT)
    path.write_bytes(b"".join(client.snapshot_bytes(info.snapshot_id, 0)))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == info.sha256
    assert path.stat().st_size == info.size
    return info


def tables(path):
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("pragma user_version").fetchone() == (FORMAT,)
        assert file.execute("pragma quick_check").fetchone() == ("ok",)
        return {t: set(file.execute(f"select * from {t}").fetchall()) for t in COLUMNS}


def as_stored(rows):
    """Live rows of the feed as tables hold them."""
    found = {table: set() for table in COLUMNS}
    for row in rows:
        if not row["is_deleted"]:
            made = stored(FeedRow.model_validate(row))
            found[made.table].add(made.values)
    return found


def follow(till, cursor):
    """The feed from a cursor on, newest version of each row."""
    fresh = type(till)(till.http, till.private_key, till.identity, cursor=cursor)
    fresh.pull(limit=3)
    return fresh


def test_file_and_feed_are_the_whole_feed(centre, add_member, sale_body, client_of, db, tmp_path):
    members = [add_member("50", "2099-01-31") for _ in range(4)]
    first, second = centre.till("S1", "R1"), centre.till("S2", "R2")
    for till, member in ((first, members[0]), (second, members[1]), (first, members[2])):
        till.send("sale", sale_body(till, member, accrual_points=30))
    with db.transaction():
        changes = Changes()
        good = {"sku": "7", "name": "Хліб", "barcodes": ["482"], "unit_price_minor": 100}
        changes.put("good", "7", good)
        changes.put("good", "8", {}, is_deleted=True)
        changes.put("good", "9", {**good, "sku": "9"}, scope="store:S1")
        changes.flush(db)
    for till in (first, second):
        file = tmp_path / f"{till.register_id}.db"
        info = fetch(client_of(till), file)
        found = tables(file)
        whole = follow(till, "")
        by_feed = as_stored(whole.cache.values())
        behind = follow(till, info.cursor)
        near = {key for key, row in behind.cache.items() if not row["is_deleted"]}
        assert {"lease", "head"} <= {kind for kind, _ in near} <= {"lease", "head", "good"}
        assert ("head", till.register_id) in near
        for table in SHARED:
            extra = as_stored(behind.cache.values())[table]
            assert found[table] | extra == by_feed[table], table
        assert found["lease"] == found["head"] == set()
        assert behind.pull() == whole.pull() == []
        shown = {row[0] for row in found["member"] if '"purchases":' in str(row[5])}
        at_home = {members[0], members[2]} if till is first else {members[1]}
        assert shown == at_home, "purchases are shown at home only"
    # The same file for every register of the store, until it is an hour old.
    third = centre.till("S1", "R3")
    assert (
        client_of(third).snapshot(FORMAT).snapshot_id
        == client_of(first).snapshot(FORMAT).snapshot_id
    )
    earlier = client_of(first).snapshot(FORMAT).snapshot_id
    centre.clock.advance(minutes=61)
    assert client_of(first).snapshot(FORMAT).snapshot_id != earlier
    with pytest.raises(CentreRefused, match="no_such_format"):
        client_of(first).snapshot(99)
    with pytest.raises(CentreRefused, match="no_such_snapshot"):
        list(client_of(second).snapshot_bytes(earlier, 0))


def test_a_file_made_amid_writers_misses_nothing(centre, client_of, database_url, tmp_path):
    till = centre.till()
    done = threading.Event()

    def write(number):
        with connect(database_url) as connection:
            count = 0
            while not done.is_set() or count < 30:
                with connection.transaction():
                    changes = Changes()
                    sku = f"{number}-{count}"
                    body = {"sku": sku, "name": sku, "unit_price_minor": count + 1}
                    changes.put("good", sku, body)
                    changes.put("good", f"shared{number}", {**body, "sku": f"shared{number}"})
                    changes.flush(connection)
                    time.sleep(0.002)
                count += 1

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    file = tmp_path / "amid.db"
    info = fetch(client_of(till), file)
    done.set()
    for thread in threads:
        thread.join()
    have = {row[0]: row for row in tables(file)["good"]}
    assert have
    for values in as_stored(follow(till, info.cursor).cache.values())["good"]:
        if values[0] not in have or have[values[0]][1] < values[1]:
            have[values[0]] = values
    assert set(have.values()) == as_stored(follow(till, "").cache.values())["good"]


def test_files_go_when_somebody_is_erased(centre, client_of, tmp_path):
    till = centre.till()
    client = client_of(till)
    first = client.snapshot(FORMAT)
    assert list((tmp_path / "snapshots").glob("*.db"))
    drop_files(tmp_path / "snapshots")
    assert client.snapshot(FORMAT).snapshot_id != first.snapshot_id
