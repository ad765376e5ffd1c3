"""Old facts leave only when the centre has them, and the chain still verifies."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_agent.ledger.answers import Answers, StoredAnswer
from edge_agent.ledger.chain_marks import signer_of
from edge_agent.ledger.ledger import Ledger, Outbox
from edge_agent.ledger.outbox_rows import open_rows, retry_quarantined
from edge_agent.ledger.retention import BATCH_ROWS, Kept, Retention
from edge_agent.ledger.verify import quick_check
from sync.contract.messages import FactVerdict, ItemVerdict, UploadReply
from sync.contract.signing import new_private_key

THEN = datetime(2026, 1, 1, tzinfo=UTC)
LATER = THEN + timedelta(days=91)
AT = "2026-01-01T00:00:00.000Z"


class Book:
    """A ledger with its outbox and its retention."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ledger = Ledger(path, "R1", 1)
        self.outbox = Outbox(self.ledger, "R1")
        sign = signer_of(new_private_key())
        self.retention = Retention(self.ledger, "R1", sign, Kept(fact_days=90, answer_days=35))

    def write(self, count: int, at: str = AT) -> None:
        for number in range(count):
            body = {"n": number}
            self.ledger.unit(lambda uow, body=body: uow.append_fact("shift", body, at))

    def settle(self, count: int, verdict: FactVerdict = "accepted") -> None:
        batch = self.outbox.pending(count, 10**6)
        assert batch is not None
        verdicts = [ItemVerdict(seq=fact.seq, verdict=verdict) for fact in batch.facts]
        last = batch.facts[-1]
        reply = UploadReply(
            verdicts=verdicts, head_seq=last.seq, head_hash=last.hash, server_time=AT
        )
        self.outbox.acknowledge(batch, reply)

    def prune(self, now: datetime = LATER) -> int:
        gone = 0
        while some := self.retention.prune_some(now):
            gone += some
        return gone

    def seqs(self) -> list[int]:
        rows = self.ledger.query(
            lambda c: c.execute("SELECT seq FROM outbox ORDER BY epoch, seq").fetchall()
        )
        return [row[0] for row in rows]


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made = Book(tmp_path / "ledger.db")
    yield made
    made.ledger.close()


def test_only_what_is_acknowledged_and_old_goes_and_the_last_fact_stays(book: Book) -> None:
    book.write(2 * BATCH_ROWS + 5)
    assert book.prune() == 0, "nothing is acknowledged"
    book.settle(BATCH_ROWS + 7)
    assert book.prune(THEN + timedelta(days=89)) == 0, "not old enough"
    assert book.prune() == BATCH_ROWS + 7
    assert book.seqs()[0] == BATCH_ROWS + 8
    assert quick_check(book.path) == []
    book.settle(500)
    book.prune()
    assert book.seqs() == [2 * BATCH_ROWS + 5]
    book.write(1)
    assert book.seqs()[-1] == 2 * BATCH_ROWS + 6, "the sequence goes on"
    assert quick_check(book.path) == []


def test_what_is_quarantined_stays_below_the_mark_and_leaves_once_it_is_taken(book: Book) -> None:
    book.write(10)
    book.settle(4)
    book.settle(1, "quarantined")
    book.settle(5)
    book.prune()
    assert book.seqs() == [5, 10]
    assert quick_check(book.path) == []
    assert [(row.seq, row.state) for row in open_rows(book.path)] == [(5, "quarantined")]
    assert book.ledger.write(retry_quarantined) == 1
    book.settle(1)
    book.write(1)
    book.settle(1)
    book.write(1)
    book.prune()
    assert book.seqs() == [12]
    assert quick_check(book.path) == []


def test_a_waiting_fact_holds_back_all_after_it(book: Book) -> None:
    book.write(6)
    book.settle(6)
    book.outbox.rewind(1, 3)
    book.prune()
    assert book.seqs() == [4, 5, 6]


def _spoil(path: Path, sql: str) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(sql)
        connection.commit()
    return quick_check(path)


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("UPDATE chain_mark SET seq = seq - 1", "expected seq"),
        ("UPDATE chain_mark SET hash = zeroblob(32)", "broken link"),
        ("UPDATE chain_mark SET signature = zeroblob(64)", "signature does not fit"),
        ("DELETE FROM chain_mark", "expected seq 1"),
        ("DELETE FROM outbox WHERE seq = 7", "expected seq 7"),
        ("UPDATE outbox SET state = 'acked' WHERE seq = 8", "does not fit its seal"),
    ],
)
def test_a_pruned_chain_is_still_a_chain(book: Book, sql: str, says: str) -> None:
    book.write(8)
    book.settle(6)
    book.prune()
    assert book.seqs() == [7, 8]
    book.ledger.close()
    assert any(says in fault for fault in _spoil(book.path, sql))


def test_answers_leave_after_their_days(book: Book) -> None:
    answers = Answers(book.ledger)
    answers.keep("old-key-1", StoredAnswer("h", 200, "{}"), AT, durable=True)
    answers.keep(
        "new-key-1", StoredAnswer("h", 200, "{}"), "2026-03-30T00:00:00.000Z", durable=True
    )
    assert book.prune() == 1
    assert answers.find("old-key-1") is None
    assert answers.find("new-key-1") is not None
