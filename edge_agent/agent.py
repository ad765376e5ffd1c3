"""A built agent: what runs, and the order to start and stop it in."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from starlette.types import ASGIApp

from edge_agent.broadcast import Broadcast
from edge_agent.desk import Desk
from edge_agent.devices.camera_worker import CameraWorker
from edge_agent.devices.printer_worker import PrinterWorker
from edge_agent.devices.scanner_worker import ScannerWorker
from edge_agent.errors import LedgerUnavailable
from edge_agent.exchange.worker import FileExchange
from edge_agent.health import Health
from edge_agent.ledger.upkeep import Upkeep
from edge_agent.rules_slot import RulesSlot
from edge_agent.shift.desk import ShiftDesk
from edge_agent.sync_runner import SyncRunner
from edge_agent.till import Till

if TYPE_CHECKING:
    from edge_agent.hub.runner import HubRunner
    from edge_agent.hw_proxy.worker import HwProxyListener
    from edge_agent.tablet.listener import TabletListener


class Device(Protocol):
    """A thread of its own beside the till."""

    def start(self) -> None:
        """Open what it needs."""

    def stop(self) -> None:
        """End; harmless where it never started."""


@dataclass
class Agent:
    """A built agent: the application, its threads and the order to stop them in."""

    app: ASGIApp
    till: Till
    desk: Desk
    broadcast: Broadcast
    health: Health
    rules: RulesSlot
    runner: SyncRunner | None
    scanner: ScannerWorker | None
    camera: CameraWorker | None
    printer: PrinterWorker | None
    upkeep: Upkeep
    shift: ShiftDesk
    stack: ExitStack
    hub: HubRunner | None = None
    exchange: FileExchange | None = None
    hw_proxy: HwProxyListener | None = None
    tablet: TabletListener | None = None

    @property
    def _devices(self) -> tuple[Device, ...]:
        """In the order of their start: the printer is there before the first scan."""
        listeners = (self.exchange, self.hw_proxy, self.tablet)
        wanted = (self.printer, self.scanner, self.camera, *listeners)
        return tuple(each for each in wanted if each is not None)

    def start_devices(self) -> None:
        """Let the device threads open their ports."""
        for device in self._devices:
            device.start()

    def stop_devices(self) -> None:
        """What brings new work first, so that nothing begins; the printer ends its document."""
        for device in reversed(self._devices):
            device.stop()

    async def run_sync(self, stop: asyncio.Event) -> None:
        """Keep in touch with the centre, and with the store's hub, until `stop`."""
        runners = [each.run(stop) for each in (self.runner, self.hub) if each is not None]
        await asyncio.gather(stop.wait(), *runners)

    def beat(self) -> None:
        """One pass through the ledger thread: the watchdog is told only when it answers.

        A full disk is an answer too: loyalty has stopped, and the till sells without it."""
        with suppress(LedgerUnavailable):
            self.till.close_abandoned()
            self.health.status()
            self.shift.watch()

    def close(self) -> None:
        """Close files and connections."""
        self.stack.close()
