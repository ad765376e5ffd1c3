"""A register whose anchor cannot vouch for it: offline it only earns, the centre has the word."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from edge_agent.config import load_settings
from tests.support.flaky_centre import FlakyCentre
from tests.support.live_register import LiveRegister, until
from tests.support.real_centre import RealCentre
from tests.support.redeeming import confirm, known_shopper, open_sale, redeem
from tests.support.rig import line, sell

MakeRegister = Callable[..., LiveRegister]


def _head(till: LiveRegister) -> str:
    return str(till.status()["head"])


def _spend(till: LiveRegister, card: str, points: int) -> dict[str, Any]:
    return confirm(till, redeem(till, open_sale(till, card), points))


def _cut_off(till: LiveRegister, road: FlakyCentre) -> None:
    road.misbehave("refuse")
    sell(till.http, [line(1, "bread", 2_750)])
    until("offline", lambda: not till.status()["online"])


def test_without_an_anchor_the_centre_confirms_and_offline_rights_are_back(
    register: MakeRegister, centre: RealCentre, flaky: FlakyCentre
) -> None:
    till = register()
    shopper = known_shopper(till, centre)
    till.until_drained()
    till.stop()
    shutil.rmtree(load_settings(till.config).anchor_dir)
    flaky.misbehave("refuse")
    till.start()
    view = _spend(till, shopper.card, 500)
    assert (view["redeemed_minor"], view["redeem"]["reason"]) == (0, "head_unconfirmed")
    flaky.behave()
    until("confirmed", lambda: _head(till) == "confirmed")
    till.until_drained()
    _cut_off(till, flaky)
    view = _spend(till, shopper.card, 500)
    assert (view["redeemed_minor"], view["result"]["layer"]) == (500, "lease")
    flaky.behave()
    till.until_drained()
    assert centre.audit()["ok"]


def test_yesterdays_image_earns_offline_and_is_told_to_enrol_anew(
    register: MakeRegister, centre: RealCentre, flaky: FlakyCentre, tmp_path: Path
) -> None:
    till = register()
    shopper = known_shopper(till, centre)
    till.until_drained()
    till.stop()
    shutil.copytree(till.data_dir, tmp_path / "image")
    flaky.misbehave("refuse")
    till.start()
    spent = _spend(till, shopper.card, 1_000)
    assert spent["result"]["layer"] == "lease"
    flaky.behave()
    till.until_online()
    till.until_drained()
    till.stop()

    shutil.rmtree(till.data_dir)
    shutil.copytree(tmp_path / "image", till.data_dir)
    flaky.misbehave("refuse")
    till.start()
    assert _head(till) == "older_image"
    view = _spend(till, shopper.card, 1_000)
    assert (view["redeemed_minor"], view["redeem"]["reason"]) == (0, "head_unconfirmed")
    assert view["accrual_points"] > 0
    flaky.behave()
    until("the centre's word", lambda: _head(till) in ("behind", "forked"))
    _cut_off(till, flaky)
    assert _spend(till, shopper.card, 1_000)["redeemed_minor"] == 0
    accounts = centre.accounts(shopper.member_id)
    assert "overdraft" not in accounts
    assert centre.audit()["ok"]


def test_a_clone_on_a_second_machine_spends_nothing_offline_nor_after_its_first_contact(
    register: MakeRegister, centre: RealCentre, flaky: FlakyCentre, tmp_path: Path
) -> None:
    till = register()
    shopper = known_shopper(till, centre)
    till.until_drained()
    till.stop()
    shutil.copytree(till.folder, tmp_path / "clone")
    till.start()
    till.until_online()
    with closing(FlakyCentre(centre.url)) as road:
        road.misbehave("refuse")
        clone = LiveRegister(
            tmp_path / "clone", till.identity, road.url, is_copy=True, machine="another one"
        )
        clone.start()
        try:
            assert _head(clone) == "other_machine"
            view = _spend(clone, shopper.card, 1_000)
            assert (view["redeemed_minor"], view["redeem"]["reason"]) == (0, "head_unconfirmed")
            assert view["accrual_points"] > 0
            road.behave()
            until("the centre's word", lambda: _head(clone) == "forked")
            _cut_off(clone, road)
            assert _spend(clone, shopper.card, 1_000)["redeemed_minor"] == 0
        finally:
            clone.stop()
    _cut_off(till, flaky)
    assert _spend(till, shopper.card, 1_000)["redeemed_minor"] == 1_000, "the original goes on"
