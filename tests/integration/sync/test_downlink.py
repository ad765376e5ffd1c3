"""Rows on their way down into a real cache."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from edge_agent.ledger.cache import Cache
from sync.downlink import MAX_ROWS, Downlink
from sync.errors import CentreUnavailable, LocalStoreFailed


@pytest.fixture
def cache(tmp_path):
    made = Cache(tmp_path / "cache.db")
    yield made
    made.close()


def fill(centre, members):
    for number in range(1, members + 1):
        body = {"member_id": number, "name": f"М. {number}", "balance_points": number}
        centre.state.publish("member", str(number), body)
        centre.state.publish("token", f"card:{number}", {"member_id": number})


def drain(downlink):
    results = [downlink.pull_once()]
    while results[-1].more:
        results.append(downlink.pull_once())
    return results


def test_rows_arrive_page_by_page_and_the_cursor_survives(centre, client, cache, tmp_path):
    fill(centre, 1_200)
    results = drain(Downlink(client, cache))
    assert sum(result.rows for result in results) == 2_400
    assert cache.find_member_by_token("card:777").balance_points == 777
    assert cache.cursor() == "first:2400"
    cache.close()
    again = Cache(tmp_path / "cache.db")
    assert Downlink(client, again).pull_once().rows == 0
    assert centre.state.pulls[-1][0] == "first:2400"
    assert again.member(1_200).name == "М. 1200"
    again.close()


def test_a_restored_centre_empties_the_cache_first(centre, client, cache):
    fill(centre, 3)
    downlink = Downlink(client, cache)
    drain(downlink)
    centre.state.incarnation = "second"
    centre.state.rows = []
    fill(centre, 2)
    results = drain(downlink)
    assert results[0].was_reset
    assert cache.member(3) is None
    assert cache.member(2).balance_points == 2
    assert cache.incarnation() == "second"


def test_a_centre_that_answers_old_cursors_with_a_new_incarnation(centre, client, cache):
    fill(centre, 2)
    downlink = Downlink(client, cache)
    drain(downlink)
    page = client.feed("", 10).model_copy(update={"incarnation": "third", "rows": []})

    moved = Downlink(SimpleNamespace(feed=lambda *_: page), cache)
    result = moved.pull_once()
    assert (result.was_reset, result.more) == (True, True)
    assert (cache.member(1), cache.incarnation(), cache.cursor()) == (None, "third", "")


@pytest.mark.parametrize("mode", ["error", "html", "cut", "garbage"])
def test_a_bad_answer_leaves_the_cursor(centre, client, cache, mode):
    fill(centre, 2)
    downlink = Downlink(client, cache)
    drain(downlink)
    fill(centre, 3)
    centre.faults.mode = mode
    with pytest.raises(CentreUnavailable):
        downlink.pull_once()
    assert cache.cursor() == "first:4"
    centre.faults.mode = "ok"
    assert drain(downlink)[0].rows == 6


def test_pages_shrink_on_a_slow_disk_and_grow_again(centre, client, cache):
    fill(centre, 1_500)
    took = iter([0.2, 0.2, 0.01, 0.01])
    now = 0.0
    started = False

    def monotonic():
        nonlocal now, started
        started = not started
        if not started:
            now += next(took)
        return now

    downlink = Downlink(client, cache, monotonic)
    sizes = []
    for _ in range(4):
        sizes.append(downlink.page_rows)
        downlink.pull_once()
    assert sizes == [MAX_ROWS, 500, 250, 300]


def test_a_page_may_move_the_cursor_without_rows(centre, client, cache):
    fill(centre, 2)
    pages = [client.feed("", 1), client.feed("first:1", 1)]
    pages[0] = pages[0].model_copy(update={"rows": []})
    source = SimpleNamespace(feed=lambda *_: pages.pop(0) if len(pages) > 1 else pages[0])
    results = [Downlink(source, cache).pull_once() for _ in range(3)]
    assert [(result.rows, result.moved, result.more) for result in results] == [
        (0, True, True),
        (1, True, True),
        (1, False, True),
    ]


def test_a_closed_cache_is_a_named_failure(centre, client, cache):
    fill(centre, 1)
    cache.close()
    with pytest.raises(LocalStoreFailed):
        Downlink(client, cache).pull_once()
