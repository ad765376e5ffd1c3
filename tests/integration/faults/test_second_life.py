"""A register enrolled anew, and a copied disk: old rights die, old facts live, books stay even."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge_agent.ledger.ledger import Ledger, WrongLedger
from sync.enrolment import Identity
from tests.support.flaky_centre import FlakyCentre
from tests.support.live_register import LiveRegister, until
from tests.support.real_centre import RealCentre
from tests.support.redeeming import PRICE, confirm, known_shopper, open_sale, redeem
from tests.support.rig import line, sell

MakeRegister = Callable[..., LiveRegister]


def _offline(till: LiveRegister, flaky: FlakyCentre) -> None:
    flaky.misbehave("refuse")
    sell(till.http, [line(1, "bread", 2_750)])
    until("offline", lambda: not till.status()["online"])


def _anew(till: LiveRegister, identity: Identity, flaky: FlakyCentre) -> LiveRegister:
    """The same folder under the new identity."""
    till.stop()
    return LiveRegister(till.folder, identity, flaky.url)


def test_leases_of_an_old_epoch_are_dead_and_its_facts_are_not(
    register: MakeRegister, centre: RealCentre, flaky: FlakyCentre
) -> None:
    old = register()
    shopper = known_shopper(old, centre)
    old.until_drained()
    lent = old.lease_points(shopper.member_id)
    _offline(old, flaky)
    spent = confirm(old, redeem(old, open_sale(old, shopper.card), 1_000))
    assert spent["result"]["layer"] == "lease"
    assert old.status()["outbox_pending"] == 2

    identity = centre.identity(old.identity.register_id)
    assert identity.epoch == old.identity.epoch + 1
    new = _anew(old, identity, flaky)
    new.start()
    try:
        view = confirm(new, redeem(new, open_sale(new, shopper.card)))
        assert (view["redeemed_minor"], view["result"]["layer"]) == (0, "declined")
        assert view["redeem"]["reason"] == "offline_no_lease"

        flaky.behave()
        new.until_online()
        new.until_drained()
        kinds = [(f["seq"], f["state"]) for f in centre.facts(old.identity)]
        assert kinds == [(1, "applied"), (2, "applied"), (3, "applied")], "sent under the new key"
        assert [f["seq"] for f in centre.facts(identity)] == [1], "its own chain from one"
        until("a lease of the new epoch", lambda: new.lease_points(shopper.member_id))
        accounts = centre.accounts(shopper.member_id)
        assert accounts["leases"] >= lent - 1_000 + new.lease_points(shopper.member_id)
        assert "overdraft" not in accounts
        assert centre.audit()["ok"]

        _offline(new, flaky)
        view = confirm(new, redeem(new, open_sale(new, shopper.card), 500))
        assert (view["redeemed_minor"], view["result"]["layer"]) == (500, "lease")
        flaky.behave()
        new.until_drained()
        assert centre.audit()["ok"]
        assert new.faults() == []
    finally:
        new.stop()


def test_an_old_identity_on_a_newer_ledger_is_refused(
    register: MakeRegister, centre: RealCentre, flaky: FlakyCentre
) -> None:
    """A restored identity file must not bring an epoch back to life."""
    old = register()
    new = _anew(old, centre.identity(old.identity.register_id), flaky)
    new.start()
    new.stop()
    with pytest.raises(WrongLedger, match="epoch 2"):
        Ledger(new.data_dir / "ledger.db", old.identity.register_id, old.identity.epoch)


def test_a_copied_disk_is_noticed_and_costs_at_most_the_copied_lease(
    register: MakeRegister, centre: RealCentre, flaky: FlakyCentre, tmp_path: Path
) -> None:
    till = register()
    shopper = known_shopper(till, centre)
    till.until_drained()
    lent = till.lease_points(shopper.member_id)
    till.stop()
    shutil.copytree(till.folder, tmp_path / "clone")
    with (
        closing(FlakyCentre(centre.url)) as road,
        _running(till, flaky),
        _running(LiveRegister(tmp_path / "clone", till.identity, road.url), road) as clone,
    ):
        honest = _spend_all(flaky, till, shopper.card, times=1)
        till.until_drained()
        copied = _spend_all(road, clone, shopper.card, times=2 + lent // (PRICE // 2))
        assert sum(view["redeemed_minor"] for view in copied) == lent
        clone.until_drained()

        name = till.identity.register_id
        until("the forks", lambda: centre.register(name)["forks"] == len(copied))
        assert clone.status()["quarantined"] == len(copied), "kept and shown"
        assert till.status()["quarantined"] == 0
        sales = [fact["sale_id"] for fact in centre.facts(till.identity)]
        assert honest[0]["sale_id"] in sales
        assert not {view["sale_id"] for view in copied} & set(sales)
        accounts = centre.accounts(shopper.member_id)
        assert "overdraft" not in accounts
        assert centre.audit()["ok"]

        # The honest sale was followed by a new grant, of which the copy is told as well.
        until("the new grant", lambda: clone.lease_points(shopper.member_id) > lent)
        after = _spend_all(road, clone, shopper.card, times=1)
        assert after[0]["redeemed_minor"] == 0, "what is known to be copied spends no lease"
        assert _spend_all(flaky, till, shopper.card, times=1)[0]["redeemed_minor"] > 0
        clone.stop()
        clone.start()
        after = _spend_all(road, clone, shopper.card, times=1)
        assert after[0]["redeemed_minor"] == 0, "a restart does not forget it"


@contextmanager
def _running(till: LiveRegister, road: FlakyCentre) -> Iterator[LiveRegister]:
    """Started without its centre."""
    road.misbehave("refuse")
    till.start()
    try:
        yield till
    finally:
        till.stop()


def _spend_all(
    road: FlakyCentre, till: LiveRegister, card: str, times: int
) -> list[dict[str, Any]]:
    """Sales without the centre, each with as many points as possible; then the centre is back."""
    road.misbehave("refuse")
    if till.status()["online"]:
        sell(till.http, [line(1, "bread", 2_750)])
        until("offline", lambda: not till.status()["online"])
    sales = [confirm(till, redeem(till, open_sale(till, card))) for _ in range(times)]
    assert {view["mode"] for view in sales} <= {"offline", "degraded"}
    road.behave()
    till.until_online()
    return sales
