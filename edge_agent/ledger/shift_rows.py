"""The shift's rows in `ledger.db`: shifts, acts on the device, sign-ins, and sums of facts."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict
from typing import Final

from edge_agent.ledger import row_seals
from edge_agent.shift.rows import ActRow, ShiftRow, SignInRow
from sync.contract.staff import WireShiftTotals

_SHIFT: Final = ", ".join(row_seals.SEALED["shift"])
_ACT: Final = ", ".join(row_seals.SEALED["shift_act"])
_SIGN: Final = ", ".join(row_seals.SEALED["sign_in"])


def _rest(table: str, *fixed: str) -> dict[str, str]:
    names = row_seals.SEALED[table]
    return {name: f"excluded.{name}" for name in names if name not in fixed}


_PUT_SHIFT = row_seals.insert("shift", _rest("shift", "shift_id", "number"))
_PUT_ACT = row_seals.insert("shift_act", _rest("shift_act", "job_id", "shift_id", "action"))
_PUT_SIGN = row_seals.insert("sign_in", _rest("sign_in", "cashier_id"))

_SALES = """
SELECT count(*), count(json_extract(body, '$.member_id')),
  coalesce(sum(json_extract(body, '$.payable_minor')), 0),
  coalesce(sum(json_extract(body, '$.discount_minor')), 0),
  coalesce(sum(json_extract(body, '$.accrual_points')), 0),
  coalesce(sum(json_extract(body, '$.redemption.points')), 0),
  coalesce(sum(json_extract(body, '$.redemption.layer') = 'declined'), 0)
FROM outbox WHERE kind = 'sale' AND (epoch, seq) > (:e1, :s1) AND (epoch, seq) <= (:e2, :s2)
  AND json_extract(body, '$.sale_id') NOT IN (
    SELECT json_extract(body, '$.sale_id') FROM outbox
    WHERE kind = 'sale_voided' AND (epoch, seq) > (:e1, :s1) AND (epoch, seq) <= (:e2, :s2))
"""
_RETURNS = """
SELECT count(*), coalesce(sum(json_extract(body, '$.restored_points')), 0),
  coalesce(sum(json_extract(body, '$.reversed_points')), 0)
FROM outbox WHERE kind = 'sale_return' AND (epoch, seq) > (:e1, :s1) AND (epoch, seq) <= (:e2, :s2)
"""


class ShiftRows:
    """The part of the store that the shift needs."""

    _db: sqlite3.Connection

    def open_shift(self) -> ShiftRow | None:
        """The shift that runs."""
        return self._shift("state = 'open'")

    def last_shift(self) -> ShiftRow | None:
        """The shift with the highest number, open or closed."""
        return self._shift("1 ORDER BY number DESC")

    def shift(self, shift_id: str) -> ShiftRow | None:
        """A shift by its id."""
        return self._shift("shift_id = ?", (shift_id,))

    def put_shift(self, row: ShiftRow) -> None:
        """Insert a shift or change its state."""
        self._db.execute(_PUT_SHIFT, asdict(row))

    def put_act(self, row: ActRow) -> None:
        """Insert an act or change its state."""
        self._db.execute(_PUT_ACT, asdict(row))

    def act(self, job_id: str) -> ActRow | None:
        """An act by its id."""
        row = self._db.execute(
            f"SELECT {_ACT} FROM shift_act WHERE job_id = ?", (job_id,)
        ).fetchone()
        return ActRow(*row) if row else None

    def next_act(self) -> ActRow | None:
        """The oldest act to do or to reconcile, interrupted ones first."""
        row = self._db.execute(
            f"SELECT {_ACT} FROM shift_act WHERE state IN ('queued', 'printing') "
            "ORDER BY state = 'queued', created_at, rowid LIMIT 1"
        ).fetchone()
        return ActRow(*row) if row else None

    def undecided_acts(self) -> list[ActRow]:
        """Acts whose end nobody knows, oldest first."""
        rows = self._db.execute(
            f"SELECT {_ACT} FROM shift_act WHERE state IN ('queued', 'printing', 'unknown') "
            "ORDER BY created_at, rowid LIMIT 50"
        )
        return [ActRow(*row) for row in rows]

    def latest_act(self, shift_id: str) -> ActRow | None:
        """The act asked for last in a shift."""
        row = self._db.execute(
            f"SELECT {_ACT} FROM shift_act WHERE shift_id = ? ORDER BY created_at DESC, rowid DESC",
            (shift_id,),
        ).fetchone()
        return ActRow(*row) if row else None

    def signed_in(self) -> SignInRow | None:
        """Who is signed in."""
        return self._sign("is_current = 1", ())

    def sign_in(self, cashier_id: str) -> SignInRow:
        """A person's row, a blank one for who was never here."""
        return self._sign("cashier_id = ?", (cashier_id,)) or SignInRow(cashier_id)

    def put_sign_in(self, row: SignInRow) -> None:
        """Insert or change a person's row."""
        self._db.execute(_PUT_SIGN, asdict(row))

    def head(self) -> tuple[int, int]:
        """(epoch, seq) of the newest fact; (0, 0) before the first."""
        row = self._db.execute(
            "SELECT epoch, seq FROM outbox ORDER BY epoch DESC, seq DESC LIMIT 1"
        ).fetchone()
        return (row[0], row[1]) if row else (0, 0)

    def has_sold_after(self, after: tuple[int, int]) -> bool:
        """A sale's fact lies behind `after`."""
        found = self._db.execute(
            "SELECT 1 FROM outbox WHERE kind = 'sale' AND (epoch, seq) > (?, ?) LIMIT 1", after
        )
        return found.fetchone() is not None

    def shift_totals(self, after: tuple[int, int], until: tuple[int, int]) -> WireShiftTotals:
        """What the facts after `after` up to `until` add up to."""
        span = {"e1": after[0], "s1": after[1], "e2": until[0], "s2": until[1]}
        sales = self._db.execute(_SALES, span).fetchone()
        returns = self._db.execute(_RETURNS, span).fetchone()
        unknown = self._db.execute(
            "SELECT count(*) FROM print_job WHERE state = 'unknown'"
        ).fetchone()
        return WireShiftTotals(
            sales=sales[0],
            identified=sales[1],
            turnover_minor=sales[2],
            discount_minor=sales[3],
            earned_points=sales[4],
            spent_points=sales[5],
            declined=sales[6],
            returns=returns[0],
            restored_points=returns[1],
            withdrawn_points=returns[2],
            unknown=unknown[0],
        )

    def _shift(self, where: str, values: tuple[str, ...] = ()) -> ShiftRow | None:
        found = self._db.execute(f"SELECT {_SHIFT} FROM shift WHERE {where} LIMIT 1", values)
        row = found.fetchone()
        return ShiftRow(*row) if row else None

    def _sign(self, where: str, values: tuple[str, ...]) -> SignInRow | None:
        row = self._db.execute(f"SELECT {_SIGN} FROM sign_in WHERE {where}", values).fetchone()
        return SignInRow(*row) if row else None
