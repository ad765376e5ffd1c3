"""Line numbers of keys in a TOML text, which `tomllib` does not give.

The text has already been parsed by `tomllib`, so it is known to be valid; this only finds where
each key stands. Keys inside inline tables count as standing on their statement's first line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")
_AT_END = " (at end of document)"
_HEADER = re.compile(r"\s*\[{1,2}(?P<path>[^\n]*?)\]{1,2}\s*(#.*)?$")
_STATEMENT = re.compile(
    r"""\s*(?P<path>(?:[A-Za-z0-9_.\ \t-]|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')+)=(?P<rest>.*)$"""
)
_PART = re.compile(r"""[A-Za-z0-9_-]+|"((?:[^"\\]|\\.)*)"|'([^']*)'""")
_TOKEN = re.compile(r'"""|\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[\[\]{}]|#[^\n]*')


def syntax_error(error: tomllib.TOMLDecodeError, source: str) -> tuple[str, int]:
    """(sentence, line) of a parse error; an error at the end is on the last line."""
    message = str(error)
    if found := _AT_LINE.search(message):
        return f"is not valid TOML: {message[: found.start()]}", int(found.group(1))
    last = len(source.splitlines()) or 1
    return f"is not valid TOML: {message.removesuffix(_AT_END)}", last


def key_lines(source: str) -> dict[tuple[str, ...], int]:
    """(path → 1-based line) of every section header and of every key statement."""
    found: dict[tuple[str, ...], int] = {}
    section: tuple[str, ...] = ()
    depth, quote = 0, ""
    for number, line in enumerate(source.split("\n"), start=1):
        line = line.rstrip("\r")
        if depth or quote:
            depth, quote = _after(line, depth, quote)
        elif header := _HEADER.match(line):
            section = _parts(header.group("path"))
            found.setdefault(section, number)
        elif statement := _STATEMENT.match(line):
            found.setdefault(section + _parts(statement.group("path")), number)
            depth, quote = _after(statement.group("rest"), 0, "")
    return found


def line_of(lines: Mapping[tuple[str, ...], int], path: tuple[str, ...]) -> int:
    """Line of a path, or of its nearest part that stands in the text; 0 when nothing does."""
    for length in range(len(path), 0, -1):
        if path[:length] in lines:
            return lines[path[:length]]
        below = [line for known, line in lines.items() if known[:length] == path[:length]]
        if below:
            return min(below)
    return 0


def _parts(path: str) -> tuple[str, ...]:
    return tuple(
        next(part for part in (found.group(1), found.group(2), found.group(0)) if part is not None)
        for found in _PART.finditer(path)
    )


def _after(line: str, depth: int, quote: str) -> tuple[int, str]:
    """Open brackets and the open multi-line quote once `line` has been read."""
    position = 0
    while position < len(line):
        if quote:
            end = line.find(quote, position)
            while quote == '"""' and end > 0 and line[end - 1] == "\\":
                end = line.find(quote, end + 1)
            if end < 0:
                return depth, quote
            position, quote = end + 3, ""
            continue
        token = _TOKEN.search(line, position)
        if token is None:
            break
        position = token.end()
        symbol = token.group(0)
        if symbol in ('"""', "'''"):
            quote = symbol
        elif symbol in ("[", "{"):
            depth += 1
        elif symbol in ("]", "}"):
            depth -= 1
    return depth, quote
