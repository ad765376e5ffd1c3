"""A log that is older than its own past, another history, a second machine: none is confirmed."""

import pytest

pytestmark = pytest.mark.postgres


def ask(till, seq, digest, machine="", epoch=1):
    reply = till.post(
        "/v1/heads", {"epoch": epoch, "seq": seq, "hash": digest.hex(), "machine": machine}
    )
    return reply.json()["state"] if reply.status_code == 200 else reply.json()["code"]


def test_only_the_newest_log_is_confirmed(centre, sale_body):
    till = centre.till()
    assert ask(till, 0, bytes(32)) == "confirmed"
    heads = []
    for _ in range(3):
        assert till.send("sale", sale_body(till)) == "accepted"
        heads.append(till.head)
    assert ask(till, 3, heads[2]) == "confirmed"
    assert ask(till, 2, heads[1]) == "behind"
    assert ask(till, 0, bytes(32)) == "behind"
    assert ask(till, 2, heads[2]) == "forked"
    assert ask(till, 4, bytes(range(32))) == "ahead"
    assert ask(till, 3, heads[2], epoch=2) == "not_yours"


def test_the_same_log_on_a_second_machine_is_a_clone(centre):
    till = centre.till()
    assert ask(till, 0, bytes(32), "first") == "confirmed"
    assert ask(till, 0, bytes(32), "second") == "forked"
    assert ask(till, 0, bytes(32), "first") == "confirmed"
