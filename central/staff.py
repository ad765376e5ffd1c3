"""Who works at the tills: told to the registers by the feed, PINs as slow hashes alone.

The rows of the feed are the list itself; a PIN is known to nobody once it was typed.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from central.changes import EVERYONE, Changes
from central.db.bulk import Connection
from central.deeds import note_deed
from central.errors import BadInput
from central.member_rows import feed_name
from sync.contract.staff import SALT_BYTES, FeedStaff, Role, badge_digest, is_pin, pin_verifier

STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Listed:
    """A person and where they work ("" for every store)."""

    row: FeedStaff
    store_id: str


def put(
    connection: Connection,
    cashier_id: str,
    name: str,
    role: Role,
    now: datetime,
    author: str,
    reason: str,
    *,
    store_id: str = "",
    pin: str = "",
    badge: str = "",
) -> FeedStaff:
    """Add a person, or change them; without `pin` or `badge` the one they have stays.

    `BadInput`: `bad_staff` (id, PIN of 4 to 12 digits), `other_store` (remove them there first, so
    that its registers hear of it)."""
    known = find(connection, cashier_id)
    if known is not None and known.store_id != store_id:
        raise BadInput("other_store", f"{cashier_id} works elsewhere: remove them there first")
    if pin and not is_pin(pin):
        raise BadInput("bad_staff", "a PIN has 4 to 12 digits")
    before = known.row if known else None
    try:
        row = FeedStaff(
            cashier_id=cashier_id,
            name=feed_name(name),
            role=role,
            pin=pin_verifier(pin, os.urandom(SALT_BYTES)) if pin else before.pin if before else "",
            badge=badge_digest(badge) if badge else before.badge if before else "",
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadInput("bad_staff", f"{first['loc'][0]}: {first['msg']}") from None
    _say(connection, cashier_id, row, store_id)
    note_deed(connection, now, author, "staff", f"staff:{cashier_id}", f"{reason} ({role})")
    return row


def remove(
    connection: Connection, cashier_id: str, now: datetime, author: str, reason: str
) -> None:
    """The person signs in nowhere any more; `BadInput` `no_such_staff`."""
    known = find(connection, cashier_id)
    if known is None:
        raise BadInput("no_such_staff", f"nobody is listed as {cashier_id}")
    _say(connection, cashier_id, None, known.store_id)
    note_deed(connection, now, author, "staff", f"staff:{cashier_id}", f"{reason} (removed)")


def listed(connection: Connection) -> list[Listed]:
    """Everybody, by id."""
    rows = connection.execute(
        "select body, scope from change where member_id = 0 and kind = %s and not is_deleted"
        " order by key",
        [STAFF],
    ).fetchall()
    return [Listed(FeedStaff.model_validate(body), scope.partition(":")[2]) for body, scope in rows]


def find(connection: Connection, cashier_id: str) -> Listed | None:
    """One person."""
    return next((one for one in listed(connection) if one.row.cashier_id == cashier_id), None)


def _say(connection: Connection, cashier_id: str, row: FeedStaff | None, store_id: str) -> None:
    changes = Changes()
    scope = f"store:{store_id}" if store_id else EVERYONE
    body = row.model_dump(mode="json") if row else {}
    changes.put(STAFF, cashier_id, body, scope=scope, is_deleted=row is None)
    changes.flush(connection)
