"""The rules of the house that a machine can check. Each failure says what to do."""

from __future__ import annotations

import ast
import subprocess
import tomllib
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("loyalty", "edge_agent", "drivers", "receipt_templates", "sync", "central")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50
# Files that may be longer, with the reason. The list only shrinks.
LONG_FILES = {}
# Written in parts, so that this file does not hold them itself.
FORBIDDEN = ("/" + "work/", "/" + "root/")


def _modules() -> list[Path]:
    return [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _tracked() -> tuple[Path, ...]:
    """Files under version control; without a repository, all that is not made by tools."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0 and listed.stdout:
        files = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        files = [
            path
            for path in ROOT.rglob("*")
            if not any(part.startswith(".") or part == "out" for part in path.parts)
        ]
    return tuple(path for path in files if path.is_file())


def test_files_are_short() -> None:
    long = {}
    for path in _modules():
        name, lines = str(path.relative_to(ROOT)), len(path.read_text().splitlines())
        allowed = LONG_FILES.get(name, (MAX_FILE_LINES, ""))[0]
        if lines > allowed:
            long[name] = lines
    assert not long, f"split by purpose, at most {MAX_FILE_LINES} lines: {long}"


def test_exemptions_are_still_needed() -> None:
    for name in LONG_FILES:
        lines = len((ROOT / name).read_text().splitlines())
        assert lines > MAX_FILE_LINES, f"{name} is short now: take it off LONG_FILES"


def test_functions_are_short() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in _modules()
        for node in ast.walk(_tree(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (node.end_lineno or node.lineno) - node.lineno + 1 > MAX_FUNCTION_LINES
    ]
    assert not long, f"split, at most {MAX_FUNCTION_LINES} lines: {long}"


@pytest.mark.parametrize("folder", ["packaging", "tests", "bench", "docs"])
def test_folders_that_are_no_packages(folder: str) -> None:
    """`packaging/__init__.py` would shadow PyPI's `packaging` and break pip, pytest and builds."""
    found = [str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("__init__.py")]
    assert not found, f"remove: {found}"


def _floats(tree: ast.Module) -> list[int]:
    """Lines with a float name or literal, or a true division."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id in ("float", "Decimal"))
        or (isinstance(node, ast.Constant) and isinstance(node.value, (float, complex)))
        or (isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div))
    ]


def test_the_core_has_no_floats() -> None:
    core = sorted((ROOT / "loyalty").rglob("*.py"))
    found = [f"{path.relative_to(ROOT)}:{n}" for path in core for n in _floats(_tree(path))]
    assert not found, f"money, points and quantities are integers: {found}"


@pytest.mark.parametrize("line", ["x: float", "x = 1.5", "x = 1e3", "x /= 2", "x = y / 2"])
def test_a_float_would_be_seen(line: str) -> None:
    assert _floats(ast.parse(line)) == [1]
    assert _floats(ast.parse("x = y // 2  # 1.5")) == []


def test_only_our_distribution_owns_our_packages() -> None:
    """A second wheel that ships `drivers/` would silently overwrite ours."""
    owners = packages_distributions()
    others = {name: set(owners.get(name, [])) - {"loyalty-edge"} for name in PACKAGES}
    assert not any(others.values()), f"uninstall the other owners: {others}"


def test_the_wheel_names_exactly_these_packages() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert tuple(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == PACKAGES


def test_no_stub_is_left() -> None:
    stubs = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in _modules()
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Raise) and "NotImplementedError" in ast.dump(node)
    ]
    assert not stubs, f"a stub is not done: {stubs}"


def test_every_module_says_what_it_is_for() -> None:
    silent = [str(p.relative_to(ROOT)) for p in _modules() if not ast.get_docstring(_tree(p))]
    assert not silent, f"give a module docstring: {silent}"


def test_no_paths_of_one_machine() -> None:
    found = []
    for path in _tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {word}" for word in FORBIDDEN if word in text]
    assert not found, f"the repository must not know one machine's folders: {found}"
