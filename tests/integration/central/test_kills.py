"""PostgreSQL killed during ingest by two service processes over one database."""

import tempfile
import threading
import time
from pathlib import Path

import pytest

from bench.soak.durable_central import feed_campaign, kill_campaign
from central import applier
from central.db.session import connect, open_pool, transact
from central.errors import DatabaseUnavailable
from central.watch import HELD_BACK, Horizon, Watch
from loyalty.authorisation.policy import Policy

pytestmark = pytest.mark.postgres
SEED = 20261122


def test_what_was_acknowledged_is_stored_after_three_kills():
    with tempfile.TemporaryDirectory(prefix="centre-kills-") as folder:
        report = kill_campaign(Path(folder), 3, SEED)
        logs = "".join(file.read_text() for file in Path(folder).glob("*.log"))
    assert report.kills == 3
    assert report.acknowledged > 0, f"seed {SEED}"
    assert report.is_sound, (SEED, report)
    assert logs.count("database_restarted") >= 3


def test_eight_writers_and_no_row_missed(database_url):
    report = feed_campaign(database_url, 16_000, SEED)
    assert report.written == 16_000
    assert report.is_sound, (SEED, report)


def test_facts_that_were_stored_and_not_applied_are_applied_by_any_process(
    centre, sale_body, add_member, books, monkeypatch
):
    """The service dies between its two commits: acknowledged is stored, and applied later."""
    member = add_member("0")
    till = centre.till()
    till.send("sale", sale_body(till, member, accrual_points=10))

    def die(*_, **__):
        raise DatabaseUnavailable("gone between the commits")

    with monkeypatch.context() as broken:
        broken.setattr(applier, "apply_stored", die)
        broken.setattr(applier, "behind", lambda _connection: [])
        facts = [till.fact("sale", sale_body(till, member, accrual_points=10)) for _ in range(5)]
        reply = till.upload(*facts)
        assert (reply["head_seq"], {v["verdict"] for v in reply["verdicts"]}) == (6, {"accepted"})
        assert sum(books(member).values()) == 10
        till.pull()
        assert till.cache["head", "R1"]["body"]["seq"] == 1, "not yet inside the balances"
    end = time.monotonic() + 10
    while sum(books(member).values()) != 60:
        assert time.monotonic() < end
    till.pull()
    assert till.cache["head", "R1"]["body"]["seq"] == 6
    assert till.upload(*facts)["head_seq"] == 6
    assert sum(books(member).values()) == 60


def test_appliers_of_two_processes_never_post_twice(database_url, db, sale_body, centre, books):
    """Both find the same log behind; one works on it, the other passes by."""
    till = centre.till()
    facts = [till.fact("sale", sale_body(till, 5, accrual_points=1)) for _ in range(300)]
    till.upload(*facts)
    assert sum(books(5).values()) == 300
    pools = [open_pool(database_url, 2) for _ in range(2)]
    together = threading.Barrier(2)
    done = []

    def work(pool):
        together.wait()
        done.append(
            transact(pool, lambda c: applier.apply_next(c, "R1", 1, centre.clock(), Policy()))
        )

    with db.transaction():
        db.execute("update applied set seq = 0")
    threads = [threading.Thread(target=work, args=(pool,)) for pool in pools]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for pool in pools:
        pool.close()
    assert sum(books(5).values()) == 300


def test_a_transaction_that_somebody_leaves_open_raises_an_alarm(database_url, db):
    watch = Watch(database_url, lambda: "2026-11-22T09:00:00Z", held_back_s=0.2)
    try:
        watch.look()
        with connect(database_url) as guilty, guilty.transaction():
            guilty.execute("select pg_current_xact_id()")
            with db.transaction():
                db.execute("select pg_current_xact_id()")
            watch.look()
            assert db.execute("select name from alarm").fetchall() == []
            time.sleep(0.3)
            watch.look()
            [(name, detail)] = db.execute("select name, detail from alarm").fetchall()
            assert name == HELD_BACK
            assert str(guilty.info.backend_pid) in detail
        db.execute("select pg_current_xact_id()")
        watch.look()
        assert db.execute("select name from alarm").fetchall() == []
    finally:
        watch.close()


def test_the_service_itself_leaves_no_transaction_open(database_url):
    """Bounded by the server, whatever the code does."""
    pool = open_pool(database_url, 2)
    try:
        with pool.connection() as connection:
            shown = [
                connection.execute(f"show {name}").fetchone()[0]
                for name in (
                    "statement_timeout",
                    "lock_timeout",
                    "idle_in_transaction_session_timeout",
                    "transaction_timeout",
                )
                if name != "transaction_timeout" or connection.info.server_version >= 170000
            ]
            assert set(shown) == {"5s"}
        with pytest.raises(DatabaseUnavailable):
            transact(
                pool,
                lambda c: c.execute("set local statement_timeout to '50ms'; select pg_sleep(5)"),
            )
    finally:
        pool.close()


def test_the_horizon_counts_only_while_it_stands_still():
    now = [0.0]
    horizon = Horizon(lambda: now[0])
    assert horizon.lag_s(10, 10) == 0
    now[0] = 100.0
    assert horizon.lag_s(10, 10) == 0, "nothing in flight"
    assert horizon.lag_s(10, 12) == 0
    now[0] = 131.0
    assert horizon.lag_s(10, 15) == 31
    assert horizon.lag_s(11, 15) == 0
