"""What is true after the day, read from paper, the registers' files and the centre's books."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.demo.world import Register, World, together
from edge_agent.ledger.reading import (
    RecordedSale,
    cached_balances,
    printed_returns,
    recorded_sales,
)
from edge_agent.ledger.verify import quick_check

_NUMBER = re.compile(r"ЧЕК № 0*(\d+)")
_TOTAL = re.compile(r"^СУМА\s+([\d ]+,\d\d)$", re.MULTILINE)
_ROUNDED = re.compile(r"^До сплати\s+([\d ]+,\d\d)$", re.MULTILINE)


@dataclass(frozen=True)
class PaperSlip:
    """A finished fiscal slip as it stands on the paper. Kopecks, after cash rounding."""

    number: int
    is_return: bool
    total_minor: int


def read_paper(path: Path) -> list[PaperSlip]:
    """Fiscal slips of a printer's paper; cancelled and service slips are left out."""
    slips = []
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    for slip in re.split(r"\n\n\n", text):
        kind = next((k for k in ("ВИДАТКОВИЙ ЧЕК", "ФІСКАЛЬНИЙ ЧЕК") if _has_line(slip, k)), "")
        number, total = _NUMBER.search(slip), _ROUNDED.search(slip) or _TOTAL.search(slip)
        if kind and number and total and not _has_line(slip, "НЕ ФІСКАЛЬНИЙ"):
            minor = int(total[1].replace(" ", "").replace(",", ""))
            slips.append(PaperSlip(int(number[1]), kind.startswith("ВИДАТ"), minor))
    return slips


def _has_line(slip: str, words: str) -> bool:
    return any(line.strip() == words for line in slip.splitlines())


@dataclass(frozen=True)
class RegisterEvidence:
    """One register's file, cache and paper."""

    name: str
    sales: list[RecordedSale]
    returns: list[str]
    balances: dict[int, int]
    slips: list[PaperSlip]
    faults: list[str]
    status: dict[str, Any]

    def paper_faults(self) -> list[str]:
        """Where paper and ledger disagree."""
        faults = []
        printed = {int(row.fiscal_number): row for row in self.sales if row.verdict == "printed"}
        paper = Counter(slip.number for slip in self.slips if not slip.is_return)
        if sorted(paper.elements()) != sorted(printed):
            faults.append(
                f"{self.name}: {sum(paper.values())} fiscal slips, {len(printed)} printed sales"
            )
        for slip in self.slips:
            row = printed.get(slip.number)
            if not slip.is_return and row is not None:
                due = row.sale.payable_minor + row.sale.rounding_minor
                if slip.total_minor != due:
                    faults.append(
                        f"{self.name}: slip {slip.number} says {slip.total_minor}, not {due}"
                    )
        returns = [slip for slip in self.slips if slip.is_return]
        if len(returns) != len(self.returns):
            faults.append(f"{self.name}: {len(returns)} return slips, {len(self.returns)} returns")
        return faults


@dataclass(frozen=True)
class Evidence:
    """Everything, and what was found wrong."""

    registers: list[RegisterEvidence]
    books: dict[str, Any]
    centre_sales: dict[str, dict[str, Any]]
    centre_balances: dict[int, int]

    def invariants(self) -> dict[str, bool]:
        """The promises of the demo, each true or false."""
        sales = [row for register in self.registers for row in register.sales]
        ids = [row.sale.sale_id for row in sales]
        same = all(
            self.centre_sales.get(row.sale.sale_id) == row.sale.model_dump(mode="json")
            for row in sales
        )
        return {
            "every_sale_at_the_centre_exactly_once": same
            and len(ids) == len(set(ids)) == len(self.centre_sales),
            "sum_of_all_accounts_is_zero": bool(self.books["ok"]) and self.books["sum"] == 0,
            "balances_equal_on_both_registers_and_the_centre": all(
                register.balances == self.centre_balances for register in self.registers
            ),
            "paper_equals_the_ledger": not any(
                register.paper_faults() for register in self.registers
            ),
            "no_unknown_or_missing_paper": all(row.verdict == "printed" for row in sales),
            "queues_are_empty": all(
                register.status["outbox_pending"] == 0 for register in self.registers
            ),
            "chains_are_whole": not any(register.faults for register in self.registers),
            "nothing_overspent": self.books["totals"].get("overdraft", 0) == 0,
        }


def _register(world: World, register: Register, number: int) -> RegisterEvidence:
    folder = register.data_dir
    return RegisterEvidence(
        name=register.name,
        sales=recorded_sales(folder / "ledger.db"),
        returns=printed_returns(folder / "ledger.db"),
        balances=cached_balances(folder / "cache.db"),
        slips=read_paper(world.folder / f"paper{number}" / "paper.txt"),
        faults=quick_check(folder / "ledger.db"),
        status=register.till.get("/v1/status"),
    )


def gather(world: World) -> Evidence:
    """Read everything; the processes still run."""
    exported, summed, audited = together(
        lambda: world.centre_tool("export", "sales"),
        lambda: world.centre_tool("export", "balances"),
        lambda: world.centre_tool("audit", "--json"),
    )
    sold = [json.loads(line) for line in exported.splitlines()]
    balances = [json.loads(line) for line in summed.splitlines()]
    return Evidence(
        registers=[
            _register(world, register, number) for number, register in enumerate(world.registers, 1)
        ],
        books=json.loads(audited),
        centre_sales={sale["sale_id"]: sale for sale in sold},
        centre_balances={row["member_id"]: row["balance_points"] for row in balances},
    )
