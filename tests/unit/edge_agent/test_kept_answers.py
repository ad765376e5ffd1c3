"""Kept answers: the same bytes come back, long ones take little room, old rows are still read."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.ledger.answers import LONG, PACKED, Answers, StoredAnswer, pack, unpack
from edge_agent.ledger.ledger import Ledger
from edge_agent.ledger.verify import quick_check

TRACES = [
    {"promotion_id": f"p{n}", "name": f"Акція {n}", "status": "no_goods", "hint": "ще 1 шт. — і …"}
    for n in range(500)
]


@pytest.mark.parametrize("size", [0, 1, LONG - 1, LONG, LONG + 1, 200_000])
def test_any_text_comes_back_as_it_was(size: int) -> None:
    text = ('{"name": "Їжак €"}' * (size // 10 + 1))[:size]
    assert unpack(pack(text)) == text


def test_an_answer_with_five_hundred_traces_takes_a_tenth(tmp_path: Path) -> None:
    text = json.dumps({"traces": TRACES}, ensure_ascii=False)
    path = tmp_path / "ledger.db"
    ledger = Ledger(path, "R1", 1)
    answers = Answers(ledger)
    try:
        answers.keep(
            "key-long", StoredAnswer("h", 200, text), "2026-11-22T10:00:00.000Z", durable=True
        )
        answers.keep(
            "key-short", StoredAnswer("h", 200, "{}"), "2026-11-22T10:00:00.000Z", durable=True
        )
        long, short = answers.find("key-long"), answers.find("key-short")
        assert long is not None
        assert short is not None
        assert (long.answer, short.answer) == (text, "{}")
    finally:
        ledger.close()
    with closing(sqlite3.connect(path)) as connection:
        rows = dict(connection.execute("SELECT key, answer FROM idempotency"))
    assert rows["key-short"] == "{}", "as an older agent wrote it"
    assert rows["key-long"].startswith(PACKED)
    assert len(rows["key-long"]) < len(text.encode()) / 10
    assert quick_check(path) == []
