"""What a register tells a restored centre: every right that is out, also when none is."""

from __future__ import annotations

import uuid

import pytest

from edge_agent.sync_feed import rights_of
from edge_agent.usecases.redeem_points import Asked, ask_redemption, decide_redemption
from sync.contract.feed import FeedRow
from sync.contract.live import AuthorisationReply, RightsReport
from sync.enrolment import Identity
from tests.support.rig import CARD, Rig, answer, line, payment


def _told(rig: Rig, hub_leases: frozenset[str] = frozenset()) -> RightsReport:
    assert rig.agent is not None
    identity = Identity.load(rig.folder / "data" / "identity.json")
    cache, ledger = rig.agent.health._cache, rig.agent.till._ledger
    return rights_of(cache, ledger, identity, hub_leases.__contains__)("i1")


def _approved_online(rig: Rig, points: int) -> tuple[str, str]:
    """An open sale for which the centre has set points aside; (sale id, auth id)."""
    assert rig.agent is not None
    sale_id, auth_id = str(uuid.uuid4()), str(uuid.uuid4())
    body = {
        "identity": {"code": CARD, "source": "scanner"},
        "basket": {"lines": [line(1, "bread", 10_000)]},
    }
    answer(rig.http.post(f"/v1/sales/{sale_id}/open", json=body))
    till = rig.agent.till
    ctx = till.context()
    reply = AuthorisationReply(auth_id=auth_id, approved_points=points, server_time="")

    def both(uow: object) -> None:
        asked = ask_redemption(uow, ctx, sale_id, points, auth_id)  # type: ignore[arg-type]
        assert isinstance(asked, Asked)
        decide_redemption(uow, ctx, asked, reply)  # type: ignore[arg-type]

    till._ledger.unit(both)
    return sale_id, auth_id


@pytest.mark.parametrize("ending", ["confirm", "cancel"])
def test_a_hold_is_told_while_its_sale_is_open(rig: Rig, ending: str) -> None:
    assert _told(rig).holds == []
    sale_id, auth_id = _approved_online(rig, 700)
    (hold,) = _told(rig).holds
    assert (hold.auth_id, hold.sale_id, hold.points, hold.number) == (auth_id, sale_id, 700, 1)
    view = answer(rig.http.get(f"/v1/sales/{sale_id}/status"))
    answer(
        rig.http.post(
            f"/v1/sales/{sale_id}/{ending}", json=payment(view) if ending == "confirm" else {}
        )
    )
    assert _told(rig).holds == []


def test_leases_and_counters_are_told_and_nothing_is_told_too(rig: Rig) -> None:
    assert rig.agent is not None
    told = _told(rig)
    assert [lease.is_hub for lease in told.leases] == [False] * len(told.leases)
    first = told.leases[0].lease_id
    assert [each.lease_id for each in _told(rig, frozenset({first})).leases if each.is_hub] == [
        first
    ]
    counter = {
        "counter_id": "R1.1.0.campaign_limit:spring:",
        "kind": "campaign_limit",
        "key": "spring",
        "register_id": "R1",
        "epoch": 1,
        "granted_units": 8,
        "state": "open",
    }
    others = {**counter, "counter_id": "R2.1.0.campaign_limit:spring:", "register_id": "R2"}
    cache = rig.agent.health._cache
    cache.apply_rows(
        [
            FeedRow(kind="counter_lease", key=each["counter_id"], version=1, body=each)  # type: ignore[arg-type]
            for each in (counter, others)
        ]
    )
    (held,) = _told(rig).counters
    assert (held.counter_id, held.granted_units, held.used_units) == (counter["counter_id"], 8, 0)
    cache.reset("i0")
    empty = _told(rig)
    assert (empty.leases, empty.counters, empty.holds, empty.incarnation) == ([], [], [], "i1")
