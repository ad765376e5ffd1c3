"""Rows of counters and of their parts, under the lock of one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field

from central.changes import Changes, register_scope
from central.db.bulk import Connection
from loyalty.authorisation.conditions import b1_debited
from sync.contract.rights import CounterKind, FeedCounterLease

_COUNTER = """
select member_id, counter_key, kind, key, time_window, unit, total, expires_on::text from counter
where member_id = %s and counter_key = %s for update
"""
_LEASES = """
select counter_id, register_id, epoch, granted, used, returned, state, recall_id, recall_units
from counter_lease where member_id = %s and counter_key = %s order by counter_id
"""
_SAVE = """
insert into counter_lease (member_id, counter_id, counter_key, register_id, epoch, granted, used,
    returned, state, recall_id, recall_units)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (member_id, counter_id) do update set granted = excluded.granted,
    used = excluded.used, returned = excluded.returned, state = excluded.state,
    recall_id = excluded.recall_id, recall_units = excluded.recall_units
"""


@dataclass(slots=True)
class CounterLease:
    """A part of a counter; sums only rise."""

    counter_id: str
    register_id: str
    epoch: int
    granted: int = 0
    used: int = 0
    returned: int = 0
    state: str = "open"
    recall_id: str = ""
    recall_units: int = 0

    @property
    def left(self) -> int:
        """Units that the register may still use."""
        return max(0, self.granted - self.used - self.returned)


@dataclass(slots=True)
class Counter:
    """One countable right, locked, with all its parts."""

    member_id: int
    counter_key: str
    kind: CounterKind
    key: str
    window: str
    unit: str
    total: int
    expires_on: str | None
    leases: dict[str, CounterLease] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """Units that nobody was lent, below zero when more was used than there was."""
        return self.total - sum(
            max(lease.granted - lease.returned, lease.used) for lease in self.leases.values()
        )


def key_of(kind: str, key: str, window: str = "") -> str:
    """What a counter is called beside its member."""
    return f"{kind}:{key}:{window}"


def load(
    connection: Connection, member_id: int, counter_key: str, *, is_waiting: bool = True
) -> Counter | None:
    """A counter, locked until the transaction ends; None too when another one has it locked and
    this one would not wait."""
    query = _COUNTER if is_waiting else f"{_COUNTER} skip locked"
    row = connection.execute(query, [member_id, counter_key]).fetchone()
    if row is None:
        return None
    leases = [CounterLease(*each) for each in connection.execute(_LEASES, [member_id, counter_key])]
    counter = Counter(*row)
    counter.leases = {lease.counter_id: lease for lease in leases}
    return counter


def save(connection: Connection, changes: Changes, counter: Counter, lease: CounterLease) -> None:
    """Write a part, and the row that its register hears."""
    connection.execute(
        _SAVE,
        [
            *(counter.member_id, lease.counter_id, counter.counter_key),
            *(lease.register_id, lease.epoch, lease.granted, lease.used, lease.returned),
            *(lease.state, lease.recall_id, lease.recall_units),
        ],
    )
    row = FeedCounterLease.model_validate(
        {
            "counter_id": lease.counter_id,
            "kind": counter.kind,
            "key": counter.key,
            "unit": counter.unit,
            "window": counter.window,
            "member_id": counter.member_id or None,
            "register_id": lease.register_id,
            "epoch": lease.epoch,
            "granted_units": lease.granted,
            "state": lease.state,
            "expires_on": counter.expires_on,
            "recall_id": lease.recall_id,
            "recall_units": lease.recall_units,
        }
    )
    changes.put_message(
        "counter_lease",
        lease.counter_id,
        row,
        scope=register_scope(lease.register_id),
        member_id=counter.member_id,
    )


def lease_of(counter: Counter, register_id: str, epoch: int) -> CounterLease:
    """What a life was lent; an empty part when it was lent nothing."""
    counter_id = f"{register_id}.{epoch}.{counter.member_id}.{counter.counter_key}"
    return counter.leases.get(counter_id) or CounterLease(counter_id, register_id, epoch)


def grant(
    connection: Connection,
    changes: Changes,
    counter: Counter,
    register_id: str,
    epoch: int,
    units: int,
) -> int:
    """Lend up to so many units; how many there were (B1: debited before the row leaves)."""
    lease = lease_of(counter, register_id, epoch)
    there = max(0, counter.left)
    granted = min(units, there)
    lease.granted += granted
    counter.leases[lease.counter_id] = lease
    b1_debited(granted, there)
    save(connection, changes, counter, lease)
    return granted


def found_or_made(
    connection: Connection, member_id: int, kind: str, key: str, window: str = ""
) -> Counter:
    """The counter of uses, locked; a new one has a total of 0."""
    counter_key = key_of(kind, key, window)
    connection.execute(
        "insert into counter (member_id, counter_key, kind, key, time_window, unit, total)"
        " values (%s, %s, %s, %s, %s, 'use', 0) on conflict do nothing",
        [member_id, counter_key, kind, key, window],
    )
    counter = load(connection, member_id, counter_key)
    assert counter is not None
    return counter
