"""What each page of the agent loads: little, and from nowhere else."""

from __future__ import annotations

import gzip
import re
from importlib import resources
from pathlib import Path

import pytest

STATIC = Path(str(resources.files("edge_agent") / "panel" / "static"))
MAX_GZIP = 60 * 1024
PAGES = sorted(str(page.relative_to(STATIC)) for page in STATIC.rglob("*.html"))
LINK = re.compile(r"""(?:\bfrom\s+|\bimport\s+|\bimport\(|\bhref=|\bsrc=)['"]([^'"$]+)['"]""")


def loaded(page: Path) -> set[Path]:
    """The page and every file that it names, and those that they name."""
    found: set[Path] = set()
    waiting = [page]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for name in LINK.findall(path.read_text(encoding="utf-8")):
            if name.startswith("#"):
                continue
            if name.startswith("/panel/"):
                waiting.append(STATIC / name.removeprefix("/panel/"))
            elif name.startswith("."):
                waiting.append((path.parent / name).resolve())
    return found


@pytest.mark.parametrize("page", PAGES)
def test_a_page_loads_at_most_60_kb(page: str) -> None:
    files = loaded(STATIC / page)
    assert len(files) >= 4
    sizes = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in files}
    assert sum(sizes.values()) <= MAX_GZIP, sizes


def test_no_script_lies_unused() -> None:
    used = set().union(*(loaded(STATIC / page) for page in PAGES))
    scripts = {path for path in STATIC.rglob("*") if path.suffix in (".js", ".css")}
    assert scripts - used == set()


def test_no_file_names_another_host_or_an_inline_style() -> None:
    for path in STATIC.rglob("*"):
        if path.suffix in (".html", ".css", ".js"):
            text = path.read_text(encoding="utf-8").replace("http://www.w3.org", "")
            assert "http://" not in text.replace("https://", "http://"), path.name
            assert "style=" not in text or path.name == "preact-htm.js", path.name
