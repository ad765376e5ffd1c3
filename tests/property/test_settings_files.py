"""Any bytes are settings or a `ConfigError`; a mistake's line is right after any valid text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.config import ConfigError, Settings, load_settings

PIECES = st.sampled_from(
    [
        "",
        "# a comment with [brackets] and = signs",
        '"""',
        "'''",
        "[api]",
        "[[till]]",
        "[ 'log' ]",
        "port = 1",
        "port",
        "= 3",
        'origins = ["https://a.example", ',
        "]",
        '"x.y" . z = { a = 1, b = "}" }',
        "cashier_name = 'it''s'",
        'level = "\\u0041"',
        "locale = 2026-01-01",
        "\x00",
        "é = 1",
    ]
)
# Statements of unknown sections that are valid, one per entry, with awkward content.
FILLERS = st.lists(
    st.sampled_from(
        [
            "a = [\n  1, # ]\n  2,\n]",
            'a = """\n[api]\nprot = 1\n\\""" still\n"""',
            "a = '''\n[api]\nprot = 1\n'''",
            "a = '[ \" ['",
            'a = "\\" ["',
            "# [api]\n# prot = 1",
            "",
            "a = { b = [1, 2], c = '}' }",
            'a = ["""\n]\n""", [\n"]"\n]]',
            '"a = 1" = 2',
            'a."b.c" . d = 1',
        ]
    ),
    max_size=6,
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("settings") / "agent.toml"


@given(st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=8).map("\n".join)))
def test_anything_is_settings_or_a_told_mistake(file: Path, content: bytes | str) -> None:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    try:
        assert isinstance(load_settings(file), Settings)
    except ConfigError as error:
        lines = file.read_bytes().count(b"\n") + 1
        for one in (error, *error.also):
            assert 0 <= one.line <= lines
            assert str(one).startswith(str(file))


@given(FILLERS, st.booleans())
def test_the_line_is_right_after_anything(file: Path, fillers: list[str], windows: bool) -> None:
    parts = [f"[other{number}]\n{filler}" for number, filler in enumerate(fillers)]
    text = "\n".join(['data_dir = "/d"', *parts, "[api]", "prot = 1"])
    file.write_bytes((text.replace("\n", "\r\n") if windows else text).encode())
    with pytest.raises(ConfigError) as caught:
        load_settings(file)
    told = [one for one in (caught.value, *caught.value.also) if "'prot'" in one.message]
    assert [one.line for one in told] == [text.count("\n") + 1]
