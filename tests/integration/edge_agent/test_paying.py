"""Paying over the API: what the rules see of it, what is told when a figure changes, and gifts."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from edge_agent.usecases.record_print import PaperVerdict
from sync.contract.feed import FeedRow
from sync.contract.messages import WireSale
from tests.support.rig import CARD, NO_LEASE_CARD, OTHER_CARD, Rig, answer, line, payment

EVERYTHING = {"all": True}
MEMBER = [{"kind": "member_known"}]


def promotion(name: str, effect: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"promotion_id": name, "name": {"uk": name, "en": name}, "effect": effect, **more}


def percent(share: int) -> dict[str, Any]:
    return {"kind": "percent", "target": EVERYTHING, "percent_bp": share * 100}


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    """Makes a running register with these promotions."""
    made: list[Rig] = []

    def make(*promotions: dict[str, Any], settings: str = "", **programme: Any) -> Rig:
        programme = {"redeem_max_share_bp": 5_000, **programme}
        rig = Rig(tmp_path, {"programme": programme, "promotions": list(promotions)})
        if settings:
            rig.config.write_text(rig.config.read_text() + settings, encoding="utf-8")
        rig.start()
        made.append(rig)
        return rig

    yield make
    for rig in made:
        rig.stop()


def open_sale(http: httpx.Client, *lines: dict[str, Any], card: str = "", **more: Any) -> Any:
    body: dict[str, Any] = {"basket": {"lines": list(lines)}, **more}
    if card:
        body["identity"] = {"code": card, "source": "scanner"}
    return answer(http.post(f"/v1/sales/{uuid.uuid4()}/open", json=body))


def confirm(http: httpx.Client, view: dict[str, Any], *tenders: tuple[str, int]) -> httpx.Response:
    body = {
        "quote_id": view["quote_id"],
        "basket_hash": view["basket_hash"],
        "tenders": [{"kind": kind, "amount_minor": amount} for kind, amount in tenders],
    }
    return http.post(f"/v1/sales/{view['sale_id']}/confirm", json=body)


def shown(http: httpx.Client, view: dict[str, Any]) -> dict[str, Any]:
    return answer(http.get(f"/v1/sales/{view['sale_id']}/status"))


def put(http: httpx.Client, view: dict[str, Any], what: str, body: dict[str, Any]) -> Any:
    return answer(http.put(f"/v1/sales/{view['sale_id']}/{what}", json=body))


def sale_facts(rig: Rig) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(rig.folder / "data" / "ledger.db")) as connection:
        rows = connection.execute("SELECT body FROM outbox WHERE kind = 'sale' ORDER BY seq")
        return [json.loads(row[0]) for row in rows]


# --- the sum changes --------------------------------------------------------------------------

BY_CARD = promotion("card5", percent(5), conditions=[{"kind": "tender_kind", "kinds": ["card"]}])


def test_a_means_that_changes_the_sum_is_told_and_never_silent(till) -> None:
    rig = till(BY_CARD)
    view = open_sale(rig.http, line(1, "bread", 10_000))
    assert view["payable_minor"] == 10_000
    refused = confirm(rig.http, view, ("card", 10_000))
    assert (refused.status_code, refused.json()["code"]) == (409, "sum_changed")
    assert refused.json()["detail"] == "the sum changed: 100.00 → 95.00"
    assert "100,00 → 95,00" in refused.json()["cashier_message"]["uk"]
    fresh = shown(rig.http, view)
    assert (fresh["payable_minor"], fresh["tender_kinds"]) == (9_500, ["card"])
    done = answer(confirm(rig.http, fresh, ("card", 9_500)))
    assert (done["state"], done["payable_minor"]) == ("posted", 9_500)


def test_paying_otherwise_after_all_is_told_as_well(till) -> None:
    rig = till(BY_CARD)
    view = open_sale(rig.http, line(1, "bread", 10_000))
    planned = put(rig.http, view, "tenders", {"kinds": ["card"]})
    assert planned["payable_minor"] == 9_500
    refused = confirm(rig.http, planned, ("cash", 9_500))
    assert refused.json()["detail"] == "the sum changed: 95.00 → 100.00"
    mixed = confirm(rig.http, shown(rig.http, view), ("card", 5_000), ("cash", 5_000))
    assert answer(mixed)["result"]["payable_minor"] == 10_000


def test_means_may_change_after_redeeming(till) -> None:
    rig = till(BY_CARD)
    view = open_sale(rig.http, line(1, "bread", 10_000), card=CARD)
    path = f"/v1/sales/{view['sale_id']}/redeem"
    redeemed = answer(rig.http.post(path, json={"points": 5_000}))
    assert redeemed["payable_minor"] == 5_000
    planned = put(rig.http, view, "tenders", {"kinds": ["card"]})
    assert planned["redeemed_minor"] == 4_750, "half of what is left after the promotion"
    assert planned["redeem"]["reason"] == "lowered_to_basket"
    assert "50,00 → 47,50" in planned["redeem"]["sentence"]
    done = answer(confirm(rig.http, planned, ("card", 4_750)))
    assert done["result"]["redeemed_points"] == 4_750


def test_voiding_a_line_lowers_the_redemption_with_a_sentence(till) -> None:
    rig = till()
    view = open_sale(rig.http, line(1, "bread", 10_000), line(2, "tea", 3_000), card=CARD)
    path = f"/v1/sales/{view['sale_id']}/redeem"
    assert answer(rig.http.post(path, json={"points": 6_000}))["redeemed_minor"] == 6_000
    less = put(rig.http, view, "basket", {"lines": [line(2, "tea", 3_000)]})
    assert (less["redeemed_minor"], less["payable_minor"]) == (1_500, 1_500)
    assert less["redeem"]["reason"] == "lowered_to_basket"
    assert less["redeem"]["sentence"] == (
        "Бонусів списано менше: 60,00 → 15,00 — більше цей чек не дозволяє"
    )
    again = answer(rig.http.post(path, json={"points": 1_000}))
    assert (again["redeem"]["reason"], again["redeemed_minor"]) == ("", 1_000)


def test_a_price_typed_by_hand_takes_part_only_if_the_programme_says_so(till, tmp_path) -> None:
    rig = till(promotion("ten", percent(10)))
    typed = line(1, "bread", 10_000, price_kind="override")
    assert open_sale(rig.http, typed)["discount_minor"] == 0
    rig.stop()
    other = Rig(
        tmp_path / "other",
        {
            "programme": {"policies": {"override_takes_part": True}},
            "promotions": [promotion("ten", percent(10))],
        },
    )
    other.start()
    try:
        assert open_sale(other.http, typed)["discount_minor"] == 1_000
    finally:
        other.stop()


# --- gift cards -------------------------------------------------------------------------------

EARN = promotion(
    "earn", {"kind": "accrue_percent", "target": EVERYTHING, "percent_bp": 1_000}, conditions=MEMBER
)


@pytest.mark.parametrize(("earns", "points"), [(True, 1_000), (False, 400)])
def test_the_part_paid_with_a_gift_card_earns_as_the_programme_says(till, earns, points) -> None:
    rig = till(EARN, gift_card_earns=earns, gift_card_residue="forfeit")
    view = open_sale(rig.http, line(1, "bread", 10_000), card=CARD)
    assert view["accrual_points"] == 1_000
    tenders = [
        {"kind": "gift_card", "amount_minor": 6_000, "reference": "A", "balance_minor": 7_000},
        {"kind": "card", "amount_minor": 4_000},
    ]
    body = {"quote_id": view["quote_id"], "basket_hash": view["basket_hash"], "tenders": tenders}
    done = answer(rig.http.post(f"/v1/sales/{view['sale_id']}/confirm", json=body))
    assert done["result"]["accrual_points"] == points
    assert [each["code"] for each in done["result"]["notices"]] == (
        [] if earns else ["accrual_changed"]
    )
    (fact,) = sale_facts(rig)
    assert fact["tenders"][0]["forfeited_minor"] == 1_000
    assert fact["accrual_points"] == points


def test_selling_a_gift_card_is_no_purchase_of_goods(till) -> None:
    rig = till(promotion("ten", percent(10)), EARN)
    card = line(2, "gift", 50_000, goods_class="gift_card")
    view = open_sale(rig.http, line(1, "bread", 10_000), card, card=CARD)
    assert (view["discount_minor"], view["accrual_points"]) == (1_000, 900)
    assert view["redeem"]["redeemable_points"] == 4_500
    refused = confirm(rig.http, view, ("gift_card", 20_000), ("card", 39_000))
    assert (refused.status_code, refused.json()["code"]) == (422, "gift_card_for_gift_card")
    assert answer(confirm(rig.http, view, ("gift_card", 9_000), ("card", 50_000)))


def test_a_gift_card_that_does_not_hold_the_sum_is_refused(till) -> None:
    rig = till()
    view = open_sale(rig.http, line(1, "bread", 10_000))
    tenders = [{"kind": "gift_card", "amount_minor": 10_000, "balance_minor": 9_999}]
    body = {"quote_id": view["quote_id"], "basket_hash": view["basket_hash"], "tenders": tenders}
    refused = rig.http.post(f"/v1/sales/{view['sale_id']}/confirm", json=body)
    assert (refused.status_code, refused.json()["code"]) == (422, "gift_card_short")


# --- codes, caps, coupons, gifts --------------------------------------------------------------

SUMMER = promotion(
    "summer", percent(20), conditions=[{"kind": "code_entered", "codes": ["SUMMER26"]}]
)


def test_a_code_counts_however_it_comes(till) -> None:
    rig = till(SUMMER)
    view = open_sale(rig.http, line(1, "bread", 10_000))
    assert view["discount_minor"] == 0
    assert put(rig.http, view, "codes", {"codes": [" summer26 "]})["discount_minor"] == 2_000
    assert put(rig.http, view, "codes", {"codes": []})["discount_minor"] == 0
    heard = answer(rig.http.post("/v1/scan", json={"code": "Summer26", "source": "scanner"}))
    assert heard["kind"] == "code"
    scanned = shown(rig.http, view)
    assert (scanned["codes"], scanned["discount_minor"]) == (["SUMMER26"], 2_000)
    done = answer(rig.http.post(f"/v1/sales/{view['sale_id']}/confirm", json=payment(scanned)))
    assert done["payable_minor"] == 8_000
    assert sale_facts(rig)[0]["codes"] == ["SUMMER26"]


def test_a_code_nobody_knows_is_not_a_code(till) -> None:
    rig = till(SUMMER)
    open_sale(rig.http, line(1, "bread", 10_000))
    heard = answer(rig.http.post("/v1/scan", json={"code": "WINTER26", "source": "scanner"}))
    assert (heard["kind"], heard["reason"]) == ("unknown", "unknown_code")


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        (["x"] * 21, "bad_request"),
        (["x" * 65], "bad_request"),
        (["\u0000"], "bad_code"),
        (["  "], "bad_code"),
        (["x\ny"], "bad_code"),
    ],
)
def test_codes_have_bounds(till, codes, code) -> None:
    rig = till()
    view = open_sale(rig.http, line(1, "bread", 10_000))
    refused = rig.http.put(f"/v1/sales/{view['sale_id']}/codes", json={"codes": codes})
    assert (refused.status_code, refused.json()["code"]) == (422, code)


def test_a_cap_of_the_day_holds_over_open_sales_and_restarts(till) -> None:
    rig = till(promotion("once", percent(10), caps={"per_member_day": 1}, conditions=MEMBER))
    first = open_sale(rig.http, line(1, "bread", 10_000), card=CARD)
    second = open_sale(rig.http, line(1, "bread", 10_000), card=CARD)
    assert (first["discount_minor"], second["discount_minor"]) == (1_000, 1_000)
    answer(confirm(rig.http, first, ("card", 9_000)))
    refused = confirm(rig.http, second, ("card", 9_000))
    assert refused.json()["detail"] == "the sum changed: 90.00 → 100.00"
    assert open_sale(rig.http, line(1, "bread", 10_000), card=OTHER_CARD)["discount_minor"]
    rig.stop()
    rig.start()
    assert open_sale(rig.http, line(1, "bread", 10_000), card=CARD)["discount_minor"] == 0


def test_a_void_gives_the_use_and_the_coupon_back(till) -> None:
    """The paper did not come out, so the sale never was."""
    once = promotion("once", percent(10), caps={"per_member": 1}, conditions=MEMBER)
    rig = till(once, COUPON)
    assert rig.agent is not None
    rig.agent.till.who = replace(rig.agent.till.who, prints=True)
    view = open_sale(rig.http, line(1, "bread", 10_000), card=CARD)
    sold = answer(confirm(rig.http, view, ("card", 9_000)))
    assert open_sale(rig.http, line(1, "bread", 10_000), card=CARD)["discount_minor"] == 0
    rig.agent.till.papers.record_print(PaperVerdict(sold["result"]["job_id"], "not_printed"))
    answer(rig.http.post(f"/v1/sales/{view['sale_id']}/void", json={}))
    assert open_sale(rig.http, line(1, "bread", 10_000), card=CARD)["discount_minor"] == 1_000
    with closing(sqlite3.connect(rig.folder / "data" / "ledger.db")) as connection:
        assert connection.execute("SELECT count(*) FROM coupon_change").fetchone() == (0,)


def test_a_campaigns_money_is_counted_by_own_sales(till) -> None:
    caps = {"campaign_minor": 1_500, "is_partial": True}
    rig = till(promotion("budget", percent(10), caps=caps))
    given = []
    for _ in range(3):
        view = open_sale(rig.http, line(1, "bread", 10_000))
        given.append(view["discount_minor"])
        answer(rig.http.post(f"/v1/sales/{view['sale_id']}/confirm", json=payment(view)))
    assert given == [1_000, 500, 0]


GIFT = promotion(
    "gift",
    {"kind": "gift_item", "sku": "cup", "name": {"uk": "Чашка", "en": "A cup"}, "quantity": 2},
    conditions=[{"kind": "receipt_value", "at_least_minor": 5_000}],
)
COUPON = promotion(
    "coupon",
    {"kind": "coupon_issue", "coupon": "TEA", "valid_days": 30, "text": {"uk": "Чай −50 %"}},
    conditions=[*MEMBER, {"kind": "receipt_value", "at_least_minor": 5_000}],
)
TEA = promotion("tea", percent(50), conditions=[{"kind": "coupon_held", "coupons": ["TEA"]}])
DRAW = promotion("draw", {"kind": "draw_ticket", "draw": "new-year", "tickets": 3})


def test_gifts_coupons_and_tickets_reach_screen_and_fact(till) -> None:
    rig = till(GIFT, COUPON, DRAW)
    view = open_sale(rig.http, line(1, "bread", 10_000), card=CARD)
    assert [gift["sentence"] for gift in view["gifts"]] == ["Подарунок: Чашка × 2"]
    assert [each["sentence"] for each in view["rewards"]] == [
        "Купон на наступну покупку: Чай −50 %",
        "Квитки розіграшу «new-year»: 3",
    ]
    answer(rig.http.post(f"/v1/sales/{view['sale_id']}/confirm", json=payment(view)))
    (fact,) = sale_facts(rig)
    assert [gift["sku"] for gift in fact["gifts"]] == ["cup"]
    assert [coupon["coupon"] for coupon in fact["coupons"]] == ["TEA"]
    assert fact["tickets"] == [{"promotion_id": "draw", "draw": "new-year", "tickets": 3}]
    assert WireSale.model_validate(fact, strict=True).model_dump(mode="json") == fact


def test_a_coupon_earned_here_serves_the_next_purchase_once(till) -> None:
    rig = till(COUPON, TEA)
    paid = []
    for price in (10_000, 4_000, 4_000):
        view = open_sale(rig.http, line(1, "bread", price), card=NO_LEASE_CARD)
        done = rig.http.post(f"/v1/sales/{view['sale_id']}/confirm", json=payment(view))
        paid.append(answer(done)["payable_minor"])
    assert paid == [10_000, 2_000, 4_000]
    assert [fact["used_coupons"] for fact in sale_facts(rig)] == [[], ["TEA"], []]


def test_a_coupon_that_the_centre_tells_of_serves_until_its_last_day(till) -> None:
    rig = till(TEA)
    assert rig.agent is not None
    known = {"member_id": 101, "name": "Олена К.", "balance_points": 20_000}
    for version, until, payable in ((2, "2020-01-01", 4_000), (3, "2099-01-01", 2_000)):
        coupons = [{"code": "TEA", "expires_on": until}]
        row = FeedRow(kind="member", key="101", version=version, body={**known, "coupons": coupons})
        rig.agent.till._members.apply_rows([row])  # type: ignore[attr-defined]
        view = open_sale(rig.http, line(1, "tea", 4_000), card=CARD)
        assert view["payable_minor"] == payable
    answer(confirm(rig.http, view, ("card", 2_000)))
    assert open_sale(rig.http, line(1, "tea", 4_000), card=CARD)["payable_minor"] == 4_000


def test_two_open_sales_cannot_both_use_one_coupon(till) -> None:
    rig = till(COUPON, TEA)
    earned = open_sale(rig.http, line(1, "bread", 10_000), card=CARD)
    answer(rig.http.post(f"/v1/sales/{earned['sale_id']}/confirm", json=payment(earned)))
    first, second = (open_sale(rig.http, line(1, "tea", 4_000), card=CARD) for _ in range(2))
    assert (first["payable_minor"], second["payable_minor"]) == (2_000, 2_000)
    answer(confirm(rig.http, first, ("card", 2_000)))
    refused = confirm(rig.http, second, ("card", 2_000))
    assert (refused.status_code, refused.json()["code"]) == (409, "sum_changed")


def test_format_channel_and_the_cashiers_own_card(till) -> None:
    here = [
        {"kind": "store", "formats": ["express"]},
        {"kind": "channel", "channels": ["kiosk"]},
        {"kind": "cashier_is_not_member"},
    ]
    settings = '[till]\nstore_format = "express"\nchannel = "kiosk"\n'
    rig = till(promotion("here", percent(10), conditions=here), settings=settings)
    buyer = open_sale(rig.http, line(1, "bread", 10_000), card=CARD, cashier_card=OTHER_CARD)
    assert buyer["discount_minor"] == 1_000
    own = open_sale(rig.http, line(1, "bread", 10_000), card=CARD, cashier_card=CARD)
    assert own["discount_minor"] == 0
