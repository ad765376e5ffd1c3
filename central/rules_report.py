"""Which register runs which rules, and what a promotion has given since it went wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from central import reports, rules, rules_stop
from central.db.bulk import Connection
from central.instants import to_text

ONLINE_S = 90
_CLOCK_SLACK = timedelta(days=1)
MAX_LISTED = 1_000

_SALES = """
select body from inbox
where kind = 'sale' and state <> 'quarantined' and received_at >= %(since)s
  and position(convert_to(%(name)s, 'UTF8') in body) > 0
order by received_at, register_id, epoch, seq
"""
_UNDONE = """
select kind, body from inbox
where kind in ('sale_voided', 'sale_return') and state <> 'quarantined' and received_at >= %(since)s
"""


def status(connection: Connection, now: datetime, online_s: int = ONLINE_S) -> dict[str, Any]:
    """What is in force, and how each register stands to it.

    `state` of a register: `ok`, `lags` (heard of within `online_s` seconds, and not there yet),
    `offline`, `revoked`. `ok` of the whole is false while one lags."""
    published = rules.history(connection)
    stops = rules_stop.in_force(connection)
    sequence = published[0]["sequence"] if published else 0
    registers = [
        _register(each, sequence, stops.sequence, now - timedelta(seconds=online_s))
        for each in reports.status(connection)["registers"]
    ]
    return {
        "ok": all(each["state"] != "lags" for each in registers),
        "active_sequence": sequence,
        "kill_list": stops.sequence,
        "stopped": [each.model_dump() for each in stops.stopped],
        "registers": registers,
        "published": published,
        "kill_lists": rules_stop.history(connection),
    }


def _register(
    row: dict[str, Any], sequence: int, kill_list: int, heard_since: datetime
) -> dict[str, Any]:
    shown = (
        *("register_id", "store_id", "last_seen_at", "ruleset_active", "ruleset_downloaded"),
        *("ruleset_refused", "kill_list_active", "kill_list_refused"),
    )
    found = {name: row.get(name) for name in shown}
    runs_all = (row["ruleset_active"] or 0) >= sequence and (
        row.get("kill_list_active") or 0
    ) >= kill_list
    seen_at = row["last_seen_at"]
    if row["revoked"]:
        found["state"] = "revoked"
    elif seen_at is None or datetime.fromisoformat(seen_at) < heard_since:
        found["state"] = "offline"
    else:
        found["state"] = "ok" if runs_all else "lags"
    return found


# --- what a promotion has given ---------------------------------------------------------------


@dataclass(slots=True)
class Given:
    """Sales on which a promotion acted: kopecks taken off, hundredths of a bonus earned.

    `voided` and `returned` sales are among `sales`, with their money: what left the till."""

    sales: int = 0
    amount_minor: int = 0
    points: int = 0
    payable_minor: int = 0
    voided: int = 0
    returned: int = 0

    def add(self, amount_minor: int, points: int, payable_minor: int, undone: str) -> None:
        """One more sale."""
        self.sales += 1
        self.amount_minor += amount_minor
        self.points += points
        self.payable_minor += payable_minor
        self.voided += undone == "sale_voided"
        self.returned += undone == "sale_return"


@dataclass(slots=True)
class _Sums:
    total: Given = field(default_factory=Given)
    stores: dict[str, Given] = field(default_factory=dict)
    sales: list[dict[str, Any]] = field(default_factory=list)


def affected(connection: Connection, promotion_id: str, since: datetime) -> dict[str, Any]:
    """Sales since an aware instant (of the sale itself) on which the promotion acted, from the
    facts as registers sent them; `sales` lists at most `MAX_LISTED`, the sums hold all."""
    undone = _undone(connection, since)
    sums = _Sums()
    for sale in _sales(connection, promotion_id, since):
        amount = _sum(sale.get("promotions"), promotion_id, "amount_minor")
        points = _sum(sale.get("accruals"), promotion_id, "points")
        if amount is None and points is None:
            continue
        state = undone.get(sale["sale_id"], "")
        figures = (amount or 0, points or 0, int(sale["payable_minor"]), state)
        sums.total.add(*figures)
        sums.stores.setdefault(sale["store_id"], Given()).add(*figures)
        if len(sums.sales) < MAX_LISTED:
            sums.sales.append(_listed(sale, *figures))
    return {
        "promotion_id": promotion_id,
        "since": to_text(since),
        "total": asdict(sums.total),
        "stores": {name: asdict(given) for name, given in sorted(sums.stores.items())},
        "sales": sums.sales,
    }


def _sales(connection: Connection, promotion_id: str, since: datetime) -> Iterator[dict[str, Any]]:
    """Sales that name the promotion and happened since. A register's clock may be ahead, so the
    look begins a day earlier by the centre's."""
    parameters = {"since": since - _CLOCK_SLACK, "name": json.dumps(promotion_id)}
    with connection.transaction(), connection.cursor("affected") as cursor:
        cursor.itersize = 1_000
        cursor.execute(_SALES, parameters)
        for (body,) in cursor:
            sale = json.loads(bytes(body))
            if datetime.fromisoformat(sale["occurred_at"]) >= since:
                yield sale


def _undone(connection: Connection, since: datetime) -> dict[str, str]:
    """Sales that were voided or brought back later, by id."""
    found: dict[str, str] = {}
    with connection.transaction(), connection.cursor("undone") as cursor:
        cursor.itersize = 1_000
        cursor.execute(_UNDONE, {"since": since - _CLOCK_SLACK})
        for kind, body in cursor:
            found[json.loads(bytes(body))["sale_id"]] = kind
    return found


def _sum(items: Any, promotion_id: str, figure: str) -> int | None:
    """What the promotion gave on one sale; None when it is not among them."""
    found = [item[figure] for item in items or [] if item["promotion_id"] == promotion_id]
    return sum(found) if found else None


def _listed(
    sale: dict[str, Any], amount: int, points: int, payable: int, undone: str
) -> dict[str, Any]:
    return {
        "sale_id": sale["sale_id"],
        "store_id": sale["store_id"],
        "register_id": sale["register_id"],
        "occurred_at": sale["occurred_at"],
        "member_id": sale.get("member_id"),
        "amount_minor": amount,
        "points": points,
        "payable_minor": payable,
        "undone": undone,
    }
