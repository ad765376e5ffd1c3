"""The demo's last word: a table for people, JSON for machines."""

from __future__ import annotations

from collections import Counter
from typing import Any

from edge_agent.demo.evidence import Evidence
from edge_agent.demo.phases import Story
from loyalty.money import format_minor
from loyalty.points import format_points

_SAID = {
    "every_sale_at_the_centre_exactly_once": "every sale at the centre exactly once",
    "sum_of_all_accounts_is_zero": "Σ of all accounts = 0",
    "balances_equal_on_both_registers_and_the_centre": "balances equal: both registers and centre",
    "paper_equals_the_ledger": "paper equals the ledger, slip by slip",
    "no_unknown_or_missing_paper": "every paper has its verdict: printed",
    "queues_are_empty": "queues are empty",
    "chains_are_whole": "hash chains are whole",
    "nothing_overspent": "no point spent twice",
}


def summary(
    evidence: Evidence, story: Story, delay_ms: int, seconds: float, pictures: str
) -> dict[str, Any]:
    """Everything as plain values. Money in kopecks, points in hundredths."""
    sales = [row for register in evidence.registers for row in register.sales]
    wire = [row.sale for row in sales]
    redemptions = [(sale, sale.redemption) for sale in wire if sale.redemption is not None]
    invariants = evidence.invariants()
    return {
        "ok": all(invariants.values()),
        "seconds": round(seconds, 1),
        "device_delay_ms": delay_ms,
        "sales": len(wire),
        "sales_by_register": {r.name: len(r.sales) for r in evidence.registers},
        "sales_offline": sum(sale.mode == "offline" for sale in wire),
        "identified": sum(sale.member_id is not None for sale in wire),
        "turnover_minor": sum(sale.payable_minor for sale in wire),
        "discount_minor": sum(sale.discount_minor for sale in wire),
        "points_earned": sum(sale.accrual_points for sale in wire),
        "points_redeemed": sum(redemption.points for _, redemption in redemptions),
        "decisions": {
            mode: dict(Counter(r.layer for sale, r in redemptions if sale.mode == mode))
            for mode in ("online", "offline")
        },
        "declined_reasons": dict(
            Counter(r.reason for _, r in redemptions if r.layer == "declined")
        ),
        "print_verdicts": dict(Counter(row.verdict for row in sales)),
        "slips_on_paper": sum(len(register.slips) for register in evidence.registers),
        "outbox_pending": sum(r.status["outbox_pending"] for r in evidence.registers),
        "declined_offline": story.declined,
        "killed_sale": story.killed_sale,
        "restart_s": round(story.restart_s, 2),
        "return": story.returned,
        "went_offline_after_s": round(story.offline_after_s, 2),
        "came_back_after_s": round(story.online_after_s, 2),
        "sales_under_new_rules": {
            register.name: sum(row.sale.ruleset_sequence == 2 for row in register.sales)
            for register in evidence.registers
        },
        "ruleset_active": [r.status["ruleset_active"] for r in evidence.registers],
        "invariants": invariants,
        "faults": [f for r in evidence.registers for f in (*r.paper_faults(), *r.faults)],
        "receipts": pictures,
    }


def _counts(values: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(values.items())) or "none"


def _facts(found: dict[str, Any]) -> list[tuple[str, str]]:
    share = 100 * found["identified"] // max(1, found["sales"])
    registers = _counts(found["sales_by_register"])
    declined, returned = found["declined_offline"], found["return"]
    earned, spent = format_points(found["points_earned"]), format_points(found["points_redeemed"])
    restored = format_points(returned["restored_points"])
    taken = format_points(returned["reversed_points"])
    left, back = found["went_offline_after_s"], found["came_back_after_s"]
    return [
        ("sales", f"{found['sales']}  ({registers}; {found['sales_offline']} offline)"),
        ("identified", f"{found['identified']}  ({share} %)"),
        (
            "turnover / discounts",
            f"{_uah(found['turnover_minor'])} / {_uah(found['discount_minor'])}",
        ),
        ("bonuses earned / redeemed", f"{earned} / {spent}"),
        ("redemptions online", _counts(found["decisions"]["online"])),
        ("redemptions offline", _counts(found["decisions"]["offline"])),
        ("reasons of declines", _counts(found["declined_reasons"])),
        ("declined, for example", f"«{declined['sentence']}»"),
        ("  and still earned", format_points(declined["earned_points"])),
        ("killed in mid-sale", f"{found['killed_sale'][:8]}…, back after {found['restart_s']} s"),
        ("returned", f"{_uah(returned['refund_minor'])}; {restored} restored, {taken} taken back"),
        ("offline noticed / back after", f"{left} s / {back} s"),
        ("rules on the registers", " and ".join(f"№ {n}" for n in found["ruleset_active"])),
        ("sales under the new rules", _counts(found["sales_under_new_rules"])),
        ("paper", f"{_counts(found['print_verdicts'])}; {found['slips_on_paper']} fiscal slips"),
        ("queue", f"{found['outbox_pending']} facts wait"),
        ("printers answer in", f"{found['device_delay_ms']} ms"),
    ]


def table(found: dict[str, Any]) -> str:
    """The table that ends the demo."""
    rows = _facts(found)
    width = max(len(name) for name, _ in rows)
    lines = [f"  {name:<{width}}  {value}" for name, value in rows]
    lines.append("")
    lines += [
        f"  {'✔' if is_true else '✘ BROKEN:'} {_SAID[name]}"
        for name, is_true in found["invariants"].items()
    ]
    lines += [f"    {fault}" for fault in found["faults"]]
    lines += ["", f"  receipts as pictures: {found['receipts']}", f"  took {found['seconds']} s"]
    return "\n".join(lines)


def _uah(amount_minor: int) -> str:
    return f"{format_minor(amount_minor)} ₴"
