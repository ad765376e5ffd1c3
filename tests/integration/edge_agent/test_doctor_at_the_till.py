"""The doctor beside a running register: Odoo's hardware proxy, and cash that is rounded twice."""

from __future__ import annotations

import logging
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.config import load_settings
from edge_agent.doctor.finding import Case, Finding
from edge_agent.doctor.hw_proxy import hw_proxy
from edge_agent.doctor.rounding import rounding
from edge_agent.log_setup import configure
from tests.support.rig import Rig, answer, line

ORIGINS = 'origins = ["https://odoo.example"]\n'
FISCAL = '[printer]\ndriver = "fiscal.datecs_ua"\nurl = "serial:///dev/ttyS9"\n'
RECEIPT = '[printer]\ndriver = "receipt.escpos"\nurl = "tcp://127.0.0.1:9"\n'


def asked(folder: Path, more: str, *, is_running: bool) -> list[tuple[str, str]]:
    """Verdicts and words of the check, for these settings."""
    file = folder / "asked.toml"
    file.write_text(f'data_dir = "data"\n{more}', encoding="utf-8")
    case = Case(load_settings(file), is_running, {} if is_running else None, "")
    return [(one.verdict, one.says) for one in hw_proxy(case)]


def test_nothing_is_said_of_a_proxy_that_is_off(tmp_path: Path) -> None:
    assert asked(tmp_path, FISCAL, is_running=True) == []


def test_a_port_that_is_free_and_one_that_is_held(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        section = f"[hw_proxy]\nport = {port}\n{ORIGINS}{RECEIPT}"
        ((verdict, says),) = asked(tmp_path, section, is_running=False)
    assert (verdict, says.partition(":")[0]) == ("fail", f"port {port} cannot be used")
    with socket.socket() as kept:
        # Nobody else gets the port meanwhile, and nobody listens there.
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        port = kept.getsockname()[1]
        section = f"[hw_proxy]\nport = {port}\n{ORIGINS}{RECEIPT}"
        assert asked(tmp_path, section, is_running=False) == [("ok", f"port {port} is free")]
        ((verdict, says),) = asked(tmp_path, section, is_running=True)
    assert (verdict, says.partition(":")[0]) == (
        "fail",
        f"the running agent does not serve port {port}",
    )


def test_what_odoo_would_miss(tmp_path: Path) -> None:
    assert asked(tmp_path, "[hw_proxy]\nport = 0\n", is_running=False) == [
        ("warn", "any free port is taken"),
        ("warn", "no page may use it"),
        ("warn", "no printer for Odoo's receipts"),
    ]
    told = asked(tmp_path, f"[hw_proxy]\nport = 0\n{ORIGINS}{FISCAL}", is_running=False)
    assert told[1:] == [
        ("warn", "fiscal.datecs_ua takes no pictures: Odoo's receipts and drawer are refused")
    ]


def test_a_running_register_answers_there_and_another_program_does_not(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.config.write_text(
        f'data_dir = "data"\n[api]\nport = 0\n[hw_proxy]\nport = 0\n{ORIGINS}', encoding="utf-8"
    )
    rig.start()
    try:
        assert rig.agent is not None
        rig.agent.start_devices()
        assert rig.agent.hw_proxy is not None
        section = f"[hw_proxy]\nport = {rig.agent.hw_proxy.port}\n{ORIGINS}{RECEIPT}"
        ((verdict, says),) = asked(tmp_path, section, is_running=True)
        assert (verdict, says) == ("ok", f"answers on port {rig.agent.hw_proxy.port}")
        api = rig.url.rsplit(":", 1)[1]
        section = f"[hw_proxy]\nport = {api}\n{ORIGINS}{RECEIPT}"
        assert asked(tmp_path, section, is_running=True) == [
            ("fail", f"another program has port {api}")
        ]
    finally:
        if rig.agent is not None:
            rig.agent.stop_devices()
        rig.stop()


@pytest.fixture
def logged(rig: Rig) -> Iterator[Rig]:
    """A register that writes its log file."""
    level = logging.getLogger().level
    control = configure(load_settings(rig.config), service=True)
    try:
        yield rig
    finally:
        control.close()
        logging.getLogger().setLevel(level)


def pay(rig: Rig, price: int, cash: int) -> int:
    """A sale of one good, confirmed with this much cash; the status of the answer."""
    path = f"/v1/sales/{uuid.uuid4()}"
    body = {"basket": {"lines": [line(1, "tea", price)]}}
    view = answer(rig.http.post(f"{path}/open", json=body))
    paid = {name: view[name] for name in ("quote_id", "basket_hash")}
    paid["tenders"] = [{"kind": "cash", "amount_minor": cash}]
    return rig.http.post(f"{path}/confirm", json=paid).status_code


def told(rig: Rig) -> list[Finding]:
    """What the doctor says of this register's rounding."""
    return list(rounding(Case(load_settings(rig.config), True, {}, "")))


def test_a_pos_that_rounds_by_the_same_step(logged: Rig) -> None:
    assert told(logged) == [], "no cash was taken"
    assert pay(logged, 11_030, 11_050) == 200
    assert pay(logged, 11_030, 20_000) == 200
    ((verdict, says),) = [(one.verdict, one.says) for one in told(logged)]
    assert (verdict, says) == ("ok", "2 cash sales of the last days fit the step of 50")


def test_a_pos_that_rounds_by_ten(logged: Rig) -> None:
    """Below this register's sum it is refused; above it, change is reckoned that nobody gave."""
    assert pay(logged, 11_030, 11_030) == 422
    assert pay(logged, 11_010, 11_010) == 200
    assert pay(logged, 11_030, 11_050) == 200
    (finding,) = told(logged)
    assert finding.verdict == "warn"
    assert finding.says == (
        "[till] cash_rounding is 50: of 2 cash sales in 3 days 1 left change under that step, and "
        "1 confirmations with cash were refused as underpaid"
    )
    assert "cash_rounding" not in finding.do
    assert "50 kopecks" in finding.do
