"""docs/reference/central-cli.md names every command and option, and no other."""

import argparse
import re
from pathlib import Path

from central.cli import build_parser
from sync.serving.app import build_app
from sync.serving.hints import HintBoard

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "central-cli.md"
EVERYWHERE = {"--data-dir", "--database-url"}


def leaves(name, parser):
    groups = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not groups:
        options = {option for action in parser._actions for option in action.option_strings}
        yield name, options - EVERYWHERE - {"-h", "--help"}
    for group in groups:
        for child, below in group.choices.items():
            yield from leaves(f"{name} {child}", below)


def sections():
    commands = PAGE.read_text(encoding="utf-8").partition("# The HTTP interface")[0]
    parts = re.split(r"^## ", commands, flags=re.MULTILINE)[1:]
    return {
        part.splitlines()[0]: set(re.findall(r"^\| `(--[a-z-]+)", part, re.M)) for part in parts
    }


def test_commands_and_options_are_those_of_the_page():
    assert dict(leaves("edge-central", build_parser())) == sections()


def test_routes_are_those_of_the_page():
    table = PAGE.read_text(encoding="utf-8").partition("# The HTTP interface")[2]
    listed = set(re.findall(r"^\| `(GET|POST) ([^`?]+)", table, re.MULTILINE))
    app = build_app(None, HintBoard())
    served = {(method, route.path) for route in app.routes for method in route.methods}
    assert {route for route in served if route[0] != "HEAD"} == listed
