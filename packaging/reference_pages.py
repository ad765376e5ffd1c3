"""Makes the pages of docs/reference that follow from code, and names error codes not explained.

Run as a file: `python packaging/reference_pages.py` writes settings.md, cli.md and events.md and
prints every code that docs/reference/errors.md lacks or no longer needs; exit code 1 when there
is one. A repo test runs the same functions and compares.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("loyalty", "edge_agent", "drivers", "receipt_templates", "sync", "central")
REFERENCE = ROOT / "docs" / "reference"
_CODE = re.compile(r"[a-z][a-z0-9_]{2,40}")
_CATALOGUE = re.compile(r"_?(REFUSALS|REASONS|CONFLICTS|SENTENCES)")
# The answer to a browser's OPTIONS is made like a problem, but is none.
NOT_ERRORS = {"preflight"}
_ROW = re.compile(r"^\| `([a-z0-9_]+)` \|", re.MULTILINE)
_MADE = "<!-- made by packaging/reference_pages.py: change the code, then run it -->\n"


def settings_page() -> str:
    """docs/reference/settings.md."""
    from edge_agent.settings_text import settings_table

    return (
        f"{_MADE}# Settings\n\n"
        "One TOML file (UTF-8, at most 256 KiB) per register. Unknown keys, wrong types and\n"
        "values out of range are errors with their line; `edge-agent check-config` shows all of\n"
        "them. `edge-agent service install` writes a commented sample. A change takes effect at\n"
        "the next start; `[log] level` also at `systemctl reload` (SIGHUP).\n\n"
        f"{settings_table()}"
    )


def events_page() -> str:
    """docs/reference/events.md."""
    import logging

    from edge_agent.event_codes import Event

    rows = "\n".join(
        f"| `{event.value}` | {logging.getLevelName(event.level).lower()} | {event.advice} |"
        for event in Event
    )
    return (
        f"{_MADE}# Events\n\n"
        "Every log line is one JSON object: `at` (UTC), `level`, `event`, `sale_id` when there is\n"
        "a sale, `detail`, and `error` with a traceback. Phones, card numbers, tokens and member\n"
        "codes are masked as `***`. `edge-agent logs` reads the files.\n\n"
        f"| event | level | what to do |\n|---|---|---|\n{rows}\n"
    )


def commands() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command of `edge-agent` that does something, with its parser."""
    from edge_agent.cli import build_parser

    yield from _leaves("edge-agent", build_parser())


def cli_page() -> str:
    """docs/reference/cli.md."""
    parts = [
        f"{_MADE}# edge-agent\n\n"
        "Exit codes: 0 done; 1 refused or found wanting; 2 misuse or an unexpected error; 75 the\n"
        "machine is not ready (port taken, another agent); 78 settings or enrolment are missing.\n"
        "`--debug`, on every command, shows the traceback of an unexpected error.\n"
    ]
    for name, parser in commands():
        rows = [_option_row(action) for action in parser._actions if _is_listed(action)]
        table = "\n| option | meaning |\n|---|---|\n" + "\n".join(rows) + "\n" if rows else ""
        parts.append(f"\n## {name}\n\n{parser.description}\n{table}")
    return "".join(parts)


def _leaves(
    name: str, parser: argparse.ArgumentParser
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    groups = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not groups:
        yield name, parser
    for group in groups:
        for child, below in group.choices.items():
            yield from _leaves(f"{name} {child}", below)


def _is_listed(action: argparse.Action) -> bool:
    return not isinstance(action, argparse._HelpAction) and action.dest != "debug"


def _option_row(action: argparse.Action) -> str:
    takes = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
    needed = "; required" if action.required else ""
    about = (action.help or "").replace("%(default)s", str(action.default)).replace("|", "\\|")
    if not action.option_strings:
        choices = "|".join(map(str, action.choices or ())).replace("|", "\\|")
        shown = action.metavar or choices or action.dest.upper()
        return f"| `{shown}` | {about or 'required'} |"
    return f"| `{action.option_strings[0]}{takes}` | {about}{needed} |"


def error_codes() -> dict[str, set[str]]:
    """Codes that product code raises or answers with, and the files they come from.

    Taken are literal arguments in the place of a parameter named `code`, of any function or
    error class of ours, literal `code=` and `reason=` keywords, and the catalogues of codes
    that modules keep."""
    trees = {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    }
    names = _Names({_module(path): tree for path, tree in trees.items()})
    found: dict[str, set[str]] = {}
    for path, tree in trees.items():
        codes = set(_catalogue(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                codes |= set(_codes_of(node, names.places(_module(path), node.func)))
        for code in codes - NOT_ERRORS - {""}:
            found.setdefault(code, set()).add(str(path.relative_to(ROOT)))
    return found


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _catalogue(tree: ast.Module) -> Iterator[str]:
    """Keys of a module's own list of codes, and what its functions named `reason` return."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "reason":
            for part in ast.walk(node):
                if isinstance(part, ast.Return) and isinstance(part.value, ast.Constant):
                    yield str(part.value.value or "")
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        value = getattr(node, "value", None)
        if isinstance(value, ast.Dict) and any(_CATALOGUE.fullmatch(name) for name in names):
            for key in value.keys:
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value


def _codes_of(call: ast.Call, places: set[int]) -> Iterator[str]:
    candidates = [k.value for k in call.keywords if k.arg in ("code", "reason")]
    candidates += [call.args[place] for place in places if len(call.args) > place]
    for candidate in candidates:
        parts = (
            [candidate.body, candidate.orelse] if isinstance(candidate, ast.IfExp) else [candidate]
        )
        for part in parts:
            value = part.value if isinstance(part, ast.Constant) else None
            if isinstance(value, str) and _CODE.fullmatch(value):
                yield value


class _Names:
    """Which of our functions and classes take a `code`, and as which positional argument."""

    def __init__(self, trees: Mapping[str, ast.Module]) -> None:
        self._imports: dict[tuple[str, str], tuple[str, str]] = {}
        self._bases: dict[tuple[str, str], list[str]] = {}
        self._places: dict[tuple[str, str], int] = {}
        for module, tree in trees.items():
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and node.module:
                    for name in node.names:
                        target = (node.module, name.name)
                        self._imports[module, name.asname or name.name] = target
                elif isinstance(node, ast.ClassDef):
                    self._bases[module, node.name] = [
                        base.id for base in node.bases if isinstance(base, ast.Name)
                    ]
                    _keep(self._places, (module, node.name), _place_in_class(node))
                elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    _keep(self._places, (module, node.name), _place(_parameters(node), "code"))

    def places(self, module: str, called: ast.expr) -> set[int]:
        """Where a call of `called` in `module` gives its code; of a method, by its name alone."""
        if isinstance(called, ast.Name):
            place = self._place_of(module, called.id, depth=0)
            return set() if place is None else {place}
        name = getattr(called, "attr", "")
        return {place for (_, known), place in self._places.items() if known == name}

    def _place_of(self, module: str, name: str, depth: int) -> int | None:
        if depth > 10:
            return None
        if (module, name) in self._places:
            return self._places[module, name]
        if (module, name) in self._bases:
            above = [self._place_of(module, b, depth + 1) for b in self._bases[module, name]]
            return next((place for place in above if place is not None), None)
        target = self._imports.get((module, name))
        return self._place_of(*target, depth + 1) if target else None


def _keep(places: dict[tuple[str, str], int], key: tuple[str, str], place: int | None) -> None:
    if place is not None:
        places[key] = place


def _place_in_class(node: ast.ClassDef) -> int | None:
    """Place of `code` in the constructor, or of the field `code` or `reason` of a dataclass."""
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            return _place(_parameters(item), "code")
    fields = [
        item.target.id
        for item in node.body
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
    ]
    return _place(fields, "code") if "code" in fields else _place(fields, "reason")


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    return [a.arg for a in node.args.args if a.arg not in ("self", "cls")]


def _place(names: list[str], wanted: str) -> int | None:
    return names.index(wanted) if wanted in names else None


def explained_codes() -> set[str]:
    """Codes that docs/reference/errors.md has a row for."""
    page = REFERENCE / "errors.md"
    return set(_ROW.findall(page.read_text(encoding="utf-8"))) if page.is_file() else set()


def local_schema() -> dict[str, Any]:
    """The OpenAPI document of the register's local API."""
    from edge_agent.api import (
        after_routes,
        app,
        cashier_routes,
        customer_routes,
        desk_routes,
        member_routes,
        pace_routes,
        panel_routes,
        sales,
        shift_routes,
        tablet_routes,
        tap_routes,
        training_routes,
    )
    from edge_agent.api.guard import Tokens

    nothing = cast(Any, None)
    routers = [
        sales.routes(*[nothing] * 5),
        after_routes.routes(*[nothing] * 4),
        desk_routes.routes(*[nothing] * 7),
        tap_routes.routes(nothing),
        shift_routes.routes(*[nothing] * 3),
        cashier_routes.routes(*[nothing] * 4),
        panel_routes.routes(*[nothing] * 3),
        customer_routes.routes(*[nothing] * 4),
        pace_routes.routes(*[nothing] * 3),
        member_routes.routes(*[nothing] * 3),
        training_routes.routes(*[nothing] * 3),
        tablet_routes.routes(nothing),
    ]
    local = app.create_app(routers, Tokens(""), list, (), version="1", register_id="")
    return local.openapi()


def openapi_page() -> str:
    """docs/reference/openapi.json: the register's local API, field by field."""
    return json.dumps(local_schema(), ensure_ascii=False, indent=1) + "\n"


def api_page() -> str:
    """docs/reference/api.md: the routes of the register's local API and of the centre."""
    from sync.serving.app import build_app
    from sync.serving.hints import HintBoard

    nothing = cast(Any, None)
    schema = local_schema()["paths"]
    own = [
        f"| `{method.upper()} {path}` | {_line(call.get('description', ''))} |"
        for path, calls in schema.items()
        for method, call in calls.items()
    ]
    wire = [
        f"| `{method} {route.path}` | {_line(route.endpoint.__doc__ or '')} |"
        for route in build_app(nothing, HintBoard()).routes
        for method in sorted(getattr(route, "methods", ()) or ())
        if method != "HEAD"
    ]
    table = "| route | what it does |\n|---|---|\n"
    return f"""{_MADE}# Routes

## The register's local API

On 127.0.0.1 and ::1. Every call but the health check, the documents and the panel's files carries
`Authorization: Bearer TOKEN` (the file `api.token` of the data folder); writes are JSON and may
carry an `Idempotency-Key`. Refusals are RFC 9457 problems with a stable `code` and a
`cashier_message`; the codes are in [errors](errors.md). The running agent shows every field at
`/docs`, and the OpenAPI 3.1 file at `/openapi.json`; it is also kept as
[openapi.json](openapi.json).

{table}{chr(10).join(own)}

## The centre, for registers

Signed by the register's key (`sync/contract/signing.py`); messages are in `sync/contract/`.

{table}{chr(10).join(wire)}
"""


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def wire_page() -> str:
    """docs/reference/wire.schema.json: every message between register and centre."""
    from sync.contract.schema import wire_schema

    return json.dumps(wire_schema(), ensure_ascii=False, indent=1) + "\n"


PAGES = {
    "settings.md": settings_page,
    "cli.md": cli_page,
    "events.md": events_page,
    "api.md": api_page,
    "openapi.json": openapi_page,
    "wire.schema.json": wire_page,
}


def main() -> int:
    """Write the pages; 1 when errors.md does not fit the code."""
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        (REFERENCE / name).write_text(make(), encoding="utf-8")
    raised, explained = error_codes(), explained_codes()
    for code in sorted(set(raised) - explained):
        print(f"errors.md lacks {code} ({', '.join(sorted(raised[code]))})")
    for code in sorted(explained - set(raised)):
        print(f"errors.md explains {code}, which no code raises")
    return 1 if set(raised) != explained else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
