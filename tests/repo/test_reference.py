"""The reference pages say exactly what the code does."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from edge_agent.event_codes import Event

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
HOW = "run: python packaging/reference_pages.py"
# A few codes and where they are given: the search for them must see every way of giving one.
GIVEN = {
    "bad_token": "edge_agent/api/guard.py",
    "bad_id": "loyalty/ids.py",
    "no_port": "drivers/transport/serial_port.py",
    "damaged": "sync/enrolment.py",
}


@pytest.fixture(scope="module")
def pages() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "reference_pages", ROOT / "packaging" / "reference_pages.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name", ["settings.md", "cli.md", "events.md", "api.md", "openapi.json", "wire.schema.json"]
)
def test_a_made_page_is_up_to_date(pages: ModuleType, name: str) -> None:
    assert (REFERENCE / name).read_text() == pages.PAGES[name](), HOW


def test_every_command_is_on_the_page(pages: ModuleType) -> None:
    page = (REFERENCE / "cli.md").read_text()
    listed = {line[3:] for line in page.splitlines() if line.startswith("## ")}
    assert listed == {name for name, _parser in pages.commands()}, HOW


def test_every_command_and_option_has_help(pages: ModuleType) -> None:
    for name, parser in pages.commands():
        assert parser.description, name
        assert all(action.help for action in parser._actions), name
        assert f"usage: {name}" in parser.format_help()


def test_every_command_leads_somewhere(pages: ModuleType) -> None:
    lost = []
    for name, parser in pages.commands():
        module, _, function = parser.get_default("target").partition(":")
        try:
            found = callable(getattr(importlib.import_module(module), function, None))
        except ModuleNotFoundError:
            found = False
        if not found:
            lost.append(f"{name} → {module}:{function}")
    assert not lost, f"write it or take the command away: {lost}"


def test_every_error_code_is_explained(pages: ModuleType) -> None:
    raised, explained = pages.error_codes(), pages.explained_codes()
    for code, where in GIVEN.items():
        assert where in raised[code]
    missing = {code: sorted(raised[code]) for code in sorted(set(raised) - explained)}
    assert not missing, f"add a row to docs/reference/errors.md: {missing}"
    stale = sorted(explained - set(raised))
    assert not stale, f"no code raises these; take them off docs/reference/errors.md: {stale}"


def test_event_advice_is_a_sentence() -> None:
    for event in Event:
        assert event.value == event.value.lower(), event
        assert event.advice.endswith("."), event
