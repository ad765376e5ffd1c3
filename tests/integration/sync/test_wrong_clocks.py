"""Registers whose clocks are days off, or jump back in the middle: amounts and decisions stay."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.rig import CARD, NO_LEASE_CARD, OTHER_CARD, Rig, line, sell

DAYS = timedelta(days=3)
HOUR = timedelta(hours=1)
LABELS = ("sale_id", "occurred_at", "clock", "accrual_expires_on", "auth_id", "agent_version")


def steady(_step):
    return timedelta()


def ahead(_step):
    return DAYS


def behind(_step):
    return -DAYS


def jumping(step):
    return (timedelta(), -DAYS, DAYS, -HOUR, -2 * DAYS)[step % 5]


def a_day(folder, wrong, told):
    """Amounts and decisions of a fixed day of sales; `told` is whether the centre told its time."""
    rig = Rig(folder)
    rig.start()
    try:
        clock = rig.agent.till._clock
        step = 0
        clock._wall = lambda: datetime.now(UTC) + wrong(step)
        if told:
            clock.learn(round(-wrong(0) / timedelta(milliseconds=1)), 5)
        for step, (card, price, redeem) in enumerate(  # noqa: B007 - the clock reads the step
            [
                (CARD, 10_000, True),
                (OTHER_CARD, 4_000, 1_000),
                ("", 7_700, False),
                (NO_LEASE_CARD, 10_000, True),
                (CARD, 9_000, True),
                (CARD, 20_000, True),
                (OTHER_CARD, 8_000, True),
            ]
        ):
            sell(rig.http, [line(1, "bread", price)], card=card, redeem=redeem)
        strip = rig.agent.health.strip()
        return judged(rig.folder / "data" / "ledger.db"), strip
    finally:
        rig.stop()


def judged(ledger):
    with closing(sqlite3.connect(ledger)) as connection:
        facts = [json.loads(row[0]) for row in connection.execute("SELECT body FROM outbox")]
        burns = connection.execute("SELECT lease_id, points FROM lease_burn").fetchall()
        decided = connection.execute(
            "SELECT layer, state, requested_points, hold_points, lease_points, reason"
            " FROM authorisation"
        ).fetchall()
        effects = connection.execute("SELECT * FROM member_effect").fetchall()
    return {
        "facts": [plain(fact) for fact in facts],
        "burns": sorted(burns),
        "decisions": sorted(decided),
        "effects": sorted(effects),
    }


def plain(value):
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if name not in LABELS}
    return [plain(each) for each in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    return a_day(tmp_path_factory.mktemp("right"), steady, told=True)


@pytest.mark.parametrize(
    ("wrong", "told"), [(ahead, True), (behind, False), (jumping, True), (jumping, False)]
)
def test_a_wrong_clock_changes_labels_only(tmp_path, right, wrong, told):
    seen, strip = a_day(tmp_path, wrong, told)
    assert seen == right[0]
    assert sum(points for _, points in seen["burns"]) > 0
    assert strip.clock == ("centre" if told else "unsure")
    if told and wrong is not jumping:
        days = round(wrong(0).total_seconds())
        assert strip.clock_off_s == days


def test_a_right_clock_is_not_warned_of(right):
    assert right[1].clock_off_s == 0
