"""From a damaged ledger to a new one: every fact that can still be proved, in order.

Facts prove themselves by their hash, so they are searched for in the raw pages of file and log,
whatever SQLite thinks of them. Rows that are not facts are taken where SQLite still reads them
and their seal fits; what follows from facts alone (sales, burned leases) is made from the facts.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_agent.ledger import row_seals, sqlite_pages
from edge_agent.ledger.database import connect_reader, connect_writer
from edge_agent.ledger.ledger import COPIED_KEY, put_meta
from edge_agent.ledger.rights import FLOOR_KEY
from sync.contract.chain import GENESIS, fact_hash

_FACT_COLUMNS = (8, 9)
_PUT_FACT = (
    "INSERT INTO outbox (epoch, seq, kind, body, prev_hash, hash, state, created_at, crc) "
    "VALUES (?,?,?,?,?,?,?,?,?)"
)
_STATES = ("pending", "acked", "quarantined")
_COPIED = (
    *("print_job", "sale_return", "authorisation", "device_journal", "chain_mark"),
    *("promotion_use", "coupon_change", "decision", "purse_burn", "shift", "shift_act"),
)
NO_LATER_MIN = 2**40
_UNDONE = {"sale_voided": "voided", "sale_return": "returned"}


@dataclass(slots=True)
class Salvaged:
    """What came out: facts by (epoch, seq), the numbers that are missing, other rows by table."""

    facts: int = 0
    missing: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    pending: int = 0


@dataclass(frozen=True, slots=True)
class FoundFact:
    """A fact whose hash fits."""

    epoch: int
    seq: int
    kind: str
    body: str
    prev_hash: bytes
    hash: bytes
    state: str
    created_at: str


def salvage(source: Path, target: Path, register_id: str) -> Salvaged:
    """Write a new ledger at `target`, which must not exist. It needs a new epoch to go on.

    Raises `FileExistsError`, `OSError`, and `ValueError` when no fact of this register is found."""
    if target.exists():
        raise FileExistsError(f"{target} exists")
    facts = find_facts(source, register_id)
    if not facts:
        raise ValueError(f"no fact of register {register_id} can be read in {source}")
    found = Salvaged(facts=len(facts), missing=_gaps(source, facts))
    with closing(connect_writer(target, "ledger")) as connection:
        connection.execute("BEGIN IMMEDIATE")
        _write_facts(connection, facts, found)
        _copy_rows(source, connection, found)
        _write_sales(source, connection, facts, found)
        put_meta(connection, "register_id", register_id)
        newest = max(epoch for epoch, _ in facts)
        put_meta(connection, "epoch", str(newest))
        put_meta(connection, COPIED_KEY, str(newest))
        connection.execute("COMMIT")
    return found


def find_facts(source: Path, register_id: str) -> dict[tuple[int, int], FoundFact]:
    """Every fact in file and log whose hash fits, by (epoch, seq), in order; a lost one is made
    again from its sale where the chain around it proves it."""
    found: dict[tuple[int, int], FoundFact] = {}
    for record in sqlite_pages.records(sqlite_pages.read_pages(source), _FACT_COLUMNS):
        fact = _proved(record, register_id)
        if fact is None:
            continue
        known = found.get((fact.epoch, fact.seq))
        # Of several versions of a row the most advanced state is the true one.
        if known is None or _STATES.index(fact.state) > _STATES.index(known.state):
            found[fact.epoch, fact.seq] = fact
    for at, body in sorted(_sales_by_fact(source).items()):
        if at not in found and (again := _linked(found, register_id, at, body)) is not None:
            found[at] = again
    return dict(sorted(found.items()))


def _sales_by_fact(source: Path) -> dict[tuple[int, int], str]:
    """The fact's own text as the sale's row keeps it, by (epoch, seq)."""
    bodies = {}
    for row in _sealed_sales(source):
        named = json.loads(row["result"] or "{}").get("fact") or {}
        if row["document"] is not None and named:
            bodies[named["epoch"], named["seq"]] = row["document"]
    return bodies


def _sealed_sales(source: Path) -> list[dict[str, Any]]:
    """The newest sealed version of every sale's row in the raw pages."""
    columns = row_seals.SEALED["sale"]
    newest: dict[str, dict[str, Any]] = {}
    for record in sqlite_pages.records(sqlite_pages.read_pages(source), (len(columns) + 1,)):
        *values, crc = record
        if not isinstance(values[2], int) or row_seals.seal(*values) != crc:
            continue
        row: dict[str, Any] = dict(zip(columns, values, strict=True))
        known = newest.get(row["sale_id"])
        if known is None or known["revision"] < row["revision"]:
            newest[row["sale_id"]] = row
    return list(newest.values())


def _linked(
    found: dict[tuple[int, int], FoundFact], register_id: str, at: tuple[int, int], body: str
) -> FoundFact | None:
    epoch, seq = at
    before, after = found.get((epoch, seq - 1)), found.get((epoch, seq + 1))
    if before is None and seq > 1:
        return None
    prev = before.hash if before is not None else GENESIS
    link = fact_hash(register_id, epoch, seq, "sale", body.encode(), prev)
    if after is not None and after.prev_hash != link:
        return None
    return FoundFact(epoch, seq, "sale", body, prev, link, "pending", "")


def _proved(record: sqlite_pages.Record, register_id: str) -> FoundFact | None:
    epoch, seq, kind, body, prev_hash, link, state, created_at = record[:8]
    if not (isinstance(epoch, int) and isinstance(seq, int) and epoch > 0 and seq > 0):
        return None
    if not (isinstance(kind, str) and isinstance(body, str)):
        return None
    if not (isinstance(prev_hash, bytes) and isinstance(link, bytes)):
        return None
    if fact_hash(register_id, epoch, seq, kind, body.encode(), prev_hash) != link:
        return None
    whole = len(record) == 8 or record[8] == row_seals.seal(epoch, seq, state, created_at)
    # A fact whose state is not certain is sent again: the centre knows what it has.
    known = state if whole and state in _STATES else "pending"
    at = created_at if whole and isinstance(created_at, str) else ""
    return FoundFact(epoch, seq, kind, body, prev_hash, link, str(known), at)


def _gaps(source: Path, facts: dict[tuple[int, int], FoundFact]) -> list[str]:
    marks = _marks(source)
    missing = []
    for epoch in sorted({epoch for epoch, _ in facts}):
        expected = marks.get(epoch, 0) + 1
        for seq in (seq for other, seq in facts if other == epoch and seq >= expected):
            if seq > expected:
                missing.append(f"{epoch}/{expected}–{seq - 1}")
            expected = seq + 1
    return missing


def _marks(source: Path) -> dict[int, int]:
    """By epoch, the fact up to which facts were pruned."""
    with suppress(sqlite3.DatabaseError), closing(connect_reader(source)) as connection:
        return dict(connection.execute("SELECT epoch, seq FROM chain_mark").fetchall())
    return {}


def _write_facts(
    connection: sqlite3.Connection, facts: dict[tuple[int, int], FoundFact], found: Salvaged
) -> None:
    for fact in facts.values():
        crc = row_seals.seal(fact.epoch, fact.seq, fact.state, fact.created_at)
        values = (fact.epoch, fact.seq, fact.kind, fact.body, fact.prev_hash, fact.hash)
        connection.execute(_PUT_FACT, (*values, fact.state, fact.created_at, crc))
        found.pending += fact.state == "pending"


def _write_sales(
    source: Path,
    connection: sqlite3.Connection,
    facts: dict[tuple[int, int], FoundFact],
    found: Salvaged,
) -> None:
    put = f"{row_seals.insert('sale')} ON CONFLICT DO NOTHING"
    marks = _marks(source)
    for row in _sealed_sales(source):
        if row["document"] is None or _is_among(facts, marks, row):
            _put(connection, put, row, found, "sale")
    papers = _papers(facts)
    undone = _undone(facts)
    for fact in facts.values():
        if fact.kind == "sale":
            _write_sale(connection, fact, papers, undone, found)
            _write_counters(connection, fact, found)
        elif fact.kind == "purse_floor":
            put_meta(connection, FLOOR_KEY, str(json.loads(fact.body)["floor_min"]))


def _is_among(
    facts: dict[tuple[int, int], FoundFact], marks: dict[int, int], row: dict[str, Any]
) -> bool:
    """The sale has its fact, or had it before that was pruned."""
    named = json.loads(row["result"] or "{}").get("fact") or {}
    epoch, seq = named.get("epoch", 0), named.get("seq", 0)
    fact = facts.get((epoch, seq))
    if fact is None:
        return bool(0 < seq <= marks.get(epoch, 0))
    return bool(fact.body == row["document"])


def _write_sale(
    connection: sqlite3.Connection,
    fact: FoundFact,
    papers: dict[str, dict[str, Any]],
    undone: dict[str, str],
    found: Salvaged,
) -> None:
    """What follows from a sale's fact: its row, its paper, its lease, its effect."""
    body: dict[str, Any] = json.loads(fact.body)
    sale_id, redemption = body["sale_id"], body.get("redemption") or {}
    named = {"epoch": fact.epoch, "seq": fact.seq}
    paper = papers.get(sale_id)
    posted = body["fiscal"] == "none" or (paper is not None and paper["verdict"] == "printed")
    row = {
        "sale_id": sale_id,
        "state": undone.get(sale_id, "posted" if posted else "committed"),
        "revision": 1,
        "member_id": body.get("member_id"),
        "opened_at": body["occurred_at"],
        "touched_at": body["occurred_at"],
        "committed_at": body["occurred_at"],
        "draft": "{}",
        "document": fact.body,
        "result": json.dumps({"sale_id": sale_id, "fact": named}),
    }
    _put(connection, f"{row_seals.insert('sale')} ON CONFLICT DO NOTHING", row, found, "sale")
    if paper is not None:
        _write_paper(connection, sale_id, paper, found)
    for table, burn in _burns(redemption, sale_id, body.get("member_id"), named).items():
        # A purse's own row may be here already, and knows the screen's minute.
        put = f"{row_seals.insert(table)} ON CONFLICT DO NOTHING"
        _put(connection, put, burn, found, table)
    if body.get("member_id") is not None:
        points = redemption.get("points", 0)
        effect = {"member_id": body["member_id"], "spent_points": points, "earned_points": 0}
        put = row_seals.insert("member_effect")
        _put(connection, put, effect | named, found, "member_effect")


def _write_counters(connection: sqlite3.Connection, fact: FoundFact, found: Salvaged) -> None:
    """What a sale took of counter leases."""
    body = json.loads(fact.body)
    for use in body.get("counter_uses", ()):
        values = {**use, "subject": body["sale_id"]}
        _put(connection, row_seals.insert("counter_burn"), values, found, "counter_burn")


def _burns(
    redemption: dict[str, Any], sale_id: str, member_id: int | None, fact: dict[str, int]
) -> dict[str, dict[str, Any]]:
    """What a redemption spent of rights held here, by table. A purse belongs to no epoch: what was
    taken of it must be known in the next one too."""
    burns: dict[str, dict[str, Any]] = {}
    if points := redemption.get("lease_points"):
        burns["lease_burn"] = {"lease_id": redemption["lease_id"], "points": points}
    if points := redemption.get("purse_points"):
        # The screen's minute is not in the fact: no later one of this serial is taken here.
        serial = redemption["purse_serial"]
        burns["purse_burn"] = {"serial": serial, "points": points, "minute": NO_LATER_MIN}
    if points := redemption.get("cache_points"):
        island = redemption.get("island", "")
        cache = {"member_id": member_id, "points": points, "island": island}
        burns["cache_burn"] = cache | fact
    return {table: burn | {"sale_id": sale_id} for table, burn in burns.items()}


def _write_paper(
    connection: sqlite3.Connection, sale_id: str, paper: dict[str, Any], found: Salvaged
) -> None:
    """The print job of a sale whose verdict is among the facts."""
    job = {
        "job_id": paper["job_id"],
        "subject_id": sale_id,
        "kind": "sale",
        "state": paper["verdict"],
        "document": "{}",
        "attempts": 1,
        "fiscal_number": paper["fiscal_number"],
        "reason": paper["reason"],
        "evidence": "{}",
        "created_at": paper["decided_at"],
        "decided_at": paper["decided_at"],
    }
    put = f"{row_seals.insert('print_job')} ON CONFLICT DO NOTHING"
    _put(connection, put, job, found, "print_job")


def _papers(facts: dict[tuple[int, int], FoundFact]) -> dict[str, dict[str, Any]]:
    """The last verdict on each paper, by what was printed."""
    bodies = (json.loads(fact.body) for fact in facts.values() if fact.kind == "print_verdict")
    return {body["subject_id"]: body for body in bodies}


def _undone(facts: dict[tuple[int, int], FoundFact]) -> dict[str, str]:
    bodies = ((fact.kind, json.loads(fact.body)) for fact in facts.values() if fact.kind in _UNDONE)
    return {
        body["sale_id"]: _UNDONE[kind] for kind, body in bodies if body.get("is_complete", True)
    }


def _copy_rows(source: Path, connection: sqlite3.Connection, found: Salvaged) -> None:
    """Rows that SQLite still reads and whose seal fits, table by table until one fails."""
    for table in _COPIED:
        columns = row_seals.SEALED[table]
        put = f"{row_seals.insert(table)} ON CONFLICT DO NOTHING"
        with (
            suppress(sqlite3.DatabaseError, UnicodeDecodeError),
            closing(connect_reader(source)) as reader,
        ):
            for row in reader.execute(f"SELECT {', '.join(columns)}, crc FROM {table}"):
                *values, crc = row
                if row_seals.seal(*values) == crc:
                    _put(connection, put, dict(zip(columns, values, strict=True)), found, table)


def _put(
    connection: sqlite3.Connection, sql: str, row: dict[str, Any], found: Salvaged, table: str
) -> None:
    if connection.execute(sql, row).rowcount > 0:
        found.rows[table] = found.rows.get(table, 0) + 1
