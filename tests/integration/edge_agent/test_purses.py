"""A signed QR at a register that never saw the member and has no link: the code alone decides."""

from __future__ import annotations

import json
import random
import sqlite3
import uuid
from contextlib import closing
from typing import Any

import pytest

from edge_agent.ledger.salvage import salvage
from edge_agent.ledger.verify import quick_check
from loyalty.purse import PURSE_PREFIX
from sync.contract.feed import FeedRow
from tests.support.purses import MEMBER, Page
from tests.support.rig import CARD, Rig, answer, line, payment, sell

SEED = bytes(range(16))


@pytest.fixture
def page(rig: Rig) -> Page:
    """A page whose key the register has from the feed."""
    made = Page(rig.programme_key, rig.key_id)
    _feed(rig, made.row())
    return made


def _feed(rig: Rig, *rows: FeedRow) -> None:
    assert rig.agent is not None
    rig.agent.health._cache.apply_rows(rows)


def _open(rig: Rig, code: str, price: int = 10_000) -> dict[str, Any]:
    body = {
        "identity": {"code": code, "source": "scanner"},
        "basket": {"lines": [line(1, "bread", price)]},
    }
    return answer(rig.http.post(f"/v1/sales/{uuid.uuid4()}/open", json=body))


def _redeem(rig: Rig, view: dict[str, Any], points: int | None = None) -> dict[str, Any]:
    return answer(rig.http.post(f"/v1/sales/{view['sale_id']}/redeem", json={"points": points}))


def _confirm(rig: Rig, view: dict[str, Any]) -> dict[str, Any]:
    return answer(rig.http.post(f"/v1/sales/{view['sale_id']}/confirm", json=payment(view)))


def _notice(rig: Rig) -> str:
    notice = answer(rig.http.get("/v1/state"))["notice"]
    return notice["code"] if notice else ""


def _fact(rig: Rig, sale_id: str) -> dict[str, Any]:
    with closing(sqlite3.connect(rig.folder / "data" / "ledger.db")) as connection:
        row = connection.execute("SELECT document FROM sale WHERE sale_id = ?", (sale_id,))
        found: dict[str, Any] = json.loads(row.fetchone()[0])
        return found


def test_a_member_never_seen_redeems_offline_by_the_code_and_earns(rig: Rig, page: Page) -> None:
    claim = page.claim(4_000)
    view = _redeem(rig, _open(rig, page.still(claim)))
    assert (view["redeemed_minor"], view["redeem"]["layer"]) == (4_000, "purse")
    assert view["redeem"]["sentence"]
    done = _confirm(rig, view)
    assert done["accrual_points"] == 300, "5 % of the 60 hryvnias paid"
    fact = _fact(rig, done["sale_id"])
    redemption = fact["redemption"]
    assert fact["member_id"] == MEMBER
    assert redemption["layer"] == "purse"
    assert (redemption["purse_serial"], redemption["purse_points"]) == (claim.serial, 4_000)
    assert (redemption["link_index"], redemption["strength"]) == (-1, 30)
    assert redemption["decision"]["inputs"]["purse"]["points"] == 4_000
    rig.stop()
    assert quick_check(rig.folder / "data" / "ledger.db") == []


def test_a_still_code_counts_once_also_after_a_restart_and_in_another_sale(
    rig: Rig, page: Page
) -> None:
    code = page.still(page.claim(4_000))
    first = _redeem(rig, _open(rig, code), 1_000)
    second = _redeem(rig, _open(rig, code))
    assert (second["redeemed_minor"], second["redeem"]["reason"]) == (0, "purse_replayed")
    _confirm(rig, first)
    rig.stop()
    rig.start()
    third = _open(rig, code)
    assert _notice(rig) == "purse_replayed"
    third = _redeem(rig, third)
    assert (third["redeemed_minor"], third["redeem"]["reason"]) == (0, "purse_replayed")
    assert "QR" in third["redeem"]["sentence"]
    assert _confirm(rig, third)["accrual_points"] == 500, "the sale goes on and earns"


def test_a_cancelled_sale_gives_the_code_back(rig: Rig, page: Page) -> None:
    code = page.still(page.claim(4_000))
    view = _redeem(rig, _open(rig, code))
    answer(rig.http.post(f"/v1/sales/{view['sale_id']}/cancel", json={}))
    assert _redeem(rig, _open(rig, code))["redeemed_minor"] == 4_000


def test_a_moving_code_goes_on_under_later_links_until_it_is_spent(rig: Rig, page: Page) -> None:
    claim = page.claim(5_000, seed=SEED)
    now, later = page.moving(claim, SEED), page.moving(claim, SEED, 2)
    _confirm(rig, _redeem(rig, _open(rig, now), 3_000))
    again = _redeem(rig, _open(rig, now))
    assert again["redeem"]["reason"] == "purse_replayed", "the same screen"
    rest = _redeem(rig, _open(rig, later))
    assert rest["redeemed_minor"] == 2_000
    _confirm(rig, rest)
    last = _redeem(rig, _open(rig, page.moving(claim, SEED, 3)))
    assert (last["redeemed_minor"], last["redeem"]["reason"]) == (0, "purse_spent")


@pytest.mark.parametrize(
    ("change", "reason", "earns"),
    [
        ({"stores": ("S9",)}, "purse_wrong_store", True),
        ({"stores": ()}, "purse_wrong_store", True),
        ({"age_min": 700}, "purse_expired", True),
        ({"age_min": -60}, "purse_early", True),
    ],
)
def test_a_code_of_another_place_or_time_only_earns(
    rig: Rig, page: Page, change: dict[str, Any], reason: str, earns: bool
) -> None:
    view = _open(rig, page.still(page.claim(4_000, **change)))
    assert _notice(rig) == reason
    view = _redeem(rig, view)
    assert view["redeemed_minor"] == 0
    assert (view["accrual_points"] > 0) is earns
    assert _confirm(rig, view)["state"] == "posted"


def test_a_code_under_a_key_that_nobody_vouches_for_is_nobodys(rig: Rig) -> None:
    stranger = Page(Page(b"k" * 32, "x").public, "x")
    _feed(rig, stranger.row())
    view = _open(rig, stranger.still(stranger.claim()))
    assert view["member"] is None
    assert _notice(rig) == "purse_unknown_key"


def test_a_key_that_was_taken_back_is_not_valid(rig: Rig, page: Page) -> None:
    code = page.still(page.claim())
    _feed(rig, FeedRow(kind="purse_key", key="purse-1", version=2, is_deleted=True))
    assert _open(rig, code)["member"] is None
    assert _notice(rig) == "purse_unknown_key"


def test_changed_characters_are_never_believed(rig: Rig, page: Page) -> None:
    dice = random.Random(20_261_122)
    assert rig.agent is not None
    desk, code = rig.agent.desk, page.still(page.claim())
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
    for _ in range(300):
        at = dice.randrange(len(PURSE_PREFIX), len(code))
        other = dice.choice([each for each in alphabet if each != code[at]])
        found = desk.identify(code[:at] + other + code[at + 1 :], "]Q1", "scanner")
        assert found.member is None, (at, other)
    assert desk.identify(code, "]Q1", "scanner").member is not None


def test_a_cached_member_spends_the_lease_first_and_the_purse_for_the_rest(
    rig: Rig, page: Page
) -> None:
    code = page.still(page.claim(3_000, member_id=101))
    view = _confirm(rig, _redeem(rig, _open(rig, code, 20_000)))
    redemption = _fact(rig, view["sale_id"])["redemption"]
    assert (redemption["lease_points"], redemption["purse_points"]) == (6_000, 3_000)
    assert redemption["layer"] == "purse"


def test_a_denied_member_redeems_nothing_and_earns(rig: Rig) -> None:
    denied = {"member_id": 101, "reason": "overdraft", "since": "2026-11-22T00:00:00Z"}
    _feed(rig, FeedRow(kind="deny", key="101", version=1, body=denied))
    view = sell(rig.http, [line(1, "bread", 10_000)], card=CARD, redeem=True)
    assert (view["redeemed_minor"], view["redeem"]["reason"]) == (0, "member_denied")
    assert view["accrual_points"] == 500
    assert "блок" not in view["redeem"]["sentence"].lower(), "a neutral sentence"


def test_the_purse_survives_a_salvaged_ledger(rig: Rig, page: Page) -> None:
    claim = page.claim(4_000)
    _confirm(rig, _redeem(rig, _open(rig, page.still(claim)), 1_000))
    rig.stop()
    found = salvage(rig.folder / "data" / "ledger.db", rig.folder / "new.db", "R1")
    assert found.rows["purse_burn"] == 1
    with closing(sqlite3.connect(rig.folder / "new.db")) as connection:
        rows = connection.execute("SELECT serial, points FROM purse_burn").fetchall()
    assert rows == [(claim.serial, 1_000)]
