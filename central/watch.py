"""A thread that looks after the database itself: alive, and its feed not held back.

Readers of the feed stop below the oldest transaction in flight. The service's own transactions
end within seconds; one that somebody else leaves open would stop every register's feed without a
word. So the horizon is watched: when it stands still for 30 s while others commit, an alarm is
raised, logged and shown by `edge-central status`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import psycopg

from central.db.bulk import Connection
from central.db.embedded import EmbeddedServer
from central.db.session import WRITE_S
from central.errors import DatabaseUnavailable
from central.instants import Clock

log = logging.getLogger("central.watch")
HELD_BACK = "feed_held_back"
HELD_BACK_S = 30.0

_HORIZON = (
    "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint,"
    " pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
)
_OLDEST = """
select pid, coalesce(application_name, ''), coalesce(state, '') from pg_stat_activity
where backend_xid is not null and pid <> pg_backend_pid() order by xact_start limit 1
"""


class Horizon:
    """How long the feed's horizon has stood still below newer transactions. Pure but for the
    clock it is given."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._xmin = 0
        self._since = monotonic()

    def lag_s(self, xmin: int, xmax: int) -> float:
        """Seconds since the horizon last moved; 0 while nothing is in flight below the newest."""
        now = self._monotonic()
        if xmin != self._xmin or xmin >= xmax:
            self._xmin, self._since = xmin, now
        return now - self._since


class Watch:
    """Looks every `every_s`; starts the embedded server again when it is gone."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        server: EmbeddedServer | None = None,
        every_s: float = 0.5,
        held_back_s: float = HELD_BACK_S,
    ) -> None:
        self._url = url
        self._connection: Connection | None = None
        self._clock = clock
        self._server = server
        self._every_s = every_s
        self._held_back_s = held_back_s
        self._horizon = Horizon()
        self._is_raised = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="watch")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the look under way."""
        self._stop.set()
        self._thread.join()
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def look(self) -> None:
        """One look at the horizon; raises or clears the alarm. The connection is its own: one
        of the pool might be waited for just when the look matters."""
        if self._connection is None:
            self._connection = psycopg.connect(self._url, autocommit=True, connect_timeout=5)
            self._connection.execute(f"set statement_timeout to '{WRITE_S}s'")
        connection = self._connection
        lag_s = self._lag(connection)
        if lag_s >= self._held_back_s and not self._is_raised:
            self._is_raised = True
            self._raise(connection)
        elif lag_s == 0 and self._is_raised:
            self._is_raised = False
            self._clear(connection)
            log.warning("%s is over", HELD_BACK)

    def _lag(self, connection: Connection) -> float:
        row = connection.execute(_HORIZON).fetchone()
        assert row is not None
        return self._horizon.lag_s(*row)

    def _raise(self, connection: Connection) -> None:
        row = connection.execute(_OLDEST).fetchone()
        who = f"process {row[0]} {row[1]} ({row[2]})" if row else "a session that is not ours"
        detail = f"a writing transaction stays open: {who}"
        log.error("%s: %s", HELD_BACK, detail)
        connection.execute(
            "insert into alarm values (%s, %s, %s) on conflict (name) do update"
            " set detail = excluded.detail",
            [HELD_BACK, self._clock(), detail],
        )

    def _clear(self, connection: Connection) -> None:
        connection.execute("delete from alarm where name = %s", [HELD_BACK])

    def _revive(self) -> None:
        if self._server is None or not self._server.is_gone():
            return
        try:
            if self._server.revive():
                log.error("database_restarted: the embedded server was gone")
        except (DatabaseUnavailable, OSError, IndexError) as error:
            log.error("the embedded server does not start: %s", str(error)[:300])

    def _work(self) -> None:
        while True:
            try:
                self._revive()
                self.look()
            except psycopg.OperationalError:
                self.close()  # whoever asked meanwhile was told so
            except psycopg.Error as error:
                log.error("look failed: %s %s", type(error).__name__, error.sqlstate)
                self.close()
            if self._stop.wait(self._every_s):
                return
