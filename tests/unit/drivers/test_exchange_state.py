"""A storage's answer about its exchange: what is read, and what is not guessed."""

from __future__ import annotations

from datetime import datetime

import pytest

from drivers.fiscal.atol.commands import parse_state
from drivers.fiscal.counted.exchange import moment, untransmitted_min
from drivers.fiscal.shtrih.commands import parse_clock

NOON = datetime(2026, 11, 22, 12, 30)
# State, reading, 3 documents, the first has number 70000, made on 2026-11-20 at 00:30.
WAITING = bytes.fromhex("02 00 03 00 70 11 01 00 1a 0b 14 00 1e")


def test_the_first_in_the_queue_gives_the_age() -> None:
    assert untransmitted_min(WAITING, NOON) == 60 * 60


def test_an_empty_queue_is_no_age() -> None:
    assert untransmitted_min(WAITING[:2] + bytes(11), None) == 0


@pytest.mark.parametrize(
    ("data", "now"),
    [(WAITING[:-1], NOON), (b"", NOON), (WAITING, None), (WAITING[:9] + b"\x0d\x14\x00\x1e", NOON)],
    ids=["short", "empty", "no clock", "month 13"],
)
def test_what_cannot_be_read_is_not_guessed(data: bytes, now: datetime | None) -> None:
    assert untransmitted_min(data, now) is None


def test_a_document_from_the_future_is_new() -> None:
    assert untransmitted_min(WAITING, datetime(2026, 11, 1)) == 0


@pytest.mark.parametrize("parts", [(), (26,), (26, 2, 30, 0, 0), (26, 11, 22, 24, 0)])
def test_no_moment(parts: tuple[int, ...]) -> None:
    assert moment(parts) is None


def test_the_printers_own_clocks() -> None:
    status = bytes(23) + bytes((22, 11, 26, 12, 30, 15)) + bytes(8)
    assert parse_clock(status) == datetime(2026, 11, 22, 12, 30, 15)
    assert parse_clock(status[:28]) is None
    state = bytes.fromhex("44 01 01 26 11 22 12 30 15") + bytes(21)
    assert parse_state(state).clock == datetime(2026, 11, 22, 12, 30, 15)
    broken = bytes.fromhex("44 01 01 2f 11 22 12 30 15") + bytes(21)
    assert parse_state(broken).clock is None
