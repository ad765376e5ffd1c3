"""The live questions a sale may put to the centre, each within its own short deadline.

One unanswered question makes the register offline at once; the next report that is answered in
time makes it online again. Should questions go on failing all the same, a breaker lets only one
sale in a while find out.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal, Protocol

from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.sync_breaker import Breaker
from sync.contract.counters import CounterReply, CounterRequest
from sync.contract.feed import FeedRow
from sync.contract.live import (
    AuthorisationReply,
    AuthorisationRequest,
    LookupReply,
    LookupRequest,
    OneTimeCodeReply,
    OneTimeCodeRequest,
    SoldReply,
    SoldRequest,
)
from sync.errors import CentreRefused, CentreUnavailable


class LiveCentre(Protocol):
    """The calls of `sync.centre_client.CentreClient` that are used here."""

    def authorise(
        self, request: AuthorisationRequest, timeout_s: float = ...
    ) -> AuthorisationReply: ...
    def void_authorisation(self, auth_id: str) -> None: ...
    def lookup(self, request: LookupRequest, timeout_s: float = ...) -> LookupReply: ...
    def send_code(self, request: OneTimeCodeRequest) -> OneTimeCodeReply: ...
    def counters(self, request: CounterRequest, timeout_s: float = ...) -> CounterReply: ...
    def sold(self, request: SoldRequest) -> SoldReply: ...


class CentreGate:
    """Asks the centre when it is there; otherwise answers `None` or False at once."""

    def __init__(
        self,
        centre: LiveCentre | None,
        apply_rows: Callable[[list[FeedRow]], object],
        authorise_timeout_s: float,
        breaker: Breaker | None = None,
    ) -> None:
        self._centre = centre
        self._apply_rows = apply_rows
        self._authorise_timeout_s = authorise_timeout_s
        self.on_lost: Callable[[], None] = lambda: None
        self._online = threading.Event()
        self._is_local = False
        self._breaker = breaker or Breaker(slow_s=authorise_timeout_s)

    @property
    def is_online(self) -> bool:
        """True after a report answered in time, until a question fails or comes too late."""
        return self._centre is not None and self._online.is_set() and self._breaker.is_closed

    @property
    def is_chain_outage(self) -> bool:
        """Offline, and nothing shows that it is this store's own link alone."""
        return not self.is_online and not self._is_local

    def set_online(self, online: bool, is_local: bool = False) -> None:
        """Taken from the sync runner after each exchange."""
        self._is_local = is_local
        (self._online.set if online else self._online.clear)()

    def _lost(self, error: Exception) -> None:
        emit(Event.CENTRE_LOST, problem=str(error))
        self._breaker.failed()
        self._is_local = isinstance(error, CentreUnavailable) and error.is_local
        self._online.clear()
        self.on_lost()

    def authorise(self, request: AuthorisationRequest) -> AuthorisationReply | None:
        """The centre's decision, or `None` when there is none in time."""
        if self._centre is None or not self.is_online:
            return None
        try:
            began = time.monotonic()
            reply = self._centre.authorise(request, timeout_s=self._authorise_timeout_s)
            self._breaker.answered(time.monotonic() - began)
            return reply
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

    def ask_counters(self, request: CounterRequest) -> bool:
        """Have countable rights lent here; True when the centre has answered."""
        if self._centre is None or not self.is_online:
            return False
        try:
            reply = self._centre.counters(request, timeout_s=self._authorise_timeout_s)
        except CentreUnavailable as error:
            self._lost(error)
            return False
        except CentreRefused as error:
            if error.status != 404:
                emit(Event.CENTRE_REFUSED, problem=str(error))
            return False
        if reply.rows:
            self._apply_rows(reply.rows)
        return True

    def sold(self, request: SoldRequest) -> SoldReply | None:
        """Sales as the centre knows them; None when it is away or does not tell."""
        if self._centre is None or not self.is_online:
            return None
        try:
            return self._centre.sold(request)
        except CentreUnavailable as error:
            self._lost(error)
        except CentreRefused as error:
            if error.status != 404:
                emit(Event.CENTRE_REFUSED, problem=str(error))
        return None

    def send(self, member_id: int, code: str, locale: Literal["uk", "en"]) -> bool:
        """Let the centre bring a one-time code to a member; False when it is not on its way."""
        if self._centre is None or not self.is_online:
            return False
        request = OneTimeCodeRequest(member_id=member_id, code=code, locale=locale)
        try:
            return self._centre.send_code(request).state == "sent"
        except (CentreUnavailable, CentreRefused) as error:
            emit(Event.CENTRE_REFUSED, problem=str(error))
            return False
