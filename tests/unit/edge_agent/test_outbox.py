"""The upstream queue over a real ledger file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from edge_agent.ledger.ledger import Ledger, LedgerJournal, Outbox, WrongLedger
from edge_agent.ledger.verify import quick_check
from sync.contract.messages import FactVerdict, ItemVerdict, UploadBatch, UploadReply

AT = "2026-01-01T00:00:00.000Z"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / "ledger.db", "R1", 1)
    yield opened
    opened.close()


def _write(ledger: Ledger, count: int, size: int = 10) -> None:
    for number in range(count):
        body = {"n": number, "text": "x" * size}
        ledger.unit(lambda uow, body=body: uow.append_fact("shift", body, AT))


def _reply(batch: UploadBatch, verdict: FactVerdict) -> UploadReply:
    return UploadReply(
        verdicts=[ItemVerdict(seq=fact.seq, verdict=verdict) for fact in batch.facts],
        head_seq=batch.facts[-1].seq,
        head_hash=batch.facts[-1].hash,
        server_time=AT,
    )


def test_facts_leave_in_order_and_only_when_acknowledged(ledger: Ledger) -> None:
    outbox = Outbox(ledger, "R1")
    _write(ledger, 5)
    first = outbox.pending(3, 10**6)
    assert first is not None
    assert [fact.seq for fact in first.facts] == [1, 2, 3]
    assert first.facts[1].prev_hash == first.facts[0].hash
    again = outbox.pending(3, 10**6)
    assert again == first, "nothing leaves before the centre has said so"
    outbox.acknowledge(first, _reply(first, "accepted"))
    rest = outbox.pending(10, 10**6)
    assert rest is not None
    assert [fact.seq for fact in rest.facts] == [4, 5]
    assert outbox.depth() == 2
    assert outbox.last_seq(1) == 5


def test_a_batch_keeps_its_bytes_but_is_never_empty(ledger: Ledger) -> None:
    _write(ledger, 3, size=1_000)
    batch = Outbox(ledger, "R1").pending(10, 100)
    assert batch is not None
    assert len(batch.facts) == 1


@pytest.mark.parametrize("verdict", get_args(FactVerdict))
def test_each_verdict_has_its_effect(ledger: Ledger, verdict: FactVerdict) -> None:
    outbox = Outbox(ledger, "R1")
    _write(ledger, 1)
    batch = outbox.pending(10, 10**6)
    assert batch is not None
    outbox.acknowledge(batch, _reply(batch, verdict))
    assert outbox.depth() == (1 if verdict == "gap" else 0)
    assert outbox.quarantined() == (1 if verdict in ("quarantined", "fork") else 0)


def test_a_restored_centre_gets_everything_again(ledger: Ledger) -> None:
    outbox = Outbox(ledger, "R1")
    _write(ledger, 4)
    for verdict in ("accepted", "quarantined"):
        batch = outbox.pending(2, 10**6)
        assert batch is not None
        outbox.acknowledge(batch, _reply(batch, verdict))
    assert outbox.pending(10, 10**6) is None
    outbox.rewind(1, 1)
    batch = outbox.pending(10, 10**6)
    assert batch is not None
    assert [fact.seq for fact in batch.facts] == [2, 3, 4]


def test_a_new_epoch_has_its_own_chain_after_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    for epoch in (1, 2):
        opened = Ledger(path, "R1", epoch)
        _write(opened, 2)
        opened.close()
    assert quick_check(path) == []
    opened = Ledger(path, "R1", 2)
    batch = Outbox(opened, "R1").pending(10, 10**6)
    assert batch is not None
    assert (batch.epoch, len(batch.facts)) == (1, 2), "the old epoch's facts go first, alone"
    opened.close()


def test_a_ledger_belongs_to_one_register_and_never_goes_back(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    Ledger(path, "R1", 2).close()
    with pytest.raises(WrongLedger, match="belongs to register R1"):
        Ledger(path, "R2", 2)
    with pytest.raises(WrongLedger, match="epoch"):
        Ledger(path, "R1", 1)
    Ledger(path, "R1", 2).close()


def test_a_failing_unit_leaves_nothing_behind(ledger: Ledger) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        ledger.unit(lambda uow: (uow.append_fact("shift", {}, AT), uow.burn_lease("l", "s", 0)))
    assert Outbox(ledger, "R1").depth() == 0


def test_a_device_journal_is_its_own(ledger: Ledger) -> None:
    journal, other = LedgerJournal(ledger, "printer"), LedgerJournal(ledger, "scanner")
    journal.put("seq", "41")
    journal.put("seq", "42")
    assert (journal.get("seq"), other.get("seq")) == ("42", None)
