"""The ledger's rows over one SQLite transaction: implements `edge_agent.ports.UnitOfWork`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from edge_agent.ports import (
    AuthorisationRow,
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
_AUTH = (
    "auth_id, sale_id, member_id, requested_points, state, layer, hold_points, lease_id, "
    "lease_points, reason"
)
_JOB = "job_id, subject_id, kind, state, document, attempts, fiscal_number, reason, created_at"


class Store:
    """One transaction's view of the ledger; made anew for each use case."""

    def __init__(self, connection: sqlite3.Connection, register_id: str, epoch: int) -> None:
        self._db = connection
        self._register_id = register_id
        self._epoch = epoch

    # --- sales ------------------------------------------------------------------------------

    def sale(self, sale_id: str) -> SaleRow | None:
        """The sale's row, or `None`."""
        row = self._db.execute(f"SELECT {_SALE} FROM sale WHERE sale_id = ?", (sale_id,)).fetchone()
        return SaleRow(*row) if row else None

    def latest_open_sale(self) -> SaleRow | None:
        """The open sale that was touched last."""
        row = self._db.execute(
            f"SELECT {_SALE} FROM sale WHERE state = 'open' ORDER BY touched_at DESC LIMIT 1"
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
        self._db.execute(
            f"INSERT INTO sale ({_SALE}) VALUES (?,?,?,?,?,?,?,?,?,?) "
            "ON CONFLICT (sale_id) DO UPDATE SET revision = excluded.revision, "
            "member_id = excluded.member_id, touched_at = excluded.touched_at, "
            "draft = excluded.draft WHERE sale.state = 'open'",
            (
                row.sale_id,
                row.state,
                row.revision,
                row.member_id,
                row.opened_at,
                row.touched_at,
                row.committed_at,
                row.draft,
                row.document,
                row.result,
            ),
        )

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
        self._db.execute(
            "UPDATE sale SET state = ?, revision = revision + 1, touched_at = ?, "
            "committed_at = coalesce(committed_at, ?), document = coalesce(document, ?), "
            "result = coalesce(?, result) WHERE sale_id = ?",
            (state, at, committed_at, document, result, sale_id),
        )

    # --- outbox -----------------------------------------------------------------------------

    def append_fact(self, kind: str, body: Mapping[str, Any] | bytes, at: str) -> tuple[int, int]:
        """Write the next upstream fact of the epoch; returns (epoch, seq).

        `body` as bytes is canonical JSON already."""
        head = self._db.execute(
            "SELECT seq, hash FROM outbox WHERE epoch = ? ORDER BY seq DESC LIMIT 1",
            (self._epoch,),
        ).fetchone()
        seq, prev = (head["seq"] + 1, head["hash"]) if head else (1, GENESIS)
        data = body if isinstance(body, bytes) else canonical_json(body)
        link = fact_hash(self._register_id, self._epoch, seq, kind, data, prev)
        self._db.execute(
            "INSERT INTO outbox (epoch, seq, kind, body, prev_hash, hash, created_at) "
            "VALUES (?,?,?,?,?,?,?)",
            (self._epoch, seq, kind, data.decode(), prev, link, at),
        )
        return self._epoch, seq

    # --- redemption -------------------------------------------------------------------------

    def authorisation(self, auth_id: str) -> AuthorisationRow | None:
        """The decision stored under an id."""
        row = self._db.execute(
            f"SELECT {_AUTH} FROM authorisation WHERE auth_id = ?", (auth_id,)
        ).fetchone()
        return AuthorisationRow(*row) if row else None

    def save_authorisation(self, row: AuthorisationRow, at: str) -> None:
        """Insert or replace a decision."""
        self._db.execute(
            f"INSERT INTO authorisation ({_AUTH}, asked_at) VALUES (?,?,?,?,?,?,?,?,?,?,?) "
            "ON CONFLICT (auth_id) DO UPDATE SET state = excluded.state, layer = excluded.layer, "
            "hold_points = excluded.hold_points, lease_id = excluded.lease_id, "
            "lease_points = excluded.lease_points, reason = excluded.reason",
            (
                row.auth_id,
                row.sale_id,
                row.member_id,
                row.requested_points,
                row.state,
                row.layer,
                row.hold_points,
                row.lease_id,
                row.lease_points,
                row.reason,
                at,
            ),
        )

    def is_fenced(self) -> bool:
        """The centre holds another history of this epoch: this file, or another, is a copy."""
        row = self._db.execute("SELECT value FROM meta WHERE key = 'fenced_epoch'").fetchone()
        return row is not None and int(row[0]) == self._epoch

    def lease_spent(self, lease_id: str) -> int:
        """Points burned or promised under a lease: commits, and other open sales' decisions."""
        row = self._db.execute(
            "SELECT (SELECT coalesce(sum(points), 0) FROM lease_burn WHERE lease_id = :lease) + "
            "(SELECT coalesce(sum(a.lease_points), 0) FROM authorisation a "
            "JOIN sale s USING (sale_id) WHERE a.lease_id = :lease AND a.state = 'decided' "
            "AND s.state = 'open')",
            {"lease": lease_id},
        ).fetchone()
        return int(row[0])

    def burn_lease(self, lease_id: str, sale_id: str, points: int) -> None:
        """Spend part of a lease, for ever."""
        self._db.execute(
            "INSERT INTO lease_burn (lease_id, sale_id, points) VALUES (?,?,?)",
            (lease_id, sale_id, points),
        )

    def add_effect(self, member_id: int, fact: tuple[int, int], spent: int, earned: int) -> None:
        """Remember what a fact of ours does to a balance until the centre's rows contain it."""
        self._db.execute(
            "INSERT INTO member_effect VALUES (?,?,?,?,?) ON CONFLICT DO UPDATE SET "
            "spent_points = spent_points + excluded.spent_points, "
            "earned_points = earned_points + excluded.earned_points",
            (member_id, *fact, spent, earned),
        )

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
        self._db.execute(
            f"INSERT INTO print_job ({_JOB}) VALUES (?,?,?,?,?,?,?,?,?)",
            (
                row.job_id,
                row.subject_id,
                row.kind,
                row.state,
                row.document,
                row.attempts,
                row.fiscal_number,
                row.reason,
                row.created_at,
            ),
        )

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
        self._db.execute(
            "UPDATE print_job SET state = ?, attempts = attempts + ?, fiscal_number = ?, "
            "reason = ?, evidence = ?, decided_at = ? WHERE job_id = ?",
            (
                state,
                int(state == "printing"),
                fiscal_number,
                reason,
                json.dumps(dict(evidence or {}), ensure_ascii=False),
                at if state in ("printed", "not_printed", "unknown") else None,
                job_id,
            ),
        )

    # --- returns ----------------------------------------------------------------------------

    def sale_return(self, return_id: str) -> ReturnRow | None:
        """The return's row, or `None`."""
        return self._return("return_id", return_id)

    def return_of(self, sale_id: str) -> ReturnRow | None:
        """The return of a sale, or `None`."""
        return self._return("sale_id", sale_id)

    def _return(self, column: str, value: str) -> ReturnRow | None:
        row = self._db.execute(
            f"SELECT return_id, sale_id, state, document FROM sale_return WHERE {column} = ?",
            (value,),
        ).fetchone()
        return ReturnRow(*row) if row else None

    def save_return(self, row: ReturnRow, at: str) -> None:
        """Insert a return or move its state."""
        self._db.execute(
            "INSERT INTO sale_return VALUES (?,?,?,?,?) "
            "ON CONFLICT (return_id) DO UPDATE SET state = excluded.state",
            (row.return_id, row.sale_id, row.state, row.document, at),
        )
