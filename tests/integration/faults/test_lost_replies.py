"""The centre acted and its answer never came: the register decides alone, under the same id."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.flaky_centre import FlakyCentre
from tests.support.live_register import LiveRegister, until
from tests.support.real_centre import RealCentre
from tests.support.redeeming import (
    PRICE,
    asked_ids,
    confirm,
    decision,
    known_shopper,
    open_sale,
    redeem,
    sale_fact,
)

MakeRegister = Callable[..., LiveRegister]
AUTHORISE = "/v1/authorisations"


def test_a_hold_whose_answer_was_lost_is_replaced_by_the_lease(
    register: MakeRegister, centre: RealCentre, flaky: FlakyCentre
) -> None:
    till = register()
    shopper = known_shopper(till, centre)
    till.until_drained()
    before = sum(centre.accounts(shopper.member_id).values())
    sale_id = open_sale(till, shopper.card)

    flaky.misbehave("lose_answer", only=AUTHORISE)
    view = redeem(till, sale_id)
    row = decision(till, sale_id)
    assert asked_ids(flaky) == [row["auth_id"]]
    assert centre.holds(shopper.member_id) == {row["auth_id"]: "open"}, "the centre did hold"
    assert centre.accounts(shopper.member_id)["held"] > 0
    assert (row["layer"], row["hold_points"]) == ("lease", 0)
    spent = row["lease_points"]
    assert spent > 0

    flaky.behave()
    done = confirm(till, view)
    till.until_drained()
    assert done["redeemed_minor"] == spent
    assert sale_fact(centre, till, sale_id)["redemption"]["auth_id"] == row["auth_id"]
    assert centre.holds(shopper.member_id) == {row["auth_id"]: "voided"}
    accounts = centre.accounts(shopper.member_id)
    assert "held" not in accounts
    assert sum(accounts.values()) == before - spent + (PRICE - spent) * 5 // 100
    books = centre.audit()
    assert (books["ok"], books["sum"]) == (True, 0)


def test_without_a_lease_it_is_declined_and_the_hold_is_given_back(
    register: MakeRegister, centre: RealCentre, flaky: FlakyCentre
) -> None:
    till = register()
    shopper = centre.shopper()
    sale_id = open_sale(till, shopper.card)
    flaky.misbehave("lose_answer", only=AUTHORISE)
    view = redeem(till, sale_id)
    assert view["redeemed_minor"] == 0
    assert view["redeem"]["reason"] == "offline_no_lease"
    assert "збережено" in view["redeem"]["sentence"]
    row = decision(till, sale_id)
    assert centre.holds(shopper.member_id) == {row["auth_id"]: "open"}

    flaky.behave()
    confirm(till, view)
    till.until_drained()
    assert centre.holds(shopper.member_id) == {row["auth_id"]: "voided"}
    accounts = centre.accounts(shopper.member_id)
    assert sum(accounts.values()) == shopper.points + PRICE * 5 // 100
    assert centre.audit()["ok"]


def test_asking_again_gives_the_first_hold_back(
    register: MakeRegister, centre: RealCentre, flaky: FlakyCentre
) -> None:
    """The answer was lost, then the buyer changed their mind about the sum."""
    till = register()
    shopper = known_shopper(till, centre)
    till.until_drained()
    sale_id = open_sale(till, shopper.card)
    flaky.misbehave("lose_answer", only=AUTHORISE)
    redeem(till, sale_id)
    (first,) = asked_ids(flaky)
    flaky.behave()
    till.until_online()
    view = redeem(till, sale_id, 1_000)
    _, second = asked_ids(flaky)
    assert centre.holds(shopper.member_id) == {first: "voided", second: "open"}
    confirm(till, view)
    till.until_drained()
    assert centre.holds(shopper.member_id) == {first: "voided", second: "used"}
    assert centre.audit()["ok"]


def test_an_upload_whose_answer_was_lost_counts_once(
    register: MakeRegister, centre: RealCentre, flaky: FlakyCentre
) -> None:
    till = register()
    shopper = known_shopper(till, centre)
    till.until_drained()
    before = sum(centre.accounts(shopper.member_id).values())
    sale_id = open_sale(till, shopper.card)
    view = redeem(till, sale_id)
    spent = view["redeem"]["redeemed_points"]
    flaky.misbehave("lose_answer", only="/v1/facts")
    confirm(till, view)
    until("the sale at the centre", lambda: len(centre.facts(till.identity)) == 2)
    assert till.status()["outbox_pending"] == 1, "nobody has told the register yet"
    flaky.behave()
    till.until_drained()
    assert len(centre.facts(till.identity)) == 2
    accounts = centre.accounts(shopper.member_id)
    assert sum(accounts.values()) == before - spent + (PRICE - spent) * 5 // 100
    assert set(centre.holds(shopper.member_id).values()) == {"used"}
    assert centre.audit()["ok"]
