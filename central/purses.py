"""Signed purses: points taken out of what is available and shown as a QR by the member's page.

One purse of a member is open at a time. A new code renews the same serial, so that a member has
one right, however often the page is opened. The points come back only when every life of every
register of the named stores has logged that it takes none that ended so early (condition B3), a
replaced life too, or a person has settled it. The clock here says when to ask, and nothing more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from central.apply import publish
from central.changes import Changes
from central.db.bulk import Connection
from central.errors import BadInput
from central.forgotten_purses import expected_until, kept_back
from central.instants import to_text
from central.keys import SigningKey
from central.leases import is_restoring, lent_points, rank_of
from central.member_state import Cause, MemberState
from central.member_store import load_members
from central.purse_floors import NEVER_AGAIN
from loyalty import ledger
from loyalty.authorisation.conditions import b3_logged
from loyalty.authorisation.policy import Policy, purse_value
from loyalty.ledger import OVERDRAFT, purse_place
from loyalty.purse import Claim, key_tag, store_tag
from loyalty.purse import issue as signed_text
from sync.contract.rights import FeedPurseFloor, PurseReply, PurseRequest
from sync.contract.signing import public_key_of, sign_purse

ASK_AFTER_MIN = 10
"""Minutes after a purse has ended before its stores are asked: their clocks may be behind."""
AT_ONCE = 200

_OPEN = """
select serial, points, not_after_min, stores from purse
where member_id = %s and state = 'open' order by serial desc limit 1
"""
_RENEW = """
update purse set not_before_min = %s, not_after_min = greatest(not_after_min, %s), is_moving = %s
where member_id = %s and serial = %s
"""
_NEW = """
insert into purse (member_id, serial, points, not_before_min, not_after_min, stores, is_moving,
                   state, issued_at)
values (%s, %s, %s, %s, %s, %s, %s, 'open', %s)
"""
_FLOORS = """
select r.store_id, min(coalesce(f.floor_min, 0)) from register_epoch e
join register r on r.register_id = e.register_id
left join purse_floor f on f.register_id = e.register_id and f.epoch = e.epoch
group by r.store_id
"""
_READY = """
with floor (store_id, minute) as (select * from unnest(%(stores)s::text[], %(floors)s::bigint[]))
select member_id, serial, points, not_after_min, stores from purse
where state = 'open' and not_after_min <= %(highest)s and not exists (
    select 1 from floor where floor.minute < purse.not_after_min
    and (cardinality(purse.stores) = 0 or floor.store_id = any(purse.stores)))
order by not_after_min limit %(limit)s
"""


@dataclass(frozen=True, slots=True)
class _Purse:
    serial: int
    points: int
    not_after_min: int
    stores: list[str]


def minute_of(now: datetime) -> int:
    """Minutes since 1970 UTC."""
    return int(now.timestamp()) // 60


# --- issuing ----------------------------------------------------------------------------------


def issue(
    connection: Connection, key: SigningKey, request: PurseRequest, now: datetime, policy: Policy
) -> PurseReply:
    """A code for the member's page: of the open purse, else of a new one. One transaction.

    `BadInput`: `no_such_member`, `no_such_store`, `store_tags_collide`."""
    member = _member(connection, request)
    refusal = _refusal(connection, member, now, policy)
    if refusal:
        return PurseReply(reason=refusal, server_time=to_text(now))
    row = connection.execute(_OPEN, [member.member_id]).fetchone()
    purse = _Purse(*row) if row else _fill(connection, member, request, now, policy)
    if isinstance(purse, str):
        return PurseReply(reason=purse, server_time=to_text(now))
    if not member.books.balance(purse_place(purse.serial)):
        return PurseReply(reason="no_points", serial=purse.serial, server_time=to_text(now))
    start, life = minute_of(now), policy.purse_life_min
    connection.execute(
        _RENEW, [start, start + life, bool(request.chain_end), member.member_id, purse.serial]
    )
    claim = Claim(
        key_tag=key_tag(public_key_of(key.private_key)),
        serial=purse.serial,
        member_id=member.member_id,
        points=purse.points,
        not_before_min=start,
        life_min=life,
        stores=tuple(store_tag(store) for store in purse.stores),
        chain_end=bytes.fromhex(request.chain_end),
    )
    return PurseReply(
        text=signed_text(claim, lambda message: sign_purse(key.private_key, message)),
        serial=purse.serial,
        points=purse.points,
        not_before_min=start,
        life_min=life,
        stores=purse.stores,
        server_time=to_text(now),
    )


def _member(connection: Connection, request: PurseRequest) -> MemberState:
    member_id = request.member_id
    if member_id is None:
        row = connection.execute(
            "select member_id from token where token_key = %s", [f"card:{request.card}"]
        ).fetchone()
        member_id = row[0] if row else 0
    members = load_members(connection, [member_id])
    if member_id not in members:
        raise BadInput("no_such_member", "no member is known under this number or card")
    return members[member_id]


def _refusal(connection: Connection, member: MemberState, now: datetime, policy: Policy) -> str:
    if member.is_blocked:
        return "blocked"
    if member.books.balance(OVERDRAFT):
        return "denied"
    if not policy.purse_max_points or not policy.purse_share_bp:
        return "off"
    return "restoring" if is_restoring(connection, now) else ""


def _fill(
    connection: Connection,
    member: MemberState,
    request: PurseRequest,
    now: datetime,
    policy: Policy,
) -> _Purse | str:
    """A new serial with its points, debited before anyone hears of it; or why there is none."""
    stores = _audience(connection, member, request, policy)
    if not stores and not policy.purse_any_store:
        return "no_store"
    available = member.free_points(kept_back(connection))
    points = min(purse_value(policy, available + lent_points(member)), available)
    if points <= 0:
        return "no_points"
    row = connection.execute(
        "update meta set value = (value::bigint + 1)::text where name = 'purse_serial'"
        " returning value::bigint"
    ).fetchone()
    assert row is not None
    serial, start = int(row[0]), minute_of(now)
    cause = Cause(f"purse:{serial}")
    member.post(ledger.fill_purse(member.books, member.next_id(cause), serial, points), cause)
    end = start + policy.purse_life_min
    connection.execute(
        _NEW,
        [member.member_id, serial, points, start, end, stores, bool(request.chain_end), now],
    )
    _publish(connection, member, now)
    return _Purse(serial, points, end, stores)


def _audience(
    connection: Connection, member: MemberState, request: PurseRequest, policy: Policy
) -> list[str]:
    """As many stores as the policy allows: a further one would let the purse be spent once more."""
    wanted = request.stores or sorted(member.visits, key=lambda store: rank_of(member, store))
    first = [request.shown_in] if request.shown_in else []
    stores = list(dict.fromkeys([*first, *wanted]))[: policy.purse_stores]
    known = {
        row[0]
        for row in connection.execute(
            "select store_id from store where store_id = any(%s)", [stores]
        )
    }
    if missing := [store for store in stores if store not in known]:
        raise BadInput("no_such_store", f"store {missing[0]} is not known")
    if len({store_tag(store) for store in stores}) < len(stores):
        raise BadInput("store_tags_collide", f"stores {stores} share a tag: rename one of them")
    return stores


# --- coming back ------------------------------------------------------------------------------


def ask_floors(connection: Connection, now: datetime) -> None:
    """Tell the stores of purses that have ended to take none of them any more, and to say so."""
    before = minute_of(now) - ASK_AFTER_MIN
    rows = connection.execute(
        "select store_id, max(not_after_min) from ("
        " select unnest(case when cardinality(stores) = 0"
        "  then (select array_agg(store_id) from store) else stores end) as store_id, not_after_min"
        " from purse where state = 'open' and not_after_min < %(before)s"
        " union all select store_id, %(forgotten)s from store"
        "  where %(forgotten)s between 1 and %(before)s) ended group by store_id",
        {"before": before, "forgotten": expected_until(connection)},
    ).fetchall()
    known: dict[str, int] = dict(
        connection.execute(
            "select key, (body->>'floor_min')::bigint from change"
            " where member_id = 0 and kind = 'purse_floor'"
        ).fetchall()
    )
    changes = Changes()
    for store_id, floor_min in rows:
        if floor_min > known.get(store_id, 0):
            body = FeedPurseFloor(floor_min=floor_min).model_dump()
            changes.put("purse_floor", store_id, body, scope=f"store:{store_id}")
    changes.flush(connection)


def store_floors(connection: Connection) -> dict[str, int]:
    """The minute up to which every life of every register of a store has closed purses."""
    return dict(connection.execute(_FLOORS).fetchall())


def close_ended(connection: Connection, now: datetime) -> int:
    """Credit back what nobody can take any more; returns how many purses closed."""
    floors = store_floors(connection)
    parameters = {
        "stores": list(floors),
        "floors": list(floors.values()),
        "highest": minute_of(now),
        "limit": AT_ONCE,
    }
    rows = connection.execute(_READY, parameters).fetchall()
    ready = [(row[0], _Purse(*row[1:])) for row in rows]
    members = load_members(connection, {member_id for member_id, _ in ready})
    count = 0
    for member_id, purse in ready:
        # Under the member's lock the page cannot have renewed it meanwhile.
        row = connection.execute(
            "update purse set state = 'closed', closed_at = %s"
            " where member_id = %s and serial = %s and state = 'open' and not_after_min = %s"
            " returning 1",
            [now, member_id, purse.serial, purse.not_after_min],
        ).fetchone()
        if row is not None:
            count += 1
            _credit(members[member_id], purse, floors)
    if members:
        changes = Changes()
        publish(connection, members.values(), now, changes)
        changes.flush(connection)
    return count


def _credit(member: MemberState, purse: _Purse, floors: Mapping[str, int]) -> None:
    place = purse_place(purse.serial)
    left = member.books.balance(place)
    closed = min((floors.get(store, NEVER_AGAIN) for store in purse.stores or floors), default=0)
    b3_logged(left, left if closed >= purse.not_after_min else 0)
    cause = Cause(f"purse_closed:{purse.serial}")
    member.post(ledger.give_back(member.books, member.next_id(cause), place), cause)
    member.post(ledger.repay(member.books, member.next_id(cause)), cause)


def _publish(connection: Connection, member: MemberState, now: datetime) -> None:
    changes = Changes()
    publish(connection, [member], now, changes)
    changes.flush(connection)
