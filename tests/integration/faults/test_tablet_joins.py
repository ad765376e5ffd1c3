"""A buyer types their own data on a paired tablet: a real register at a real centre."""

from __future__ import annotations

import re
import socket
import ssl
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from edge_agent.tablet.desk import FORMS_A_SALE
from edge_agent.tablet.listener import FILES, MAX_BODY
from tests.support.flaky_centre import FlakyCentre
from tests.support.live_register import LiveRegister, until
from tests.support.own_authority import own_authority
from tests.support.rig import answer

MakeRegister = Callable[..., LiveRegister]
SECTION = '[tablet]\nlisten = "127.0.0.1:0"\nconsent = "Наші правила"\n'


def port_of(till: LiveRegister) -> int:
    assert till._agent is not None
    assert till._agent.tablet is not None
    return int(until("the tablet's port", lambda: till._agent.tablet.port))  # type: ignore[union-attr]


def code_on_screen(till: LiveRegister) -> str:
    answer(till.http.post("/v1/tablet/code", json={}))
    notice = answer(till.http.get("/v1/state"))["notice"]
    assert notice["code"] == "tablet_code"
    found = re.search(r"(\d{3}) (\d{3})", notice["text"])
    assert found is not None
    return found[1] + found[2]


def opened(till: LiveRegister) -> str:
    sale_id = str(uuid.uuid4())
    answer(till.http.post(f"/v1/sales/{sale_id}/open", json={}))
    return sale_id


def test_a_buyer_joins_on_the_tablet(register: MakeRegister) -> None:
    till = register(devices=SECTION)
    # A member of one attempt is known to the next.
    phone = f"067 {uuid.uuid4().int % 10**7:07d}"
    base = f"http://127.0.0.1:{port_of(till)}"
    with httpx.Client(base_url=base, timeout=15) as tablet:
        for path in FILES:
            assert tablet.get(path).status_code == 200
        code = code_on_screen(till)
        wrong = f"{(int(code) + 1) % 1_000_000:06d}"
        assert tablet.post("/pair", json={"code": wrong}).json()["code"] == "tablet_code_wrong"
        tablet.headers["Authorization"] = (
            f"Bearer {answer(tablet.post('/pair', json={'code': code}))['token']}"
        )
        assert answer(tablet.get("/state"))["phase"] == "closed"

        first = opened(till)
        state = answer(tablet.get("/state"))
        assert (state["phase"], state["consent"]) == ("form", "Наші правила")
        assert first not in str(state), "the tablet does not know the sale's id"

        def join(**more: Any) -> httpx.Response:
            form = {"visit": state["visit"], "phone": phone, "name": "Ярина Ґалаґан"}
            return tablet.post("/join", json={**form, "agreed": True, **more})

        assert join(agreed=False).json()["code"] == "consent_needed"
        assert join(phone="044 123 45 67").json()["code"] == "phone_landline"
        told = join(birthday="23.08.1990")
        assert (told.status_code, told.json()) == (200, {"state": "joined"})
        shown = answer(till.http.get("/v1/state"))
        assert (shown["sale"]["sale_id"], shown["sale"]["member"]["name"]) == (first, "Ярина Ґ.")
        assert shown["notice"]["code"] == "member_joined"
        after = answer(tablet.get("/state"))
        assert after["phase"] == "member"
        assert "Ярина" not in str(after), "nothing of a member comes back to the tablet"
        assert join().json()["code"] == "tablet_sale_gone", "the sale has its member"

        answer(till.http.post(f"/v1/sales/{first}/cancel", json={}))
        assert join().json()["code"] == "tablet_sale_gone", "a form is for the sale it saw"
        opened(till)
        assert join().json()["code"] == "tablet_sale_gone", "never for the next buyer's"


def test_a_sale_takes_few_forms_and_a_tablet_is_let_go(
    register: MakeRegister, flaky: FlakyCentre
) -> None:
    till = register(devices=SECTION)
    with httpx.Client(base_url=f"http://127.0.0.1:{port_of(till)}", timeout=15) as tablet:
        token = answer(tablet.post("/pair", json={"code": code_on_screen(till)}))["token"]
        tablet.headers["Authorization"] = f"Bearer {token}"
        opened(till)
        form = {"visit": answer(tablet.get("/state"))["visit"], "phone": "0671112233"}
        form |= {"name": "Ярина", "agreed": True}
        flaky.misbehave("refuse")
        said = [tablet.post("/join", json=form).json()["code"] for _ in range(FORMS_A_SALE + 1)]
        assert said == ["join_offline"] * FORMS_A_SALE + ["tablet_too_many"]
        let_go = answer(till.http.post("/v1/tablet/revoke", json={}))
        assert let_go["tablets"] == 1, "how many were let go"
        assert tablet.get("/state").status_code == 401


def test_a_stranger_on_the_network_gets_nothing(register: MakeRegister) -> None:
    till = register(devices=SECTION)
    base = f"http://127.0.0.1:{port_of(till)}"
    with httpx.Client(base_url=base, timeout=15) as stranger:
        for path in ("/v1/state", "/healthz", "/panel/", "/../agent.toml", "/tablet/", "/state?x"):
            assert stranger.get(path).status_code == 404, path
        assert stranger.get("/state").status_code == 401
        form = {"visit": "x", "phone": "1", "name": "x", "agreed": True}
        assert stranger.post("/join", json=form).status_code == 401
        assert stranger.post("/v1/scan", json={}).status_code == 404
        # The register's own token is no tablet's.
        own = {"Authorization": till.http.headers["Authorization"]}
        assert stranger.get("/state", headers=own).status_code == 401
        assert stranger.post("/pair", content="{").status_code == 403
        origin = {"Origin": "https://evil.example"}
        assert stranger.post("/pair", json={}, headers=origin).status_code == 403
        kind = {"Content-Type": "application/json"}
        assert stranger.post("/pair", content="[" * 4000, headers=kind).status_code == 403
        big = "x" * (MAX_BODY + 1)
        assert stranger.post("/pair", content=big, headers=kind).status_code == 413
        token = answer(stranger.post("/pair", json={"code": code_on_screen(till)}))["token"]
        paired = {"Authorization": f"Bearer {token}"}
        assert stranger.post("/join", json={"visit": 1}, headers=paired).status_code == 422
        assert till.http.get("/v1/state", headers=paired).status_code == 401, "no right at the till"


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "till.shop:0"])
def test_no_phone_number_goes_over_the_network_in_the_clear(
    register: MakeRegister, listen: str, caplog: pytest.LogCaptureFixture
) -> None:
    till = register(devices=f'[tablet]\nlisten = "{listen}"\n')
    until("the refusal", lambda: "tablet_refused" in caplog.text)
    assert till._agent is not None
    assert till._agent.tablet is not None
    assert till._agent.tablet.port is None
    assert answer(till.http.get("/v1/status")), "the register sells"


def test_a_tablet_speaks_tls_and_a_silent_stranger_holds_nobody_up(
    register: MakeRegister, tmp_path: Path
) -> None:
    certificate, key = own_authority(tmp_path, "127.0.0.1")
    till = register(devices=f'{SECTION}cert_file = "{certificate}"\nkey_file = "{key}"\n')
    port = port_of(till)
    trusted = ssl.create_default_context(cafile=certificate)
    origin = {"Origin": f"https://127.0.0.1:{port}"}
    with (
        socket.create_connection(("127.0.0.1", port)),
        httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=trusted, timeout=15) as tablet,
    ):
        assert tablet.get("/").status_code == 200
        paired = tablet.post("/pair", json={"code": code_on_screen(till)}, headers=origin)
        assert answer(paired)["token"]
        plain = {"Origin": f"http://127.0.0.1:{port}"}
        assert tablet.post("/pair", json={"code": "000000"}, headers=plain).status_code == 403
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://127.0.0.1:{port}/", timeout=15)
    again = httpx.get(f"https://127.0.0.1:{port}/", verify=trusted, timeout=15)
    assert again.status_code == 200, "after all that it still serves"
