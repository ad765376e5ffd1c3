"""Finding a member for a register that does not know them."""

from __future__ import annotations

import re
import uuid
from datetime import datetime

from central.apply import publish
from central.changes import Changes
from central.counter_plan import Visit, lend_by_visits
from central.db.bulk import Connection
from central.feed import PHONE, serve_rows
from central.forgotten_purses import kept_back
from central.instants import to_text
from central.leases import ensure_leases, tills_of
from central.member_state import Cause
from central.member_store import load_members
from loyalty.authorisation.policy import Policy
from sync.contract.feed import FeedRow
from sync.contract.live import LookupReply, LookupRequest
from sync.serving.port import Caller, Refused

_PHONE = re.compile(r"\+[1-9][0-9]{7,14}")
_TOKEN = re.compile(r"(card|qr):[0-9A-Za-z]{1,100}")


def look_up(
    connection: Connection,
    caller: Caller,
    request: LookupRequest,
    now: datetime,
    policy: Policy,
) -> LookupReply:
    """The member's rows as the caller's feed would show them; their leases at the caller's store
    are topped up first."""
    member_id = _find(connection, request)
    members = load_members(connection, [member_id]) if member_id else {}
    if member_id is None or member_id not in members:
        return LookupReply(found=False, server_time=to_text(now))
    member = members[member_id]
    cause = Cause(f"lookup:{uuid.uuid4()}", caller.register_id, caller.store_id)
    tills = tills_of(connection, caller.store_id, now)
    kept = kept_back(connection)
    ensure_leases(member, caller.store_id, tills, cause, policy, kept)
    changes = Changes()
    if member.postings or member.touched:
        publish(connection, [member], now, changes)
    visit = Visit(member_id, caller.store_id, caller.register_id)
    lend_by_visits(connection, changes, members, [visit], {caller.store_id: tills}, policy)
    changes.flush(connection)
    rows = _rows(connection, caller, member_id)
    return LookupReply(found=True, rows=rows, server_time=to_text(now))


def _find(connection: Connection, request: LookupRequest) -> int | None:
    if bool(request.token_key) == bool(request.phone):
        raise Refused(422, "bad_message", "give either token_key or phone")
    if request.phone:
        if not _PHONE.fullmatch(request.phone):
            raise Refused(422, "bad_message", "phone: E.164 is expected, such as +380501234567")
        query, value = "select member_id from person where phone = %s", request.phone
    elif not _TOKEN.fullmatch(request.token_key):
        raise Refused(422, "bad_message", "token_key: card:… or qr:…; phones go by number")
    else:
        query, value = "select member_id from token where token_key = %s", request.token_key
    row = connection.execute(query, [value]).fetchone()
    return None if row is None else int(row[0])


def _rows(connection: Connection, caller: Caller, member_id: int) -> list[FeedRow]:
    found = connection.execute(
        "select kind, key, version, is_deleted, body, xid::text::bigint, id, member_id from change"
        " where member_id = %s and kind in"
        " ('member', 'token', 'lease', 'counter_lease', 'deny', %s)"
        " and scope = any(%s) order by xid, id",
        [
            member_id,
            PHONE,
            ["*", f"store:{caller.store_id}", f"register:{caller.register_id}"],
        ],
    ).fetchall()
    return serve_rows(connection, caller, found)
