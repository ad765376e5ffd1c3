"""How every bench reports: rows beside a limit of the same run, a table, JSON, one line."""

from __future__ import annotations

import json
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

OUT = Path(__file__).parent / "out"


@dataclass(frozen=True)
class Row:
    """One measured figure against its budget; `beside` is the machine's own limit or a peer."""

    name: str
    measured: float
    budget: float
    unit: str
    beside: str = ""

    @property
    def is_met(self) -> bool:
        """The figure is within its budget."""
        return self.measured <= self.budget

    @property
    def share(self) -> float:
        """Part of the budget that was used."""
        return self.measured / self.budget


def percentile(values: Sequence[float], percent: float) -> float:
    """Nearest-rank percentile."""
    ordered = sorted(values)
    rank = max(0, min(len(ordered) - 1, round(percent / 100 * len(ordered)) - 1))
    return ordered[rank]


def median(values: Sequence[float]) -> float:
    """Middle value."""
    return statistics.median(values)


def finish(bench: str, rows: Sequence[Row]) -> int:
    """Print the table, write `bench/out/<bench>.json`; 0 when every budget is met, else 1."""
    width = max(len(row.name) for row in rows)
    print(f"{'':{width}}  {'measured':>10}  {'budget':>8}  unit  beside it in the same run")
    for row in rows:
        mark = "" if row.is_met else "  MISSED"
        print(
            f"{row.name:{width}}  {row.measured:10.2f}  {row.budget:8.2f}  {row.unit:4}  "
            f"{row.beside}{mark}"
        )
    OUT.mkdir(exist_ok=True)
    report = {
        "bench": bench,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()} {platform.python_version()}",
        "rows": [asdict(row) | {"met": row.is_met} for row in rows],
    }
    (OUT / f"{bench}.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    met = sum(row.is_met for row in rows)
    worst = max(rows, key=lambda row: row.share)
    print(
        f"{bench}: met {met} of {len(rows)}; worst {worst.name} at {worst.share:.2f} of its budget"
    )
    return 0 if met == len(rows) else 1
