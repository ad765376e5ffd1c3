"""The ledger's rows over one SQLite transaction: implements `edge_agent.ports.UnitOfWork`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any

from edge_agent.ledger import row_seals
from edge_agent.ledger.rights import RightRows
from edge_agent.ledger.sale_search import SaleSearch
from edge_agent.ledger.shift_rows import ShiftRows
from edge_agent.ledger.uses import UseRows
from edge_agent.ports import (
    JobState,
    OwnEffects,
    PrintJobRow,
    ReturnRow,
    SaleRow,
    SaleState,
)
from sync.contract.chain import GENESIS, fact_hash
from sync.contract.messages import canonical_json

_SALE = (
    "sale_id, state, revision, member_id, opened_at, touched_at, committed_at, "
    "draft, document, result"
)
_IS_ON_DESK = "json_extract(draft, '$.is_parked') IS NOT 1"
_JOB = "job_id, subject_id, kind, state, document, attempts, fiscal_number, reason, created_at"

_SAVE_DRAFT = row_seals.insert(
    "sale",
    {name: f"excluded.{name}" for name in ("revision", "member_id", "touched_at", "draft")},
    "sale.state = 'open'",
)
_CLOSE_SALE = row_seals.update(
    "sale",
    {
        "state": ":state",
        "revision": "revision + 1",
        "touched_at": ":at",
        "committed_at": "coalesce(committed_at, :committed_at)",
        "document": "coalesce(document, :document)",
        "result": "coalesce(:result, result)",
    },
    "sale_id = :sale_id",
)
_APPEND_FACT = (
    "INSERT INTO outbox (epoch, seq, kind, body, prev_hash, hash, state, created_at, crc) "
    "VALUES (?,?,?,?,?,?,'pending',?,?)"
)
_ADD_EFFECT = row_seals.insert(
    "member_effect",
    {name: f"{name} + excluded.{name}" for name in ("spent_points", "earned_points")},
)
_ADD_PRINT_JOB = row_seals.insert("print_job")
_SET_PRINT_STATE = row_seals.update(
    "print_job",
    {
        "state": ":state",
        "attempts": "attempts + :more",
        "fiscal_number": ":fiscal_number",
        "reason": ":reason",
        "evidence": ":evidence",
        "decided_at": ":decided_at",
    },
    "job_id = :job_id",
)
_SAVE_RETURN = row_seals.insert("sale_return", {"state": "excluded.state"})


class Store(UseRows, RightRows, SaleSearch, ShiftRows):
    """One transaction's view of the ledger; made anew for each use case."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        register_id: str,
        epoch: int,
        *,
        in_doubt: bool = False,
    ) -> None:
        self._db = connection
        self._in_doubt = in_doubt
        self._register_id = register_id
        self._epoch = epoch

    # --- sales ------------------------------------------------------------------------------

    def sale(self, sale_id: str) -> SaleRow | None:
        """The sale's row, or `None`."""
        row = self._db.execute(f"SELECT {_SALE} FROM sale WHERE sale_id = ?", (sale_id,)).fetchone()
        return SaleRow(*row) if row else None

    def latest_open_sale(self) -> SaleRow | None:
        """The open sale that was touched last; a parked one is on nobody's desk."""
        row = self._db.execute(
            f"SELECT {_SALE} FROM sale WHERE state = 'open' AND {_IS_ON_DESK} "
            "ORDER BY touched_at DESC LIMIT 1"
        ).fetchone()
        return SaleRow(*row) if row else None

    def open_sales_before(self, instant: str) -> list[str]:
        """Ids of open sales that nobody has touched since `instant`."""
        rows = self._db.execute(
            "SELECT sale_id FROM sale WHERE state = 'open' AND touched_at < ? LIMIT 100", (instant,)
        )
        return [row[0] for row in rows]

    def save_draft(self, row: SaleRow) -> None:
        """Insert or replace an open sale."""
        self._db.execute(_SAVE_DRAFT, _plain(row))

    def close_sale(
        self,
        sale_id: str,
        state: SaleState,
        at: str,
        document: str | None = None,
        result: str | None = None,
    ) -> None:
        """Move a sale to a later state; document and result are written once, at the commit."""
        committed_at = at if state == "committed" else None
        values = {
            "sale_id": sale_id,
            "state": state,
            "at": at,
            "committed_at": committed_at,
            "document": document,
            "result": result,
        }
        self._db.execute(_CLOSE_SALE, values)

    # --- outbox -----------------------------------------------------------------------------

    def append_fact(self, kind: str, body: Mapping[str, Any] | bytes, at: str) -> tuple[int, int]:
        """Write the next upstream fact of the epoch; returns (epoch, seq).

        `body` as bytes is canonical JSON already."""
        head = self._db.execute(
            "SELECT seq, hash FROM outbox WHERE epoch = ? ORDER BY seq DESC LIMIT 1",
            (self._epoch,),
        ).fetchone()
        seq, prev = (head[0] + 1, head[1]) if head else (1, GENESIS)
        data = body if isinstance(body, bytes) else canonical_json(body)
        link = fact_hash(self._register_id, self._epoch, seq, kind, data, prev)
        crc = row_seals.seal(self._epoch, seq, "pending", at)
        self._db.execute(_APPEND_FACT, (self._epoch, seq, kind, data.decode(), prev, link, at, crc))
        return self._epoch, seq

    # --- members -----------------------------------------------------------------------------

    def add_effect(self, member_id: int, fact: tuple[int, int], spent: int, earned: int) -> None:
        """Remember what a fact of ours does to a balance until the centre's rows contain it."""
        epoch, seq = fact
        values = {
            "member_id": member_id,
            "epoch": epoch,
            "seq": seq,
            "spent_points": spent,
            "earned_points": earned,
        }
        self._db.execute(_ADD_EFFECT, values)

    def own_effects(self, member_id: int, applied: tuple[int, int]) -> OwnEffects:
        """Sum of own effects after the fact `applied` (epoch, seq)."""
        row = self._db.execute(
            "SELECT coalesce(sum(spent_points), 0), coalesce(sum(earned_points), 0) "
            "FROM member_effect WHERE member_id = ? AND (epoch, seq) > (?, ?)",
            (member_id, *applied),
        ).fetchone()
        return OwnEffects(row[0], row[1])

    # --- paper ------------------------------------------------------------------------------

    def add_print_job(self, row: PrintJobRow) -> None:
        """Queue a document."""
        self._db.execute(_ADD_PRINT_JOB, {**_plain(row), "evidence": "{}", "decided_at": None})

    def print_job(self, job_id: str) -> PrintJobRow | None:
        """The job's row, or `None`."""
        row = self._db.execute(
            f"SELECT {_JOB} FROM print_job WHERE job_id = ?", (job_id,)
        ).fetchone()
        return PrintJobRow(*row) if row else None

    def print_jobs_of(self, subject_id: str) -> list[PrintJobRow]:
        """All jobs of a sale or return, oldest first."""
        rows = self._db.execute(
            f"SELECT {_JOB} FROM print_job WHERE subject_id = ? ORDER BY created_at", (subject_id,)
        )
        return [PrintJobRow(*row) for row in rows]

    def waiting_print_jobs(self) -> list[PrintJobRow]:
        """Every job that is not printed and not undone by a void, oldest first."""
        rows = self._db.execute(
            f"SELECT {_JOB} FROM print_job j WHERE state <> 'printed' AND NOT EXISTS "
            "(SELECT 1 FROM sale s WHERE s.sale_id = j.subject_id AND s.state = 'voided') "
            "ORDER BY created_at LIMIT 200"
        )
        return [PrintJobRow(*row) for row in rows]

    def next_print_job(self) -> PrintJobRow | None:
        """The oldest job that is interrupted or waiting, interrupted ones first."""
        row = self._db.execute(
            f"SELECT {_JOB} FROM print_job WHERE state IN ('queued', 'printing') "
            "ORDER BY state = 'queued', created_at LIMIT 1"
        ).fetchone()
        return PrintJobRow(*row) if row else None

    def set_print_state(
        self,
        job_id: str,
        state: JobState,
        at: str,
        fiscal_number: str = "",
        reason: str = "",
        evidence: Mapping[str, str] | None = None,
    ) -> None:
        """Move a job; `printing` counts an attempt, the three verdicts are dated."""
        values = {
            "job_id": job_id,
            "state": state,
            "more": int(state == "printing"),
            "fiscal_number": fiscal_number,
            "reason": reason,
            "evidence": json.dumps(dict(evidence or {}), ensure_ascii=False),
            "decided_at": at if state in ("printed", "not_printed", "unknown") else None,
        }
        self._db.execute(_SET_PRINT_STATE, values)

    # --- returns ----------------------------------------------------------------------------

    def sale_return(self, return_id: str) -> ReturnRow | None:
        """The return's row, or `None`."""
        row = self._db.execute(
            "SELECT return_id, sale_id, state, document FROM sale_return WHERE return_id = ?",
            (return_id,),
        ).fetchone()
        return ReturnRow(*row) if row else None

    def returns_of(self, sale_id: str) -> list[ReturnRow]:
        """All returns of a sale, oldest first."""
        rows = self._db.execute(
            "SELECT return_id, sale_id, state, document FROM sale_return WHERE sale_id = ? "
            "ORDER BY created_at, return_id",
            (sale_id,),
        )
        return [ReturnRow(*row) for row in rows]

    def save_return(self, row: ReturnRow, at: str) -> None:
        """Insert a return or move its state."""
        self._db.execute(_SAVE_RETURN, {**_plain(row), "created_at": at})


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _plain(row: SaleRow | PrintJobRow | ReturnRow) -> dict[str, Any]:
    """A row's columns by name; `asdict` would copy each value deeply."""
    kind: type = type(row)
    return {name: getattr(row, name) for name in _names(kind)}
