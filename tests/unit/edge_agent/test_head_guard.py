"""What a register makes of the centre's word about its head."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.anchor import Anchor
from edge_agent.head_guard import HeadGuard
from edge_agent.ledger.heads import HeadMark
from edge_agent.ledger.ledger import Ledger
from sync.contract.rights import HeadReply, HeadRequest
from sync.errors import CentreRefused, CentreUnavailable, SyncError

NOW = "2026-11-22T09:00:00Z"


class Centre:
    """Answers as told, and counts."""

    def __init__(self, answer: str | SyncError) -> None:
        self.answer = answer
        self.asked: list[HeadRequest] = []

    def confirm_head(self, request: HeadRequest, timeout_s: float = 0.0) -> HeadReply:
        assert timeout_s >= 1, "a slow line must not keep a register from its rights"
        self.asked.append(request)
        if isinstance(self.answer, SyncError):
            raise self.answer
        return HeadReply.model_validate(
            {"state": self.answer, "head_seq": request.seq, "server_time": NOW}
        )


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger with two facts."""
    opened = Ledger(tmp_path / "ledger.db", "R1", 1)
    for number in range(2):
        opened.unit(lambda uow, n=number: uow.append_fact("shift", {"n": n}, NOW))
    yield opened
    opened.close()


def _anchor(folder: Path, machine: str = "here") -> Anchor:
    return Anchor(folder / "anchor.d", "R1", b"k" * 32, machine)


def _fenced(ledger: Ledger) -> bool:
    return ledger.unit(lambda uow: uow.is_fenced())


def test_the_centre_confirms_and_the_next_start_needs_nobody(
    ledger: Ledger, tmp_path: Path
) -> None:
    guard = HeadGuard(ledger, _anchor(tmp_path), 1)
    assert guard.state == "no_anchor"
    heard: list[str] = []
    guard.on_change = lambda: heard.append(guard.state)
    centre = Centre("confirmed")
    guard.ask(centre)
    guard.ask(centre)
    assert (guard.state, heard, len(centre.asked)) == ("confirmed", ["confirmed"], 1)
    assert (centre.asked[0].seq, centre.asked[0].machine) == (2, _anchor(tmp_path).machine)
    assert HeadGuard(ledger, _anchor(tmp_path), 1).is_confirmed


@pytest.mark.parametrize("state", ["behind", "forked"])
def test_another_history_ends_the_epoch_even_for_a_confirmed_register(
    ledger: Ledger, tmp_path: Path, state: str
) -> None:
    _anchor(tmp_path).write(HeadMark(1))
    guard = HeadGuard(ledger, _anchor(tmp_path), 1)
    assert guard.is_confirmed
    guard.ask(Centre(state))
    assert guard.state == state
    assert _fenced(ledger)
    confirming = Centre("confirmed")
    guard.ask(confirming)
    assert (guard.state, confirming.asked) == (state, []), "only a new enrolment helps"


def test_ahead_and_silence_are_asked_again(ledger: Ledger, tmp_path: Path) -> None:
    guard = HeadGuard(ledger, _anchor(tmp_path), 1)
    for answer in ("ahead", CentreUnavailable("no way")):
        guard.ask(Centre(answer))
        assert guard.state == "no_anchor"
    guard.ask(Centre("confirmed"))
    assert guard.is_confirmed


def test_a_centre_without_the_route_vouches_for_an_upgrade_and_for_no_image(
    ledger: Ledger, tmp_path: Path
) -> None:
    old = Centre(CentreRefused("no_such_route", 404))
    guard = HeadGuard(ledger, _anchor(tmp_path), 1)
    guard.ask(old)
    assert guard.is_confirmed
    moved = HeadGuard(ledger, _anchor(tmp_path, "elsewhere"), 1)
    moved.ask(old)
    assert moved.state == "other_machine"
    _anchor(tmp_path).write(HeadMark(1, 9, b"h" * 32))
    image = HeadGuard(ledger, _anchor(tmp_path), 1)
    image.ask(old)
    assert image.state == "older_image"


def test_an_anchor_of_a_later_epoch_is_not_believed(ledger: Ledger, tmp_path: Path) -> None:
    anchor = _anchor(tmp_path)
    anchor.read()
    anchor.write(HeadMark(2))
    assert HeadGuard(ledger, _anchor(tmp_path), 1).state == "older_image"
