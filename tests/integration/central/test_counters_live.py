"""Two whole registers and a whole centre: a coupon and a gift card go where they are wanted, in one
round trip, and are used as often as they exist; a purse that one store took online is gone."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from central import counters, policies, purse_keys, purses
from central.instants import system_clock
from edge_agent.errors import Conflict
from loyalty.authorisation.policy import Policy
from sync.contract.rights import PurseRequest
from tests.support.live_register import LiveRegister, until
from tests.support.real_centre import RULES, RealCentre, Shopper, real_centre
from tests.support.rig import answer, line, payment

pytestmark = pytest.mark.postgres
PRINTED = "9900000000013"
COUPON = {
    "promotion_id": "printed",
    "name": {"uk": "Купон −30 %", "en": "Coupon −30 %"},
    "effect": {"kind": "percent", "target": {"all": True}, "percent_bp": 3000},
    "conditions": [{"kind": "code_entered", "codes": [PRINTED]}],
}


@dataclass
class Chain:
    """A centre and two stores with a register each."""

    centre: RealCentre
    one: LiveRegister
    two: LiveRegister


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="counters-"))
        stack.callback(shutil.rmtree, folder)
        shop = stack.enter_context(real_centre(folder))
        shop.publish({**RULES, "promotions": [COUPON]})
        with shop._db.transaction():
            policy = Policy(coupons_by_right=True, gift_cards_by_right=True)
            policies.put(shop._db, policy, system_clock(), "olena", "test")
        one, two = (
            LiveRegister(folder / name, shop.identity(name), shop.url, authorise_ms=1_500)
            for name in ("R1", "R2")
        )
        for register in (one, two):
            register.start()
            stack.callback(register.stop)
            register.until_online()
            # Policy and rules have come when the coupon is known.
            until("rules and policy", lambda r=register: _knows(r))
        yield Chain(shop, one, two)


def _knows(register: LiveRegister) -> bool:
    assert register._agent is not None
    till = register._agent.till
    till.activate_rules()
    ctx = till.context()
    return ctx.policy.coupons_by_right and any(
        each.promotion.promotion_id == "printed" for each in ctx.rules.promotions
    )


def till_of(register: LiveRegister) -> Any:
    assert register._agent is not None
    return register._agent.till


def opened(register: LiveRegister, code: str = "") -> dict[str, Any]:
    body: dict[str, Any] = {"basket": {"lines": [line(1, "bread", 20_000)]}}
    if code:
        body["identity"] = {"code": code, "source": "scanner"}
    return answer(register.http.post(f"/v1/sales/{uuid.uuid4()}/open", json=body))


def with_coupon(register: LiveRegister) -> tuple[bool, dict[str, Any]]:
    """A sale with the coupon scanned; whether it acts."""
    view = opened(register)
    with suppress(Conflict):
        till_of(register).apply_coupon(view["sale_id"], PRINTED)
    now = answer(register.http.get(f"/v1/sales/{view['sale_id']}/status"))
    return now["discount_minor"] > 0, now


def confirm(register: LiveRegister, view: dict[str, Any], **changes: Any) -> Any:
    body = {**payment(view), **changes}
    return register.http.post(f"/v1/sales/{view['sale_id']}/confirm", json=body)


def test_a_coupon_and_a_gift_card_go_where_they_are_wanted(chain: Chain) -> None:
    shop, one, two = chain.centre, chain.one, chain.two
    with shop._db.transaction():
        for kind, key, total, unit in (
            ("coupon", PRINTED, 1, "use"),
            ("gift_card", "GC1", 9_000, "minor"),
        ):
            counters.define(shop._db, kind, key, total, system_clock(), "olena", "t", unit=unit)
    # The first store prices the coupon and its buyer leaves: the right stays there.
    acts, view = with_coupon(one)
    assert acts
    answer(one.http.post(f"/v1/sales/{view['sale_id']}/cancel", json={}))

    def moved() -> dict[str, Any] | None:
        acts, view = with_coupon(two)
        return view if acts else None

    # A slow machine needs more than one question: the unit is at the centre by the next one.
    view = until("the coupon in the second store", moved)
    assert confirm(two, view).status_code == 200
    two.until_drained()
    for register in (one, two):
        assert not with_coupon(register)[0], "used as often as it exists"
    assert till_of(one).gift_card("GC1", 5_000).left_minor == 5_000
    until("the rest", lambda: till_of(two).gift_card("GC1", 9_000).left_minor == 9_000)
    assert till_of(one).gift_card("GC1", 0).left_minor == 0
    sums = {row["counter_key"]: row for row in counters.report(shop._db)}
    assert (sums[f"coupon:{PRINTED}:"]["used"], sums[f"coupon:{PRINTED}:"]["over"]) == (1, 0)


def test_a_purse_that_one_store_took_online_is_gone_in_the_next(chain: Chain) -> None:
    shop, one, two = chain.centre, chain.one, chain.two
    shopper: Shopper = shop.shopper()
    with shop._db.transaction():
        key = purse_keys.create(shop._db, shop.data_dir, system_clock(), "olena", "first")
    whole = Policy(0, 0, purse_share_bp=10_000, purse_max_points=shopper.points)
    request = PurseRequest(member_id=shopper.member_id, stores=["S-R1", "S-R2"])
    with shop._db.transaction():
        code = purses.issue(shop._db, key, request, system_clock(), whole)
    assert code.points == shopper.points, "nothing is available beside the purse"

    def asked(register: LiveRegister) -> dict[str, Any] | None:
        """None when the centre did not answer in time: then the register decides alone."""
        register.until_online()
        view = opened(register, code.text)
        path = f"/v1/sales/{view['sale_id']}/redeem"
        view = answer(register.http.post(path, json={"points": 5_000}))
        if register.status()["online"]:
            return view
        answer(register.http.post(f"/v1/sales/{view['sale_id']}/cancel", json={}))
        return None

    def redeem(register: LiveRegister) -> dict[str, Any]:
        return dict(until("the centre's answer", lambda: asked(register)))

    def member_of(register: LiveRegister) -> Any:
        return opened(register, code.text)["member"]

    for register in (one, two):
        until("the key of purses", lambda r=register: member_of(r))

    def claimed() -> dict[str, Any] | None:
        # After a time-out the claim of the dropped question ends with the register's report.
        view = redeem(one)
        return view if view["redeem"]["redeemed_points"] else None

    first = until("the purse", claimed)
    assert (first["redeem"]["redeemed_points"], first["redeem"]["layer"]) == (5_000, "purse")
    assert redeem(two)["redeem"]["redeemed_points"] == 0, "claimed by an open sale"
    assert confirm(one, first).status_code == 200
    one.until_drained()
    assert redeem(two)["redeem"]["redeemed_points"] == 0, "used"
    accounts = shop.accounts(shopper.member_id)
    assert accounts[f"purse:{code.serial}"] == shopper.points - 5_000
