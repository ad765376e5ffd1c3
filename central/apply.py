"""Applying understood facts to members, a batch in one transaction.

`ingest` stores facts by register, `applier` calls this module to apply them by member.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from central.apply_member import Setting, apply_to_member
from central.changes import Changes
from central.counter_plan import Visit, lend_by_visits
from central.counters import take_counters
from central.db.bulk import Columns, Connection, Row, insert_rows
from central.denials import put_deny
from central.facts import Understood, understand
from central.forgotten_purses import kept_back
from central.goods_back import ready
from central.instants import kyiv_date
from central.leases import is_restoring, lives_of, put_leases, tills_of
from central.member_rows import put_member
from central.member_state import MemberState
from central.member_store import load_members, save_members
from central.purse_floors import take_floors
from loyalty.authorisation.policy import Policy
from sync.contract.messages import (
    WireLeaseClose,
    WirePrintVerdict,
    WireSale,
    WireSaleReturn,
    WireSaleVoided,
)
from sync.contract.rights import WireLeaseReturned, WirePurseFloor

_SUBJECT: Columns = (
    *(("register_id", "text"), ("subject_id", "uuid"), ("kind", "text")),
    *(("member_id", "bigint"), ("epoch", "integer"), ("seq", "bigint"), ("sale_id", "uuid")),
)
_GONE_TO = (
    "update subject s set gone_to = gone.next"
    " from unnest(%b::text[], %b::uuid[], %b::uuid[]) as gone (register_id, sale_id, next)"
    " where s.register_id = gone.register_id and s.subject_id = gone.sale_id"
)
_SAVED_AT_ONCE = 100


@dataclass(slots=True)
class _Subjects:
    """Which sales and returns are known, and whose they are (None: a stranger's).

    Returns may come from any register; voids and verdicts only from the subject's own."""

    owners: dict[str, int | None] = field(default_factory=dict)
    registers: dict[str, set[str]] = field(default_factory=dict)
    fresh: list[Row] = field(default_factory=list)
    gone: list[Row] = field(default_factory=list)

    def learn(self, subject_id: str, register_id: str, member_id: int | None) -> None:
        self.owners.setdefault(subject_id, member_id)
        self.registers.setdefault(subject_id, set()).add(register_id)

    def knows(self, subject_id: str, register_id: str | None = None) -> bool:
        if register_id is None:
            return subject_id in self.owners
        return register_id in self.registers.get(subject_id, ())


@dataclass(frozen=True, slots=True)
class _Routed:
    fact: Understood
    member_id: int


def apply_facts(
    connection: Connection,
    facts: Sequence[Understood],
    now: datetime,
    changes: Changes,
    policy: Policy,
) -> set[tuple[str, int, int]]:
    """Apply in order; returns (register, epoch, seq) of facts that wait for an unknown sale.

    Facts that were waiting for what this batch brings are applied after it.
    """
    parked: set[tuple[str, int, int]] = set()
    todo: Sequence[Understood] = facts
    while todo:
        todo = ready(connection, todo)
        subjects = _load_subjects(connection, todo)
        routed: list[_Routed] = []
        for fact in todo:
            if not _route(fact, subjects, routed):
                parked.add((fact.register_id, fact.epoch, fact.seq))
                _park(connection, fact)
        insert_rows(connection, "subject", _SUBJECT, subjects.fresh)
        if subjects.gone:
            columns = [list(column) for column in zip(*subjects.gone, strict=True)]
            connection.execute(_GONE_TO, columns)
        take_floors(connection, [f for f in todo if isinstance(f.message, WirePurseFloor)])
        take_counters(connection, todo, changes)
        _apply_routed(connection, routed, now, changes, policy)
        todo = _waiting_for(connection, [str(row[1]) for row in subjects.fresh])
        parked -= {(fact.register_id, fact.epoch, fact.seq) for fact in todo}
    return parked


def _subject_of(fact: Understood) -> tuple[str, bool] | None:
    """The sale or return that a fact is about, and whether it must be the same register's."""
    message = fact.message
    if isinstance(message, WirePrintVerdict):
        return message.subject_id, True
    if isinstance(message, WireSaleVoided):
        return message.sale_id, True
    if isinstance(message, WireSaleReturn):
        return message.sale_id, False
    return None


def _load_subjects(connection: Connection, facts: Sequence[Understood]) -> _Subjects:
    wanted = {about[0] for fact in facts if (about := _subject_of(fact))}
    for fact in facts:
        if isinstance(fact.message, WireSale):
            wanted.add(fact.message.sale_id)
        elif isinstance(fact.message, WireSaleReturn):
            wanted.add(fact.message.return_id)
    subjects = _Subjects()
    if wanted:
        query = (
            "select subject_id::text, register_id, member_id from subject"
            " where subject_id = any(%s::uuid[])"
        )
        for row in connection.execute(query, [list(wanted)]):
            subjects.learn(*row)
    return subjects


def _route(fact: Understood, subjects: _Subjects, routed: list[_Routed]) -> bool:
    """Find the member of a fact; False when it must wait."""
    message = fact.message
    member_id: int | None = None
    if isinstance(message, WireSale):
        member_id = message.member_id
        _bring(fact, subjects, message.sale_id, "sale", member_id)
    elif isinstance(message, WireLeaseClose | WireLeaseReturned):
        member_id = message.member_id
    elif (about := _subject_of(fact)) is not None:
        subject_id, own_only = about
        if not subjects.knows(subject_id, fact.register_id if own_only else None):
            return False
        member_id = subjects.owners[subject_id]
        if isinstance(message, WireSaleReturn):
            _bring(fact, subjects, message.return_id, "return", member_id, subject_id)
        elif isinstance(message, WireSaleVoided):
            next_life = message.reassigned_to or subject_id
            subjects.gone.append((fact.register_id, subject_id, next_life))
    if member_id is not None:
        routed.append(_Routed(fact, member_id))
    return True


def _bring(
    fact: Understood,
    subjects: _Subjects,
    subject_id: str,
    kind: str,
    member_id: int | None,
    sale_id: str | None = None,
) -> None:
    if not subjects.knows(subject_id, fact.register_id):
        subjects.learn(subject_id, fact.register_id, member_id)
        row = (fact.register_id, subject_id, kind, member_id, fact.epoch, fact.seq, sale_id)
        subjects.fresh.append(row)


# --- members ----------------------------------------------------------------------------------


def _apply_routed(
    connection: Connection,
    routed: Sequence[_Routed],
    now: datetime,
    changes: Changes,
    policy: Policy,
) -> None:
    if not routed:
        return
    members = _load(connection, routed, now)
    by_member: dict[int, list[Understood]] = {}
    for each in routed:
        by_member.setdefault(each.member_id, []).append(each.fact)
    visits = _visits(routed, policy)
    stores = {visit.store_id for visit in visits}
    tills = {store_id: tills_of(connection, store_id, now) for store_id in sorted(stores)}
    restoring = is_restoring(connection, now)
    setting = Setting(
        kyiv_date(now),
        tills,
        policy,
        restoring,
        lives_of(connection, stores) if restoring else {},
        kept_back(connection),
    )
    waiting = list(members.values())
    with connection.pipeline():
        while waiting:
            # The database writes these while the next ones are worked out.
            some, waiting = waiting[:_SAVED_AT_ONCE], waiting[_SAVED_AT_ONCE:]
            for member in some:
                for fact in by_member[member.member_id]:
                    apply_to_member(member, fact, setting)
            _publish(connection, some, now, changes)
            changes.write(connection)
    lend_by_visits(connection, changes, members, visits, tills, policy)


def _visits(routed: Sequence[_Routed], policy: Policy) -> list[Visit]:
    """Where members were: at their sales, and where a sale's coupons counted by its paper."""
    kinds = (WireSale, WirePrintVerdict) if policy.coupons_by_right else (WireSale,)
    return [
        Visit(each.member_id, each.fact.store_id, each.fact.register_id)
        for each in routed
        if isinstance(each.fact.message, kinds)
    ]


def publish(
    connection: Connection, members: Iterable[MemberState], now: datetime, changes: Changes
) -> None:
    """Save the members and put their feed rows."""
    with connection.pipeline():
        _publish(connection, list(members), now, changes)


def _publish(
    connection: Connection, members: Sequence[MemberState], now: datetime, changes: Changes
) -> None:
    save_members(connection, members, now)
    for member in members:
        put_member(changes, member)
        put_leases(changes, member)
        put_deny(changes, member, now)


def _load(
    connection: Connection, routed: Sequence[_Routed], now: datetime
) -> dict[int, MemberState]:
    sales, returns, holds = set(), set(), set()
    for each in routed:
        message = each.fact.message
        if isinstance(message, WireSale):
            sales.add(message.sale_id)
            if message.redemption is not None:
                holds.add(message.redemption.auth_id)
        elif isinstance(message, WireSaleVoided):
            sales.add(message.sale_id)
        elif isinstance(message, WirePrintVerdict):
            sales.add(message.subject_id)
            returns.add(message.subject_id)
        elif isinstance(message, WireSaleReturn):
            sales.add(message.sale_id)
            returns.add(message.return_id)
    ids = {each.member_id for each in routed}
    return load_or_make(connection, ids, now, sale_ids=sales, return_ids=returns, auth_ids=holds)


def load_or_make(
    connection: Connection,
    ids: Collection[int],
    now: datetime,
    *,
    sale_ids: Collection[str] = (),
    return_ids: Collection[str] = (),
    auth_ids: Collection[str] = (),
) -> dict[int, MemberState]:
    """Members as `load_members` loads them; ids that are not known become members."""
    load = partial(
        load_members,
        connection,
        ids,
        sale_ids=sale_ids,
        return_ids=return_ids,
        auth_ids=auth_ids,
    )
    members = load()
    if missing := sorted(set(ids) - members.keys()):
        # A member unknown here (erased, or of a lost import) still bought and spent.
        connection.execute(
            "insert into member (member_id, created_at) select id, %s from unnest(%s::bigint[]) id"
            " on conflict do nothing",
            [now, missing],
        )
        members = load()
    return members


# --- waiting ----------------------------------------------------------------------------------


def _park(connection: Connection, fact: Understood) -> None:
    about = _subject_of(fact)
    assert about is not None
    connection.execute(
        "insert into parked (register_id, epoch, seq, subject_id) values (%s, %s, %s, %s)"
        " on conflict do nothing",
        [fact.register_id, fact.epoch, fact.seq, about[0]],
    )


def _waiting_for(connection: Connection, subject_ids: list[str]) -> list[Understood]:
    """Take the facts that wait for these subjects out of the waiting room."""
    if not subject_ids:
        return []
    rows = connection.execute(
        "delete from parked where subject_id = any(%s::uuid[]) returning register_id, epoch, seq",
        [subject_ids],
    ).fetchall()
    found = []
    for register_id, epoch, seq in sorted(rows):
        row = connection.execute(
            "select kind, body from inbox where register_id = %s and epoch = %s and seq = %s",
            [register_id, epoch, seq],
        ).fetchone()
        connection.execute(
            "update fact set state = 'applied', detail = ''"
            " where register_id = %s and epoch = %s and seq = %s",
            [register_id, epoch, seq],
        )
        store = connection.execute(
            "select store_id from register where register_id = %s", [register_id]
        ).fetchone()
        if row and store:
            found.append(understand(register_id, store[0], epoch, seq, row[0], bytes(row[1])))
    return found


def apply_overtaken(connection: Connection, now: datetime, changes: Changes, policy: Policy) -> int:
    """Apply facts whose sale was being stored while they were parked; returns how many."""
    waiting = [
        str(row[0])
        for row in connection.execute("select distinct subject_id from parked limit 500")
    ]
    known = [
        str(row[0])
        for row in connection.execute(
            "select subject_id from subject where subject_id = any(%s::uuid[])", [waiting]
        )
    ]
    facts = _waiting_for(connection, known)
    if facts:
        parked = apply_facts(connection, facts, now, changes, policy)
        for key in parked:
            connection.execute(
                "update fact set state = 'parked'"
                " where register_id = %s and epoch = %s and seq = %s",
                key,
            )
    return len(facts)
