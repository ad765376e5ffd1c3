"""Taking a buyer in as a member at the till, and giving a member another card there."""

from __future__ import annotations

import secrets
from datetime import date, datetime

from central.apply import publish
from central.changes import Changes
from central.db.bulk import Connection
from central.deeds import note_deed
from central.errors import BadInput
from central.feed import PHONE
from central.instants import to_text
from central.lookup import look_up
from central.member_lives import rebind
from central.member_rows import feed_name
from central.member_state import MemberState
from loyalty.authorisation.policy import Policy
from loyalty.ids import MAX_MEMBER_ID
from loyalty.ledger import Books
from sync.contract.feed import FeedRow
from sync.contract.joining import CardReply, CardRequest, JoinReply, JoinRequest
from sync.contract.live import LookupRequest
from sync.serving.port import Caller, Refused

_JOIN_LOCK = 260_871


def join(
    connection: Connection, caller: Caller, request: JoinRequest, now: datetime, policy: Policy
) -> JoinReply:
    """Make a member of a phone that is nobody's; a known phone names its member, whose own data
    are not touched by what a till sends."""
    birthday = _day(request.birthday)
    # Two tills that type one number at once make one member.
    connection.execute(
        "select pg_advisory_xact_lock(%s, hashtext(%s))", [_JOIN_LOCK, request.phone]
    )
    if _one(connection, "select member_id from person where phone = %s", request.phone) is not None:
        return JoinReply(
            state="known",
            rows=_rows(connection, caller, request.phone, now, policy),
            server_time=to_text(now),
        )
    card = request.token_key
    if card and _one(connection, "select member_id from token where token_key = %s", card):
        return JoinReply(state="card_taken", server_time=to_text(now))
    member_id = _create(connection, request, birthday, now)
    note_deed(connection, now, caller.register_id, "join", f"member:{member_id}", "at the till")
    rows = _rows(connection, caller, request.phone, now, policy)
    return JoinReply(state="joined", rows=rows, server_time=to_text(now))


def give_card(
    connection: Connection, caller: Caller, request: CardRequest, now: datetime, policy: Policy
) -> CardReply:
    """Bind the new card and let all earlier ones lead nowhere."""
    earlier = connection.execute(
        "select token_key from token where member_id = %s and token_key like 'card:%%'"
        " and token_key <> %s",
        [request.member_id, request.token_key],
    ).fetchall()
    author = f"{request.author} @ {caller.register_id}"[:80]
    try:
        for old in [row[0] for row in earlier] or [""]:
            rebind(
                connection, request.member_id, request.token_key, old, now, author, request.reason
            )
    except BadInput as refused:
        state = "card_taken" if refused.code == "card_taken" else "no_such_member"
        return CardReply.model_validate({"state": state, "server_time": to_text(now)})
    wanted = LookupRequest(token_key=request.token_key)
    rows = look_up(connection, caller, wanted, now, policy).rows
    gone = [
        FeedRow(kind="token", key=row[0], version=_version(connection, row[0]), is_deleted=True)
        for row in earlier
    ]
    return CardReply(state="bound", rows=[*rows, *gone], server_time=to_text(now))


def _version(connection: Connection, key: str) -> int:
    found = _one(connection, "select version from change where kind = 'token' and key = %s", key)
    return found or 1


def _one(connection: Connection, query: str, value: str) -> int | None:
    row = connection.execute(query, [value]).fetchone()
    return None if row is None else int(row[0])


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused(422, "bad_message", "birthday: no such day") from None
    if day is not None and not 1900 <= day.year <= 2100:
        raise Refused(422, "bad_message", "birthday: out of bounds")
    return day


def _create(
    connection: Connection, request: JoinRequest, birthday: date | None, now: datetime
) -> int:
    member_id = secrets.randbelow(MAX_MEMBER_ID) + 1
    name, shown = " ".join(request.name.split()), birthday.strftime("%m-%d") if birthday else None
    connection.execute(
        "insert into member (member_id, feed_name, feed_birthday, created_at)"
        " values (%s, %s, %s, %s)",
        [member_id, feed_name(name), shown, now],
    )
    connection.execute(
        "insert into person (member_id, name, phone, birthday, consent_at)"
        " values (%s, %s, %s, %s, %s)",
        [member_id, name, request.phone, birthday, request.consent_at],
    )
    changes = Changes()
    changes.put(PHONE, str(member_id), {}, member_id=member_id)
    if request.token_key:
        connection.execute(
            "insert into token (token_key, member_id) values (%s, %s)",
            [request.token_key, member_id],
        )
        body = {"member_id": member_id}
        changes.put("token", request.token_key, body, member_id=member_id)
    fresh = MemberState(member_id, Books(member_id), feed_name(name), shown)
    publish(connection, [fresh], now, changes)
    changes.flush(connection)
    return member_id


def _rows(
    connection: Connection, caller: Caller, phone: str, now: datetime, policy: Policy
) -> list[FeedRow]:
    return look_up(connection, caller, LookupRequest(phone=phone), now, policy).rows
