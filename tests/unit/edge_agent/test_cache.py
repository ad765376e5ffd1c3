"""The cache of the centre's rows: versions, deletes, lookups, parts and positions."""

from __future__ import annotations

import random
import sqlite3
import threading

import pytest

from edge_agent.ledger.cache import Cache
from edge_agent.ledger.cache_rows import CachedLease
from edge_agent.ports import LeaseView
from loyalty.member import LotView, Member, PastPurchase
from sync.contract.feed import FeedPage, FeedRow, FeedRuleset
from sync.downlink import AppliedPage
from sync.errors import LocalStoreFailed

NOON = "2026-01-01T12:00:00Z"
MEMBER = {
    "member_id": 7,
    "name": "Олена К.",
    "birthday": "02-29",
    "tier": "gold",
    "groups": ["staff"],
    "balance_points": 12_345,
    "pending_points": 50,
    "is_blocked": True,
    "lots": [{"points": 12_345, "expires_on": "2026-12-31"}],
    "purchases": [{"at": NOON, "total_minor": 9_900, "items": ["Хліб", "Сир"]}],
    "purchases_count": 41,
}


@pytest.fixture
def cache(tmp_path):
    made = Cache(tmp_path / "cache.db")
    yield made
    made.close()


def row(kind, key, version, body=None):
    return FeedRow(
        kind=kind, key=str(key), version=version, is_deleted=body is None, body=body or {}
    )


def page(*rows, cursor="c1", incarnation="i1", more=False):
    return FeedPage(
        incarnation=incarnation, cursor=cursor, rows=list(rows), more=more, server_time=NOON
    )


def balance(member_id, points):
    return {"member_id": member_id, "name": "А. Б.", "balance_points": points}


def lease(lease_id, state="open", member_id=7, register_id="r1", epoch=2, granted=500):
    return {
        "lease_id": lease_id,
        "member_id": member_id,
        "register_id": register_id,
        "epoch": epoch,
        "granted_points": granted,
        "state": state,
    }


def test_a_member_comes_back_as_it_was_sent(cache):
    cache.apply_page(
        page(row("member", 7, 1, MEMBER), row("token", "card:42", 1, {"member_id": 7}))
    )
    expected = Member(
        member_id=7,
        name="Олена К.",
        balance_points=12_345,
        pending_points=50,
        birthday="02-29",
        tier="gold",
        groups=("staff",),
        is_blocked=True,
        lots=(LotView(12_345, "2026-12-31"),),
        purchases=(PastPurchase(NOON, 9_900, ("Хліб", "Сир")),),
        purchases_count=41,
    )
    assert cache.member(7) == expected
    assert cache.find_member_by_token("card:42") == expected
    assert cache.find_member_by_token("card:43") is None
    assert cache.member(8) is None


def test_only_a_higher_version_is_taken(cache):
    first = cache.apply_page(page(row("member", 7, 5, balance(7, 100))))
    assert (first.applied, first.stale) == (1, 0)
    for version, points in ((4, 1), (5, 2)):
        stale = cache.apply_page(page(row("member", 7, version, balance(7, points))))
        assert (stale.applied, stale.stale) == (0, 1)
        assert cache.member(7).balance_points == 100
    cache.apply_page(page(row("member", 7, 6, balance(7, 300))))
    assert cache.member(7).balance_points == 300


def test_a_delete_holds_against_a_replay_and_yields_to_news(cache):
    rows = [row("member", 7, 1, MEMBER), row("token", "qr:A", 1, {"member_id": 7})]
    cache.apply_page(page(*rows))
    cache.apply_page(page(row("member", 7, 2), row("token", "qr:A", 2)))
    assert cache.member(7) is None
    assert cache.find_member_by_token("qr:A") is None
    cache.apply_page(page(*rows))
    assert cache.member(7) is None
    cache.apply_page(page(row("member", 7, 3, balance(7, 9))))
    assert cache.member(7).balance_points == 9
    assert cache.stats().members == 1
    assert cache.stats().tokens == 0


def test_positions_move_with_the_page(cache):
    assert (cache.cursor(), cache.incarnation(), cache.balance_as_of()) == ("", "", "")
    assert cache.applied_seq() == (0, 0)
    assert cache.ruleset_wanted() is None
    wanted = {"sequence": 9, "sha256": "ab" * 32, "size": 77}
    cache.apply_page(
        page(
            row("ruleset", "active", 1, wanted),
            row("head", "r1", 1, {"epoch": 2, "seq": 40}),
            cursor="c9",
        )
    )
    assert (cache.cursor(), cache.incarnation(), cache.balance_as_of()) == ("c9", "i1", NOON)
    assert cache.applied_seq() == (2, 40)
    assert cache.ruleset_wanted() == FeedRuleset.model_validate(wanted)


def test_heads_of_several_registers_are_told_apart(cache):
    cache.apply_page(
        page(
            row("head", "r1", 1, {"epoch": 1, "seq": 40}),
            row("head", "r2", 1, {"epoch": 3, "seq": 4}),
        )
    )
    assert cache.applied_seq("r1") == (1, 40)
    assert cache.applied_seq("r2") == (3, 4)
    assert cache.applied_seq("r3") == (0, 0)


def test_leases_of_this_register_and_epoch(cache):
    cache.apply_page(
        page(
            row("lease", "L1", 1, lease("L1", "closed", granted=900)),
            row("lease", "L2", 2, lease("L2")),
            row("lease", "L3", 3, lease("L3", "recalled", granted=200)),
            row("lease", "L4", 4, lease("L4", register_id="r2")),
            row("lease", "L5", 5, lease("L5", epoch=1)),
        )
    )
    found = cache.lease_for(7, "r1", 2)
    assert found == CachedLease("L2", 500, True, 7, "r1", 2, "open")
    assert isinstance(found, LeaseView)
    assert cache.lease_for(8, "r1", 2) is None
    assert [item.lease_id for item in cache.leases("r1", 2, "recalled")] == ["L3"]
    cache.apply_page(page(row("lease", "L2", 6, lease("L2", "recalled"))))
    assert cache.lease_for(7, "r1", 2).is_open is False
    cache.apply_page(page(*(row("lease", name, 9) for name in ("L1", "L2", "L3"))))
    assert cache.lease_for(7, "r1", 2) is None
    assert cache.stats().leases == 2


def test_unknown_kinds_and_unusable_rows_are_counted_and_the_rest_applies(cache):
    result = cache.apply_page(
        page(
            row("coupon", "k1", 1, {"x": 1}),
            row("coupon", "k2", 1, {"x": 1}),
            row("member", "seven", 1, balance(7, 1)),
            row("member", 8, 1, balance(9, 1)),
            row("member", 10, 1, {"member_id": 10}),
            row("member", 2**53, 1),
            row("token", "", 1, {"member_id": 7}),
            row("token", "t" * 201, 1, {"member_id": 7}),
            row("token", "card:5", -1, {"member_id": 7}),
            row("token", "card:6", 2**70, {"member_id": 7}),
            row("lease", "L9", 1, lease("L9", epoch=2**70)),
            row("head", "r1", 1, {"epoch": 1, "seq": 2**70}),
            row("member", 11, 1, balance(11, 5)),
        )
    )
    assert result == AppliedPage(applied=1, stale=0, unknown=2, rejected=10)
    assert cache.member(11).balance_points == 5
    assert cache.cursor() == "c1"
    stats = cache.stats()
    assert (stats.unknown_kinds, stats.rejected_rows) == ({"coupon": 2}, 10)


def test_fields_of_a_newer_centre_are_ignored(cache):
    body = balance(7, 5) | {"favourite_colour": "blue"}
    cache.apply_page(page(row("member", 7, 1, body)))
    assert cache.member(7).balance_points == 5


def test_rows_outside_the_feed_leave_the_cursor(cache):
    cache.apply_page(page(cursor="c5"))
    result = cache.apply_rows(
        [row("member", 7, 3, MEMBER), row("token", "card:1", 3, {"member_id": 7})]
    )
    assert result.applied == 2
    assert cache.find_member_by_token("card:1").member_id == 7
    assert cache.cursor() == "c5"


def test_another_incarnation_needs_a_reset(cache):
    cache.apply_page(page(row("member", 7, 9, MEMBER), cursor="c5"))
    with pytest.raises(ValueError, match="incarnation"):
        cache.apply_page(page(row("member", 7, 10, balance(7, 1)), incarnation="i2"))
    assert cache.member(7).balance_points == 12_345
    cache.reset("i2")
    assert (cache.member(7), cache.cursor(), cache.balance_as_of()) == (None, "", "")
    assert cache.incarnation() == "i2"
    cache.apply_page(page(row("member", 7, 1, balance(7, 1)), incarnation="i2"))
    assert cache.member(7).balance_points == 1


def test_a_reset_forgets_every_table(cache):
    good = {"sku": "1", "name": "Хліб", "unit_price_minor": 1, "barcodes": ["482"]}
    cache.apply_page(
        page(
            row("member", 7, 1, MEMBER),
            row("token", "card:1", 1, {"member_id": 7}),
            row("token", "phone:aa", 1, {"member_id": 7}),
            row("good", "1", 1, good),
            row("lease", "L1", 1, lease("L1")),
            row("ruleset", "active", 1, {"sequence": 9, "sha256": "ab" * 32, "size": 77}),
            row("head", "r1", 1, {"epoch": 2, "seq": 40}),
            row("deny", "7", 1, {"member_id": 7, "reason": "overdraft", "since": "2026-11-22"}),
        )
    )
    assert cache.is_denied(7)
    cache.reset("")
    with sqlite3.connect(cache.path) as connection:
        tables = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type='table'")
            if not name.startswith(("sqlite_", "_sqlite")) and name != "meta"
        ]
        assert len(tables) == 9
        for table in tables:
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0, table
    connection.close()


class Watcher:
    """Sees every committed state of the file through its own connection."""

    def __init__(self, path, sql):
        self._path, self._sql = path, sql
        self.seen = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _watch(self):
        connection = sqlite3.connect(self._path, isolation_level=None)
        while not self._stop.is_set():
            self.seen.add(tuple(connection.execute(self._sql).fetchone()))
        connection.close()


def test_own_effects_can_be_taken_off_exactly(cache):
    """A balance and the head it contains are never seen apart, however large the page."""
    sql = (
        "SELECT (SELECT count(*) FROM member WHERE version = 2), (SELECT seq FROM head), "
        "(SELECT value FROM meta WHERE key = 'cursor')"
    )
    members = range(1, 2_501)
    head = [row("head", "r1", version, {"epoch": 1, "seq": version}) for version in (1, 2)]
    first = [row("member", number, 1, balance(number, 10)) for number in members]
    second = [row("member", number, 2, balance(number, 20)) for number in members]
    cache.apply_page(page(*first, head[0], cursor="one"))
    with Watcher(cache.path, sql) as watcher:
        cache.apply_page(page(head[1], *second, cursor="two"))
    assert watcher.seen <= {(0, 1, "one"), (2_500, 2, "two")}


def test_a_page_without_a_head_is_cut_into_short_transactions(tmp_path):
    cache = Cache(tmp_path / "cache.db", part_rows=100)
    members = [row("member", number, 1, balance(number, 1)) for number in range(1, 951)]
    sql = (
        "SELECT (SELECT count(*) FROM member) % 100, (SELECT count(*) FROM member) = 950, "
        "(SELECT value FROM meta WHERE key = 'cursor') IS NOT NULL"
    )
    with Watcher(cache.path, sql) as watcher:
        assert cache.apply_page(page(*members)).applied == 950
    # Only whole parts are ever seen, and the cursor not before the last of them.
    assert watcher.seen <= {(0, 0, 0), (50, 1, 1)}
    cache.close()


def test_a_part_ends_by_time_too(tmp_path):
    cache = Cache(tmp_path / "cache.db", part_s=0.0)
    rows = [row("member", number, 1, balance(number, 1)) for number in range(1, 20)]
    assert cache.apply_page(page(*rows)).applied == 19
    assert cache.stats().members == 19
    cache.close()


def test_everything_is_there_after_a_reopening(cache):
    cache.apply_page(page(row("member", 7, 1, MEMBER), cursor="c7"))
    cache.close()
    cache.close()
    again = Cache(cache.path)
    assert again.member(7).name == "Олена К."
    assert again.cursor() == "c7"
    assert again.stats().broken_files == ()
    again.close()


def test_a_closed_cache_says_so(cache):
    cache.close()
    with pytest.raises(LocalStoreFailed, match="closed"):
        cache.member(7)
    with pytest.raises(LocalStoreFailed, match="closed"):
        cache.apply_page(page())


def test_readers_cannot_write_and_do_not_wait_for_the_writer(cache):
    cache.apply_page(page(row("member", 7, 1, MEMBER)))
    release, busy = threading.Event(), threading.Event()

    def hold(_connection):
        busy.set()
        release.wait(20)

    pending = threading.Thread(target=lambda: cache._writer.run(hold, durable=False))
    pending.start()
    busy.wait(20)
    assert cache.member(7).member_id == 7
    with (
        cache._readers.connection() as reader,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        reader.execute("DELETE FROM member")
    release.set()
    pending.join()


def test_threads_that_end_give_their_connection_back(cache):
    for _ in range(20):
        thread = threading.Thread(target=cache.member, args=(7,))
        thread.start()
        thread.join()
    assert len(cache._readers._open) <= 2


def test_any_order_of_replays_ends_in_the_same_state(tmp_path):
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    history = []
    for version in range(1, 120):
        number = chance.randrange(1, 8)
        body = None if chance.random() < 0.2 else balance(number, version)
        history.append(row("member", number, version, body))
    expected = {item.key: (None if item.is_deleted else item.version) for item in history}
    cache = Cache(tmp_path / "cache.db")
    shuffled = history * 2
    chance.shuffle(shuffled)
    for start in range(0, len(shuffled), 17):
        cache.apply_page(page(*shuffled[start : start + 17]))
    for key, points in expected.items():
        member = cache.member(int(key))
        assert (member.balance_points if member else None) == points, f"seed {seed}"
    cache.close()
