"""Reading a ledger file from outside, beside or after its agent: what was sold and printed."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from edge_agent.ledger.database import connect_reader
from sync.contract.messages import WireSale


@dataclass(frozen=True, slots=True)
class RecordedSale:
    """A committed sale and its paper ("" where there is none yet)."""

    sale: WireSale
    state: str
    verdict: str
    fiscal_number: str


def recorded_sales(path: Path) -> list[RecordedSale]:
    """Every committed sale of a ledger file, oldest first, with the last verdict on its paper."""
    with closing(connect_reader(path)) as connection:
        rows = connection.execute(
            "SELECT s.document, s.state, coalesce(j.state, '') AS verdict, "
            "coalesce(j.fiscal_number, '') AS fiscal_number FROM sale s "
            "LEFT JOIN print_job j ON j.subject_id = s.sale_id "
            "WHERE s.document IS NOT NULL ORDER BY s.committed_at"
        ).fetchall()
    return [
        RecordedSale(
            WireSale.model_validate_json(row["document"]),
            row["state"],
            row["verdict"],
            row["fiscal_number"],
        )
        for row in rows
    ]


def printed_returns(path: Path) -> list[str]:
    """Fiscal numbers of the returns that were printed."""
    with closing(connect_reader(path)) as connection:
        rows = connection.execute(
            "SELECT fiscal_number FROM print_job WHERE kind = 'return' AND state = 'printed'"
        ).fetchall()
    return [row[0] for row in rows]


def cached_balances(path: Path) -> dict[int, int]:
    """Balance of every member of a cache file, hundredths of a bonus."""
    with closing(connect_reader(path)) as connection:
        rows = connection.execute(
            "SELECT member_id, points >> 10 AS balance FROM member"
        ).fetchall()
    return {row["member_id"]: row["balance"] for row in rows}
