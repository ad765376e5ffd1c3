"""What stays on the buyer's display, and for how long."""

from __future__ import annotations

import re
from typing import get_origin

import numpy
import pytest
import zxingcpp

from edge_agent.customer_state import DONE_S, HELLO_S, CustomerDesk, join_view, masked
from edge_agent.member_views import MemberCard
from edge_agent.panel_state import PanelState
from edge_agent.views import RedeemView, SaleView

AT = "2026-11-22T12:00:00.000Z"


class Watch:
    """Seconds that pass when told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def seen(sale: dict[str, object] | None = None, *, waiting: bool = False) -> PanelState:
    """A cashier's state with a sale of one member, or a member before it."""
    card = MemberCard(
        member_id=7,
        name="Олена Коваль",
        tier="",
        groups=[],
        balance_points=1_050,
        pending_points=0,
        spendable_points=1_050,
        is_birthday=False,
        is_blocked=False,
        lots=[],
        purchases=[],
        purchases_count=0,
        offers=[],
        as_of="",
    )
    strip = {
        "register_id": "R1", "store_name": "На Подолі", "online": True, "since": AT, "outbox": 0,
        "printer": "ok", "scanner": "ok", "ruleset_sequence": 1, "ruleset_at": AT, "clock": "ok",
    }  # fmt: skip
    redeem = {name: 0 for name, field in RedeemView.model_fields.items() if field.annotation is int}
    fields = SaleView.model_fields
    sums = {name: 0 for name, field in fields.items() if field.annotation is int}
    lists: dict[str, list[str]] = {
        name: [] for name, field in fields.items() if get_origin(field.annotation) is list
    }
    whole = {
        "sale_id": "S", "state": "open", "origin": "pos", "mode": "online", "member": card,
        "quote_id": "", "basket_hash": "", "data_as_of": "", **sums, **lists,
        "redeem": {**redeem, "reason": "", "sentence": ""}, **(sale or {}),
    }  # fmt: skip
    state = {"revision": 1, "locale": "uk", "at": AT, "strip": strip}
    if sale is not None:
        state["sale"] = whole
    if waiting:
        state["waiting"] = card
    return PanelState.model_validate(state)


def test_the_end_of_a_sale_leaves_by_itself() -> None:
    watch = Watch()
    desk = CustomerDesk("uk", watch)
    assert desk.state(seen({"state": "open"})).name == "Олена К."
    done = seen({"state": "posted", "result": {"accrual_points": 50, "change_minor": 25}})
    shown = desk.state(done)
    assert (shown.phase, shown.earned_points, shown.change_minor) == ("done", 50, 25)
    watch.now += DONE_S - 1
    assert desk.state(done).phase == "done"
    watch.now += 2
    assert (desk.state(done).phase, desk.state(done).name) == ("idle", "")


def test_a_member_who_went_away_is_not_greeted_for_ever() -> None:
    watch = Watch()
    desk = CustomerDesk("uk", watch)
    assert desk.state(seen(waiting=True)).phase == "hello"
    watch.now += HELLO_S + 1
    assert desk.state(seen(waiting=True)).phase == "idle"


def test_the_qr_leads_to_the_programmes_own_page() -> None:
    url = "https://loyalty.example/join?store=S1"
    shown = join_view(url)
    image = numpy.full((shown.qr_size, shown.qr_size), 255, numpy.uint8)
    for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", shown.qr_path):
        image[int(y), int(x)] = 0
    assert [found.text for found in zxingcpp.read_barcodes(image.repeat(4, 0).repeat(4, 1))] == [
        url
    ]


def test_who_is_no_member_yet_is_shown_where_to_join() -> None:
    desk = CustomerDesk("uk", Watch(), "https://loyalty.example/join")
    assert desk.state(seen({"state": "open"})).join is None, "they are one"
    join = desk.state(seen({"state": "open", "member": None})).join
    assert join is not None
    assert join.url == "https://loyalty.example/join"
    assert CustomerDesk("uk", Watch()).state(seen({"state": "open", "member": None})).join is None


@pytest.mark.parametrize("state", ["cancelled", "voided", "returned"])
def test_a_sale_that_came_to_nothing_thanks_nobody(state: str) -> None:
    desk = CustomerDesk("uk", Watch())
    desk.state(seen({"state": "open"}))
    assert desk.state(seen({"state": state})).phase == "idle"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Олена Коваль", "Олена К."), ("Олена К.", "Олена К."), ("Олена", "Олена"), (" ", "")],
)
def test_a_whole_name_is_cut(name: str, shown: str) -> None:
    assert masked(name) == shown
