"""The wiring of the agent: the only module that knows every class."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import FastAPI

from edge_agent.after_sale import AfterSale
from edge_agent.agent import Agent
from edge_agent.api import after_routes, desk_routes, sales, shift_routes, tap_routes, websocket
from edge_agent.api import app as api_app
from edge_agent.api.guard import Tokens
from edge_agent.api.writes import Writes
from edge_agent.assortment import Assortment
from edge_agent.broadcast import Broadcast
from edge_agent.centre_asks import CentreAsks
from edge_agent.centre_gate import CentreGate
from edge_agent.clock import Clock
from edge_agent.config import Settings
from edge_agent.desk import Desk
from edge_agent.devices.printer_worker import PrinterWorker
from edge_agent.devices.workers import camera_of, printer_of, scanner_of
from edge_agent.event_codes import Event
from edge_agent.event_log import emit
from edge_agent.exchange.worker import exchange_of
from edge_agent.head_guard import guard_of
from edge_agent.health import Health
from edge_agent.hub.port import NoHub
from edge_agent.identification import Identifier
from edge_agent.ledger.answers import Answers
from edge_agent.ledger.cache import Cache
from edge_agent.ledger.chain_marks import signer_of
from edge_agent.ledger.ledger import Ledger, Outbox
from edge_agent.ledger.outbox_rows import retry_quarantined
from edge_agent.ledger.retention import Kept, Retention
from edge_agent.ledger.storage import Storage
from edge_agent.ledger.upkeep import Upkeep
from edge_agent.log_setup import free_bytes
from edge_agent.one_time_codes import CodeSender, NoSender, OneTimeCodes
from edge_agent.one_time_desk import OneTimeDesk
from edge_agent.purse_scan import PurseReader
from edge_agent.rules_slot import RulesSlot
from edge_agent.shift.wiring import shift_of
from edge_agent.storage_notice import storage_changed
from edge_agent.sync_events import SyncEvents
from edge_agent.sync_exchange import SyncCallbacks
from edge_agent.sync_feed import bucket_check, rights_of
from edge_agent.sync_pace import SyncTiming
from edge_agent.sync_runner import SyncRunner
from edge_agent.tap_desk import TapDesk
from edge_agent.till import Till
from edge_agent.till_identity import identity_of
from sync.centre_client import CentreClient, ClockSample
from sync.contract.feed import FeedPage
from sync.contract.live import HeartbeatReply
from sync.contract.tokens import phone_token
from sync.downlink import Downlink, PullResult
from sync.enrolment import Identity
from sync.fresh_start import FreshStart
from sync.uplink import PushResult, Uplink

if TYPE_CHECKING:
    from edge_agent.hub.parts import HubParts

VERSION = version("loyalty-edge")


def build(
    settings: Settings,
    *,
    port: int,
    token: str,
    machine: str = "",
    sender: CodeSender | None = None,
) -> Agent:
    """Wire an agent over its data folder. Raises `IdentityError` when it is not enrolled.

    `machine` are the facts of the machine it runs on, "" asks the machine itself; `sender` brings
    one-time codes to members, by default the centre does."""
    identity = Identity.load(settings.identity_file)
    stack = ExitStack()
    try:
        return _Builder(settings, identity, stack, port, token, machine, sender).agent()
    except BaseException:
        stack.close()
        raise


class _Builder:
    """The parts that several others need, made once and in order."""

    def __init__(
        self,
        settings: Settings,
        identity: Identity,
        stack: ExitStack,
        port: int,
        token: str,
        machine: str,
        sender: CodeSender | None,
    ) -> None:
        self.settings = settings
        self.identity = identity
        self.stack = stack
        self.port = port
        self.tokens = Tokens(token)
        self.exchange = exchange_of(settings, port, token)
        self.clock = Clock(keep=settings.data_dir / "clock.json")
        self.broadcast = Broadcast()
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
            self.rules.store, lambda epoch: _off_loop(lambda: self.ledger.fence(epoch))
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

    def _pushed(self, result: PushResult) -> None:
        self.events.pushed(result)
        _off_loop(self.asks.confirm_head)

    def _applied(self, desk: Desk, result: PullResult) -> None:
        self.events.applied(result)
        _off_loop(self.asks.confirm_head)
        if result.rows:
            _off_loop(desk.refresh)
            _off_loop(self.asks.answer)
        if self.rules.stops.is_waiting:
            _off_loop(desk.rules_arrived)

    def _beaten(self, desk: Desk, reply: HeartbeatReply) -> None:
        """What the feed has lost (a damaged file, a snapshot) comes with the heartbeat."""
        _off_loop(self.asks.confirm_head)
        row = reply.kill_list
        if row is not None:
            _off_loop(lambda: self.rules.stops.hear(row, desk.rules_arrived))

    def _taken(self, page: FeedPage) -> FeedPage:
        page = self.rules.stops.take_from(page)
        return self.hub.terms.take_from(page) if self.hub else page

    def _learn(self, sample: ClockSample) -> None:
        self.clock.learn(sample.offset_ms, sample.error_ms)
        self.events.clock(self.clock.state)

    def agent(self) -> Agent:
        """Everything joined together."""
        till = self._till()
        self.asks = CentreAsks(self.cache, self.identity, till, self.guard, self.client)
        health = Health(
            VERSION,
            self.identity,
            self.clock,
            self.outbox,
            self.cache,
            self.rules,
            self.gate,
            self.storage,
            f"http://127.0.0.1:{self.port}/panel/",
        )
        health.head = lambda: self.guard.state
        if self.hub is not None:
            health.hub = self.hub.state
        identifier = Identifier(
            self.cache,
            lambda e164: phone_token(self.identity.phone_key, e164),
            self.gate.look_up,
            PurseReader(self.cache, self.identity.programme_keys, self.ledger, till.context).read,
        )
        goods = Assortment(self.cache)
        desk = Desk(till, identifier, goods, self.broadcast, self.clock, health.strip)
        health.devices = lambda: desk.devices
        runner = self._runner(desk, health)
        scanner = scanner_of(self.settings, desk)
        printer = self._printer(till, desk)
        upkeep = self._upkeep()
        health.ledger_check = lambda: upkeep.check
        self._join(till, desk, health, runner, printer)
        desk.resume()
        return Agent(
            app=self._application(till, desk, health, goods),
            till=till,
            desk=desk,
            broadcast=self.broadcast,
            health=health,
            rules=self.rules,
            runner=runner,
            scanner=scanner,
            camera=camera_of(self.settings, desk),
            printer=printer,
            upkeep=upkeep,
            stack=self.stack,
            hub=self.hub.runner if self.hub else None,
            exchange=self.exchange,
        )

    def _application(self, till: Till, desk: Desk, health: Health, goods: Assortment) -> FastAPI:
        writes = Writes(Answers(self.ledger), self.clock)
        after = AfterSale(till, self.ledger)
        return api_app.create_app(
            [
                sales.routes(till, desk, writes, OneTimeDesk(till, self.codes), after),
                after_routes.routes(till, after, desk, writes),
                websocket.routes(desk, self.broadcast),
                tap_routes.routes(TapDesk(till, self.ledger, self.rules.template)),
                shift_routes.routes(self.shift, writes),
                desk_routes.routes(
                    desk,
                    self.broadcast,
                    self.tokens,
                    writes,
                    health.status,
                    goods.search,
                    lambda: self._retry_facts(till),
                ),
            ],
            self.tokens,
            self._hosts,
            self.settings.api.origins,
            VERSION,
            self.identity.register_id,
        )

    def _printer(self, till: Till, desk: Desk) -> PrinterWorker | None:
        settings, template = self.settings, self.rules.template
        self.shift = shift_of(settings, self.ledger, self.clock, self.cache.staff, till, desk)
        return printer_of(settings, self.ledger, till, desk, template, self.shift)

    def _retry_facts(self, till: Till) -> int:
        facts = self.ledger.write(retry_quarantined)
        till.on_fact()
        return facts

    def _hosts(self) -> frozenset[str]:
        own = {f"{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        return frozenset(own | set(self.settings.api.hosts))

    def _till(self) -> Till:
        return Till(
            identity_of(self.settings, self.identity, VERSION),
            self.ledger,
            self.cache,
            self.clock,
            self.gate,
            self.rules,
            self.cache.balance_as_of,
            self.guard,
        )

    def _upkeep(self) -> Upkeep:
        storage = self.settings.storage
        kept = Kept(
            storage.keep_facts_days,
            storage.keep_answers_days,
            lambda: self.rules.rules().programme.return_days,
        )
        sign = signer_of(self.identity.private_key)
        retention = Retention(
            self.ledger, self.identity.register_id, sign, kept, self.cache.applied_seq
        )
        upkeep = Upkeep(
            self.ledger, self.cache, self.storage, retention, self.clock.now, self.clock.stamp
        )
        self.stack.callback(upkeep.stop)
        return upkeep

    def _runner(self, desk: Desk, health: Health) -> SyncRunner | None:
        if self.client is None or self.settings.centre is None:
            return None
        centre = self.settings.centre
        island = self.hub.island if self.hub else NoHub()
        rights = rights_of(self.cache, self.ledger, self.identity, island.lends)
        fresh = FreshStart(self.client, self.cache, self.settings.data_dir, rights)
        return SyncRunner(
            client=self.client,
            uplink=Uplink(self.client, self.outbox),
            downlink=Downlink(self.client, self.cache, taken=self._taken, fresh=fresh),
            compare=bucket_check(self.client, self.cache, self.identity).run,
            bundles=self.rules.store,
            wanted=self.cache.ruleset_wanted,
            report=health.heartbeat,
            now=self.clock.now,
            timing=SyncTiming(
                poll_min_s=centre.poll_s / 2,
                poll_max_s=float(centre.poll_s),
                heartbeat_s=float(centre.heartbeat_s),
                retry_cap_s=float(centre.retry_cap_s),
            ),
            callbacks=SyncCallbacks(
                on_state=health.connection_changed,
                on_pushed=self._pushed,
                on_applied=lambda result: self._applied(desk, result),
                on_bundle=lambda: _off_loop(desk.rules_arrived),
                on_beat=lambda reply: self._beaten(desk, reply),
                on_compared=self.events.compared,
            ),
        )

    def _join(
        self,
        till: Till,
        desk: Desk,
        health: Health,
        runner: SyncRunner | None,
        printer: PrinterWorker | None,
    ) -> None:
        health.on_change = lambda: _off_loop(desk.push)
        self.guard.on_change = desk.refresh
        self.storage.on_state = lambda old, new: storage_changed(desk, old, new)
        wake_sync = runner.notify_outbox if runner is not None else _nothing
        wake_hub = self.hub.runner.wake if self.hub else _nothing
        if self.hub is not None:
            till.hub, till.store_registers = self.hub.island, self.hub.registers
            desk.on_member = self.hub.walk_up

        def fact_written() -> None:
            self.shift.sold()
            health.fact_written()
            wake_sync()
            wake_hub()

        till.on_fact = self.shift.on_fact = fact_written
        if runner is not None:
            self.gate.on_lost = self.rules.on_activated = runner.notify_change
        if printer is not None:
            till.on_job = self.shift.on_act = printer.wake


def _cache_rebuilt(damaged: Path) -> None:
    emit(Event.CACHE_REBUILT, kept=damaged.name)


def _nothing() -> None:
    return None


def _off_loop(work: Callable[[], None]) -> None:
    """Run blocking work away from the event loop that called."""
    asyncio.get_running_loop().run_in_executor(None, work)
