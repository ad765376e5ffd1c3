"""A sale comes back in parts, some while the centre is gone: money, points and paper end exact."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.emulated_devices import EmulatedDevices
from tests.support.flaky_centre import FlakyCentre
from tests.support.live_register import LiveRegister, until
from tests.support.real_centre import RealCentre
from tests.support.redeeming import known_shopper
from tests.support.rig import answer, line, sell

MakeRegister = Callable[..., LiveRegister]
GOODS = [
    line(1, "bread", 3_333, 3),
    {**line(2, "cheese", 45_900), "qty_milli": 345, "unit": "кг", "sum_minor": 15_836},
    line(3, "milk", 999, 2, groups=["dairy"]),
]
PARTS = ({"1": 1000, "2": 45}, {"2": 300, "3": 1000}, {"1": 2000, "3": 1000})


def give_back(till: LiveRegister, sale_id: str, lines: dict[str, int]) -> dict[str, Any]:
    body = {
        "return_id": str(uuid.uuid4()),
        "lines": [{"line_id": key, "qty_milli": qty} for key, qty in lines.items()],
    }
    return answer(till.http.post(f"/v1/sales/{sale_id}/returns", json=body))


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0)])
def test_three_parts_in_any_order_end_at_the_balance_and_money_before(
    register: MakeRegister, centre: RealCentre, flaky: FlakyCentre, order: tuple[int, ...]
) -> None:
    till = register()
    shopper = known_shopper(till, centre)
    till.until_drained()
    before = sum(centre.accounts(shopper.member_id).values())
    sale = sell(till.http, GOODS, card=shopper.card, redeem=True)
    spent, earned = sale["result"]["redeemed_points"], sale["accrual_points"]
    assert spent > 0
    assert earned > 0
    till.until_drained()
    assert sum(centre.accounts(shopper.member_id).values()) == before - spent + earned

    parts = [give_back(till, sale["sale_id"], PARTS[order[0]])]
    flaky.misbehave("refuse")
    parts.append(give_back(till, sale["sale_id"], PARTS[order[1]]))
    flaky.behave()
    parts.append(give_back(till, sale["sale_id"], PARTS[order[2]]))
    till.until_drained()

    assert sum(part["refund_minor"] for part in parts) == sale["payable_minor"]
    assert sum(part["restored_points"] for part in parts) == spent
    assert sum(part["reversed_points"] for part in parts) == earned
    until(
        "the balance before",
        lambda: sum(centre.accounts(shopper.member_id).values()) == before,
    )
    facts = [fact for fact in centre.facts(till.identity) if fact["kind"] == "sale_return"]
    assert [(fact["state"], fact["is_complete"]) for fact in facts] == [
        ("applied", False),
        ("applied", False),
        ("applied", True),
    ]
    assert sum(fact["refund_minor"] for fact in facts) == sale["payable_minor"]
    assert centre.audit()["ok"]
    assert till.faults() == []
    assert till.sale(sale["sale_id"])["state"] == "returned"


def test_the_paper_of_each_part_says_what_came_back(
    register: MakeRegister, devices: EmulatedDevices, centre: RealCentre
) -> None:
    till = register(devices=devices.toml)
    shopper = centre.shopper()
    sale = sell(till.http, GOODS, card=shopper.card)
    assert till.until_paper(sale["sale_id"])["state"] == "printed"
    refunds = []
    for number, part in enumerate(PARTS):
        refunds.append(give_back(till, sale["sale_id"], part)["refund_minor"])
        jobs = until(
            "the paper of the part",
            lambda count=number + 2: [
                job for job in till.sale(sale["sale_id"])["prints"] if job["state"] == "printed"
            ][count - 1 :],
        )
        assert jobs[-1]["kind"] == "return"
    assert till.sale(sale["sale_id"])["state"] == "returned"
    slips = devices.slips()
    assert [slip.is_return for slip in slips] == [False, True, True, True]
    assert [slip.total_minor for slip in slips[1:]] == refunds
    assert sum(refunds) == slips[0].total_minor
    till.until_drained()
    until(
        "the books",
        lambda: sum(centre.accounts(shopper.member_id).values()) == shopper.points,
    )
