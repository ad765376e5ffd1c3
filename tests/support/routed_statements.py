"""Where a statement must go when rows lie on two servers: what its text and parameters say.

Read from the text alone, as a coordinator's planner would from its tree; see `two_nodes`.
"""

from __future__ import annotations

import re
import zlib
from typing import Any

import psycopg

from central.db.partitions import PARTITIONED
from central.db.placement import DISTRIBUTION

NEAR_ONLY = "change"
VIEWS = {"inbox": ("fact", "fact_body")}
_TABLE = re.compile(r'\b(?:from|join|into|update|using|table|copy)\s+(?:only\s+)?"?([a-z_0-9]+)"?')
_PLACE = re.compile(r"%(?:\((\w+)\))?[sbt]")
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_COMMENT = re.compile(r"--[^\n]*")
_MANY = re.compile(
    r"\b(count|sum|min|max|array_agg|exists|distinct|coalesce|limit|join|union)\b"
    r"|\b(group|order) by\b|\(\s*select\b"
)
_INSERT = re.compile(
    r'insert into "?(?P<table>[a-z_0-9]+)"?\s*\((?P<columns>[^)]*)\)\s*(?P<rest>.*)'
)


class CannotRoute(psycopg.NotSupportedError):
    """No single server has what this statement needs, and it is no plain read."""


def node_of(value: object) -> int:
    """0 or 1: where a distribution value lies."""
    return zlib.crc32(str(value).encode()) % 2


def _owner(table: str) -> str:
    for parent in PARTITIONED:
        if re.fullmatch(rf"{parent}_(\d{{4}}_\d\d|rest)", table):
            return parent
    return table


class Statement:
    """What a statement's text says about where it must go."""

    def __init__(self, text: str) -> None:
        self.text = " ".join(_LITERAL.sub("''", _COMMENT.sub("", text)).lower().split())
        named = set(_TABLE.findall(self.text))
        self.views = named & VIEWS.keys()
        for view in self.views:
            named |= set(VIEWS[view])
        self.is_of_partitions = any(_owner(name) != name for name in named)
        self.all_tables = {name for name in named if name in DISTRIBUTION}
        self.tables = self.all_tables - {NEAR_ONLY}
        self.verb = self.text.partition(" ")[0]
        self.is_script = ";" in self.text.rstrip("; ")
        writes = re.search(r"\b(insert into|update [a-z_]+ set|delete from)\b", self.text)
        self.is_write = self.verb in ("insert", "update", "delete") or (
            self.verb == "with" and writes is not None
        )
        self.locks = " for update" in self.text or " for share" in self.text

    @property
    def goes(self) -> str:
        """`near`, `both`, `insert`, `fan` or `gather`."""
        if self.is_script or self.is_of_partitions or self.verb in _DEFINING:
            return "both"
        if not self.tables:
            return "both" if self.is_write and NEAR_ONLY not in self.all_tables else "near"
        if not (self.is_write or self.locks):
            simple = self.tables == self.all_tables and len(self.tables) == 1
            return "fan" if simple and not _MANY.search(self.text) else "gather"
        if len({DISTRIBUTION[table] for table in self.all_tables}) > 1:
            raise CannotRoute(f"several distributions in one statement: {self.text[:200]}")
        if NEAR_ONLY in self.all_tables:
            raise CannotRoute(f"the feed with other tables: {self.text[:200]}")
        return "insert" if self.verb == "insert" else "fan"


_DEFINING = frozenset({"set", "create", "alter", "drop", "truncate", "vacuum", "analyze"})
_known: dict[str, Statement] = {}


def known(text: str) -> Statement:
    """The statement, read once."""
    return _known.get(text) or _known.setdefault(text, Statement(text))


def split(statement: Statement, params: Any) -> list[tuple[int, Any]]:
    """(server, its parameters) of an insert."""
    found = _INSERT.match(statement.text)
    if found is None:
        raise CannotRoute(f"an insert without its columns: {statement.text[:200]}")
    columns = [name.strip(' "') for name in found["columns"].split(",")]
    place = columns.index(DISTRIBUTION[_owner(found["table"])])
    if found["rest"].startswith("values"):
        value = found["rest"].removeprefix("values").strip(" (").split(",")[place].strip(" )")
        marks = _PLACE.findall(",".join(found["rest"].split(",")[: place + 1]))
        match = _PLACE.fullmatch(value)
        if match is None:
            raise CannotRoute(f"the place is not a parameter: {statement.text[:200]}")
        given = params[match[1]] if match[1] else params[len(marks) - 1]
        return [(node_of(given), params)]
    lists = [number for number, each in enumerate(params) if isinstance(each, list)]
    by = params[lists[place] if "select *" in found["rest"] else lists[0]]
    parts = []
    for node in (0, 1):
        rows = [number for number, value in enumerate(by) if node_of(value) == node]
        if rows:
            own = [
                [each[row] for row in rows] if number in lists else each
                for number, each in enumerate(params)
            ]
            parts.append((node, own))
    return parts
