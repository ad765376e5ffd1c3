"""What the centre's rows ask of the rights held here, and the question whether the log is whole."""

from __future__ import annotations

from edge_agent.head_guard import HeadGuard
from edge_agent.ledger.cache import Cache
from edge_agent.till import Till
from edge_agent.usecases.return_rights import AskedBack
from sync.centre_client import CentreClient
from sync.enrolment import Identity


class CentreAsks:
    """Blocking calls, each harmless to repeat; `client` is None for a register without a centre."""

    def __init__(
        self,
        cache: Cache,
        identity: Identity,
        till: Till,
        guard: HeadGuard,
        client: CentreClient | None,
    ) -> None:
        self._cache = cache
        self._identity = identity
        self._till = till
        self._guard = guard
        self._client = client

    def answer(self) -> None:
        """Give back what the rows of the centre ask for, as soon as they are here."""
        who = (self._identity.register_id, self._identity.epoch)
        asked = AskedBack(
            self._cache.lease_recalls(*who),
            self._cache.counter_recalls(*who),
            self._cache.purse_floor_wanted(self._identity.store_id),
        )
        if asked:
            self._till.answer_centre(asked)

    def confirm_head(self) -> None:
        """Let the centre say whether this log is the newest, once for each start."""
        if self._client is None or not self._guard.wants_centre:
            return
        was_confirmed = self._guard.is_confirmed
        self._guard.ask(self._client)
        if self._guard.is_confirmed and not was_confirmed:
            self.answer()
