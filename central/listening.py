"""One thread that hears of changes from PostgreSQL and wakes every stream of hints."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import psycopg

from central.backup import RUN_LOCK
from central.changes import CHANNEL

log = logging.getLogger("central.listening")
_LOOK_AROUND_S = 0.1
_RETRY_S = 2.0


class Listener:
    """Calls `on_change` after each commit that put feed rows, and after every reconnect."""

    def __init__(self, url: str, on_change: Callable[[], None]) -> None:
        self._url = url
        self._on_change = on_change
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="listening")

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End within a tenth of a second."""
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            except psycopg.OperationalError as error:
                log.warning("listening again in %s s: %s", _RETRY_S, error)
                self._stop.wait(_RETRY_S)

    def _listen(self) -> None:
        with psycopg.connect(self._url, autocommit=True, connect_timeout=10) as connection:
            # A restore waits until nobody serves this database.
            connection.execute("select pg_advisory_lock_shared(%s)", [RUN_LOCK])
            connection.execute(f"listen {CHANNEL}")
            self._on_change()
            while not self._stop.is_set():
                for _ in connection.notifies(timeout=_LOOK_AROUND_S, stop_after=1):
                    self._on_change()
