"""The small language that steers emulated devices: `verb words; verb words`.

`\\;` is a semicolon inside a text, `\\\\` a backslash and `\\xHH` any byte; times take `ms` or `s`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

MAX_SCRIPT = 20_000
MAX_STEPS = 1_000
MAX_WAIT_MS = 60_000
_SPLIT = re.compile(r"(?<!\\)(?:\\\\)*;")
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|.)")


class ScriptError(ValueError):
    """A script that cannot be read; the message names the step."""


@dataclass(frozen=True, slots=True)
class Step:
    """One verb and what follows it, escapes still in place."""

    verb: str
    rest: str

    @property
    def text(self) -> str:
        """`rest` with its escapes resolved."""
        return _ESCAPE.sub(_resolve, self.rest)

    @property
    def words(self) -> list[str]:
        """`rest` split at spaces."""
        return self.rest.split()


def _resolve(match: re.Match[str]) -> str:
    escaped = match.group(1)
    return chr(int(escaped[1:], 16)) if len(escaped) == 3 else escaped


def parse_script(script: str) -> list[Step]:
    """The steps of a script, or `ScriptError`."""
    if len(script) > MAX_SCRIPT:
        raise ScriptError(f"a script has at most {MAX_SCRIPT} characters")
    steps = []
    start = 0
    for match in _SPLIT.finditer(script + ";"):
        part = (script + ";")[start : match.end() - 1].strip()
        start = match.end()
        if part:
            verb, _, rest = part.partition(" ")
            steps.append(Step(verb.lower(), rest.strip()))
    if not steps:
        raise ScriptError("the script is empty")
    if len(steps) > MAX_STEPS:
        raise ScriptError(f"a script has at most {MAX_STEPS} steps")
    return steps


def parse_count(word: str, low: int, high: int) -> int:
    """A whole number within bounds."""
    if not word.isascii() or not word.isdecimal() or not low <= int(word) <= high:
        raise ScriptError(f"{word!r} must be a whole number from {low} to {high}")
    return int(word)


def parse_millis(word: str, unit_ms: int) -> int:
    """A duration in milliseconds; a bare number is in units of `unit_ms`."""
    text = word.lower()
    for suffix, factor in (("ms", 1), ("s", 1000)):
        if text.endswith(suffix):
            text, unit_ms = text.removesuffix(suffix), factor
            break
    try:
        millis = int(Decimal(text) * unit_ms)
    except (InvalidOperation, ValueError, OverflowError):
        raise ScriptError(f"{word!r} is no duration, for example 50ms or 2s") from None
    if not 0 <= millis <= MAX_WAIT_MS:
        raise ScriptError(f"{word!r} must be between 0 and {MAX_WAIT_MS // 1000} s")
    return millis
