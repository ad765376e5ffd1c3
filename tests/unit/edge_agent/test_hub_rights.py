"""What a hub hands out, on its real file: never more than it has, once for each id."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.ledger import hub_copies, hub_rights
from edge_agent.ledger.hub_copies import Copy
from edge_agent.ledger.hub_file import HubFile
from edge_agent.ledger.hub_rights import HubLease, PurseClaim, Wish
from tests.support.seeds import fresh_seed

LEASE = HubLease("R1.1.101", 6_000, True)
OWN = Wish("R1", 1, 101, 0)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[HubFile]:
    opened = HubFile(tmp_path / "hub.db")
    yield opened
    opened.close()


def _lend(file: HubFile, till: str, total: int, lease: HubLease = LEASE, **more: int) -> int:
    wish = Wish(till, 1, 101, total, **more)
    return file.write(lambda c: hub_rights.lend(c, lease, wish))


def test_two_tills_never_hold_more_than_the_lease(file: HubFile) -> None:
    assert _lend(file, "R2", 4_000) == 4_000
    assert _lend(file, "R3", 4_000) == 2_000
    assert _lend(file, "R3", 4_000) == 2_000
    assert file.read(lambda c: hub_rights.given(c, LEASE.lease_id)) == 6_000


def test_a_doubled_or_late_question_lends_nothing_more(file: HubFile) -> None:
    assert _lend(file, "R2", 1_000) == 1_000
    assert _lend(file, "R2", 1_000) == 1_000
    assert _lend(file, "R2", 500) == 1_000


def test_a_walk_up_leaves_half_here(file: HubFile) -> None:
    assert _lend(file, "R2", 10**9, is_walk_up=True) == 3_000
    assert _lend(file, "R2", 10**9, is_walk_up=True) == 3_000
    assert _lend(file, "R2", 10**9, used_points=3_000, is_walk_up=True) == 4_500
    assert _lend(file, "R3", 10**9) == 1_500


def test_a_closed_lease_lends_nothing_more(file: HubFile) -> None:
    assert _lend(file, "R2", 1_000) == 1_000
    assert _lend(file, "R2", 2_000, replace(LEASE, is_open=False)) == 1_000


def test_a_new_lease_begins_with_nothing_used(file: HubFile) -> None:
    assert _lend(file, "R2", 4_000) == 4_000
    second = replace(LEASE, lease_id="R1.1.101.2", granted_points=900)
    wish = Wish("R2", 1, 101, 4_500, 4_000, known_lease_id=LEASE.lease_id, known_points=4_000)
    asked = wish.of(second.lease_id)
    assert file.write(lambda c: hub_rights.lend(c, second, asked)) == 500
    assert wish.of(LEASE.lease_id) == wish


def test_what_the_hubs_own_till_spent_before_is_not_lent_again(file: HubFile) -> None:
    spent = replace(OWN, total_points=5_500)
    file.write(lambda c: hub_rights.adopt(c, LEASE, spent))
    file.write(lambda c: hub_rights.adopt(c, LEASE, spent))
    assert _lend(file, "R2", 6_000) == 500


def test_sums_outlive_the_process(file: HubFile, tmp_path: Path) -> None:
    _lend(file, "R2", 4_000)
    file.close()
    again = HubFile(tmp_path / "hub.db")
    try:
        assert _lend(again, "R3", 6_000) == 2_000
        assert again.lent_leases() == {LEASE.lease_id}
    finally:
        again.close()


def _claim(file: HubFile, number: int, till: str = "R2", **more: int | bool) -> tuple[int, int]:
    wish = PurseClaim(f"00000000-0000-4000-8000-{number:012d}", till, 101, **more)  # type: ignore[arg-type]
    return file.write(lambda c: hub_rights.claim(c, wish, 1_000))


def test_a_still_purse_counts_once_in_the_store(file: HubFile) -> None:
    purse = {"serial": 7, "value": 10_000, "is_still": True, "minute": 99}
    assert _claim(file, 1, purse_points=4_000, **purse) == (4_000, 0)
    assert _claim(file, 1, purse_points=4_000, **purse) == (4_000, 0)
    assert _claim(file, 2, "R3", purse_points=1, **purse) == (0, 0)


def test_a_moving_purse_comes_again_under_a_later_minute_alone(file: HubFile) -> None:
    purse = {"serial": 7, "value": 10_000}
    assert _claim(file, 1, purse_points=4_000, minute=100, **purse) == (4_000, 0)
    assert _claim(file, 2, "R3", purse_points=4_000, minute=100, **purse) == (0, 0)
    assert _claim(file, 3, "R3", purse_points=9_000, minute=101, **purse) == (6_000, 0)
    assert _claim(file, 4, "R2", purse_points=1, minute=102, **purse) == (0, 0)


def test_what_a_register_took_alone_is_taken_off(file: HubFile) -> None:
    purse = {"serial": 7, "value": 10_000}
    assert _claim(file, 1, "R2", purse_points=3_000, minute=100, **purse) == (3_000, 0)
    file.write(lambda c: hub_rights.note_burnt(c, "R2", [(7, 3_000, 100)]))
    file.write(lambda c: hub_rights.note_burnt(c, "R3", [(7, 5_000, 101)]))
    assert _claim(file, 2, "R2", purse_points=9_000, minute=103, **purse) == (2_000, 0)


def test_what_was_taken_alone_counts_beside_what_is_claimed_later(file: HubFile) -> None:
    """R2 took 2,000 without this hub and told it; what it then claims here comes on top."""
    purse = {"serial": 7, "value": 10_000}
    file.write(lambda c: hub_rights.note_burnt(c, "R2", [(7, 2_000, 100)]))
    assert _claim(file, 1, "R2", purse_points=3_000, minute=101, **purse) == (3_000, 0)
    assert _claim(file, 2, "R3", purse_points=9_000, minute=102, **purse) == (5_000, 0)
    # Its next report holds the claimed points too; they count once.
    file.write(lambda c: hub_rights.note_burnt(c, "R2", [(7, 5_000, 101)]))
    assert file.read(lambda c: c.execute("SELECT points FROM purse_burnt").fetchone()[0]) == 2_000


def test_a_claim_given_up_frees_the_purse(file: HubFile) -> None:
    purse = {"serial": 7, "value": 10_000, "is_still": True, "minute": 99}
    assert _claim(file, 1, purse_points=4_000, **purse) == (4_000, 0)
    auth_id = "00000000-0000-4000-8000-000000000001"
    file.write(lambda c: hub_rights.settle(c, "R3", [], [auth_id]))
    assert _claim(file, 2, purse_points=1, **purse) == (0, 0), "only its own register may drop it"
    file.write(lambda c: hub_rights.settle(c, "R2", [], [auth_id]))
    assert _claim(file, 3, purse_points=4_000, **purse) == (4_000, 0)


def test_the_island_has_one_budget_until_the_centre_knows(file: HubFile) -> None:
    assert _claim(file, 1, cache_points=700) == (0, 700)
    assert _claim(file, 2, "R3", cache_points=700) == (0, 300)
    auth_id = "00000000-0000-4000-8000-000000000001"
    file.write(lambda c: hub_rights.settle(c, "R2", [auth_id], []))
    assert _claim(file, 3, cache_points=900) == (0, 700)


def test_any_order_of_questions_keeps_the_sum(file: HubFile) -> None:
    seed = fresh_seed(10**6)
    dice = random.Random(seed)
    granted = 1_000
    held: dict[str, int] = {}
    for _ in range(300):
        granted += dice.choice((0, 0, 100))
        lease = HubLease("R1.1.101", granted, dice.random() > 0.1)
        till = f"R{dice.randrange(1, 5)}"
        total = dice.randrange(granted)
        wish = Wish(till, 1, 101, total, is_walk_up=dice.random() < 0.3)
        held[till] = file.read(lambda c, w=wish, le=lease: hub_rights.lend(c, le, w))  # type: ignore[misc]
        assert sum(held.values()) <= granted, f"seed {seed}"


def test_copies_go_when_the_centre_has_them(file: HubFile) -> None:
    copy = Copy("R2", 1, 1, 3, {"X-Loyalty-Register": "R2"}, b"body")
    file.write(lambda c: hub_copies.keep(c, copy, b"h" * 32))
    file.write(lambda c: hub_copies.note_spent(c, "R2", 1, 3, 101, 500))
    assert file.read(lambda c: hub_copies.spent_by_others(c, "R3")) == {101: 500}
    assert file.read(lambda c: hub_copies.spent_by_others(c, "R2")) == {}
    assert file.read(lambda c: hub_copies.oldest(c, {"R2"})) is None
    assert file.read(lambda c: hub_copies.oldest(c, set())) == copy
    file.write(lambda c: hub_copies.acknowledged(c, "R2", 1, 3))
    assert file.read(hub_copies.count) == 0
    assert file.read(lambda c: hub_copies.spent_by_others(c, "R3")) == {}


def test_what_is_in_the_centres_books_leaves_the_file_but_for_purses(
    file: HubFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_rights, "KEPT_TURNS", 3)
    budget = 1_000

    def claim(auth_id: str, **wish: int) -> tuple[int, int]:
        asked = PurseClaim(auth_id, "R2", 101, **wish)
        return file.write(lambda c: hub_rights.claim(c, asked, budget))

    assert claim("purse", serial=9, value=500, purse_points=500, is_still=True) == (500, 0)
    for number in range(10):
        auth_id = f"cache-{number}"
        assert claim(auth_id, cache_points=400) == (0, 400)
        settled = [auth_id] if number else [auth_id, "purse"]
        file.write(lambda c, ids=settled: hub_rights.settle(c, "R2", ids, []))
        assert claim(auth_id, cache_points=1) == (0, 400), "the same id gets the same answer"
    kept = file.read(lambda c: [row[0] for row in c.execute("SELECT auth_id FROM claim")])
    assert sorted(kept) == ["cache-7", "cache-8", "cache-9", "purse"]
    assert file.read(hub_rights.counts) == (0, 4, 0)
    assert claim("again", serial=9, value=500, purse_points=500, is_still=True) == (0, 0)
