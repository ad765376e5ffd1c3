"""What is known of the connection to the centre: whether it answers, how fast, and what went wrong.

Runs on the event loop. Reports alone make a register online or offline, for they are small: one
that comes back in time shows that a sale's question would.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from sync.errors import CentreUnavailable, SyncError


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """Whether the centre answers in time, since when (UTC, ISO 8601), the last fault ("" when the
    last exchange was good), how many facts wait, and whether the fault is this store's own: no
    route or no name, while others may reach the centre."""

    online: bool
    since: str
    last_error: str
    outbox_pending: int
    is_local: bool = False


class Link:
    """The connection's state; `on_state` follows every change and every exchange."""

    def __init__(
        self, stamp: Callable[[], str], on_state: Callable[[ConnectionState], None]
    ) -> None:
        self._stamp = stamp
        self._on_state = on_state
        self._errors = {"report": "", "exchange": ""}
        self._is_over = False
        self._is_local = False
        self.reachable = asyncio.Event()
        self.state = ConnectionState(False, stamp(), "", 0)

    def in_time(self, pending: int) -> None:
        """A report was answered in time."""
        self._errors["report"] = ""
        self._is_local = False
        self._show(True, pending)
        self.reachable.set()

    def late(self) -> None:
        """A report was answered, or is still waiting, beyond what a sale would wait."""
        self._errors["report"] = "the centre answers too slowly"
        self._show(False)

    def answers(self) -> None:
        """The centre is there, however slowly: facts may go."""
        self.reachable.set()

    def give_up(self) -> None:
        """The runner stops: nobody shall wait for a way any more."""
        self._is_over = True
        self.reachable.set()

    def report_failed(self, error: SyncError, pending: int) -> None:
        """A report was refused, or found no way."""
        self._errors["report"] = str(error)
        self._is_local = isinstance(error, CentreUnavailable) and error.is_local
        if isinstance(error, CentreUnavailable):
            self._lost()
        else:
            self.reachable.set()
        self._show(False, pending)

    def exchanged(self, pending: int) -> None:
        """Everything that was due went well."""
        self._errors["exchange"] = ""
        self._show(self.state.online, pending)

    def exchange_failed(self, error: SyncError, pending: int) -> None:
        """Bulk traffic failed. Whether there is a way at all, the next report finds out."""
        self._errors["exchange"] = str(error)
        self._show(self.state.online, pending)

    def _lost(self) -> None:
        if not self._is_over:
            self.reachable.clear()

    def _show(self, online: bool, pending: int | None = None) -> None:
        state = self.state
        since = state.since if online == state.online else self._stamp()
        error = self._errors["report"] or self._errors["exchange"]
        waiting = state.outbox_pending if pending is None else pending
        self.state = ConnectionState(online, since, error, waiting, self._is_local)
        self._on_state(self.state)
