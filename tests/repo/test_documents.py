"""Documents that promise something: claims, decisions, glossary, README, links."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLAIMS = ROOT / "docs" / "claims.md"
GLOSSARY = ROOT / "docs" / "glossary.md"
DOMAIN_MODULES = (
    *("basket", "member", "quote", "receipt", "sale", "ledger"),
    *("returns", "spent_points", "gift_card"),
)
SCRIPTS = {
    "edge-agent": "edge_agent.cli",
    "edge-central": "central.cli",
    "edge-emulator": "drivers.emulators.cli",
}


def _rows(page: Path) -> Iterator[list[str]]:
    """Cells of every table row below its header."""
    in_table = False
    for line in page.read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            in_table = False
        elif re.fullmatch(r"\|[\s:|-]+\|", line):
            in_table = True
        elif in_table:
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]


def _claim_commands() -> list[str]:
    return [command for row in _rows(CLAIMS) for command in re.findall(r"`([^`]+)`", row[1])]


def _words(command: str) -> list[str]:
    words = command.removeprefix(".venv/bin/").split()
    while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        words.pop(0)
    return words


def _problem(command: str) -> str:
    """Why a command of the claims is none, or ""."""
    words = _words(command)
    if not words:
        return "empty"
    if words[0] == "make":
        targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        return "" if set(words[1:2]) & set(targets) else "no such make target"
    if words[:3] == ["python", "-m", "pytest"] or words[0] == "pytest":
        return ""  # its nodes are collected in a test of their own
    if words[:2] == ["python", "-m"] and len(words) > 2:
        path = ROOT / (words[2].replace(".", "/") + ".py")
        return "" if path.is_file() else f"no {path.relative_to(ROOT)}"
    if words[0] in SCRIPTS:
        return _script_problem(words[0], words[1:])
    return "neither a make target, a module, a pytest node nor one of our commands"


def _script_problem(script: str, arguments: list[str]) -> str:
    module = importlib.import_module(SCRIPTS[script])
    given = [word for word in arguments[:2] if not word.startswith("-")]
    with pytest.raises(SystemExit) as ended:
        module.main([*given[:2], "--help"])
    return "" if ended.value.code == 0 else f"{script} has no such subcommand"


def test_claims_are_a_table_of_four() -> None:
    rows = list(_rows(CLAIMS))
    assert rows, "docs/claims.md holds no table"
    for row in rows:
        assert len(row) == 4, row
        assert "`" in row[1], f"a claim without a command: {row[0]}"
        assert re.fullmatch(r"\d{4}-\d\d-\d\d|not run yet", row[3]), row


def test_commands_of_the_claims_exist(capsys: pytest.CaptureFixture[str]) -> None:
    problems = {c: why for c in _claim_commands() if (why := _problem(c))}
    capsys.readouterr()
    assert not problems, f"docs/claims.md: {problems}"


def test_a_made_up_command_would_be_seen() -> None:
    assert _problem("make nothing-of-the-kind")
    assert _problem("python -m bench.nothing_of_the_kind")
    assert _problem("edge-agent nothing-of-the-kind")
    assert _problem("rm -rf x")
    assert not _problem("make test")
    assert not _problem("edge-agent service install --root x")


def _no_such_test(node: str) -> bool:
    """Whether a node, `path`, `path::name` or `path::Class::name[case]`, names no test."""
    where, *names = node.split("[")[0].split("::")
    path = ROOT / where
    if path.is_dir():
        return bool(names) or not any(path.rglob("test_*.py"))
    if not path.is_file():
        return True
    scope: ast.AST = ast.parse(path.read_text(encoding="utf-8"))
    for name in names:
        found = [each for each in getattr(scope, "body", ()) if getattr(each, "name", "") == name]
        if not found:
            return True
        scope = found[0]
    return False


def test_tests_of_the_claims_are_there() -> None:
    nodes = {
        word
        for command in _claim_commands()
        if "pytest" in _words(command)[:3]
        for word in _words(command)
        if word.startswith("tests/")
    }
    assert nodes, "no claim is shown by a test"
    missing = sorted(node for node in nodes if _no_such_test(node))
    assert not missing, f"docs/claims.md: {missing}"
    assert _no_such_test("tests/repo/test_documents.py::test_nothing_of_the_kind")
    assert _no_such_test("tests/nowhere")


def test_decisions_are_numbered_without_gaps_and_short() -> None:
    pages = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [page.name[:5] for page in pages] == [f"{n:04d}-" for n in range(1, len(pages) + 1)]
    for page in pages:
        lines = page.read_text().splitlines()
        assert lines[0].startswith(f"# {page.name[:4]} "), page
        assert len(lines) <= 30, f"{page.name} has {len(lines)} lines"


def test_the_readme_names_its_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    assert "make demo" in readme
    assert "make test" in readme
    assert "not yet run on Windows" in readme


def _public_classes() -> dict[str, str]:
    found = {}
    for module in DOMAIN_MODULES:
        path = ROOT / "loyalty" / f"{module}.py"
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name] = f"loyalty/{module}.py"
    return found


def test_the_glossary_holds_every_public_term() -> None:
    terms = {term for row in _rows(GLOSSARY) for term in re.findall(r"`(\w+)`", row[0])}
    missing = {name: where for name, where in _public_classes().items() if name not in terms}
    assert not missing, f"add to docs/glossary.md, English and Ukrainian: {missing}"


def test_the_glossary_is_in_both_languages() -> None:
    for row in _rows(GLOSSARY):
        assert len(row) == 3, row
        assert re.search(r"[а-яіїєґ]", row[1]), f"no Ukrainian word: {row}"


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
            if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)} → {target}")
    assert not broken, broken
