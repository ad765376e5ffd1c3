"""Checks of single setting values: each rule takes (value, base folder) and returns the value
to keep, or raises `Bad` with the rest of the sentence "KEY in [section] …".
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:]{2,39}\])(?::\d{1,5})?")
_OPTION_KEY = re.compile(r"[a-z][a-z0-9_]{0,31}")
_MAX_INT = 2**31 - 1


class Bad(ValueError):
    """The value does not fit; the message finishes the sentence."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A check of one value; `says` is what the reference table prints for it."""

    says: str
    check: Callable[[Any, Path], Any]

    def __call__(self, value: Any, base: Path) -> Any:
        """The value to keep, or `Bad`."""
        return self.check(value, base)


def _said(words: str) -> Callable[[Callable[[Any, Path], Any]], Rule]:
    return lambda check: Rule(words, check)


def number(minimum: int, maximum: int) -> Rule:
    """An integer between two bounds, both allowed."""

    @_said(f"integer {minimum}–{maximum}")
    def rule(value: Any, _base: Path) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Bad(f"must be an integer, not {_kind(value)}")
        if not minimum <= value <= maximum:
            raise Bad(f"must be between {minimum} and {maximum}, not {value}")
        return value

    return rule


def choice(*allowed: int | str) -> Rule:
    """One of a few values, of exactly their type."""
    listed_values = ", ".join(f'"{a}"' if isinstance(a, str) else str(a) for a in allowed)

    @_said(f"one of {listed_values}")
    def rule(value: Any, _base: Path) -> int | str:
        for option in allowed:
            if type(value) is type(option) and value == option:
                return option
        raise Bad(f"must be one of {listed_values}, not {_shown(value)}")

    return rule


def text(shortest: int, longest: int) -> Rule:
    """One line of text without control characters."""

    @_said(f"text, {shortest}–{longest} characters")
    def rule(value: Any, _base: Path) -> str:
        if not isinstance(value, str):
            raise Bad(f"must be text, not {_kind(value)}")
        if not shortest <= len(value) <= longest:
            raise Bad(f"must have {shortest} to {longest} characters, not {len(value)}")
        if not value.isprintable():
            raise Bad("must not hold control characters")
        return value

    return rule


def listed(rule_of_item: Rule, most: int) -> Rule:
    """A list of values that each keep one rule, without repetition."""

    @_said(f"list of at most {most}: {rule_of_item.says}")
    def rule(value: Any, base: Path) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Bad(f"must be a list, not {_kind(value)}")
        if len(value) > most:
            raise Bad(f"must have at most {most} values, not {len(value)}")
        items = [rule_of_item(item, base) for item in value]
        if len(set(items)) != len(items):
            raise Bad("names a value twice")
        return tuple(items)

    return rule


@_said("path; relative to the settings file")
def absolute_path(value: Any, base: Path) -> Path:
    """A path; a relative one starts at the settings file's folder."""
    return base / str(text(1, 1000)(value, base))


@_said("URL, https (http on loopback)")
def centre_url(value: Any, base: Path) -> str:
    """`https://host[:port][/path]`, or `http://` when the host is loopback."""
    url = str(text(1, 300)(value, base)).rstrip("/")
    parts = _split(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise Bad(f'must look like "https://centre.example:8443", not {_shown(value)}')
    if parts.username is not None or parts.query or parts.fragment:
        raise Bad("must not hold a user name, a query or a fragment")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise Bad("must use https; plain http is for loopback only")
    return url


@_said("an https address")
def web_page(value: Any, base: Path) -> str:
    """An address that a stranger's telephone may open: `https://host…`, at most 120 characters so
    that its QR stays coarse; "" for none."""
    url = str(text(0, 120)(value, base))
    parts = _split(url)
    if url and (parts.scheme != "https" or not parts.hostname or parts.username is not None):
        raise Bad(f'must look like "https://loyalty.example/join", not {_shown(value)}')
    return url


@_said('"scheme://host" or "scheme://host:port"')
def origin(value: Any, base: Path) -> str:
    """A web origin as browsers send it: no path, lower case."""
    line = str(text(1, 300)(value, base))
    parts = _split(line)
    exact = f"{parts.scheme}://{parts.netloc}" == line and line == line.lower()
    if not exact or not parts.hostname or parts.username is not None:
        raise Bad(f'holds {_shown(value)}, which is no origin like "https://pos.example:8080"')
    return line


@_said('"name" or "name:port"')
def host_value(value: Any, base: Path) -> str:
    """A Host header value."""
    line = str(text(1, 260)(value, base))
    if not _HOST.fullmatch(line):
        raise Bad(f'holds {_shown(value)}, which is no host like "till.local:9777"')
    return line.lower()


@_said('"host:port"')
def listen_address(value: Any, base: Path) -> str:
    """An address of this machine to listen on, with its port."""
    line = str(text(0, 260)(value, base))
    if line and not re.fullmatch(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:]{2,39}\]):\d{1,5}", line):
        raise Bad(f'holds {_shown(value)}, which is no address like "192.168.1.10:9778"')
    return line


@_said("true or false")
def yes_no(value: Any, _base: Path) -> bool:
    """A switch."""
    if not isinstance(value, bool):
        raise Bad(f"must be true or false, not {_kind(value)}")
    return value


def option_value(key: str, value: Any) -> str | int | bool:
    """A driver option: a plain name, and text, an integer or a yes/no; or `Bad`."""
    if not _OPTION_KEY.fullmatch(key):
        raise Bad("is no option name (a small letter, then letters, digits and '_')")
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(number(-_MAX_INT, _MAX_INT)(value, Path()))
    if isinstance(value, str):
        return str(text(0, 300)(value, Path()))
    raise Bad(f"must be text, an integer or true/false, not {_kind(value)}")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise Bad(f"is no address: {error}") from None
    return parts


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _kind(value: Any) -> str:
    names = {
        bool: "true/false",
        int: "an integer",
        float: "a fraction",
        str: "text",
        list: "a list",
        dict: "a section",
    }
    return names.get(type(value), "a date or time")


def _shown(value: Any) -> str:
    shown = repr(value) if not isinstance(value, str) else f'"{value}"'
    return shown if len(shown) <= 60 else f"{shown[:57]}…"
