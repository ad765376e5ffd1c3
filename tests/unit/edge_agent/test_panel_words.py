"""The screens' words: each in three languages, none left out, none left over."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

STATIC = Path(str(resources.files("edge_agent") / "panel" / "static"))
LOCALES = ("uk", "en", "pl")
MEANT = (".language", ".trainingMark")
"""Ukrainian in every language: the next language's own name, and the mark over a training."""
PARTS = re.compile(
    r"""
      (?P<comment>//[^\n]*)
    | (?P<arrow>\([\w, ]*\)\s*=>)
    | (?P<key>[A-Za-z_]\w*)\s*:
    | (?P<text>'(?:[^'\\]|\\.)*'|`[^`]*`)
    | (?P<mark>[{}\[\]])
    """,
    re.VERBOSE,
)


def table_of(source: str) -> Any:
    """A JavaScript table of words as Python has it; a function is its arguments and its text."""
    tops: list[Any] = []
    names: list[str] = []
    arrow = ""

    def add(value: Any) -> None:
        if isinstance(tops[-1], list):
            tops[-1].append(value)
        else:
            assert names[-1] not in tops[-1], f"{names[-1]} stands twice"
            tops[-1][names[-1]] = value

    for part in PARTS.finditer(source[source.index("{") :]):
        kind, text = part.lastgroup, part.group()
        if kind == "key":
            names[-1] = part["key"]
        elif kind == "arrow":
            arrow = text
        elif kind == "text":
            add(arrow + text[1:-1])
            arrow = ""
        elif text in ("{", "["):
            tops.append({} if text == "{" else [])
            names.append("")
        elif text in ("}", "]"):
            whole = tops.pop()
            names.pop()
            if not tops:
                return whole
            add(whole)
    raise AssertionError("a bracket of the table is not closed")


def words_in(table: Any, path: str = "") -> dict[str, list[str]]:
    """Each word by its path: `.device.ok`, `.help[3][1]`; a bare text is alone in its list."""
    if isinstance(table, str):
        return {path: [table]}
    if isinstance(table, list) and len(table) == len(LOCALES) and isinstance(table[0], str):
        return {path: table}
    parts = enumerate(table) if isinstance(table, list) else table.items()
    found: dict[str, list[str]] = {}
    for key, part in parts:
        found |= words_in(part, f"{path}[{key}]" if isinstance(table, list) else f"{path}.{key}")
    return found


WORDS = words_in(table_of((STATIC / "words_table.js").read_text(encoding="utf-8")))


def test_each_word_stands_in_each_language() -> None:
    assert len(WORDS) > 230
    alone = [path for path, texts in WORDS.items() if len(texts) == 1]
    assert all(re.fullmatch(r"\.help\[\d+\]\[0\]", path) for path in alone), alone
    assert [path for path, texts in WORDS.items() if "" in map(str.strip, texts)] == []


def test_the_help_names_the_same_keys_but_for_the_word_for_a_code() -> None:
    keys = [texts for path, texts in WORDS.items() if re.fullmatch(r"\.help\[\d+\]\[0\]", path)]
    assert len(keys) >= 16
    assert [texts for texts in keys if len(texts) > 1] == [["3*код", "3*code", "3*kod"]]


def test_a_word_with_figures_has_the_same_ones_in_each_language() -> None:
    told = {path: texts for path, texts in WORDS.items() if "=>" in texts[0]}
    assert told
    for path, texts in told.items():
        assert len({tuple(re.findall(r"\$\{[^}]*\}|^\(.*?\)", text)) for text in texts}) == 1, path


@pytest.mark.parametrize("place", [1, 2], ids=LOCALES[1:])
def test_no_word_was_left_in_another_language(place: int) -> None:
    """A word copied and not translated shows by its letters."""
    alien = [
        path
        for path, texts in WORDS.items()
        if len(texts) > 1 and re.search("[а-яіїєґ]", texts[place].lower()) and path not in MEANT
    ]
    assert alien == []


def test_no_word_lies_unused() -> None:
    scripts = [path for path in STATIC.glob("*.js") if not path.name.startswith("words")]
    said = " ".join(path.read_text(encoding="utf-8") for path in scripts)
    tops = {path.split(".")[1].split("[")[0] for path in WORDS}
    assert sorted(top for top in tops if not re.search(rf"\b{top}\b", said)) == []


def test_the_buyers_words_stand_in_each_language() -> None:
    source = (STATIC / "customer" / "words_buyer.js").read_text(encoding="utf-8")
    tables = table_of(source)
    assert tuple(tables) == LOCALES
    keys = {tuple(words_in(tables[locale])) for locale in LOCALES}
    assert len(keys) == 1
    texts = [
        text for locale in LOCALES for one in words_in(tables[locale]).values() for text in one
    ]
    assert all(text.strip() for text in texts)
