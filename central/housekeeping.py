"""What the running centre does by itself: holds and lots that end, facts that waited."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, date
from functools import partial

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from central import applier
from central.apply import apply_overtaken, publish
from central.changes import Changes
from central.db.bulk import Connection
from central.db.session import transact
from central.errors import DatabaseUnavailable
from central.forgotten_purses import expected_until, forget
from central.holds import release_settled
from central.instants import Clock, kyiv_date
from central.leases import is_restoring
from central.member_lives import carry_over
from central.member_state import Cause
from central.member_store import load_members
from central.offline_loss import write_off
from central.purses import ask_floors, close_ended
from central.retention import Retention, retire, take_daily_turn
from loyalty import ledger
from loyalty.authorisation.policy import Policy

log = logging.getLogger("central.housekeeping")
_EXPIRE_AT_ONCE = 500


def expire_lots(connection: Connection, clock: Clock) -> int:
    """Expire available points past their last day, of some members; returns how many members.

    What is held or lent waits, for it may have been spent in time; so does everything while a
    restored centre does not know what was."""
    now = clock()
    if is_restoring(connection, now) or expected_until(connection):
        return 0
    today = kyiv_date(now)
    ids = connection.execute(
        "select distinct member_id from slice where place = 'available' and expires_on < %s"
        " limit %s",
        [today, _EXPIRE_AT_ONCE],
    ).fetchall()
    members = load_members(connection, {row[0] for row in ids})
    changes = Changes()
    for member in members.values():
        cause = Cause(f"expiry:{uuid.uuid4()}")
        member.post(ledger.expire(member.books, member.next_id(cause), today), cause)
    publish(connection, members.values(), now, changes)
    changes.flush(connection)
    return len(members)


class Housekeeper:
    """A thread that repeats the round every `every_s` seconds until it is stopped."""

    def __init__(
        self,
        pool: ConnectionPool[Connection],
        clock: Clock,
        policy: Callable[[], Policy],
        every_s: float = 5.0,
        keep: Retention | None = None,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._policy = policy
        self._every_s = every_s
        self._keep = keep or Retention()
        self._retired_on: date | None = None
        self._portions: dict[tuple[str, int], int] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="housekeeping")

    def start(self) -> None:
        """Begin; the first round runs at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the step under way."""
        self._stop.set()
        self._thread.join()

    def round(self) -> None:
        """Release holds, expire lots, close purses, apply; retire once a day. Each in its own
        transactions."""
        self._retire()
        while transact(self._pool, lambda c: release_settled(c, self._clock())):
            pass
        while transact(self._pool, lambda c: expire_lots(c, self._clock)):
            pass
        transact(self._pool, lambda c: ask_floors(c, self._clock()))
        while transact(self._pool, lambda c: close_ended(c, self._clock())):
            pass
        transact(self._pool, forget)
        while transact(self._pool, lambda c: carry_over(c, self._clock())):
            pass
        for register_id, epoch in transact(self._pool, applier.behind):
            self._apply_log(register_id, epoch)
        overtaken = partial(self._apply_overtaken, policy=self._policy())
        while transact(self._pool, overtaken):
            pass

    def _retire(self) -> None:
        now = self._clock()
        today = now.astimezone(UTC).date()
        if self._retired_on == today:
            return
        with self._pool.connection() as connection:
            connection.autocommit = True
            try:
                if take_daily_turn(connection, today):
                    done = retire(connection, now, self._keep)
                    log.info("retired: %s", done)
            finally:
                connection.autocommit = False
        while transact(self._pool, lambda c: write_off(c, now)):
            pass
        self._retired_on = today

    def _apply_log(self, register_id: str, epoch: int) -> None:
        """A portion that did not get done within a transaction's time is halved, and another log
        has its turn: else a slow machine would try the same one for ever."""
        life = (register_id, epoch)
        most = self._portions.pop(life, applier.AT_ONCE)
        done = 1
        while done and not self._stop.is_set():
            work = partial(
                applier.apply_next,
                register_id=register_id,
                epoch=epoch,
                now=self._clock(),
                policy=self._policy(),
                most=most,
            )
            try:
                done = transact(self._pool, work)
            except (DatabaseUnavailable, psycopg.Error) as error:
                self._portions[life] = max(1, most // 2)
                log.warning("%d facts of %s wait: %s", most, register_id, type(error).__name__)
                return
            most = min(2 * most, applier.AT_ONCE)

    def _apply_overtaken(self, connection: Connection, policy: Policy) -> int:
        changes = Changes()
        count = apply_overtaken(connection, self._clock(), changes, policy)
        changes.flush(connection)
        return count

    def _work(self) -> None:
        while True:
            try:
                self.round()
            except DatabaseUnavailable as error:
                log.warning("round skipped: %s", error)
            except (psycopg.Error, PoolTimeout) as error:
                # The next round may do better; a thread that is gone never does.
                log.error(
                    "round failed: %s %s", type(error).__name__, getattr(error, "sqlstate", "")
                )
            if self._stop.wait(self._every_s):
                return
