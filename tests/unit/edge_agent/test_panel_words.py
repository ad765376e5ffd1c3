"""The screen's words: three tables with the same keys, and no word left out."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

STATIC = Path(str(resources.files("edge_agent") / "panel" / "static"))
LOCALES = ("uk", "en", "pl")
MEANT = (".language", ".trainingMark")
"""Ukrainian in every language: the next language's own name, and the mark over a training."""
PARTS = re.compile(
    r"""
      (?P<comment>//[^\n]*)
    | (?P<arrow>\((?P<names>[\w, ]*)\)\s*=>)
    | (?P<key>[A-Za-z_]\w*)\s*:
    | (?P<text>'(?:[^'\\]|\\.)*')
    | (?P<template>`[^`]*`)
    | (?P<mark>[{}\[\]])
    """,
    re.VERBOSE,
)


def words_of(locale: str) -> dict[str, str]:
    """Each word of a table by its path: `.device.ok`, `.help[3][1]`, `.clockOff(minutes)`."""
    source = (STATIC / f"words_{locale}.js").read_text(encoding="utf-8")
    body = source[source.index("{") :]
    found: dict[str, str] = {}
    path: list[str] = []
    counts: list[int] = []
    key = ""
    for part in PARTS.finditer(body):
        kind, text = part.lastgroup, part.group()
        if kind == "key":
            key = f".{part['key']}"
        elif kind == "arrow":
            key += f"({part['names']})"
        elif kind == "mark" and text in "{[":
            path.append(key or _next(counts))
            counts.append(0 if text == "[" else -1)
            key = ""
        elif kind == "mark":
            path.pop()
            counts.pop()
        elif kind in ("text", "template"):
            found["".join(path) + (key or _next(counts))] = text[1:-1]
            key = ""
    assert path == [], "every bracket of the table is closed"
    return found


def _next(counts: list[int]) -> str:
    if not counts:
        return ""
    counts[-1] += 1
    return f"[{counts[-1] - 1}]"


@pytest.mark.parametrize("locale", LOCALES)
def test_each_language_has_every_word(locale: str) -> None:
    words = words_of(locale)
    assert len(words) > 140
    assert {"", " "} & set(words.values()) == set()
    assert set(words) == set(words_of("uk"))


def test_the_keys_of_the_help_are_the_same_keys() -> None:
    """The first of each pair is what stands on the keyboard, but for the word for "code"."""
    tables = [words_of(locale) for locale in LOCALES]
    keys = [name for name in tables[0] if re.fullmatch(r"\.help\[\d+\]\[0\]", name)]
    assert len(keys) >= 16
    differing = [name for name in keys if len({table[name] for table in tables}) > 1]
    assert [tables[1][name] for name in differing] == ["3*code"]


def test_no_table_was_left_in_another_language() -> None:
    """A word copied and not translated shows by its letters."""
    for locale in ("en", "pl"):
        alien = [
            name
            for name, text in words_of(locale).items()
            if re.search("[а-яіїєґ]", text, re.IGNORECASE) and name not in MEANT
        ]
        assert alien == []
