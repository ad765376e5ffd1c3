"""The hub's SQL answers as the pure machine of `loyalty.protocol` does, question by question."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from edge_agent.ledger import hub_rights
from edge_agent.ledger.hub_file import HubFile
from edge_agent.ledger.hub_rights import HubLease, PurseClaim, Wish
from loyalty.protocol.hub import Hub
from tests.support.seeds import fresh_seed

BUDGET = 3_000
QUESTIONS = 400


@pytest.mark.parametrize("turn", range(3))
def test_equal_answers_to_the_same_questions(turn: int, tmp_path: Path) -> None:
    seed = fresh_seed(10**6)
    dice = random.Random(seed)
    machine = Hub(7, 1, BUDGET)
    file = HubFile(tmp_path / "hub.db")
    minute = 0
    try:
        for number in range(QUESTIONS):
            till, member = dice.randrange(1, 5), dice.randrange(1, 4)
            at = f"turn {turn}, seed {seed}, question {number}"
            kind = dice.random()
            if kind < 0.2:
                grown = machine.granted.get(member, 0) + dice.randrange(2_000)
                machine.on_granted(0, ((member, grown),))
            elif kind < 0.6:
                total = dice.randrange(6_000)
                lease = HubLease(f"H.1.{member}", machine.granted.get(member, 0), True)
                wish = Wish(f"R{till}", 1, member, total)
                ours = file.read(lambda c, le=lease, w=wish: hub_rights.lend(c, le, w))  # type: ignore[misc]
                ((_, _, (_, _, theirs)),) = machine.on_borrow(till, 1, member, total)
                assert ours == theirs, at
            elif kind < 0.9:
                again = dice.random() < 0.2
                auth = dice.randrange(1, 40) if again else 100 + number
                serial, value = dice.randrange(1, 5), 5_000
                purse, cache = dice.randrange(1, 2_000), dice.choice((0, dice.randrange(900)))
                minute += 1
                claim = PurseClaim(
                    f"auth-{till}-{auth}", f"R{till}", member, serial, value, minute,
                    purse_points=purse, cache_points=cache,
                )  # fmt: skip
                ours_two = file.read(lambda c, w=claim: hub_rights.claim(c, w, BUDGET))  # type: ignore[misc]
                question = ((till, 1, auth), serial, value, purse, cache)
                ((_, _, (_, got_purse, got_cache)),) = machine.on_claim(till, *question)
                assert ours_two == (got_purse, got_cache), at
            else:
                upto = dice.randrange(1, 600)
                done = [f"auth-{till}-{auth}" for auth in range(upto + 1)]
                file.read(lambda c, d=done, t=till: hub_rights.settle(c, f"R{t}", d, []))  # type: ignore[misc]
                machine.on_settled(0, till, 1, upto)
    finally:
        file.close()
