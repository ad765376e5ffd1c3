"""Scans wait for the question on the screen and never reach another buyer."""

from __future__ import annotations

import random

from edge_agent.scan_queue import LIMIT, MAX_AGE_S, MAX_HOLD_S, HeldScan, ScanQueue


def scan(text: str, at_s: float = 0.0, sale_id: str = "A") -> HeldScan:
    return HeldScan(text, "]E0", sale_id, at_s)


def taken(queue: ScanQueue, now_s: float, sale_id: str = "A") -> list[str]:
    texts = []
    while one := queue.take(now_s, sale_id):
        texts.append(one.text)
    return texts


def test_nothing_waits_without_a_question() -> None:
    assert not ScanQueue().must_wait(0.0)


def test_what_was_scanned_during_a_question_comes_after_it_in_order() -> None:
    queue = ScanQueue()
    queue.hold(0.0)
    for number in range(3):
        assert queue.must_wait(number)
        queue.put(scan(str(number), number))
    assert taken(queue, 40.0) == []
    queue.release(40.0)
    assert taken(queue, 41.0) == ["0", "1", "2"]
    assert queue.told() == 0


def test_a_scan_behind_one_that_waits_waits_too() -> None:
    queue = ScanQueue()
    queue.hold(0.0)
    queue.put(scan("first"))
    queue.release(1.0)
    assert queue.must_wait(1.0)


def test_it_is_never_given_to_the_next_buyer() -> None:
    queue = ScanQueue()
    queue.hold(0.0)
    queue.put(scan("card", sale_id="A"))
    queue.release(1.0)
    assert taken(queue, 1.0, "B") == []
    assert queue.told() == 1
    queue.hold(2.0)
    queue.put(scan("card", 2.0, sale_id=""))
    queue.clear()
    queue.release(3.0)
    assert taken(queue, 3.0, "") == []
    assert (queue.told(), queue.told()) == (1, 0)


def test_age_counts_from_when_it_could_have_been_delivered() -> None:
    queue = ScanQueue()
    queue.hold(0.0)
    queue.put(scan("old"))
    queue.release(30.0)
    assert taken(queue, 30.0 + MAX_AGE_S) == ["old"]
    queue.hold(50.0)
    queue.put(scan("older", 50.0))
    queue.release(60.0)
    assert taken(queue, 60.0 + MAX_AGE_S + 0.1) == []
    assert queue.told() == 1


def test_a_question_that_nobody_closes_holds_for_a_minute() -> None:
    queue = ScanQueue()
    queue.hold(0.0)
    queue.put(scan("lost", 10.0))
    assert queue.must_wait(MAX_HOLD_S)
    assert taken(queue, MAX_HOLD_S + MAX_AGE_S + 1) == []
    assert not queue.must_wait(MAX_HOLD_S + MAX_AGE_S + 1)
    assert queue.told() == 1


def test_there_is_a_bound_and_the_oldest_goes() -> None:
    queue = ScanQueue()
    queue.hold(0.0)
    for number in range(LIMIT + 2):
        queue.put(scan(str(number)))
    queue.release(1.0)
    assert taken(queue, 1.0) == [str(number) for number in range(2, LIMIT + 2)]
    assert queue.told() == 2


def test_every_scan_is_delivered_once_to_its_own_sale_or_told() -> None:
    seed = 20261122
    chance = random.Random(seed)
    queue, now_s, sale = ScanQueue(), 0.0, 0
    made = delivered = dropped = 0
    for _ in range(20_000):
        now_s += chance.random()
        step = chance.randrange(6)
        if step == 0:
            queue.hold(now_s)
        elif step == 1:
            queue.release(now_s)
        elif step == 2:
            sale += 1
            queue.clear()
        elif step == 3 and queue.must_wait(now_s):
            made += 1
            queue.put(scan(str(made), now_s, str(sale)))
        else:
            while one := queue.take(now_s, str(sale)):
                assert one.sale_id == str(sale), f"seed {seed}"
                delivered += 1
        dropped += queue.told()
    assert made == delivered + dropped + len(queue), f"seed {seed}"
    assert delivered > 100
