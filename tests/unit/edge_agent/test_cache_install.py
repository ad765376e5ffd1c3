"""A snapshot becomes the cache in one step; buckets are compared and put right."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing

import pytest

from edge_agent.ledger.cache import Cache
from edge_agent.ledger.cache_buckets import Holder
from sync.contract.buckets import row_digest, row_id
from sync.contract.feed import FeedBucket, FeedPage, FeedRow
from sync.errors import LocalStoreFailed
from tests.support.snapshot_file import described, write_snapshot

HOLDER = Holder("r1", 1)
BUCKETS = 8


def member(number, version=1, balance=100):
    body = {"member_id": number, "name": f"М. {number}", "balance_points": balance}
    return FeedRow(kind="member", key=str(number), version=version, body=body)


def token(key, number, version=1, deleted=False):
    body = {"member_id": number}
    return FeedRow(kind="token", key=key, version=version, is_deleted=deleted, body=body)


def lease(lease_id, register="r1", epoch=1):
    body = {
        "lease_id": lease_id,
        "member_id": 1,
        "register_id": register,
        "epoch": epoch,
        "granted_points": 50,
        "state": "open",
    }
    return FeedRow(kind="lease", key=lease_id, version=1, body=body)


GOOD = {"sku": "7", "name": "Хліб", "unit_price_minor": 2_500, "barcodes": ["4820000000017"]}
ROWS = [
    *(member(number) for number in range(1, 40)),
    *(token(f"card:{number}", number) for number in range(1, 40)),
    *(token(f"phone:{number:064x}", number) for number in range(1, 40)),
    FeedRow(kind="good", key="7", version=1, body=GOOD),
]


def page(rows, cursor="i:1", incarnation="i"):
    return FeedPage(incarnation=incarnation, cursor=cursor, rows=rows, more=False, server_time="t")


@pytest.fixture
def cache(tmp_path):
    made = Cache(tmp_path / "cache.db")
    yield made
    made.close()


@pytest.fixture
def snapshot(tmp_path):
    path = tmp_path / "snapshot.part"
    rows = write_snapshot(path, ROWS)
    return path, described(path, "j", "j:9", rows)


def test_a_snapshot_is_the_cache_with_its_position(cache, snapshot):
    cache.apply_page(page([member(500), lease("old")]))
    cache.install(*snapshot)
    assert (cache.incarnation(), cache.cursor()) == ("j", "j:9")
    assert cache.find_member_by_token("card:7").member_id == 7
    assert cache.find_member_by_token(f"phone:{8:064x}").name == "М. 8"
    assert cache.good_by_code("4820000000017").sku == "7"
    assert cache.member(500) is None
    assert cache.leases("r1", 1, "open") == []
    assert not snapshot[0].exists()
    cache.apply_page(page([member(7, version=2, balance=5)], "j:10", "j"))
    cache.close()
    again = Cache(cache.path)
    assert (again.member(7).balance_points, again.cursor()) == (5, "j:10")
    again.close()


def test_lookups_and_writes_go_on_while_the_file_is_swapped(cache, snapshot):
    cache.apply_page(page(ROWS))
    faults, ended = [], threading.Event()

    def look():
        while not ended.is_set():
            found = cache.find_member_by_token("card:7")
            cache.apply_rows([member(900)])
            if found is None or found.member_id != 7:
                faults.append(found)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    cache.install(*snapshot)
    ended.set()
    for thread in threads:
        thread.join()
    assert faults == []
    assert cache.cursor() == "j:9"


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4_096] = bytes(4_096)
    path.write_bytes(data)


def other_format(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 77")


def other_tables(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TRIGGER t AFTER INSERT ON meta BEGIN SELECT 1; END")


def text(path):
    path.write_text("no database")


@pytest.mark.parametrize("damage", [flip, other_format, other_tables, text])
def test_a_snapshot_that_is_not_sound_leaves_the_old_cache(cache, snapshot, damage):
    cache.apply_page(page([member(500)]))
    damage(snapshot[0])
    with pytest.raises(LocalStoreFailed, match="cannot be used"):
        cache.install(*snapshot)
    assert (cache.member(500).member_id, cache.cursor()) == (500, "i:1")
    cache.apply_rows([member(501)])


def test_a_log_left_by_a_power_cut_is_not_replayed_into_a_snapshot(tmp_path, snapshot):
    path = tmp_path / "cache.db"
    cache = Cache(path)
    cache.apply_page(page([member(500)]))
    log = path.with_name("cache.db-wal").read_bytes()
    cache.close()
    path.with_name("cache.db-wal").write_bytes(log)
    again = Cache(path)
    again.install(*snapshot)
    again.close()
    last = Cache(path)
    assert (last.member(500), last.member(39).member_id) == (None, 39)
    last.close()


# --- buckets ------------------------------------------------------------------------------------


def expected(rows):
    sums = [0] * BUCKETS
    for row in rows:
        name = (row.kind, row.key)
        if row.kind == "token" and row.key.startswith("phone:"):
            name = ("phone", str(row.body["member_id"]))
        sums[row_id(*name) % BUCKETS] ^= row_digest(row_id(*name), row.version)
    return sums


def test_sums_are_those_of_the_live_rows(cache):
    gone = [token("card:99", 9, deleted=True), token("phone:ff", 9, 3, deleted=True)]
    others = [lease("theirs", "r2"), lease("earlier", "r1", 0)]
    counted = [*ROWS, lease("mine")]
    cache.apply_page(page([*counted, *gone, *others]))
    assert cache.sums(HOLDER, BUCKETS) == expected(counted)
    cache.apply_page(page([member(3, version=2)], "i:2"))
    counted[2] = member(3, version=2)
    assert cache.sums(HOLDER, BUCKETS) == expected(counted)


def test_a_bucket_is_made_equal_to_the_centres(cache):
    cache.apply_page(page([*ROWS[5:], member(5, version=9), token("card:lost", 1), member(777)]))
    pauses = []
    for number in range(BUCKETS):
        rows = [row for row in ROWS if row_id(*named(row)) % BUCKETS == number]
        bucket = FeedBucket(
            incarnation="i", number=number, buckets=BUCKETS, rows=rows, server_time="t"
        )
        cache.put_right(HOLDER, bucket)
    assert cache.sums(HOLDER, BUCKETS, lambda: pauses.append(1)) == expected(ROWS)
    assert pauses
    assert cache.member(1).member_id == 1
    assert cache.member(777) is None
    assert cache.find_member_by_token("card:lost") is None
    assert cache.good_by_code("4820000000017").sku == "7"


def named(row):
    if row.kind == "token" and row.key.startswith("phone:"):
        return "phone", str(row.body["member_id"])
    return row.kind, row.key
