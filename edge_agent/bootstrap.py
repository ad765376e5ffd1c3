"""The wiring of the agent: the only module that knows every class."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, cast

from fastapi import FastAPI

from edge_agent.after_sale import AfterSale
from edge_agent.agent import Agent
from edge_agent.api import (
    after_routes,
    cashier_routes,
    customer_routes,
    desk_routes,
    member_routes,
    pace_routes,
    panel_routes,
    sales,
    shift_routes,
    tablet_routes,
    tap_routes,
    training_routes,
    websocket,
)
from edge_agent.api import app as api_app
from edge_agent.api.desk_routes import StatusOut
from edge_agent.api.guard import Tokens
from edge_agent.api.writes import Writes
from edge_agent.assortment import Assortment
from edge_agent.broadcast import Broadcast
from edge_agent.centre_asks import CentreAsks
from edge_agent.codes_desk import CodesDesk
from edge_agent.config import Settings
from edge_agent.customer_state import CustomerDesk
from edge_agent.desk import Desk
from edge_agent.devices.printer_worker import PrinterWorker
from edge_agent.devices.workers import camera_of, printer_of, scanner_of
from edge_agent.exchange.worker import exchange_of
from edge_agent.health import Health
from edge_agent.identification import Identifier
from edge_agent.ledger.answers import Answers
from edge_agent.ledger.chain_marks import signer_of
from edge_agent.ledger.outbox_rows import retry_quarantined
from edge_agent.ledger.retention import Kept, Retention
from edge_agent.ledger.screen_file import ScreenFile
from edge_agent.ledger.upkeep import Upkeep
from edge_agent.member_desk import MemberDesk
from edge_agent.off_loop import off_loop
from edge_agent.one_time_codes import CodeSender
from edge_agent.one_time_desk import OneTimeDesk
from edge_agent.parts import VERSION, Parts
from edge_agent.purse_scan import PurseReader
from edge_agent.shift.wiring import cashier_of, shift_of
from edge_agent.stamp_desk import StampDesk
from edge_agent.storage_notice import storage_changed
from edge_agent.sync_runner import SyncRunner
from edge_agent.sync_wiring import runner_of
from edge_agent.tap_desk import TapDesk
from edge_agent.till import Till
from edge_agent.till_identity import identity_of
from edge_agent.training.mode import FOLDER, Training
from edge_agent.training.parts import TrainingParts
from edge_agent.training.stage import Door, Stage, Voice
from sync.contract.tokens import phone_token
from sync.enrolment import Identity

if TYPE_CHECKING:
    from edge_agent.hw_proxy.worker import HwProxyListener
    from edge_agent.tablet.desk import TabletDesk
    from edge_agent.tablet.listener import TabletListener


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
        parts = Parts(settings, identity, stack, machine, sender)
        return _Builder(parts, port, token).agent()
    except BaseException:
        stack.close()
        raise


class _Builder:
    """Till, desk, devices, pages and sync joined over the parts."""

    def __init__(self, parts: Parts, port: int, token: str) -> None:
        self.parts = parts
        self.settings = parts.settings
        self.identity = parts.identity
        self.ledger = parts.ledger
        self.cache = parts.cache
        self.clock = parts.clock
        self.rules = parts.rules
        self.hub = parts.hub
        self.gate = parts.gate
        self.guard = parts.guard
        self.port = port
        self.tokens = Tokens(token)
        self.exchange = exchange_of(parts.settings, port, token)
        self.broadcast = Broadcast()
        self.voice: Broadcast = Voice(self.broadcast)
        self.told: Health | None = None
        self.is_training = False

    def agent(self) -> Agent:
        """Everything joined together."""
        till = self._till()
        asks = CentreAsks(self.cache, self.identity, till, self.guard, self.parts.client)
        health = self._health()
        identifier = Identifier(
            self.cache,
            lambda e164: phone_token(self.identity.phone_key, e164),
            self.gate.look_up,
            PurseReader(self.cache, self.identity.programme_keys, self.ledger, till.context).read,
        )
        goods = Assortment(self.cache)
        till.needs_stamp = goods.needs_stamp
        desk = Desk(till, identifier, goods, self.voice, self.clock, (self.told or health).strip)
        health.devices = lambda: desk.devices
        runner = runner_of(self.parts, desk, asks, health)
        scanner = scanner_of(self.settings, desk)
        printer = self._printer(till, desk)
        upkeep = self._upkeep()
        health.ledger_check = lambda: upkeep.check
        if not self.is_training:
            self._train(desk, health)
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
            shift=self.shift,
            stack=self.parts.stack,
            hub=self.hub.runner if self.hub else None,
            exchange=self.exchange,
            hw_proxy=self._hw_proxy(desk, printer),
            tablet=self._tablet_listener(),
        )

    def _health(self) -> Health:
        health = Health(
            VERSION,
            self.identity,
            self.clock,
            self.parts.outbox,
            self.cache,
            self.rules,
            self.gate,
            self.parts.storage,
            f"http://127.0.0.1:{self.port}/panel/",
        )
        health.head = lambda: self.guard.state
        if self.hub is not None:
            health.hub = self.hub.state
            health.silent_term = lambda: self.hub.island.silent_term if self.hub else 0
        return health

    def _status(self, health: Health) -> StatusOut:
        """What `status` tells: always the register's own, and whether it trains."""
        status = (self.told or health).status()
        return status.model_copy(update={"training": self.is_training})

    def _train(self, desk: Desk, health: Health) -> None:
        """Make training possible; what it would be made of is built when it is entered."""
        self.stage = Stage()

        def made(folder: Path) -> Agent:
            parts = TrainingParts(self.parts, folder)
            try:
                return _TrainingBuilder(self, parts, health).agent()
            except BaseException:
                parts.stack.close()
                raise

        self.training = Training(
            self.settings.data_dir / FOLDER,
            self.stage,
            cast(Voice, self.voice),
            desk,
            made,
            lambda: self.ledger.unit(lambda uow: uow.latest_open_sale(), durable=False) is not None,
        )
        self.parts.stack.callback(self.training.close)

    def _application(self, till: Till, desk: Desk, health: Health, goods: Assortment) -> FastAPI:
        app = self._app(till, desk, health, goods)
        if not self.is_training:
            app.add_middleware(Door, stage=self.stage)
        return app

    def _app(self, till: Till, desk: Desk, health: Health, goods: Assortment) -> FastAPI:
        writes = Writes(Answers(self.ledger), self.clock)
        stamps, codes = StampDesk(desk), CodesDesk(desk, till, self.ledger)
        desk.first_look, desk.meant, desk.on_code = stamps.look, codes.meant, codes.came
        members = self._members(till, desk)
        self.tablet = self._tablet(till, desk, members)
        after = AfterSale(till, self.ledger, self.gate, self.cashier.approvals)
        return api_app.create_app(
            [
                sales.routes(till, desk, writes, OneTimeDesk(till, self.parts.codes), after),
                after_routes.routes(till, after, desk, writes),
                websocket.routes(desk, self.broadcast),
                tap_routes.routes(TapDesk(till, self.ledger, self.rules.template)),
                shift_routes.routes(self.shift, self.cashier.approvals, writes),
                cashier_routes.routes(
                    self.cashier.approvals, self.cashier.languages, desk, self.shift.cashier
                ),
                panel_routes.routes(stamps, codes, writes),
                pace_routes.routes(self.ledger, self._screen_file(), self.clock),
                customer_routes.routes(desk, self._customer(till), self.broadcast, self.tokens),
                member_routes.routes(members, self.cashier.approvals, writes),
                tablet_routes.routes(self.tablet),
                training_routes.routes(self.training, self.cashier.approvals, self.tokens),
                desk_routes.routes(
                    desk,
                    self.broadcast,
                    self.tokens,
                    writes,
                    lambda: self._status(health),
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

    def _screen_file(self) -> ScreenFile:
        file = ScreenFile(self.parts.settings.data_dir)
        self.parts.stack.callback(file.close)
        return file

    def _members(self, till: Till, desk: Desk) -> MemberDesk:
        parts, gate = self.parts, self.gate
        rows = parts.cache.apply_rows
        return MemberDesk(desk, till, self.clock, parts.client, lambda: gate.is_online, rows)

    def _customer(self, till: Till) -> CustomerDesk:
        return CustomerDesk(till.who.locale, self.clock.monotonic, self.settings.till.join_url)

    def _printer(self, till: Till, desk: Desk) -> PrinterWorker | None:
        settings, template = self.settings, self.rules.template
        self.shift = shift_of(settings, self.ledger, self.clock, self.cache.staff, till, desk)
        self.cashier = cashier_of(settings, self.shift, till, desk)
        return printer_of(settings, self.ledger, till, desk, template, self.shift)

    def _tablet(self, till: Till, desk: Desk, members: MemberDesk) -> TabletDesk | None:
        if self.settings.tablet is None:
            return None
        from edge_agent.tablet.desk import TabletDesk
        from edge_agent.tablet.pairing import Pairing

        desk.has_tablet = True
        pairing = Pairing(self.clock.monotonic)
        return TabletDesk(desk, members, pairing, till.who.locale, self.settings.tablet.consent)

    def _tablet_listener(self) -> TabletListener | None:
        if self.settings.tablet is None or self.tablet is None:
            return None
        from edge_agent.tablet.listener import TabletListener

        return TabletListener(self.settings.tablet, self.tablet)

    def _hw_proxy(self, desk: Desk, printer: PrinterWorker | None) -> HwProxyListener | None:
        if self.settings.hw_proxy is None:
            return None
        from edge_agent.hw_proxy.worker import listener_of

        made = listener_of(self.settings.hw_proxy, printer, lambda: desk.devices)
        desk.overheard = made.scans.heard
        return made

    def _retry_facts(self, till: Till) -> int:
        facts = self.ledger.write(retry_quarantined)
        till.on_fact()
        return facts

    def _hosts(self) -> frozenset[str]:
        own = {f"{name}:{self.port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        return frozenset(own | set(self.settings.api.hosts))

    def _till(self) -> Till:
        return Till(
            identity_of(self.settings, self.identity, VERSION, self.is_training),
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
            self.ledger, self.cache, self.parts.storage, retention, self.clock.now, self.clock.stamp
        )
        self.parts.stack.callback(upkeep.stop)
        return upkeep

    def _join(
        self,
        till: Till,
        desk: Desk,
        health: Health,
        runner: SyncRunner | None,
        printer: PrinterWorker | None,
    ) -> None:
        health.on_change = lambda: off_loop(self.training.desk().push)
        self.guard.on_change = desk.refresh
        self.parts.storage.on_state = lambda old, new: storage_changed(desk, old, new)
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
            if self.hub is not None:
                self.hub.island.on_silent = runner.notify_change
        if printer is not None:
            till.on_job = self.shift.on_act = printer.wake


class _TrainingBuilder(_Builder):
    """The same register over the files of a training: it speaks in the register's place, and its
    strip and status stay the register's own."""

    def __init__(self, real: _Builder, parts: TrainingParts, health: Health) -> None:
        super().__init__(parts, real.port, "")
        self.tokens, self.broadcast, self.voice = real.tokens, real.broadcast, real.broadcast
        self.training, self.stage = real.training, real.stage
        self.told, self.is_training = health, True


def _nothing() -> None:
    return None
