"""How a hold ends when neither its sale nor a void comes: by its register's own log.

A register says up to which of its questions everything is answered, and in how many facts. Once
those facts are applied here, a hold of such a question that is still open belongs to no sale. An
hour proves nothing: the sale that was approved under the hold may lie on a disk without a link. A
register that will never send its log again needs a person (`central.lives.settle`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from central.apply import publish
from central.changes import Changes
from central.db.bulk import Connection
from central.member_state import Cause, Hold, MemberState
from central.member_store import load_members
from loyalty import ledger
from loyalty.ledger import hold_place

AT_ONCE = 200

_NOTE = """
insert into settled (register_id, epoch, number, seq) values (%s, %s, %s, %s)
on conflict (register_id, epoch) do update set number = excluded.number, seq = excluded.seq
where settled.number < excluded.number
"""
_OPEN = """
select member_id, auth_id::text from hold
where state = 'open' and register_id = %s and epoch = %s and number between 1 and %s
order by number limit %s
"""


def note_settled(
    connection: Connection, register_id: str, epoch: int, number: int, seq: int
) -> None:
    """Keep a register's statement: with facts up to `seq`, questions up to `number` are over."""
    if number > 0:
        connection.execute(_NOTE, [register_id, epoch, number, seq])


def is_over(connection: Connection, register_id: str, epoch: int, number: int) -> bool:
    """Whether the register has said that this question has its answer already."""
    row = connection.execute(
        "select number from settled where register_id = %s and epoch = %s", [register_id, epoch]
    ).fetchone()
    return row is not None and 0 < number <= row[0]


def release_settled(connection: Connection, now: datetime) -> int:
    """Give back what no sale will claim; returns how many holds. Repeating changes nothing."""
    lives = connection.execute(
        "select distinct register_id, epoch from hold where state = 'open' and number > 0"
    ).fetchall()
    ids: set[tuple[int, str]] = set()
    for register_id, epoch in sorted(lives):
        row = connection.execute(
            "select s.number from settled s"
            " join applied a on a.register_id = s.register_id and a.epoch = s.epoch"
            " where s.register_id = %s and s.epoch = %s and a.seq >= s.seq",
            [register_id, epoch],
        ).fetchone()
        if row is not None:
            found = connection.execute(_OPEN, [register_id, epoch, row[0], AT_ONCE]).fetchall()
            ids |= {(each[0], each[1]) for each in found}
    return len(release_all(connection, ids, "settled", now))


def release_all(
    connection: Connection,
    ids: Iterable[tuple[int, str]],
    state: Literal["voided", "settled"],
    now: datetime,
) -> list[Hold]:
    """Release these (member id, auth id) that are still open; the holds that ended."""
    wanted = set(ids)
    if not wanted:
        return []
    members = load_members(connection, {member_id for member_id, _ in wanted})
    ended = []
    for member in members.values():
        for hold in member.holds.values():
            if hold.state == "open" and (member.member_id, hold.auth_id) in wanted:
                release(member, hold, state)
                ended.append(hold)
    changes = Changes()
    publish(connection, members.values(), now, changes)
    changes.flush(connection)
    return ended


def release(
    member: MemberState, hold: Hold, state: Literal["voided", "settled"], register_id: str = ""
) -> None:
    """The points become available; an overdraft takes them first."""
    cause = Cause(f"{state}:{hold.auth_id}", register_id, subject_id=hold.sale_id)
    place = hold_place(hold.auth_id)
    member.post(ledger.give_back(member.books, member.next_id(cause), place), cause)
    member.post(ledger.repay(member.books, member.next_id(cause)), cause)
    hold.state = state
    member.touch("hold", hold.auth_id)
