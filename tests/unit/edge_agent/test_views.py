"""What the screen says of a member."""

from __future__ import annotations

from datetime import date

import pytest

from edge_agent.member_views import member_card
from loyalty.member import Member


@pytest.mark.parametrize(
    ("birthday", "today", "is_birthday"),
    [
        ("11-22", date(2026, 11, 22), True),
        ("11-22", date(2026, 11, 23), False),
        ("02-29", date(2028, 2, 29), True),
        ("02-29", date(2026, 2, 28), True),
        ("02-29", date(2026, 3, 1), False),
        (None, date(2026, 11, 22), False),
    ],
)
def test_the_screen_and_the_rules_keep_the_same_birthday(
    birthday: str | None, today: date, is_birthday: bool
) -> None:
    card = member_card(
        Member(1, "Олена К.", birthday=birthday),
        balance_points=0,
        spendable_points=0,
        offers=[],
        today=today,
        as_of="",
    )
    assert card.is_birthday is is_birthday
