"""Finding sales of this register: open and parked ones, abandoned ones, by paper and by member."""

from __future__ import annotations

import sqlite3

from edge_agent.ports import SaleRow

LISTED = 100
_SALE = (
    "s.sale_id, s.state, s.revision, s.member_id, s.opened_at, s.touched_at, s.committed_at, "
    "s.draft, s.document, s.result"
)


class SaleSearch:
    """The part of the store that looks for sales without their id."""

    _db: sqlite3.Connection

    def open_sales(self) -> list[SaleRow]:
        """Open sales, parked ones too, touched last first; at most `LISTED`."""
        return self._sales("FROM sale s WHERE s.state = 'open' ORDER BY s.touched_at DESC LIMIT ?")

    def abandoned_sales(self, since: str) -> list[SaleRow]:
        """Sales that were closed by rule since an instant, newest first; at most `LISTED`."""
        return self._sales(
            "FROM sale s WHERE s.state = 'cancelled' AND s.touched_at >= ? "
            "AND json_extract(s.result, '$.closed_by') = 'abandoned' "
            "ORDER BY s.touched_at DESC LIMIT ?",
            since,
        )

    def sales_of_paper(self, fiscal_number: str) -> list[SaleRow]:
        """Sales whose printed receipt has this fiscal number, newest first."""
        return self._sales(
            "FROM print_job j JOIN sale s ON s.sale_id = j.subject_id "
            "WHERE j.fiscal_number = ? AND j.kind = 'sale' AND j.state = 'printed' "
            "ORDER BY s.committed_at DESC LIMIT ?",
            fiscal_number,
        )

    def sales_of_member(self, member_id: int) -> list[SaleRow]:
        """Committed sales of a member on this register, newest first; at most `LISTED`."""
        return self._sales(
            "FROM sale s WHERE s.member_id = ? AND s.document IS NOT NULL "
            "ORDER BY s.committed_at DESC LIMIT ?",
            member_id,
        )

    def _sales(self, where: str, *values: object) -> list[SaleRow]:
        rows = self._db.execute(f"SELECT {_SALE} {where}", (*values, LISTED))
        return [SaleRow(*row) for row in rows]
