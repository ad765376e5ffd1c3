"""A training has no section that reaches outside, whichever the register has."""

from __future__ import annotations

from pathlib import Path

from edge_agent.config import SECTIONS, load_settings
from edge_agent.training.parts import TrainingGate, settings_in
from sync.contract.live import AuthorisationRequest, LookupRequest

CONFIG = """
data_dir = "data"
[centre]
url = "http://127.0.0.1:9"
[printer]
driver = "fiscal.datecs_ua"
url = "tcp://127.0.0.1:9"
[scanner]
driver = "scanner.serial"
url = "/dev/null"
[hub]
[exchange]
folder = "exchange"
"""
STAYS = {"api", "till", "storage", "log", "approvals"}


def test_nothing_of_the_outside_is_left(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(CONFIG, encoding="utf-8")
    settings = load_settings(path)
    assert None not in (settings.centre, settings.printer, settings.hub, settings.exchange)
    trained = settings_in(settings, tmp_path / "training")
    left = {name for name in SECTIONS if getattr(trained, name) is not None}
    assert left == STAYS
    assert trained.ledger_file == tmp_path / "training" / "ledger.db"
    assert trained.anchor_dir == tmp_path / "training" / "anchor"
    assert trained.till.print_mode == "none"


def test_the_gate_grants_and_asks_nobody() -> None:
    gate = TrainingGate()
    request = AuthorisationRequest(
        auth_id="2" * 8 + "-2222" * 3 + "-" + "2" * 12,
        sale_id="1" * 8 + "-1111" * 3 + "-" + "1" * 12,
        member_id=7,
        points=500,
    )
    assert (gate.is_online, gate.authorise(request).approved_points) == (True, 500)
    assert gate.look_up(LookupRequest(token_key="card:123")) is False
    assert gate.send(7, "1234", "uk") is False
