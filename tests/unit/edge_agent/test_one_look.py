"""One step of a sale reads a row once; the next step reads it anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.ledger.cache import Cache
from edge_agent.usecases.one_look import OneLook
from sync.contract.feed import FeedRow

MEMBER = 7
DENIED = {"member_id": MEMBER, "reason": "overdraft", "since": "2026-11-22T09:00:00Z"}


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    made = Cache(tmp_path / "cache.db")
    yield made
    made.close()


def _hear(cache: Cache, version: int, points: int) -> None:
    lease_id = f"R1.1.{MEMBER}"
    lease = {
        "lease_id": lease_id,
        "member_id": MEMBER,
        "register_id": "R1",
        "epoch": 1,
        "granted_points": points,
        "state": "open",
    }
    member = {"member_id": MEMBER, "name": "Олена", "balance_points": points}
    policy = {"purse_max_points": points}
    cache.apply_rows(
        [
            FeedRow(kind="member", key=str(MEMBER), version=version, body=member),
            FeedRow(kind="lease", key=lease_id, version=version, body=lease),
            FeedRow(kind="offline_policy", key="active", version=version, body=policy),
        ]
    )


def _seen(look: OneLook) -> tuple[int | None, int | None, int | None, bool]:
    member, policy = look.member(MEMBER), look.offline_policy()
    lease = look.lease_for(MEMBER, "R1", 1)
    return (
        member.balance_points if member else None,
        lease.granted_points if lease else None,
        policy.purse_max_points if policy else None,
        look.is_denied(MEMBER),
    )


def test_a_step_rests_on_one_answer_and_the_next_step_on_a_new_one(cache: Cache) -> None:
    look = OneLook(cache)
    assert _seen(look) == (None, None, None, False)
    _hear(cache, 1, 500)
    assert _seen(look) == (None, None, None, False), "nothing known is an answer too"
    second = OneLook(cache)
    assert _seen(second) == (500, 500, 500, False)
    _hear(cache, 2, 900)
    cache.apply_rows([FeedRow(kind="deny", key=str(MEMBER), version=1, body=DENIED)])
    assert _seen(second) == (500, 500, 500, False)
    assert _seen(OneLook(cache)) == (900, 900, 900, True)


def test_a_balance_is_never_older_than_the_facts_it_is_said_to_contain(cache: Cache) -> None:
    _hear(cache, 1, 500)
    look = OneLook(cache)
    assert look.member(MEMBER) is not None
    before = look.applied_seq()
    cache.apply_rows([FeedRow(kind="head", key="R1", version=1, body={"epoch": 1, "seq": 9})])
    assert look.applied_seq() == before == (0, 0)
    assert OneLook(cache).applied_seq() == (1, 9)
