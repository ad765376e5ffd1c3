"""The way of a sale over the local API, on real files."""

from __future__ import annotations

import json
import sqlite3
import uuid
from contextlib import closing

from edge_agent.ledger.verify import quick_check
from sync.contract.messages import WireSale
from tests.support.rig import CARD, NO_LEASE_CARD, OTHER_CARD, Rig, answer, line, payment, sell

MILK = {"groups": ["dairy"]}


def test_a_strangers_sale_gets_promotions_and_no_bonuses(rig: Rig) -> None:
    view = sell(rig.http, [line(1, "milk", 4_590, 2, **MILK), line(2, "bread", 2_750)])
    assert view["state"] == "posted"
    assert view["discount_minor"] == 918
    assert view["payable_minor"] == 2 * 4_590 + 2_750 - 918
    assert view["accrual_points"] == 0
    assert view["member"] is None


def test_a_member_earns_on_the_money_part_and_spends_the_lease_offline(rig: Rig) -> None:
    view = sell(rig.http, [line(1, "bread", 10_000)], card=CARD, redeem=True)
    assert view["redeemed_minor"] == 5_000, "half of the receipt, within the lease of 60 bonuses"
    assert view["payable_minor"] == 5_000
    assert view["accrual_points"] == 250
    assert view["result"]["layer"] == "lease"
    assert view["member"]["balance_points"] == 15_000


def test_the_lease_is_the_bound_of_all_offline_spending(rig: Rig) -> None:
    spent = 0
    for _ in range(4):
        view = sell(rig.http, [line(1, "bread", 10_000)], card=CARD, redeem=True)
        spent += view["redeemed_minor"]
    assert spent == 6_000
    assert view["redeemed_minor"] == 0
    assert view["result"]["layer"] == "declined"
    assert "збережено" in view["redeem"]["sentence"]


def test_without_a_lease_the_redemption_is_declined_and_the_sale_still_earns(rig: Rig) -> None:
    view = sell(rig.http, [line(1, "bread", 10_000)], card=NO_LEASE_CARD, redeem=True)
    assert view["redeemed_minor"] == 0
    assert view["redeem"]["reason"] == "offline_no_lease"
    assert view["accrual_points"] == 500


def test_two_open_sales_cannot_both_promise_the_same_lease(rig: Rig) -> None:
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    promised = 0
    for sale_id in (first, second):
        body = {
            "identity": {"code": OTHER_CARD, "source": "scanner"},
            "basket": {"lines": [line(1, "bread", 10_000)]},
        }
        answer(rig.http.post(f"/v1/sales/{sale_id}/open", json=body))
        view = answer(rig.http.post(f"/v1/sales/{sale_id}/redeem", json={"points": None}))
        promised += view["redeemed_minor"]
    assert promised == 1_500
    answer(rig.http.post(f"/v1/sales/{first}/cancel", json={}))
    view = answer(rig.http.post(f"/v1/sales/{second}/redeem", json={"points": None}))
    assert view["redeemed_minor"] == 1_500, "a cancelled sale gives its promise back"


def test_every_fact_is_exactly_the_wire_form(rig: Rig) -> None:
    sell(rig.http, [line(1, "milk", 4_590, 2, **MILK)])
    sell(rig.http, [line(1, "bread", 10_000)], card=CARD, redeem=True)
    sell(rig.http, [line(1, "bread", 10_000)], card=NO_LEASE_CARD, redeem=True)
    with closing(sqlite3.connect(rig.folder / "data" / "ledger.db")) as connection:
        bodies = [row[0] for row in connection.execute("SELECT body FROM outbox")]
    assert len(bodies) == 3
    for body in bodies:
        sale = WireSale.model_validate_json(body, strict=True)
        assert sale.model_dump(mode="json") == json.loads(body)


def test_confirming_twice_gives_one_sale_and_one_answer(rig: Rig) -> None:
    view = sell(rig.http, [line(1, "bread", 2_750)])
    again = rig.http.post(f"/v1/sales/{view['sale_id']}/confirm", json=payment(view))
    assert answer(again)["result"] == view["result"]
    assert _count(rig, "outbox") == 1


def test_a_quote_that_is_no_longer_true_is_refused(rig: Rig) -> None:
    sale_id = str(uuid.uuid4())
    body = {"basket": {"lines": [line(1, "bread", 2_750)]}}
    old = answer(rig.http.post(f"/v1/sales/{sale_id}/open", json=body))
    basket = {"lines": [line(1, "bread", 2_750, 2)]}
    answer(rig.http.put(f"/v1/sales/{sale_id}/basket", json=basket))
    refused = rig.http.post(f"/v1/sales/{sale_id}/confirm", json=payment(old))
    assert refused.status_code == 409
    assert refused.json()["code"] == "quote_changed"
    assert _count(rig, "outbox") == 0


def test_a_smaller_basket_lowers_the_redemption(rig: Rig) -> None:
    sale_id = str(uuid.uuid4())
    body = {
        "identity": {"code": CARD, "source": "scanner"},
        "basket": {"lines": [line(1, "bread", 10_000)]},
    }
    answer(rig.http.post(f"/v1/sales/{sale_id}/open", json=body))
    view = answer(rig.http.post(f"/v1/sales/{sale_id}/redeem", json={"points": None}))
    assert view["redeemed_minor"] == 5_000
    basket = {"lines": [line(1, "bread", 3_000)]}
    view = answer(rig.http.put(f"/v1/sales/{sale_id}/basket", json=basket))
    assert view["redeemed_minor"] == 1_500
    done = answer(rig.http.post(f"/v1/sales/{sale_id}/confirm", json=payment(view)))
    assert done["member"]["balance_points"] == 20_000 - 1_500


def test_a_return_writes_its_own_fact_once(rig: Rig) -> None:
    view = sell(rig.http, [line(1, "bread", 10_000)], card=CARD, redeem=True)
    body = {"return_id": str(uuid.uuid4()), "reason": "передумав"}
    path = f"/v1/sales/{view['sale_id']}/returns"
    given = answer(rig.http.post(path, json=body))
    assert (given["refund_minor"], given["restored_points"]) == (5_000, 5_000)
    assert given["reversed_points"] == 250
    assert answer(rig.http.post(path, json=body)) == given
    other = rig.http.post(path, json={"return_id": str(uuid.uuid4())})
    assert (other.status_code, other.json()["code"]) == (409, "already_returned")
    assert _count(rig, "outbox") == 2


def test_nothing_is_lost_over_a_restart_and_the_chain_holds(rig: Rig) -> None:
    before = sell(rig.http, [line(1, "bread", 10_000)], card=CARD, redeem=True)
    rig.stop()
    rig.start()
    after = answer(rig.http.get(f"/v1/sales/{before['sale_id']}/status"))
    assert after["result"] == before["result"]
    assert after["member"]["balance_points"] == 15_000
    assert quick_check(rig.folder / "data" / "ledger.db") == []


def test_a_changed_fact_breaks_the_chain(rig: Rig) -> None:
    sell(rig.http, [line(1, "bread", 10_000)])
    sell(rig.http, [line(1, "bread", 10_000)])
    rig.stop()
    path = rig.folder / "data" / "ledger.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE outbox SET body = replace(body, '10000', '10001') WHERE seq = 1")
        connection.commit()
    assert any("fact 1/1: broken link" in fault for fault in quick_check(path))


def _count(rig: Rig, table: str) -> int:
    with closing(sqlite3.connect(rig.folder / "data" / "ledger.db")) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
