"""Facts on their way up: every one arrives once, in order, whatever the centre does."""

from __future__ import annotations

import random

import pytest

from sync.contract.messages import ItemVerdict, UploadReply
from sync.errors import CentreRefused, CentreUnavailable
from sync.uplink import PushResult, Uplink


def drain(uplink):
    results = []
    while (result := uplink.push_once()).more:
        results.append(result)
    return results


def test_everything_arrives_in_growing_batches(centre, client, outbox):
    for number in range(700):
        outbox.append(f'{{"n":{number}}}')
    uplink = Uplink(client, outbox)
    results = drain(uplink)
    assert sum(result.sent for result in results) == 700
    assert centre.state.uploads == [200, 250, 250]
    assert [fact.body for _, fact in sorted(centre.state.facts.items())] == [
        fact.body for fact in outbox.facts
    ]
    assert outbox.waiting == set()
    assert uplink.push_once() == PushResult()


def test_a_failure_halves_the_batch_and_loses_nothing(centre, client, outbox):
    for _ in range(120):
        outbox.append()
    uplink = Uplink(client, outbox)
    centre.faults.mode = "error"
    for expected in (100, 50, 25):
        with pytest.raises(CentreUnavailable):
            uplink.push_once()
        assert uplink.batch_size == expected
    centre.faults.mode = "ok"
    drain(uplink)
    assert centre.state.uploads[:2] == [25, 75]
    assert len(centre.state.facts) == 120


def test_an_acknowledgement_that_is_lost_makes_duplicates_not_doubles(centre, client, outbox):
    outbox.append("{}")
    batch = outbox.pending(10, 10**6)
    client.upload(batch)
    outbox.append("{}")
    result = Uplink(client, outbox).push_once()
    assert (result.sent, result.duplicates) == (2, 1)
    assert sorted(centre.state.facts) == [1, 2]


def test_a_centre_from_an_older_copy_gets_the_rest_again(centre, client, outbox):
    for _ in range(30):
        outbox.append()
    uplink = Uplink(client, outbox)
    drain(uplink)
    centre.state.restore("second", head_seq=12)
    outbox.append()
    result = uplink.push_once()
    assert (result.rewound_to, result.more, result.sent) == (12, True, 0)
    assert uplink.push_once().sent == 19
    assert sorted(centre.state.facts) == list(range(1, 32))


def test_a_heartbeat_shows_a_restored_centre_before_the_next_sale(centre, client, outbox):
    for _ in range(8):
        outbox.append()
    uplink = Uplink(client, outbox)
    drain(uplink)
    assert not uplink.compare_head(1, 8, client.heartbeat(outbox.report()).head_seq)
    centre.state.restore("second", head_seq=3)
    assert uplink.compare_head(1, 8, client.heartbeat(outbox.report()).head_seq)
    assert outbox.waiting == {4, 5, 6, 7, 8}
    drain(uplink)
    assert sorted(centre.state.facts) == list(range(1, 9))


def test_facts_that_are_gone_here_make_the_lane_stuck_not_busy(centre, client, outbox):
    for _ in range(6):
        outbox.append()
    uplink = Uplink(client, outbox)
    drain(uplink)
    centre.state.restore("second", head_seq=2)
    outbox.facts = outbox.facts[4:]  # pruned below 5
    outbox.waiting = {5, 6}
    assert uplink.push_once().more
    result = uplink.push_once()
    assert (result.stuck, result.more) == (True, False)


def test_a_cloned_register_is_seen_and_its_facts_stay_here(centre, client, outbox):
    outbox.append('{"till":"a"}')
    drain(Uplink(client, outbox))
    clone = type(outbox)()
    clone.append('{"till":"b"}')
    clone.append("{}")
    result = Uplink(client, clone).push_once()
    assert (result.fork.epoch, result.fork.seq, result.fork.detail) == (1, 1, "other_hash")
    assert (result.more, result.sent) == (False, 0)
    assert clone.waiting == {1, 2}
    assert centre.state.facts[1].body == '{"till":"a"}'


def test_a_damaged_fact_does_not_hold_back_what_came_before(centre, client, outbox):
    for _ in range(5):
        outbox.append()
    outbox.facts[3] = outbox.facts[3].model_copy(update={"body": '{"flipped":1}'})
    uplink = Uplink(client, outbox)
    results = [uplink.push_once() for _ in range(3)]
    assert results[0].sent == 3
    assert outbox.waiting == {4, 5}
    assert results[-1].stuck
    assert sorted(centre.state.facts) == [1, 2, 3]


def test_quarantined_facts_count_as_sent_and_are_reported(centre, client, outbox):
    centre.state.quarantine = {2}
    for _ in range(3):
        outbox.append()
    result = Uplink(client, outbox).push_once()
    assert (result.sent, result.quarantined) == (3, 1)
    assert (outbox.waiting, outbox.quarantined) == (set(), {2})


def test_a_revoked_register_keeps_its_facts(centre, client, outbox):
    outbox.append()
    centre.state.is_revoked = True
    with pytest.raises(CentreRefused, match="register_revoked"):
        Uplink(client, outbox).push_once()
    assert outbox.waiting == {1}


class Scripted:
    """A sink that answers as told."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sizes = []

    def upload(self, batch):
        self.sizes.append(len(batch.facts))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer(batch)


def accepting(batch, head=None):
    verdicts = [ItemVerdict(seq=fact.seq, verdict="accepted") for fact in batch.facts]
    head = batch.facts[-1].seq if head is None else head
    return UploadReply(verdicts=verdicts, head_seq=head, head_hash="", server_time="")


def test_half_a_reply_settles_nothing(outbox):
    outbox.append()
    outbox.append()
    partial = Scripted(
        lambda batch: accepting(batch.model_copy(update={"facts": batch.facts[:1]})),
        lambda batch: accepting(batch, head=1),
    )
    uplink = Uplink(partial, outbox)
    for _ in range(2):
        with pytest.raises(CentreUnavailable):
            uplink.push_once()
        assert outbox.waiting == {1, 2}


def test_a_body_that_is_too_large_is_split_and_then_given_up(outbox):
    for _ in range(4):
        outbox.append()
    too_large = CentreRefused("too_large", 413)
    sink = Scripted(too_large, too_large, too_large, accepting)
    uplink = Uplink(sink, outbox)
    assert uplink.push_once().more
    assert uplink.push_once().more
    with pytest.raises(CentreRefused):
        uplink.push_once()
    assert uplink.push_once().sent == 1
    assert sink.sizes == [4, 2, 1, 1]


@pytest.mark.parametrize("seed", [random.randrange(2**32)], ids=["any"])
def test_through_a_bad_network_each_fact_is_stored_once(centre, client, outbox, seed):
    chance = random.Random(seed)
    uplink = Uplink(client, outbox)
    modes = ["ok", "ok", "error", "html", "cut", "garbage", "later"]
    for number in range(60):
        for _ in range(chance.randrange(4)):
            outbox.append(f'{{"n":{number}}}')
        centre.faults.mode = chance.choice(modes)
        if chance.random() < 0.1 and centre.state.facts:
            head = chance.randrange(max(centre.state.facts) + 1)
            centre.state.restore(f"copy-{number}", head_seq=head)
        try:
            uplink.push_once()
        except CentreUnavailable:
            continue
    centre.faults.mode = "ok"
    outbox.append("{}")
    drain(uplink)
    assert outbox.waiting == set(), f"seed {seed}"
    stored = [centre.state.facts[seq].hash for seq in sorted(centre.state.facts)]
    assert stored == [fact.hash for fact in outbox.facts], f"seed {seed}"
