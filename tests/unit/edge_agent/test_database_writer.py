"""The one writing connection of a file outlives its callers' mistakes."""

from __future__ import annotations

import sqlite3
import threading
import time

import pytest

from edge_agent.ledger.database import FOLD_AT, DatabaseClosed, Writer


@pytest.fixture
def writer(tmp_path):
    made = Writer(tmp_path / "cache.db", "cache", "cache")
    yield made
    made.close()


def put(value):
    return lambda connection: connection.execute("INSERT INTO meta VALUES (?, '', 0)", (value,))


def keys_of(connection):
    return [row[0] for row in connection.execute("SELECT key FROM meta")]


def keys(writer):
    return writer.run(keys_of)


def test_work_of_many_threads_runs_one_at_a_time(writer):
    running, most = [0], [0]

    def work(connection):
        running[0] += 1
        most[0] = max(most[0], running[0])
        time.sleep(0.001)
        put(f"{threading.get_ident()}.{len(keys_of(connection))}")(connection)
        running[0] -= 1

    threads = [
        threading.Thread(target=lambda: [writer.run(work) for _ in range(10)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert len(keys(writer)) == 40


def test_the_log_is_folded_in_a_quiet_moment(writer):
    file, log = writer.path, writer.path.with_name("cache.db-wal")
    before = file.stat().st_size
    for number in range(FOLD_AT + 10):
        writer.run(put(f"{number:04d}" + "x" * 500), durable=False)
    end = time.monotonic() + 10
    while file.stat().st_size == before and time.monotonic() < end:
        time.sleep(0.01)
    assert file.stat().st_size > before
    assert log.stat().st_size > 0, "the log keeps its blocks for the next commits"


def test_work_that_raises_is_rolled_back_and_the_next_runs(writer):
    def half(connection):
        put("half")(connection)
        raise KeyError("stop")

    with pytest.raises(KeyError):
        writer.run(half)
    writer.run(put("whole"))
    assert keys(writer) == ["whole"]


def test_work_inside_work_is_told_and_does_not_wait_for_ever(writer):
    with pytest.raises(RuntimeError, match="work inside work"):
        writer.run(lambda _: writer.run(lambda c: c.execute("SELECT 1").fetchone()))
    assert tuple(writer.run(lambda c: c.execute("SELECT 1").fetchone())) == (1,)


def test_whoever_comes_during_the_close_gets_an_answer(tmp_path):
    for _ in range(50):
        writer = Writer(tmp_path / "cache.db", "cache", "cache")
        start = threading.Barrier(3)
        answers = []

        def ask(writer=writer, start=start, answers=answers):
            start.wait()
            for _ in range(20):
                try:
                    answers.append(writer.run(lambda _: 1))
                except DatabaseClosed:
                    answers.append(0)

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        start.wait()
        writer.close()
        for thread in threads:
            thread.join()
        assert len(answers) == 40


def test_a_close_in_the_middle_of_a_fold_ends(tmp_path):
    for number in range(12):
        writer = Writer(tmp_path / "cache.db", "cache", "cache")
        for key in range(FOLD_AT):
            writer.run(put(f"{number}.{key}"), durable=False)
        time.sleep(0.045 + number / 1000)
        writer.close()
        assert not writer._folder.is_alive()


def test_a_file_that_cannot_be_opened_is_let_go(tmp_path):
    path = tmp_path / "cache.db"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(sqlite3.DatabaseError):
        Writer(path, "cache", "cache")
    path.unlink()
    Writer(path, "cache", "cache").close()
