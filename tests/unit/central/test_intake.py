"""Judging facts against the stored chain."""

from hypothesis import given
from hypothesis import strategies as st

from sync.contract.chain import GENESIS, fact_hash
from sync.contract.messages import Fact
from sync.serving.intake import Head, judge


def chain(bodies, start=0, previous=GENESIS):
    facts = []
    for seq, body in enumerate(bodies, start + 1):
        own = fact_hash("R1", 1, seq, "sale", body.encode(), previous)
        facts.append(
            Fact(seq=seq, kind="sale", body=body, prev_hash=previous.hex(), hash=own.hex())
        )
        previous = own
    return facts


def hashes(facts):
    return {fact.seq: bytes.fromhex(fact.hash) for fact in facts}


@given(st.data())
def test_any_resending_ends_in_the_same_chain(data):
    """Batches cut, repeated and started anywhere: every fact is accepted exactly once, in order."""
    facts = chain([str(n) for n in range(data.draw(st.integers(1, 12)))])
    head, stored = Head(0, GENESIS), {}
    accepted = []
    for _ in range(60):
        if head.seq == len(facts):
            break
        first = data.draw(st.integers(0, len(facts) - 1))
        batch = facts[first : data.draw(st.integers(first, len(facts)))]
        judged, new_head = judge("R1", 1, head, stored, batch)
        for each in judged:
            if each.verdict == "accepted":
                accepted.append(each.fact.seq)
                stored[each.fact.seq] = bytes.fromhex(each.fact.hash)
            assert each.verdict in ("accepted", "duplicate", "gap")
            assert (each.verdict == "duplicate") == (each.fact.seq <= head.seq)
        head = new_head
    assert accepted == list(range(1, head.seq + 1))
    assert head.seq == 0 or head.hash == stored[head.seq]


@given(st.integers(0, 7), st.sampled_from(["body", "kind", "seq", "prev_hash", "hash"]))
def test_one_changed_field_never_passes(position, field):
    facts = chain([str(n) for n in range(8)])
    fact = facts[position]
    changed = {
        "body": "x",
        "kind": "shift",
        "seq": fact.seq + 1,
        "prev_hash": "0" * 63 + "1",
        "hash": "0" * 63 + "1",
    }
    facts[position] = fact.model_copy(update={field: changed[field]})
    judged, head = judge("R1", 1, Head(0, GENESIS), {}, facts)
    verdicts = [each.verdict for each in judged]
    assert verdicts == ["accepted"] * position + ["gap"] * (8 - position)
    assert judged[position].detail == "bad_hash"
    assert head.seq == position


def test_the_same_hash_under_another_register_or_epoch_is_wrong():
    facts = chain(["a"])
    for register_id, epoch in (("R2", 1), ("R1", 2)):
        judged, _ = judge(register_id, epoch, Head(0, GENESIS), {}, facts)
        assert judged[0].detail == "bad_hash"


def test_a_fork_then_the_true_chain_again():
    ours = chain(["a", "b"])
    theirs = chain(["a", "x", "y"])
    head = Head(2, bytes.fromhex(ours[-1].hash))
    judged, after = judge("R1", 1, head, hashes(ours), [*theirs, *chain(["c"], 2, head.hash)])
    assert [each.verdict for each in judged] == ["duplicate", "fork", "fork", "accepted"]
    assert after.seq == 3
