"""What a register says of its questions to authorise: holds at the centre end by it."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from typing import Any

from edge_agent.ledger.ledger import Outbox
from tests.support.rig import CARD, Rig, answer, line, payment


def _ask(rig: Rig) -> dict[str, Any]:
    """An open sale with a decided redemption."""
    body = {
        "identity": {"code": CARD, "source": "scanner"},
        "basket": {"lines": [line(1, "bread", 10_000)]},
    }
    view = answer(rig.http.post(f"/v1/sales/{uuid.uuid4()}/open", json=body))
    return answer(rig.http.post(f"/v1/sales/{view['sale_id']}/redeem", json={"points": 100}))


def _confirm(rig: Rig, view: dict[str, Any]) -> int:
    done = answer(rig.http.post(f"/v1/sales/{view['sale_id']}/confirm", json=payment(view)))
    return int(done["result"]["fact"]["seq"])


def _outbox(rig: Rig) -> Outbox:
    assert rig.agent is not None
    return Outbox(rig.agent.till._ledger, "R1")


def test_a_question_is_settled_by_its_fact_or_when_it_is_given_up(rig: Rig) -> None:
    outbox = _outbox(rig)
    assert outbox.settled(1, 0) == 0
    first, second, third = _ask(rig), _ask(rig), _ask(rig)
    assert outbox.settled(1, 100) == 0, "all three are open"
    seq = _confirm(rig, first)
    assert outbox.settled(1, seq - 1) == 0, "its fact is not among those"
    assert outbox.settled(1, seq) == 1
    later = _confirm(rig, third)
    assert outbox.settled(1, later) == 1, "the second is open yet"
    answer(rig.http.post(f"/v1/sales/{second['sale_id']}/cancel", json={}))
    assert outbox.settled(1, seq) == 2, "the third needs its own fact"
    assert outbox.settled(1, later) == 3
    assert outbox.settled(1, seq) == 2, "with fewer facts fewer questions are settled"
    batch = outbox.pending(500, 10**6)
    assert batch is not None
    assert (len(batch.facts), batch.settled_number) == (2, 3)


def test_what_was_told_is_on_the_disk_before_it_is_told(rig: Rig) -> None:
    view = _ask(rig)
    answer(rig.http.post(f"/v1/sales/{view['sale_id']}/redeem", json={"points": 0}))
    assert _outbox(rig).settled(1, 0) == 1
    with closing(sqlite3.connect(rig.folder / "data" / "ledger.db")) as other:
        rows = dict(other.execute("SELECT key, value FROM meta").fetchall())
        state = other.execute("SELECT state FROM authorisation").fetchall()
    assert rows["settled_number.1"] == "1"
    assert state == [("dropped",)]
    rig.stop()
    rig.start()
    assert _outbox(rig).settled(1, 0) == 1


def test_a_copy_on_another_machine_settles_nothing(rig: Rig) -> None:
    _confirm(rig, _ask(rig))
    rig.stop()
    rig.start("another machine")
    assert rig.agent is not None
    assert rig.agent.health.heartbeat().settled_number == 0


def test_numbers_rise_over_restarts(rig: Rig) -> None:
    _confirm(rig, _ask(rig))
    rig.stop()
    rig.start()
    _ask(rig)
    with closing(sqlite3.connect(rig.folder / "data" / "ledger.db")) as other:
        numbers = other.execute("SELECT epoch, number FROM authorisation ORDER BY number")
        assert numbers.fetchall() == [(1, 1), (1, 2)]
