"""The one writing thread of a file outlives its callers' mistakes."""

from __future__ import annotations

import sqlite3
import threading

import pytest

from edge_agent.ledger.database import DatabaseClosed, Writer


@pytest.fixture
def writer(tmp_path):
    made = Writer(tmp_path / "cache.db", "cache", "cache")
    yield made
    made.close()


def put(value):
    return lambda connection: connection.execute("INSERT INTO meta VALUES (?, '', 0)", (value,))


def keys(writer):
    return writer.run(lambda c: [row[0] for row in c.execute("SELECT key FROM meta")])


def test_a_cancelled_wait_skips_its_work_and_nothing_else(writer):
    release = threading.Event()
    running = writer.submit(lambda _: release.wait(20))
    cancelled = writer.submit(put("cancelled"))
    assert cancelled.cancel()
    kept = writer.submit(put("kept"))
    release.set()
    running.result()
    kept.result()
    assert keys(writer) == ["kept"]


def test_work_that_raises_is_rolled_back_and_the_next_runs(writer):
    def half(connection):
        put("half")(connection)
        raise KeyError("stop")

    with pytest.raises(KeyError):
        writer.run(half)
    writer.run(put("whole"))
    assert keys(writer) == ["whole"]


def test_whoever_comes_during_the_close_gets_an_answer(tmp_path):
    for _ in range(50):
        writer = Writer(tmp_path / "cache.db", "cache", "cache")
        start = threading.Barrier(3)
        answers = []

        def ask(writer=writer, start=start, answers=answers):
            start.wait()
            for _ in range(20):
                try:
                    answers.append(writer.submit(lambda _: 1).result(20))
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


def test_a_file_that_cannot_be_opened_is_let_go(tmp_path):
    path = tmp_path / "cache.db"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(sqlite3.DatabaseError):
        Writer(path, "cache", "cache")
    path.unlink()
    Writer(path, "cache", "cache").close()
