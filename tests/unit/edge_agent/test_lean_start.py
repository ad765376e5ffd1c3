"""What a start to the first sale loads, and above all what it does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from fastapi import FastAPI
from fastapi.routing import APIRoute

from edge_agent.bootstrap import build
from edge_agent.config import load_settings
from tests.support.agent_process import AgentProcess
from tests.support.rig import CARD, TOKEN, Rig

NOT_FOR_A_FIRST_SALE = (
    "PIL",
    "central",
    "cv2",
    "drivers.conformance",
    "drivers.emulators",
    "drivers.fiscal",
    "drivers.receipt",
    "drivers.scanner",
    "edge_agent.demo",
    "edge_agent.doctor",
    "edge_agent.hub.island",
    "edge_agent.hub.listener",
    "edge_agent.hub.parts",
    "escpos",
    "hypothesis",
    "httpcore",
    "httpx",
    "numpy",
    "psycopg",
    "pydantic.v1.main",
    "pytest",
    "pyzbar",
    "rich.console",
    "segno",
    "serial",
    "sqlite_utils",
    "sync.deadline",
    "sync.serving",
    "websockets",
    "wsproto",
    "zeroconf",
)
"""Each of them is loaded where it is used; the seams are listed in ADR 0031."""


def loaded_by(log: str) -> set[str]:
    """The modules that PYTHONPROFILEIMPORTTIME has named."""
    lines = (line for line in log.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip() for line in lines}


def test_a_register_without_devices_sells_before_it_loads_what_it_does_not_use(tmp_path: Path):
    Rig(tmp_path)
    agent = AgentProcess(tmp_path, env={"PYTHONPROFILEIMPORTTIME": "1"})
    agent.start()  # The first start makes the ledger; what it loads for that is no concern here.
    agent.stop()
    log = tmp_path / "agent.out"
    before = log.stat().st_size
    agent.start()
    try:
        assert agent.sell(card=CARD).status_code == 200
    finally:
        agent.kill()
    loaded = loaded_by(log.read_bytes()[before:].decode())
    assert {"fastapi", "edge_agent.bootstrap", "loyalty.promotions.engine"} <= loaded
    heavy = {
        name
        for name in loaded
        for part in NOT_FOR_A_FIRST_SALE
        if name == part or name.startswith(f"{part}.")
    }
    assert not heavy


def test_no_route_is_built_before_its_first_request(tmp_path: Path):
    rig = Rig(tmp_path)
    agent = build(load_settings(rig.config), port=1, token=TOKEN)
    try:
        app = agent.app
        assert isinstance(app, FastAPI)
        routes = [route for route in app.routes if isinstance(route, APIRoute)]
        late = [route for route in routes if "/v1/" in route.path_format]
        assert len(late) > 30
        assert [route.path_format for route in late if "endpoint" in vars(route)] == []
        assert all(path in app.openapi()["paths"] for path in (each.path for each in late))
    finally:
        agent.close()


def test_the_collector_pauses_for_the_start_alone():
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import gc; from edge_agent import lean_start as s; a = gc.isenabled(); s.begin(); "
            "b = gc.isenabled(); s.settle(); print(a, b, gc.isenabled(), gc.get_freeze_count())",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    *collects, frozen = said.stdout.split()
    assert collects == ["True", "False", "True"]
    assert int(frozen) > 1_000
