"""Erased people leave the ledger's texts: drafts of closed sales, stored answers, printed papers.

Facts name a member by number alone, so the chain is not touched. A member is gone when the
centre's row says so, or when it is absent from a filled cache in two passes running: a cache that
is just being filled again misses people for a while.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from types import MappingProxyType
from typing import Any, Final, Protocol

from edge_agent.ledger import row_seals
from edge_agent.ledger.answers import pack, unpack
from edge_agent.ledger.database import connect_reader
from edge_agent.ledger.ledger import Ledger

SLICE_ROWS = 50
PERSONAL: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "name": "",
        "tier": "",
        "birthday": None,
        "last_purchase_on": None,
        **dict.fromkeys(("lots", "purchases", "segments", "groups", "coupons", "offers"), ()),
    }
)
"""What stands beside a member's number in a text, and what is left of it."""

_NUMBERS = re.compile(r'"member_id":\s?(\d{1,16})')
_ANSWERS = "SELECT key, answer FROM idempotency WHERE key > ? ORDER BY key LIMIT ?"
_SALES = (
    "SELECT sale_id, member_id FROM sale WHERE sale_id > ? AND state <> 'open' "
    "ORDER BY sale_id LIMIT ?"
)
_PAPERS = (
    "SELECT job_id, document FROM print_job WHERE state = 'printed' AND (subject_id = ?1 OR "
    "subject_id IN (SELECT return_id FROM sale_return WHERE sale_id = ?1))"
)
_PUT_ANSWER = row_seals.update("idempotency", {"answer": ":text"}, "key = :key")
_PUT_DRAFT = row_seals.update("sale", {"draft": ":text"}, "sale_id = :key AND state <> 'open'")
_PUT_PAPER = row_seals.update("print_job", {"document": ":text"}, "job_id = :key")


class People(Protocol):
    """The cache, as far as it knows who is gone."""

    def cursor(self) -> str: ...
    def is_gone(self, member_id: int) -> bool | None: ...


class Forgetting:
    """Passes over the ledger; each blanks what it finds of people who are gone."""

    def __init__(self, ledger: Ledger, people: People) -> None:
        self._ledger = ledger
        self._people = people
        self._absent_before: frozenset[int] = frozenset()
        self._absent: set[int] = set()
        self._known: dict[int, bool] = {}

    def run(self, pause: Callable[[], bool]) -> int:
        """One pass, with `pause` between slices, which ends it by True; texts that were changed."""
        if not self._people.cursor():
            return 0
        self._known, self._absent = {}, set()
        changed = 0
        with closing(connect_reader(self._ledger.path)) as reader:
            for sql, find in ((_ANSWERS, self._in_answer), (_SALES, self._in_sale)):
                for rows in _slices(reader, sql):
                    puts = [put for row in rows for put in find(reader, row)]
                    changed += self._write(puts)
                    if pause():
                        return changed
        self._absent_before = frozenset(self._absent)
        return changed

    def _write(self, puts: list[tuple[str, dict[str, str]]]) -> int:
        if not puts:
            return 0
        return self._ledger.query(lambda c: sum(c.execute(*put).rowcount for put in puts))

    def _is_gone(self, member_id: int) -> bool:
        known = self._known.get(member_id)
        if known is None:
            gone = self._people.is_gone(member_id)
            if gone is None:
                self._absent.add(member_id)
            known = member_id in self._absent_before if gone is None else gone
            self._known[member_id] = known
        return known

    def _in_answer(
        self, _reader: sqlite3.Connection, row: sqlite3.Row
    ) -> Iterator[tuple[str, dict[str, str]]]:
        key, text = row[0], unpack(row[1])
        gone = {int(found) for found in _NUMBERS.findall(text) if self._is_gone(int(found))}
        for put, values in _changed(_PUT_ANSWER, key, text, gone):
            yield put, {**values, "text": pack(values["text"])}

    def _in_sale(
        self, reader: sqlite3.Connection, row: sqlite3.Row
    ) -> Iterator[tuple[str, dict[str, str]]]:
        sale_id, member_id = row
        if member_id is None or not self._is_gone(member_id):
            return
        draft = reader.execute("SELECT draft FROM sale WHERE sale_id = ?", (sale_id,)).fetchone()
        if draft is not None:
            yield from _changed(_PUT_DRAFT, sale_id, draft[0], {member_id})
        for job_id, text in reader.execute(_PAPERS, (sale_id,)).fetchall():
            paper = json.loads(text)
            member = paper.get("member")
            if member and member.get("name"):
                member["name"] = ""
                yield _PUT_PAPER, {"key": job_id, "text": json.dumps(paper, ensure_ascii=False)}


def _slices(reader: sqlite3.Connection, sql: str) -> Iterator[list[sqlite3.Row]]:
    after = ""
    while rows := reader.execute(sql, (after, SLICE_ROWS)).fetchall():
        after = rows[-1][0]
        yield rows


def _changed(put: str, key: str, text: str, gone: set[int]) -> Iterator[tuple[str, dict[str, str]]]:
    """The statement that stores a text without these people, if it says anything of them."""
    if not gone:
        return
    value = json.loads(text)
    if _blank(value, gone):
        yield put, {"key": key, "text": json.dumps(value, ensure_ascii=False)}


def _blank(value: Any, gone: set[int]) -> bool:
    """Blank every object that names one of these members; whether anything was there."""
    is_changed = False
    if isinstance(value, dict) and value.get("member_id") in gone:
        for name, nothing in PERSONAL.items():
            if value.get(name):
                value[name], is_changed = nothing, True
    inner = value.values() if isinstance(value, dict) else value
    for item in inner if isinstance(value, dict | list) else ():
        is_changed |= _blank(item, gone)
    return is_changed
