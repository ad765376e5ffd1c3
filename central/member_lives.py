"""What happens to a member by a person's hand: another card, one person with two numbers, a
correction of points. Each is one transaction and one deed: who, what, why.

A merged member keeps their number: registers that are cut off still know it, and leases under it
come back by their own logs. What comes is carried over (`carry_over`), again and again.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from central.apply import publish
from central.changes import CHANNEL, Changes
from central.db.bulk import Connection
from central.deeds import note_deed
from central.errors import BadInput
from central.feed import PHONE
from central.instants import to_text
from central.leases import ask_back, lent_points
from central.member_coupons import MAX_COUPONS
from central.member_state import Cause, MemberState
from central.member_store import load_members
from loyalty import corrections, ledger, lots
from loyalty.ledger import AVAILABLE, OVERDRAFT
from loyalty.lots import NEVER, Slice, Slices

MAX_ADJUSTMENT = 10**9
AT_ONCE = 200

_BIND = """
with gone as (delete from change where kind = 'token' and key = %(key)s returning version)
insert into change (member_id, kind, key, scope, version, is_deleted, body, xid, id)
select %(member)s, 'token', %(key)s, '*', coalesce(max(version), 0) + 1, false,
       jsonb_build_object('member_id', %(member)s::bigint), pg_current_xact_id(), %(id)s from gone
"""
_ABOVE = """
update change set version = (select max(version) + 1 from change
                             where kind = %s and member_id = any(%s))
where kind = %s and member_id = %s
"""
"""Registers know a phone by its token alone, so its new owner's row stands above the old one's."""
_DEEDS = """
select done_at, author, verb, reason from deed where subject = %s order by done_at desc limit 50
"""


def _alive(connection: Connection, *member_ids: int) -> list[MemberState]:
    members = load_members(connection, member_ids)
    for member_id in member_ids:
        if member_id not in members:
            raise BadInput("no_such_member", f"member {member_id} is not known")
        if members[member_id].is_erased:
            raise BadInput("erased", f"member {member_id} is erased")
    return [members[member_id] for member_id in member_ids]


def _merged_into(connection: Connection, member_id: int) -> int | None:
    row = connection.execute(
        "select merged_into from member where member_id = %s", [member_id]
    ).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def show(connection: Connection, member_id: int) -> dict[str, Any]:
    """Points by where they rest, lots, rights, habits and deeds, ready for JSON; no name or phone
    (see `people.export`)."""
    member = load_members(connection, [member_id], lock=False)[member_id]
    tokens = connection.execute(
        "select token_key from token where member_id = %s order by 1", [member_id]
    ).fetchall()
    deeds = connection.execute(_DEEDS, [f"member:{member_id}"]).fetchall()
    sums: dict[str, int] = {}
    for part in (part for parts in member.books.slices.values() for part in parts):
        sums[part.expires_on] = sums.get(part.expires_on, 0) + part.points
    return {
        "member_id": member_id,
        "blocked": member.is_blocked,
        "erased": member.is_erased,
        "merged_into": _merged_into(connection, member_id),
        "tokens": [row[0] for row in tokens],
        "balance_points": member.books.spendable_total,
        "accounts": dict(sorted(member.books.balances.items())),
        "lots": [
            {"points": points, "expires_on": None if day == NEVER else day}
            for day, points in sorted(sums.items())
        ],
        "leases": [
            {
                "lease_id": lease.lease_id,
                "store_id": lease.store_id,
                "state": lease.state,
                "granted_points": lease.granted,
                "returned_points": lease.returned,
            }
            for lease in member.leases.values()
        ],
        "home_store": member.home_store,
        "visits": member.visits,
        "purchases_count": member.purchases_count,
        "deeds": [
            {"at": to_text(at), "author": author, "verb": verb, "reason": reason}
            for at, author, verb, reason in deeds
        ],
    }


# --- cards ------------------------------------------------------------------------------------


def rebind(
    connection: Connection,
    member_id: int,
    to_token: str,
    drop_token: str,
    now: datetime,
    author: str,
    reason: str,
) -> None:
    """Give a member another card (`card:…`), and let a lost one lead nowhere. `BadInput`:
    `card_taken` when the new one is somebody else's, `not_their_card` when the old one is."""
    _alive(connection, member_id)
    owner = _owner(connection, to_token)
    if owner not in (None, member_id):
        raise BadInput("card_taken", "this card is another member's; merge the two instead")
    if drop_token and _owner(connection, drop_token) != member_id:
        raise BadInput("not_their_card", "the card to drop is not this member's")
    if drop_token == to_token:
        raise BadInput("card_taken", "the new card is the old one")
    if owner is None:
        connection.execute(
            "insert into token (token_key, member_id) values (%s, %s)", [to_token, member_id]
        )
        _bind(connection, to_token, member_id, 0)
    changes = Changes()
    if drop_token:
        connection.execute("delete from token where token_key = %s", [drop_token])
        changes.put("token", drop_token, {}, member_id=member_id, is_deleted=True)
    changes.flush(connection)
    note_deed(connection, now, author, "rebind", f"member:{member_id}", reason)


def _owner(connection: Connection, token_key: str) -> int | None:
    row = connection.execute(
        "select member_id from token where token_key = %s", [token_key]
    ).fetchone()
    return None if row is None else int(row[0])


def _bind(connection: Connection, token_key: str, member_id: int, number: int) -> None:
    """The token's one row, under its new owner, with a version above every earlier one: registers
    know the row by its key alone."""
    parameters = {"key": token_key, "member": member_id, "id": 1_000_000 + number}
    connection.execute(_BIND, parameters)
    connection.execute("select pg_notify(%s, '')", [CHANNEL])


# --- one person, two numbers ------------------------------------------------------------------


def merge(
    connection: Connection, source_id: int, target_id: int, now: datetime, author: str, reason: str
) -> int:
    """`source_id` turned out to be `target_id`: cards, phone, habits and what is available go
    over; returns the points that could. Leases and holds of the source come back by log and are
    carried over then. `BadInput`: `same_member`, `merged_already`."""
    if source_id == target_id:
        raise BadInput("same_member", "a member is not merged into themselves")
    source, target = _alive(connection, source_id, target_id)
    for member_id in (source_id, target_id):
        if _merged_into(connection, member_id) is not None:
            raise BadInput("merged_already", f"member {member_id} is merged into another already")
    _move_tokens(connection, source_id, target_id)
    _move_person(connection, source_id, target_id)
    _join_habits(source, target)
    connection.execute(
        "update member set merged_into = %s, is_blocked = true, groups = '{}',"
        " segments = '{}' where member_id = %s",
        [target_id, source_id],
    )
    groups = list(dict.fromkeys((*target.groups, *source.groups)))
    segments = list(dict.fromkeys((*target.segments, *source.segments)))
    connection.execute(
        "update member set groups = %s, segments = %s where member_id = %s",
        [groups, segments, target_id],
    )
    target.groups, source.groups, source.is_blocked = groups, [], True
    target.segments, source.segments = segments, []
    ask_back(source, source.leases.values(), lent_points(source), f"merge:{target_id}")
    points = _carry(source, target, Cause(f"merge:{source_id}:{target_id}:{now.isoformat()}"))
    _publish(connection, [source, target], now)
    for member_id in (source_id, target_id):
        text = f"{reason} ({source_id} into {target_id})"
        note_deed(connection, now, author, "merge", f"member:{member_id}", text)
    return points


def _move_tokens(connection: Connection, source_id: int, target_id: int) -> None:
    rows = connection.execute(
        "update token set member_id = %s where member_id = %s returning token_key",
        [target_id, source_id],
    ).fetchall()
    for number, (token_key,) in enumerate(sorted(rows)):
        _bind(connection, token_key, target_id, number)


def _move_person(connection: Connection, source_id: int, target_id: int) -> None:
    """The phone goes over where the target has none; otherwise it leads nowhere any more."""
    row = connection.execute(
        "select phone from person where member_id = %s and phone is not null", [source_id]
    ).fetchone()
    if row is None:
        return
    connection.execute(
        "update person set phone = null, former_phones = array_append(former_phones, phone)"
        " where member_id = %s",
        [source_id],
    )
    connection.execute(
        "update person set phone = %s where member_id = %s and phone is null", [row[0], target_id]
    )
    changes = Changes()
    for member_id in (source_id, target_id):
        body = {"merged": [source_id, target_id]}
        changes.put(PHONE, str(member_id), body, member_id=member_id)
    changes.flush(connection)
    connection.execute(_ABOVE, [PHONE, [source_id, target_id], PHONE, target_id])


def _join_habits(source: MemberState, target: MemberState) -> None:
    for store, count in source.visits.items():
        target.visits[store] = target.visits.get(store, 0) + count
    target.purchases_count += source.purchases_count
    newest = sorted((*target.purchases, *source.purchases), key=lambda p: str(p["at"]))
    target.purchases = newest[::-1][: len(target.purchases) or 5]
    target.coupons = [*target.coupons, *source.coupons][-MAX_COUPONS:]
    target.home_store = target.home_store or source.home_store
    source.visits, source.purchases, source.coupons, source.purchases_count = {}, [], [], 0
    source.touch("member")
    target.touch("member")


def _carry(source: MemberState, target: MemberState, cause: Cause) -> int:
    """Available points go over with their expiry, and the target pays what the source owes."""
    parts = source.books.at(AVAILABLE)
    _transfer(source, target, parts, cause)
    owed = min(-source.books.balance(OVERDRAFT), target.books.balance(AVAILABLE))
    _transfer(target, source, lots.take_up_to(target.books.at(AVAILABLE), owed), cause)
    return lots.total(parts)


def _transfer(giver: MemberState, taker: MemberState, parts: Slices, cause: Cause) -> None:
    if parts:
        giver.post(corrections.transfer_out(giver.books, giver.next_id(cause), parts), cause)
        taker.post(corrections.transfer_in(taker.books, taker.next_id(cause), parts), cause)
        taker.post(ledger.repay(taker.books, taker.next_id(cause)), cause)


def carry_over(connection: Connection, now: datetime) -> int:
    """What has come to merged members since goes on to the others; how many. One transaction."""
    rows = connection.execute(
        "select m.member_id, m.merged_into from member m join account a"
        " on a.member_id = m.member_id and a.account = 'available'"
        " where m.merged_into is not null and a.balance > 0 order by 1 limit %s",
        [AT_ONCE],
    ).fetchall()
    members = load_members(connection, {each for row in rows for each in row})
    for source_id, target_id in rows:
        cause = Cause(f"carry:{source_id}:{uuid.uuid4()}")
        _carry(members[source_id], members[target_id], cause)
    if members:
        _publish(connection, list(members.values()), now)
    return len(rows)


# --- corrections ------------------------------------------------------------------------------


def adjust(
    connection: Connection,
    member_id: int,
    points: int,
    expires_on: date | None,
    now: datetime,
    author: str,
    reason: str,
) -> None:
    """Give points (a new lot) or take available ones, in hundredths. `BadInput`: `bad_points`,
    `not_enough` when fewer are available."""
    if not points or abs(points) > MAX_ADJUSTMENT:
        raise BadInput("bad_points", "an adjustment is over zero and at most ten million bonuses")
    (member,) = _alive(connection, member_id)
    cause = Cause(f"adjust:{now.isoformat()}")
    entry_id = member.next_id(cause)
    if points > 0:
        until = expires_on.isoformat() if expires_on else NEVER
        lot = Slice(f"adjust.{entry_id}", points, until)
        member.post(corrections.give(member.books, entry_id, lot), cause)
    elif -points > member.books.balance(AVAILABLE):
        there = member.books.balance(AVAILABLE) / 100
        raise BadInput("not_enough", f"{there:.2f} bonuses are available; leases hold the rest")
    else:
        member.post(corrections.take(member.books, entry_id, -points), cause)
    member.post(ledger.repay(member.books, member.next_id(cause)), cause)
    _publish(connection, [member], now)
    text = f"{reason} ({points / 100:+.2f})"
    note_deed(connection, now, author, "adjust", f"member:{member_id}", text)


def annul(
    connection: Connection, before: datetime, now: datetime, author: str, reason: str
) -> tuple[int, int]:
    """Points of members who have bought nothing since an instant run out, of some members at a
    time: (members, points). What is held, lent or in a purse waits. Repeating changes nothing."""
    rows = connection.execute(
        "select m.member_id from member m join account a"
        " on a.member_id = m.member_id and a.account = 'available' and a.balance > 0"
        " where coalesce((m.purchases->0->>'at')::timestamptz, m.created_at) < %s"
        " order by m.member_id limit %s",
        [before, AT_ONCE],
    ).fetchall()
    members = load_members(connection, {row[0] for row in rows})
    points = 0
    for member in members.values():
        points += member.books.balance(AVAILABLE)
        cause = Cause(f"annul:{before.isoformat()}:{now.isoformat()}")
        member.post(corrections.annul(member.books, member.next_id(cause)), cause)
        note_deed(connection, now, author, "annul", f"member:{member.member_id}", reason)
    if members:
        _publish(connection, list(members.values()), now)
    return len(members), points


def _publish(connection: Connection, members: list[MemberState], now: datetime) -> None:
    changes = Changes()
    publish(connection, members, now, changes)
    changes.flush(connection)
