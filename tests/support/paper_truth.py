"""What a register's file and its printer's paper say of each other, read after the fact."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from edge_agent.demo.evidence import PaperSlip, read_paper
from edge_agent.ledger.database import connect_reader
from edge_agent.ledger.verify import quick_check
from sync.contract.messages import WireSale


@dataclass(frozen=True)
class Sold:
    """A committed sale and its one print job; kopecks after cash rounding."""

    sale: WireSale
    state: str
    verdict: str
    fiscal_number: str
    attempts: int

    @property
    def due_minor(self) -> int:
        """What the buyer paid and the slip must say."""
        return self.sale.payable_minor + self.sale.rounding_minor


@dataclass(frozen=True)
class Findings:
    """The two truths, and where they differ."""

    sold: dict[str, Sold]
    slips: list[PaperSlip]
    burned: dict[str, int]
    faults: list[str]

    @property
    def verdicts(self) -> Counter[str]:
        """How often each verdict stands."""
        return Counter(row.verdict for row in self.sold.values())


def compare(
    ledger: Path, paper: Path, acknowledged: Mapping[str, int], granted: Mapping[str, int]
) -> Findings:
    """Everything that must hold after any number of power cuts.

    `acknowledged` are the sales whose confirmation was answered, with what was due (kopecks);
    `granted` are the points of each lease."""
    with closing(connect_reader(ledger)) as connection:
        sold, faults = _sold(connection)
        burned = dict(
            connection.execute("SELECT lease_id, sum(points) FROM lease_burn GROUP BY lease_id")
        )
    slips = read_paper(paper)
    faults += quick_check(ledger)
    faults += _promises(sold, acknowledged)
    faults += _spending(sold, burned, granted)
    faults += _paper(sold, slips)
    return Findings(sold, slips, burned, faults)


def _sold(connection: sqlite3.Connection) -> tuple[dict[str, Sold], list[str]]:
    facts = Counter(
        json.loads(row[0])["sale_id"]
        for row in connection.execute("SELECT body FROM outbox WHERE kind = 'sale'")
    )
    sold: dict[str, Sold] = {}
    faults = []
    for row in connection.execute(
        "SELECT sale_id, state, document FROM sale WHERE document IS NOT NULL"
    ).fetchall():
        jobs = connection.execute(
            "SELECT state, fiscal_number, attempts FROM print_job WHERE subject_id = ?",
            (row["sale_id"],),
        ).fetchall()
        if len(jobs) != 1:
            faults.append(f"sale {row['sale_id']} has {len(jobs)} print jobs")
            continue
        sale = WireSale.model_validate_json(row["document"])
        sold[row["sale_id"]] = Sold(sale, row["state"], *tuple(jobs[0]))
    for sale_id in set(facts) | set(sold):
        if facts[sale_id] != 1 or sale_id not in sold:
            faults.append(f"sale {sale_id} has {facts[sale_id]} facts")
    return sold, faults


def _promises(sold: Mapping[str, Sold], acknowledged: Mapping[str, int]) -> list[str]:
    faults = [f"sale {lost} was acknowledged and is gone" for lost in set(acknowledged) - set(sold)]
    faults += [f"sale {sale_id} was never asked for" for sale_id in set(sold) - set(acknowledged)]
    for sale_id in set(sold) & set(acknowledged):
        told, kept = acknowledged[sale_id], sold[sale_id].due_minor
        if told != kept:
            faults.append(f"sale {sale_id}: {told} was acknowledged, {kept} is kept")
    return faults


def _spending(
    sold: Mapping[str, Sold], burned: Mapping[str, int], granted: Mapping[str, int]
) -> list[str]:
    told: Counter[str] = Counter()
    for row in sold.values():
        if row.sale.redemption is not None and row.sale.redemption.lease_points:
            told[row.sale.redemption.lease_id] += row.sale.redemption.lease_points
    faults = []
    for lease_id in set(told) | set(burned):
        spent, limit = burned.get(lease_id, 0), granted.get(lease_id, 0)
        if spent > limit:
            faults.append(f"lease {lease_id}: {spent} spent of {limit}")
        if told[lease_id] != spent:
            faults.append(f"lease {lease_id}: facts say {told[lease_id]}, burns {spent}")
    return faults


def _paper(sold: Mapping[str, Sold], slips: list[PaperSlip]) -> list[str]:
    """One slip for each printed sale, with its number and sum; none for one not printed; an
    unknown one may account for one slip of its sum."""
    left = Counter((slip.number, slip.total_minor) for slip in slips if not slip.is_return)
    faults = [f"{count} slips numbered {place[0]}" for place, count in left.items() if count > 1]
    for sale_id, row in sold.items():
        if row.verdict != "printed":
            continue
        place = (int(row.fiscal_number or 0), row.due_minor)
        if left[place]:
            left[place] -= 1
        else:
            faults.append(f"sale {sale_id}: no slip {place[0]} of {place[1]}")
    over = Counter(total for (_, total), count in left.items() for _ in range(count))
    over -= Counter(row.due_minor for row in sold.values() if row.verdict == "unknown")
    faults += [f"{count} slips of {total} without a sale" for total, count in over.items()]
    return faults
