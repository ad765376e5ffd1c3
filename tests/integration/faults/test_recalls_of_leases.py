"""Points lent to one register come back in the very question of another one."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.live_register import LiveRegister, until
from tests.support.real_centre import RealCentre
from tests.support.redeeming import confirm, decision, known_shopper, open_sale, redeem
from tests.support.rig import answer, line

MakeRegister = Callable[..., LiveRegister]


def test_what_rests_at_an_online_register_is_redeemed_at_another(
    register: MakeRegister, centre: RealCentre
) -> None:
    home, other = register(authorise_ms=1_400), register(authorise_ms=1_400)
    shopper = known_shopper(home, centre)
    home.until_drained()
    lent = until("a lease", lambda: home.lease_points(shopper.member_id))
    balance = centre.accounts(shopper.member_id)["available"]
    sale = open_sale(other, shopper.card)
    basket = {"lines": [line(1, "bread", 4 * (lent + balance))]}
    answer(other.http.put(f"/v1/sales/{sale}/basket", json=basket))
    wanted = balance + lent // 2
    view = redeem(other, sale, wanted)
    assert (view["redeemed_minor"], view["redeem"]["layer"]) == (wanted, "online")
    confirm(other, view)
    other.until_drained()
    home.until_drained()
    kinds = [fact["kind"] for fact in centre.facts(home.identity)]
    assert kinds.count("lease_returned") == 1
    assert "overdraft" not in centre.accounts(shopper.member_id)
    assert centre.audit()["ok"]


def test_points_of_the_lease_are_not_told_as_offline_beside_the_centres_answer(
    register: MakeRegister, centre: RealCentre
) -> None:
    till = register(authorise_ms=1_400)
    shopper = known_shopper(till, centre)
    till.until_drained()
    lent = until("a lease", lambda: till.lease_points(shopper.member_id))
    balance = centre.accounts(shopper.member_id)["available"]
    sale = open_sale(till, shopper.card)
    basket = {"lines": [line(1, "bread", 4 * (lent + balance))]}
    answer(till.http.put(f"/v1/sales/{sale}/basket", json=basket))
    view = redeem(till, sale, balance + lent)
    assert view["redeemed_minor"] == balance + lent
    assert (view["redeem"]["layer"], view["redeem"]["sentence"]) == ("online", "")
    row = decision(till, sale)
    assert (row["layer"], row["lease_points"] > 0) == ("lease", True)
