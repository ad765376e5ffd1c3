"""A scanner whose cable is pulled and put back: the next scan arrives."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable

import pytest

from tests.support.emulated_devices import EmulatedDevices
from tests.support.live_register import LiveRegister, until
from tests.support.real_centre import RealCentre
from tests.support.rig import answer

MakeRegister = Callable[..., LiveRegister]


def test_a_scanner_that_was_unplugged_reads_again(
    register: MakeRegister,
    devices: EmulatedDevices,
    centre: RealCentre,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    till = register(devices=devices.toml)
    shopper = centre.shopper()

    def lamp() -> str:
        return str(till.status()["devices"]["scanner"])

    until("the scanner", lambda: lamp() == "ok")
    devices.scanner.send("unplug 500ms")
    until("the scanner again", lambda: "device_back" in caplog.messages and lamp() == "ok")
    assert "device_lost" in caplog.messages
    devices.scanner.send(f"scan ]E0{shopper.card}")
    waiting = until("the member", lambda: till.http.get("/v1/state").json()["waiting"])
    assert waiting["member_id"] == shopper.member_id
    opened = till.http.post(
        f"/v1/sales/{uuid.uuid4()}/open", json={"identity": {"take_scan": True}}
    )
    assert answer(opened)["member"]["member_id"] == shopper.member_id
