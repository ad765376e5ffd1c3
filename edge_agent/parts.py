"""The parts of the agent that several others need, made once and in order."""

from __future__ import annotations

import time
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.centre_gate import CentreGate
from edge_agent.clock import Clock
from edge_agent.config import Settings
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.head_guard import guard_of
from edge_agent.ledger.cache import Cache
from edge_agent.ledger.ledger import Ledger, Outbox
from edge_agent.ledger.storage import Storage
from edge_agent.log_setup import free_bytes
from edge_agent.off_loop import off_loop
from edge_agent.one_time_codes import CodeSender, NoSender, OneTimeCodes
from edge_agent.rules_slot import RulesSlot
from edge_agent.sync_events import SyncEvents
from sync.centre_client import CentreClient, ClockSample
from sync.enrolment import Identity

if TYPE_CHECKING:
    from edge_agent.hub.parts import HubParts

VERSION = version("loyalty-edge")


class Parts:
    """Files, clock, rules, hub and the way to the centre of one register; closed by `stack`."""

    def __init__(
        self,
        settings: Settings,
        identity: Identity,
        stack: ExitStack,
        machine: str,
        sender: CodeSender | None,
    ) -> None:
        self.settings = settings
        self.identity = identity
        self.stack = stack
        self.clock = Clock(keep=settings.data_dir / "clock.json")
        folder = settings.data_dir
        self.storage = Storage(folder, settings.storage.reserve_sales, free_bytes)
        self.ledger = Ledger(
            folder / "ledger.db", identity.register_id, identity.epoch, self.storage.make_room
        )
        stack.callback(self.ledger.close)
        emit(Event.LEDGER_OPENED, register=identity.register_id, epoch=identity.epoch)
        if self.ledger.faults:
            self.storage.damaged(True)
            emit(Event.LEDGER_DAMAGED, faults=self.ledger.faults[:5])
        self.cache = Cache(folder / "cache.db", on_rebuilt=_cache_rebuilt)
        stack.callback(self.cache.close)
        self.outbox = Outbox(self.ledger, identity.register_id)
        keys = identity.programme_keys
        self.rules = RulesSlot.open(folder / "bundles", keys, VERSION, self.clock)
        self.events = SyncEvents(
            self.rules.store, lambda epoch: off_loop(lambda: self.ledger.fence(epoch))
        )
        self.guard = guard_of(self.ledger, settings, identity, machine)
        self.outbox.may_settle = lambda: self.guard.is_confirmed
        self.hub = self._hub()
        self.client = self._client()
        self.gate = CentreGate(
            self.client,
            self.cache.apply_rows,
            settings.centre.authorise_timeout_ms / 1000 if settings.centre else 1.0,
        )
        by_centre = self.gate if settings.centre else NoSender()
        self.codes = OneTimeCodes(sender or by_centre, time.monotonic)

    def _hub(self) -> HubParts | None:
        if self.settings.hub is None:
            return None
        from edge_agent.hub.parts import build_hub

        return build_hub(
            self.settings,
            self.identity,
            self.ledger,
            self.cache,
            lambda: self.guard.is_confirmed,
            self.clock.stamp,
            self.stack,
            self.rules.store.signed,
        )

    def _client(self) -> CentreClient | None:
        if self.settings.centre is None:
            return None
        client = CentreClient(
            self.settings.centre.url,
            self.identity.register_id,
            self.identity.private_key,
            self.settings.centre.ca_file,
            self.clock.machine_stamp,
            on_clock=self._learn,
            ca_pem=self.identity.ca_pem,
        )
        self.stack.callback(client.close)
        return client

    def _learn(self, sample: ClockSample) -> None:
        self.clock.learn(sample.offset_ms, sample.error_ms)
        self.events.clock(self.clock.state)


def _cache_rebuilt(damaged: Path) -> None:
    emit(Event.CACHE_REBUILT, kept=damaged.name)
