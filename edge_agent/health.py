"""The register's report of itself: for the screen, for IT, and for the centre."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict

from edge_agent.api.desk_routes import HubOut, StatusOut
from edge_agent.centre_gate import CentreGate
from edge_agent.clock import Clock
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.hub.state import HubState
from edge_agent.ledger.cache import Cache
from edge_agent.ledger.ledger import Outbox
from edge_agent.ledger.storage import Storage
from edge_agent.ledger.upkeep import CheckState
from edge_agent.panel_state import DeviceState, Strip
from edge_agent.rules_slot import RulesSlot
from edge_agent.sync_link import ConnectionState
from sync.contract.live import Heartbeat, StorageReport
from sync.enrolment import Identity


class Health:
    """Collects what is known; every method may be called from any thread."""

    def __init__(
        self,
        agent_version: str,
        identity: Identity,
        clock: Clock,
        outbox: Outbox,
        cache: Cache,
        rules: RulesSlot,
        gate: CentreGate,
        storage: Storage,
        panel_url: str,
    ) -> None:
        self._version = agent_version
        self._identity = identity
        self._clock = clock
        self._outbox = outbox
        self._cache = cache
        self._rules = rules
        self._gate = gate
        self._storage = storage
        self._panel_url = panel_url
        self._lock = threading.Lock()
        self._since = clock.stamp()
        self._last_error = ""
        self._was_online = False
        self._pending_shown = 0
        self._online_shown = self._clock_off_shown = False
        self._depth = outbox.depth()
        self.devices: Callable[[], Mapping[str, DeviceState]] = dict
        self.head: Callable[[], str] = lambda: ""
        self.hub: Callable[[], HubState | None] = lambda: None
        self.silent_term: Callable[[], int] = lambda: 0
        self.ledger_check: Callable[[], CheckState] = CheckState
        self.on_change: Callable[[], None] = lambda: None

    def connection_changed(self, state: ConnectionState) -> None:
        """From the sync runner after each exchange, on the event loop: must not block."""
        with self._lock:
            changed = state.online != self._was_online
            news = changed or state.outbox_pending != self._pending_shown
            # The breaker of live questions closes by time, which nobody tells.
            news = news or self._gate.is_online != self._online_shown
            news = news or self._clock.state.is_off != self._clock_off_shown
            self._was_online = state.online
            self._pending_shown = self._depth = state.outbox_pending
            self._last_error = state.last_error
            if changed:
                self._since = self._clock.stamp()
        self._gate.set_online(state.online, state.is_local)
        if changed:
            emit(Event.CENTRE_BACK if state.online else Event.CENTRE_LOST, problem=state.last_error)
        if news:
            self.on_change()

    def fact_written(self) -> None:
        """The queue has grown: count it again."""
        self._depth = self._outbox.depth()

    def strip(self) -> Strip:
        """The screen's state strip."""
        devices = self.devices()
        clock = self._clock.state
        self._clock_off_shown = clock.is_off
        self._online_shown = self._gate.is_online
        return Strip(
            register_id=self._identity.register_id,
            store_name=self._identity.store_name,
            online=self._online_shown,
            since=self._since,
            outbox=self._depth,
            printer=devices.get("printer", "none"),
            scanner=devices.get("scanner", "none"),
            ruleset_sequence=self._rules.store.active_sequence,
            ruleset_at=self._rules.active_at,
            clock=clock.source,
            clock_off_s=-round(clock.offset_ms / 60_000) * 60 if clock.is_off else 0,
            storage=self._storage.state,
        )

    def heartbeat(self) -> Heartbeat:
        """The report to the centre."""
        store, stops = self._rules.store, self._rules.stops
        return Heartbeat(
            agent_version=self._version,
            epoch=self._identity.epoch,
            outbox_pending=self._outbox.depth(),
            last_seq=self._outbox.last_seq(self._identity.epoch),
            ruleset_active=store.active_sequence,
            ruleset_downloaded=store.downloaded_sequence,
            ruleset_refused=store.refused.code if store.refused else "",
            kill_list_active=stops.active_sequence,
            kill_list_downloaded=stops.downloaded_sequence,
            kill_list_refused=stops.refused.code if stops.refused else "",
            quarantined=self._outbox.quarantined(),
            clock_offset_ms=self._clock.state.offset_ms,
            devices=dict(self.devices()),
            storage=self._stored(),
            settled_number=self._settled(),
            silent_term=self.silent_term(),
        )

    def _settled(self) -> int:
        epoch = self._identity.epoch
        return self._outbox.settled(epoch, self._outbox.last_seq(epoch))

    def _stored(self) -> StorageReport:
        check = self.ledger_check()
        return StorageReport(
            state=self._storage.state,
            free_bytes=self._storage.free,
            reserve_bytes=self._storage.held,
            ledger_bytes=self._storage.ledger_bytes,
            checked_at=check.finished_at,
            faults=check.faults,
            broken_caches=len(self._cache.broken()),
            head=self.head(),
        )

    def status(self) -> StatusOut:
        """The register at a glance."""
        report = self.heartbeat()
        counts = self._cache.stats()
        check = self.ledger_check()
        return StatusOut(
            agent_version=self._version,
            register_id=self._identity.register_id,
            store_id=self._identity.store_id,
            epoch=self._identity.epoch,
            pid=os.getpid(),
            online=self._gate.is_online,
            since=self._since,
            last_error=self._last_error,
            outbox_pending=report.outbox_pending,
            quarantined=report.quarantined,
            last_seq=report.last_seq,
            ruleset_active=report.ruleset_active,
            ruleset_downloaded=report.ruleset_downloaded,
            ruleset_refused=report.ruleset_refused,
            clock_source=self._clock.state.source,
            clock_offset_ms=report.clock_offset_ms,
            devices=report.devices,
            members=counts.members,
            goods=counts.goods,
            balance_as_of=self._cache.balance_as_of(),
            storage=self._storage.state,
            reserve_bytes=self._storage.held,
            ledger_check=str(check),
            ledger_checked_at=check.finished_at,
            ledger_faults=check.faults,
            panel_url=self._panel_url,
            head=self.head(),
            hub=self._hub(),
        )

    def _hub(self) -> HubOut | None:
        state = self.hub()
        return HubOut(**asdict(state)) if state is not None else None
