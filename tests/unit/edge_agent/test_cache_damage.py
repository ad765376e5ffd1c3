"""A cache file that is damaged is moved aside and downloaded again; nobody is called."""

from __future__ import annotations

import random
import sqlite3
import threading

import pytest

from edge_agent.ledger.cache import Cache
from edge_agent.ledger.cache_file import KEPT_BROKEN, move_aside
from sync.contract.feed import FeedPage, FeedRow
from sync.errors import LocalStoreFailed


def page(members, cursor="c1"):
    rows = [
        FeedRow(
            kind="member",
            key=str(number),
            version=1,
            body={"member_id": number, "name": f"М. {number}", "balance_points": number},
        )
        for number in range(1, members + 1)
    ]
    return FeedPage(incarnation="i", cursor=cursor, rows=rows, more=False, server_time="t")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "cache.db"
    cache = Cache(path)
    cache.apply_page(page(2_000))
    cache.close()
    return path


def zero_page_one(path):
    with path.open("r+b") as file:
        file.write(bytes(4096))


def cut(path):
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2 - 100)


def garbage(path):
    path.write_bytes(random.Random(1).randbytes(50_000))


def text(path):
    path.write_text("this is not a database " * 1000)


def no_tables(path):
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE token")
    connection.commit()
    connection.close()


def newer_schema(path):
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()


def schema_that_is_no_text(path):
    data = path.read_bytes()
    assert b"CREATE TABLE token" in data
    path.write_bytes(data.replace(b"CREATE TABLE token", b"CREATE TABL\xc8 token"))


def zero_in_the_middle(path):
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2 // 4096 * 4096)
        file.write(bytes(4096))


@pytest.mark.parametrize(
    "damage",
    [
        zero_page_one,
        cut,
        garbage,
        text,
        no_tables,
        newer_schema,
        schema_that_is_no_text,
        zero_in_the_middle,
    ],
)
def test_a_damaged_file_is_moved_aside_at_open(path, damage):
    damage(path)
    before = path.read_bytes()
    cache = Cache(path)
    assert (cache.cursor(), cache.stats().members) == ("", 0)
    assert cache.stats().broken_files == ("cache.db.broken-1",)
    if damage is not newer_schema:
        assert path.with_name("cache.db.broken-1").read_bytes() == before
    cache.apply_page(page(5, cursor="c2"))
    cache.close()
    again = Cache(path)
    assert (again.cursor(), again.member(5).name) == ("c2", "М. 5")
    again.close()


def test_the_log_goes_aside_with_its_file(path):
    """SQLite would replay a log that is left beside a fresh file into that file."""
    for suffix in ("-wal", "-shm"):
        path.with_name(f"cache.db{suffix}").write_text(f"old{suffix}")
    broken = move_aside(path)
    assert broken.name == "cache.db.broken-1"
    assert sorted(entry.name for entry in path.parent.iterdir()) == [
        "cache.db.broken-1",
        "cache.db.broken-1-shm",
        "cache.db.broken-1-wal",
    ]
    assert path.with_name("cache.db.broken-1-wal").read_text() == "old-wal"


def test_the_two_newest_broken_files_are_kept(path):
    for number in range(1, 6):
        garbage(path)
        cache = Cache(path)
        kept = [f"cache.db.broken-{n}" for n in range(max(1, number - KEPT_BROKEN + 1), number + 1)]
        assert list(cache.stats().broken_files) == kept
        cache.close()


def test_a_file_in_use_is_not_called_damaged(path):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(LocalStoreFailed, match="locked"):
        Cache(path)
    other.execute("ROLLBACK")
    other.close()
    assert [entry.name for entry in path.parent.iterdir() if "broken" in entry.name] == []
    cache = Cache(path)
    assert cache.member(2_000).balance_points == 2_000
    cache.close()


def test_a_folder_that_is_not_there_is_a_clear_failure(tmp_path):
    with pytest.raises(LocalStoreFailed, match="cannot be opened"):
        Cache(tmp_path / "missing" / "cache.db")


@pytest.mark.parametrize(
    "flip",
    [
        "UPDATE member SET points = points + 8192 WHERE member_id = 1999",
        "UPDATE member SET version = version + 1024",
        "UPDATE member SET name = name || '.'",
    ],
)
def test_a_changed_figure_that_sqlite_does_not_see_is_not_believed(path, flip):
    moved = []
    cache = Cache(path, on_rebuilt=moved.append)
    assert cache.member(1_999).balance_points == 1_999
    cache._writer.run(lambda connection: connection.execute(flip))
    assert cache.member(1_999) is None
    assert moved == [path.with_name("cache.db.broken-1")]
    cache.close()


def test_a_lease_or_head_that_changed_by_itself_is_not_believed(tmp_path):
    lease = {
        "lease_id": "L1",
        "member_id": 7,
        "register_id": "r1",
        "epoch": 1,
        "granted_points": 100,
        "state": "open",
    }
    rows = [
        FeedRow(kind="lease", key="L1", version=1, body=lease),
        FeedRow(kind="head", key="r1", version=1, body={"epoch": 1, "seq": 5}),
    ]
    cache = Cache(tmp_path / "cache.db")
    for flip in ("UPDATE lease SET granted_points = 612", "UPDATE head SET seq = 4"):
        cache.apply_rows(rows)
        assert cache.lease_for(7, "r1", 1).granted_points == 100
        assert cache.applied_seq() == (1, 5)
        cache._writer.run(lambda connection, flip=flip: connection.execute(flip))
        # Whichever is read first starts the cache anew; neither is believed after that.
        cache.lease_for(7, "r1", 1), cache.applied_seq()
        assert (cache.lease_for(7, "r1", 1), cache.applied_seq()) == (None, (0, 0))
    cache.close()


def test_a_cursor_that_changed_by_itself_is_not_believed(path):
    cache = Cache(path)
    flip = "UPDATE meta SET value = value || '0' WHERE key = 'cursor'"
    cache._writer.run(lambda connection: connection.execute(flip))
    assert cache.cursor() == ""
    assert cache.member(1_999) is None
    cache.close()


def test_an_incarnation_that_changed_by_itself_is_not_compared(path):
    cache = Cache(path)
    flip = "UPDATE meta SET value = 'j' WHERE key = 'incarnation'"
    cache._writer.run(lambda connection: connection.execute(flip))
    with pytest.raises(LocalStoreFailed, match="checksum"):
        cache.apply_page(page(3))
    assert (cache.cursor(), cache.incarnation(), cache.member(1_999)) == ("", "", None)
    cache.apply_page(page(3))
    assert cache.member(3).member_id == 3
    cache.close()


def spoil_bodies(cache):
    """Damage what is stored below SQLite's own checks: the text of the rows."""
    cache._writer.run(lambda connection: connection.execute("UPDATE member SET rest = '{\"na'"))


def test_a_body_that_cannot_be_read_starts_the_cache_anew(path):
    cache = Cache(path)
    spoil_bodies(cache)
    assert cache.member(7) is None
    assert cache.cursor() == ""
    assert cache.stats().broken_files == ("cache.db.broken-1",)
    cache.apply_page(page(10, cursor="again"))
    assert cache.member(7).name == "М. 7"
    cache.close()


def test_pages_that_rot_while_the_agent_runs_are_noticed_on_reading(path):
    cache = Cache(path)
    assert cache.member(1).member_id == 1
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))
    # A fresh thread has no page in memory yet.
    found = []
    thread = threading.Thread(target=lambda: found.append(cache.member(1_999)))
    thread.start()
    thread.join()
    assert found == [None]
    assert cache.stats().broken_files == ("cache.db.broken-1",)
    cache.apply_page(page(10, cursor="again"))
    assert cache.member(7).name == "М. 7"
    cache.close()


def test_many_threads_meet_the_damage_and_one_repairs_it(path):
    cache = Cache(path)
    spoil_bodies(cache)
    start = threading.Barrier(8)
    failures = []

    def read():
        start.wait()
        for number in range(1, 200):
            try:
                cache.member(number)
            except LocalStoreFailed as error:
                failures.append(error)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert cache.stats().broken_files == ("cache.db.broken-1",)
    cache.close()


@pytest.mark.parametrize("seed", [random.randrange(2**32)], ids=["any"])
def test_random_damage_never_shows_wrong_members(path, seed):
    chance = random.Random(seed)
    whole = path.read_bytes()
    for _ in range(40):
        damaged = bytearray(whole)
        start = chance.randrange(len(damaged))
        if chance.random() < 0.5:
            damaged[start] ^= 1 << chance.randrange(8)
        else:
            damaged[start : start + 4096] = chance.randbytes(len(damaged[start : start + 4096]))
        path.write_bytes(damaged)
        cache = Cache(path)
        for number in chance.sample(range(1, 2_001), 40):
            member = cache.member(number)
            shown = member and (member.member_id, member.balance_points, member.name)
            assert shown in (None, (number, number, f"М. {number}"))
        cache.apply_page(page(20, cursor="after"))
        cache.close()
        for entry in path.parent.iterdir():
            entry.unlink()
