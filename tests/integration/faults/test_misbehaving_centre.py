"""A centre that answers nonsense, late or not at all: the sale goes on, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.support.flaky_centre import FlakyCentre, Mode
from tests.support.live_register import LiveRegister
from tests.support.real_centre import RealCentre
from tests.support.redeeming import (
    asked_ids,
    confirm,
    decision,
    known_shopper,
    open_sale,
    redeem,
    sale_fact,
)
from tests.support.rig import line, sell

AUTHORISE_S = 0.5
MARGIN_S = 0.9
"""Together under the second and a half that a redemption may take."""


@pytest.mark.parametrize("mode", ["error", "html", "garbage", "hang", "refuse", "cut"])
def test_the_sale_goes_on_with_the_lease_and_the_queue_drains_by_itself(
    register: Callable[..., LiveRegister], centre: RealCentre, flaky: FlakyCentre, mode: Mode
) -> None:
    till = register(authorise_ms=int(AUTHORISE_S * 1000))
    shopper = known_shopper(till, centre)
    till.until_drained()
    sale_id = open_sale(till, shopper.card)

    flaky.misbehave(mode)
    started = time.monotonic()
    view = redeem(till, sale_id)
    assert time.monotonic() - started < AUTHORISE_S + MARGIN_S
    assert view["redeemed_minor"] > 0
    row = decision(till, sale_id)
    assert (row["state"], row["layer"], row["hold_points"]) == ("decided", "lease", 0)
    assert row["lease_points"] == view["redeem"]["redeemed_points"]
    if mode != "refuse":
        assert asked_ids(flaky) == [row["auth_id"]], "asked once, under the id on disk"
    assert confirm(till, view)["state"] == "posted"
    assert sell(till.http, [line(1, "bread", 2_750)])["state"] == "posted"
    state = till.status()
    assert not state["online"]
    assert state["outbox_pending"] == 2

    flaky.behave()
    till.until_drained()
    till.until_online()
    fact = sale_fact(centre, till, sale_id)
    assert (fact["redemption"]["auth_id"], fact["redemption"]["layer"]) == (row["auth_id"], "lease")
    assert "open" not in centre.holds(shopper.member_id).values()
    assert not {"overdraft", "held"} & set(centre.accounts(shopper.member_id))
    assert centre.audit()["ok"]
    assert till.faults() == []


@pytest.mark.parametrize("mode", ["error", "html", "garbage", "cut"])
def test_a_centre_that_fails_in_the_upload_alone_loses_nothing(
    register: Callable[..., LiveRegister], centre: RealCentre, flaky: FlakyCentre, mode: Mode
) -> None:
    """Redemptions still go online; the facts wait, and `cut` ones arrive twice and count once."""
    till = register()
    shopper = centre.shopper()
    flaky.misbehave(mode, only="/v1/facts")
    for _ in range(3):
        sell(till.http, [line(1, "bread", 2_750)], card=shopper.card)
    assert till.status()["outbox_pending"] == 3
    flaky.behave()
    till.until_drained()
    assert [fact["seq"] for fact in centre.facts(till.identity)] == [1, 2, 3]
    earned = 3 * (2_750 * 5 // 100)
    accounts = centre.accounts(shopper.member_id)
    assert sum(accounts.values()) == shopper.points + earned
    assert centre.audit()["ok"]
