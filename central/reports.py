"""What the centre tells people: the state of every register, and sales as they were sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from central.db.bulk import Connection
from central.instants import to_text

_REGISTERS = """
select r.register_id, r.store_id, r.epoch, r.revoked_at, p.last_seen_at, p.heartbeat_at,
       p.heartbeat, coalesce(p.gaps, 0), coalesce(p.last_gap, ''), coalesce(e.head_seq, 0)
from register r
left join register_report p on p.register_id = r.register_id
left join register_epoch e on e.register_id = r.register_id and e.epoch = r.epoch
order by r.store_id, r.register_id
"""


def status(connection: Connection) -> dict[str, Any]:
    """Registers, the active ruleset and counts, as one JSON-able dictionary."""
    forks = _counts(connection, "select register_id, count(*) from fork group by register_id")
    quarantined = _counts(
        connection,
        "select register_id, count(*) from fact where state = 'quarantined' group by register_id",
    )
    parked = _counts(connection, "select register_id, count(*) from parked group by register_id")
    registers = []
    for row in connection.execute(_REGISTERS).fetchall():
        register = _register(row)
        name = register["register_id"]
        register["forks"] = forks.get(name, 0)
        register["quarantined"] = quarantined.get(name, 0)
        register["parked"] = parked.get(name, 0)
        registers.append(register)
    return {
        "ruleset_sequence": _number(connection, "select coalesce(max(sequence), 0) from bundle"),
        "members": _number(connection, "select count(*) from member"),
        "registers": registers,
    }


def _register(row: tuple[Any, ...]) -> dict[str, Any]:
    register_id, store_id, epoch, revoked_at, seen_at, beat_at, beat, gaps, last_gap, head = row
    beat = beat or {}
    return {
        "register_id": register_id,
        "store_id": store_id,
        "epoch": epoch,
        "revoked": revoked_at is not None,
        "last_seen_at": to_text(seen_at) if seen_at else None,
        "heartbeat_at": to_text(beat_at) if beat_at else None,
        "agent_version": beat.get("agent_version", ""),
        "outbox_pending": beat.get("outbox_pending"),
        "last_seq": beat.get("last_seq"),
        "head_seq": head,
        "gaps": gaps,
        "last_gap": last_gap,
        "ruleset_active": beat.get("ruleset_active"),
        "ruleset_downloaded": beat.get("ruleset_downloaded"),
        "ruleset_refused": beat.get("ruleset_refused", ""),
        "kill_list_active": beat.get("kill_list_active"),
        "kill_list_refused": beat.get("kill_list_refused", ""),
        "register_quarantined": beat.get("quarantined"),
        "clock_offset_ms": beat.get("clock_offset_ms"),
        "devices": beat.get("devices", {}),
        "storage": beat.get("storage"),
    }


def _counts(connection: Connection, query: str) -> dict[str, int]:
    return {name: int(count) for name, count in connection.execute(query)}


def _number(connection: Connection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def sales(connection: Connection, since: datetime | None) -> Iterator[str]:
    """Bodies of sales received at or after `since`, oldest first, one line of JSON each.

    Quarantined sales are left out: nobody has understood them yet."""
    query = (
        "select body from inbox where kind = 'sale' and state <> 'quarantined'"
        " and (%(since)s::timestamptz is null or received_at >= %(since)s)"
        " order by received_at, register_id, epoch, seq"
    )
    with connection.transaction(), connection.cursor("sales") as cursor:
        cursor.itersize = 1_000
        cursor.execute(query, {"since": since})
        for (body,) in cursor:
            text = bytes(body).decode()
            if "\n" in text or "\r" in text:
                text = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
            yield text


def balances(connection: Connection) -> Iterator[str]:
    """Every member's points summed from the ledger's legs themselves, one line of JSON each.

    Hundredths of a bonus: available, held and leased, less overdraft; not pending."""
    query = (
        "select m.member_id, coalesce(sum(l.amount), 0)::bigint from member m"
        " left join leg l on l.member_id = m.member_id and (l.account in"
        " ('available', 'held', 'overdraft') or l.account like 'lease:%'"
        " or l.account like 'purse:%')"
        " group by m.member_id order by m.member_id"
    )
    with connection.transaction(), connection.cursor("balances") as cursor:
        cursor.itersize = 10_000
        cursor.execute(query)
        for member_id, points in cursor:
            yield json.dumps({"member_id": member_id, "balance_points": points})
