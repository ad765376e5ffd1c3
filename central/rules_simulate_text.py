"""A dry run for people: a bar while it goes, tables when it is done."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from central.rules_words import money
from central.tables import table

BAR = 30
SHOWN = 20
_STEP_S = 0.1


def progress() -> Callable[[int, int], None]:
    """A bar on stderr when somebody is watching."""
    if not sys.stderr.isatty():
        return lambda _done, _size: None
    started = shown = time.monotonic()

    def show(done: int, size: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if done < size and now - shown < _STEP_S:
            return
        shown = now
        filled = BAR * done // size if size else BAR
        percent = 100 * done // size if size else 100
        bar = "#" * filled + "." * (BAR - filled)
        end = "\n" if done >= size else ""
        line = f"\r[{bar}] {percent:3d} %  {now - started:5.1f} s"
        print(line, end=end, file=sys.stderr, flush=True)

    return show


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The result as tables."""
    total = found["total"]
    yield f"{found['rules']} ({found['promotions']} promotions) beside {found['against']}"
    yield (
        f"{total['receipts']} receipts of UAH {money(total['gross_minor'])}: a promotion acts on"
        f" {total['acted']}, {total['changed']} differ; cost UAH {money(total['cost_minor'])}"
    )
    yield ""
    columns = ("store", "receipts", "acted", "differ", "gross", "discount", "bonuses", "cost")
    stores = sorted(found["stores"].items(), key=lambda each: -abs(each[1]["cost_minor"]))
    rows = [_part_row(name, part) for name, part in stores[:SHOWN]]
    rows.append(_part_row("total", total))
    yield from table(columns, rows, right=columns[1:])
    if len(stores) > SHOWN:
        yield f"and {len(stores) - SHOWN} more stores that differ less (--json shows them)"
    yield from _given(found["given"])
    yield from _changes(found["changes"])
    yield from _floors(found["floor_breaches"])
    if found["not_answered"]:
        names = ", ".join(found["not_answered"][:SHOWN])
        yield f"not judged, for receipts do not tell the member's data: {names}"
    broken = found["broken"]
    if broken["count"]:
        yield f"{broken['count']} lines could not be read:"
        yield from (f"    {each['file']}:{each['line']}: {each['why']}" for each in broken["first"])


def _part_row(name: str, part: dict[str, Any]) -> tuple[object, ...]:
    return (
        *(name, part["receipts"], part["acted"], part["changed"], money(part["gross_minor"])),
        *(money(part["after"]["discount_minor"]), money(part["after"]["points"])),
        money(part["cost_minor"]),
    )


def _given(given: list[dict[str, Any]]) -> Iterator[str]:
    if not given:
        return
    yield ""
    columns = ("promotion", "receipts", "discount", "bonuses", "capped", "at floor", "trial")
    rows = [
        (
            *(each["promotion_id"], each["after"]["receipts"]),
            *(money(each["after"]["amount_minor"]), money(each["after"]["points"])),
            *(each["after"]["capped"], each["after"]["floored"], each["after"]["trial"]),
            *(each["before"]["receipts"], money(each["before"]["amount_minor"])),
            money(each["before"]["points"]),
        )
        for each in given[:SHOWN]
    ]
    before = ("receipts before", "discount before", "bonuses before")
    yield from table((*columns, *before), rows, right=(*columns[1:], *before))
    if len(given) > SHOWN:
        yield f"and {len(given) - SHOWN} more promotions (--json shows them)"


def _changes(changes: list[dict[str, Any]]) -> Iterator[str]:
    if not changes:
        return
    yield ""
    columns = ("biggest changes", "store", "at", "paid before", "paid after", "earned", "earns")
    rows = [
        (
            *(each["sale_id"], each["store_id"], each["occurred_at"]),
            *(money(each["payable_before"]), money(each["payable_after"])),
            *(money(each["points_before"]), money(each["points_after"])),
        )
        for each in changes
    ]
    yield from table(columns, rows, right=columns[3:])


def _floors(breaches: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield ""
    after, before = breaches["after"], breaches["before"]
    yield f"lines below their floor: {after['count']}, before {before['count']}"
    for each in after["first"]:
        yield (
            f"    {each['sale_id']} line {each['line_id']} ({each['sku']}):"
            f" {money(each['paid_minor'])} under {money(each['floor_minor'])}"
        )
