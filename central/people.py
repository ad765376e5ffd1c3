"""One person at the centre: what is known of them, and how they are forgotten.

Names and phone numbers stand in the table `person` alone; hash-chained bodies and the ledger know
a member by number. Erasing takes the person, their cards and what they bought out of the present
rows; the ledger keeps amounts under a number that leads nowhere, so every chain still verifies.
Registers drop the member's row with the next page of the feed, and tokens, which no deletion row
may repeat, when their hourly checksums differ from the centre's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from central.apply import publish
from central.changes import Changes
from central.db.bulk import Connection
from central.deeds import note_deed
from central.denials import put_deny
from central.errors import BadInput
from central.instants import to_text
from central.member_store import load_members

ERASED_FILE = "erased.ids"
"""In the data folder: numbers of erased members, so that a restored backup forgets them again."""
_TRACES = ("person", "token", "member", "change")

_ABOUT = {
    "member": "select * from member where member_id = %s",
    "person": "select * from person where member_id = %s",
    "tokens": "select token_key from token where member_id = %s order by 1",
    "accounts": "select account, balance from account where member_id = %s order by 1",
    "lots": "select * from lot where member_id = %s order by expires_on, lot_id",
    "entries": (
        "select e.entry_id, e.kind, e.posted_at, e.register_id, e.store_id, e.subject_id,"
        " l.account, l.amount from entry e join leg l on l.member_id = e.member_id"
        " and l.entry_id = e.entry_id where e.member_id = %s order by e.posted_at, e.entry_id"
    ),
    "holds": "select * from hold where member_id = %s order by created_at",
    "leases": "select * from lease where member_id = %s order by lease_id",
    "sales": "select * from sale where member_id = %s order by register_id, epoch, seq",
}
_FACTS = """
select i.kind, i.received_at, i.body from subject s
join inbox i on i.register_id = s.register_id and i.epoch = s.epoch and i.seq = s.seq
where s.member_id = %s order by i.received_at, i.register_id, i.epoch, i.seq
"""


def find(connection: Connection, *, member_id: int | None, card: str, phone: str) -> int:
    """The member meant by a number, card or phone; `BadInput` when there is none."""
    if member_id is not None:
        query, value = "select member_id from member where member_id = %s", str(member_id)
    elif card:
        query, value = "select member_id from token where token_key = %s", f"card:{card}"
    else:
        query, value = "select member_id from person where phone = %s", phone
    row = connection.execute(query, [value]).fetchone()
    if row is None:
        raise BadInput("no_such_member", "no member is known under this number, card or phone")
    return int(row[0])


def export(connection: Connection, member_id: int, now: datetime) -> dict[str, Any]:
    """Everything that is kept about a person, ready for JSON. Facts whose bodies have been
    retired are in the ledger's entries only."""
    about: dict[str, Any] = {"member_id": member_id, "exported_at": to_text(now)}
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        for name, query in _ABOUT.items():
            cursor = connection.execute(query, [member_id])
            titles = [column.name for column in cursor.description or ()]
            about[name] = [
                {title: _plain(value) for title, value in zip(titles, row, strict=True)}
                for row in cursor.fetchall()
            ]
        about["facts"] = [
            {"kind": kind, "received_at": to_text(at), "body": json.loads(bytes(body))}
            for kind, at, body in connection.execute(_FACTS, [member_id]).fetchall()
        ]
    return about


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, int | str | list | dict | bool | None) else str(value)


def block(
    connection: Connection, member_id: int, now: datetime, author: str, reason: str, *, on: bool
) -> None:
    """Let a member spend nothing and get no leases, or let them again. One transaction."""
    members = load_members(connection, [member_id])
    if member_id not in members:
        raise BadInput("no_such_member", f"member {member_id} is not known")
    member = members[member_id]
    if member.is_erased:
        raise BadInput("erased", f"member {member_id} is erased")
    connection.execute("update member set is_blocked = %s where member_id = %s", [on, member_id])
    member.is_blocked = on
    changes = Changes()
    publish(connection, [member], now, changes)
    put_deny(changes, member, now, anew=True)
    changes.flush(connection)
    note_deed(connection, now, author, "block" if on else "unblock", f"member:{member_id}", reason)


def erase(connection: Connection, member_id: int, now: datetime, author: str, reason: str) -> bool:
    """Forget a person. One transaction; False when they were forgotten before."""
    members = load_members(connection, [member_id])
    if member_id not in members:
        raise BadInput("no_such_member", f"member {member_id} is not known")
    if members[member_id].is_erased:
        return False
    _forget(connection, member_id, now)
    note_deed(connection, now, author, "erase", f"member:{member_id}", reason)
    return True


def _forget(connection: Connection, member_id: int, now: datetime) -> None:
    connection.execute("delete from person where member_id = %s", [member_id])
    connection.execute("delete from token where member_id = %s", [member_id])
    connection.execute(
        "update member set feed_name = '', feed_birthday = null, tier = '', groups = '{}',"
        " segments = '{}', is_blocked = true, home_store = null, purchases_count = 0,"
        " purchases = '[]', coupons = '[]', erased_at = %s where member_id = %s",
        [now, member_id],
    )
    connection.execute(
        "delete from change where member_id = %s and kind in ('token', 'phone')", [member_id]
    )
    changes = Changes()
    changes.put("member", str(member_id), {}, member_id=member_id, is_deleted=True)
    changes.flush(connection)


def erase_again(connection: Connection, member_ids: Iterable[int], now: datetime) -> int:
    """After a restore: forget those who had been forgotten; how many there were."""
    count = 0
    for member_id in member_ids:
        member = load_members(connection, [member_id]).get(member_id)
        if member is not None and not member.is_erased:
            _forget(connection, member_id, now)
            count += 1
    return count


def wipe_traces(connection: Connection) -> None:
    """Give the space of deleted rows back, so that their bytes are overwritten. Autocommit."""
    for table in _TRACES:
        connection.execute(f"vacuum {table}".encode())


def remember_erased(data_dir: Path, member_id: int) -> None:
    """Write the number down outside the database, durably and before the erasure itself."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(data_dir / ERASED_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, f"{member_id}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
