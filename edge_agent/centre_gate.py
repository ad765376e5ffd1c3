"""The two live questions a sale may put to the centre, each within its own short deadline.

One unanswered question makes the register offline at once; the next good exchange of the sync
runner makes it online again. A sale never waits twice for a centre that does not answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from sync.contract.feed import FeedRow
from sync.contract.live import AuthorisationReply, AuthorisationRequest, LookupReply, LookupRequest
from sync.errors import CentreRefused, CentreUnavailable


class LiveCentre(Protocol):
    """The calls of `sync.centre_client.CentreClient` that are used here."""

    def authorise(
        self, request: AuthorisationRequest, timeout_s: float = ...
    ) -> AuthorisationReply: ...
    def void_authorisation(self, auth_id: str) -> None: ...
    def lookup(self, request: LookupRequest, timeout_s: float = ...) -> LookupReply: ...


class CentreGate:
    """Asks the centre when it is there; otherwise answers `None` or False at once."""

    def __init__(
        self,
        centre: LiveCentre | None,
        apply_rows: Callable[[list[FeedRow]], object],
        authorise_timeout_s: float,
    ) -> None:
        self._centre = centre
        self._apply_rows = apply_rows
        self._authorise_timeout_s = authorise_timeout_s
        self.on_lost: Callable[[], None] = lambda: None
        self._online = threading.Event()

    @property
    def is_online(self) -> bool:
        """True after a good exchange and before the next failure."""
        return self._centre is not None and self._online.is_set()

    def set_online(self, online: bool) -> None:
        """Taken from the sync runner after each exchange."""
        (self._online.set if online else self._online.clear)()

    def _lost(self, error: Exception) -> None:
        emit(Event.CENTRE_LOST, problem=str(error))
        self._online.clear()
        self.on_lost()

    def authorise(self, request: AuthorisationRequest) -> AuthorisationReply | None:
        """The centre's decision, or `None` when there is none in time."""
        if self._centre is None or not self.is_online:
            return None
        try:
            return self._centre.authorise(request, timeout_s=self._authorise_timeout_s)
        except CentreUnavailable as error:
            self._lost(error)
            return None
        except CentreRefused as error:
            emit(Event.CENTRE_REFUSED, problem=str(error))
            return None

    def void(self, auth_id: str) -> None:
        """Give a hold back, best effort: it also ends with the sale's fact or its expiry."""
        if not auth_id or self._centre is None or not self.is_online:
            return
        try:
            self._centre.void_authorisation(auth_id)
        except CentreUnavailable as error:
            self._lost(error)
        except CentreRefused as error:
            emit(Event.CENTRE_REFUSED, problem=str(error))

    def look_up(self, request: LookupRequest) -> bool:
        """Fetch a member the register does not know; True when rows were applied."""
        if self._centre is None or not self.is_online:
            return False
        try:
            reply = self._centre.lookup(request, timeout_s=0.3)
        except CentreUnavailable as error:
            self._lost(error)
            return False
        except CentreRefused as error:
            emit(Event.CENTRE_REFUSED, problem=str(error))
            return False
        if reply.found:
            self._apply_rows(reply.rows)
        return reply.found
