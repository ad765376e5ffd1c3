"""Two real tills and a real hub on a LAN of network namespaces, the WAN cut."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.hub_net import HubNet, hub_net
from tests.support.hub_shopping import Shopping
from tests.support.live_register import until
from tests.support.namespaces import NoNamespaces
from tests.support.real_centre import Shopper

KILLS = 2


@pytest.fixture
def net() -> Iterator[HubNet]:
    with tempfile.TemporaryDirectory(prefix="hub-net-") as folder:
        try:
            with hub_net(Path(folder)) as made:
                made.until_settled()
                yield made
        except NoNamespaces as why:
            pytest.skip(f"network namespaces cannot be made here: {why}")


@pytest.mark.postgres
@pytest.mark.timeout(300)
def test_two_tills_spend_one_lease_and_a_dying_hub_burns_nothing_twice(net: HubNet) -> None:
    shoppers = [net.centre.shopper() for _ in range(3)]
    for shopper in shoppers:
        net.tills[0].sell(shopper.card, 0)
        until("a lease at the hub", lambda s=shopper: net.granted(s.member_id) > 0)
    net.cut_wan()
    net.until_offline()

    spend_at_once(net, shoppers[0])
    sell_while_the_hub_dies(net, shoppers[1:])

    net.mend_wan()
    net.until_drained()
    assert net.centre.audit()["ok"], net.centre.audit()["findings"]
    for shopper in shoppers:
        accounts = net.centre.accounts(shopper.member_id)
        assert "overdraft" not in accounts


def spend_at_once(net: HubNet, shopper: Shopper) -> None:
    """Both tills at once on one member: half for each, and then as much as either can get. A hub
    that is late once is asked again, for a busy machine is no empty lease."""
    granted = net.granted(shopper.member_id)
    spent: list[int] = []
    both_have_half = threading.Barrier(2, timeout=100)

    def spend(till: int) -> None:
        own = 0

        def sold() -> bool:
            nonlocal own
            points = net.tills[till].sell(shopper.card, 700)
            spent.append(points)
            own += points
            return own >= granted // 2 - 700

        until(f"half the lease at till {till}", sold, 90)
        both_have_half.wait()
        for _ in range(4):
            sold()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(spend, range(2)))
    burnt = [net.burnt(till, shopper.member_id) for till in net.tills]
    assert sum(spent) == sum(burnt)
    assert granted - 1_400 <= sum(burnt) <= granted


def sell_while_the_hub_dies(net: HubNet, shoppers: list[Shopper]) -> None:
    """The hub dies in the middle of sales, again and again."""
    shopping = Shopping(net.tills, [(each.member_id, each.card) for each in shoppers], 40)
    for _ in range(KILLS):
        until_more(shopping, 2)
        net.hub.stop(kill=True)
        until_more(shopping, 3)
        net.hub.start()
    until_more(shopping, 2)
    shopping.end()
    assert not shopping.failures
    for shopper in shoppers:
        burnt = [net.burnt(till, shopper.member_id) for till in net.tills]
        assert sum(burnt) <= net.granted(shopper.member_id)


def until_more(shopping: Shopping, more: int) -> None:
    """Every till has made so many further sales."""
    before = dict(shopping.sales)
    until(
        "further sales",
        lambda: (
            shopping.failures
            or all(shopping.sales[name] >= count + more for name, count in before.items())
        ),
        60,
    )
