"""What the add-on for Odoo is made of: one client for all, files that are there, named points."""

from __future__ import annotations

import ast
from pathlib import Path

from integrations.odoo.e2e.checkout import POINTS

INTEGRATIONS = Path(__file__).parents[3] / "integrations"
ADDON = INTEGRATIONS / "odoo" / "loyalty_edge"


def test_its_client_is_the_one_of_all_tills() -> None:
    ours = ADDON / "static" / "src" / "loyalty-client.js"
    assert ours.read_bytes() == (INTEGRATIONS / "javascript" / "loyalty-client.js").read_bytes()
    agent = (ADDON / "static" / "src" / "agent.js").read_text(encoding="utf-8")
    assert "fetch(" not in agent


def test_every_file_of_the_manifest_is_there() -> None:
    manifest = ast.literal_eval((ADDON / "__manifest__.py").read_text(encoding="utf-8"))
    assert manifest["data"]
    for name in manifest["data"]:
        assert (ADDON / name).is_file(), name


def test_twenty_points_have_names_of_their_own() -> None:
    assert len({point.name for point in POINTS}) == len(POINTS) == 20
    in_calls = [point for point in POINTS if point.call]
    assert {point.moment for point in in_calls} == {"asked", "answered"}
    assert {point.server for point in in_calls} == {"agent", "odoo"}
