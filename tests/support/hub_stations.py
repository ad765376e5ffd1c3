"""Registers with their hub parts alone, on real files, and a hub's listener on a thread."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_agent.anchor import Anchor
from edge_agent.hub import tls
from edge_agent.hub.island import StoreIsland
from edge_agent.hub.link import HubLink
from edge_agent.hub.listener import HubListener
from edge_agent.hub.past import HubPast
from edge_agent.hub.server import Hub
from edge_agent.hub.store_feed import StoreFeed
from edge_agent.hub.terms import FILE_NAME as TERM_FILE
from edge_agent.hub.terms import Terms
from edge_agent.ledger import hub_news
from edge_agent.ledger.hub_file import HubFile
from edge_agent.ledger.hub_rights import HubLease
from edge_agent.ledger.ledger import Ledger
from edge_agent.ports import AuthorisationRow, SaleRow
from sync.enrolment import Identity

NOW = "2026-11-22T10:00:00.000Z"
MEMBER = 101


class Station:
    """One register with its hub parts on real files; no till around it."""

    def __init__(self, folder: Path, identity: Identity) -> None:
        folder.mkdir()
        self.folder, self.identity = folder, identity
        self.granted = 6_000
        self.is_confirmed = True
        self.ledger = Ledger(folder / "ledger.db", identity.register_id, identity.epoch)
        self.file = HubFile(folder / "hub.db")
        self.terms = Terms(folder / TERM_FILE, identity)
        who = (identity.register_id, identity.epoch)
        self.hub = Hub(
            self.file,
            self.terms,
            *who,
            self._lease_of,
            lambda lease: self.ledger.query(lambda c: hub_news.lease_spent(c, lease)),
            lambda: 1_000,
            lambda: self.is_confirmed,
            HubPast(self.file, self.anchor(), identity.epoch),
            lambda: NOW,
        )
        self.island = StoreIsland(
            *(self.terms, self.hub, self.file, self.ledger, identity, lambda: NOW),
            silence_s=1.0,
            claim_s=5.0,
        )

    def anchor(self, machine: str = "this one") -> Anchor:
        """The hub's anchor beside the folder."""
        who = (self.identity.register_id, self.identity.private_key)
        return Anchor(self.folder.with_suffix(".anchor"), *who, machine)

    def _lease_of(self, member_id: int) -> HubLease | None:
        who = f"{self.identity.register_id}.{self.identity.epoch}"
        return HubLease(f"{who}.{member_id}", self.granted, True)

    def sell(self, points: int, lease_id: str) -> None:
        """A committed sale with its burn, as the use case writes them."""
        sale_id, auth_id = str(uuid.uuid4()), str(uuid.uuid4())

        def work(uow: Any) -> None:
            uow.save_draft(SaleRow(sale_id, "open", 1, MEMBER, NOW, NOW, None, "{}", None, None))
            row = AuthorisationRow(
                auth_id, sale_id, MEMBER, points, "used", "lease", 0, lease_id, points, ""
            )
            uow.save_authorisation(row, NOW)
            uow.burn_lease(lease_id, sale_id, points)
            body = {"member_id": MEMBER, "redemption": {"points": points, "layer": "lease"}}
            uow.append_fact("sale", body, NOW)
            uow.close_sale(sale_id, "committed", NOW, "{}", "{}")

        self.ledger.unit(work)

    def close(self) -> None:
        """Let the files go."""
        self.island.close()
        self.file.close()
        self.ledger.close()


class Serving:
    """A station's listener on a thread with its own loop."""

    def __init__(self, station: Station, feed: StoreFeed | None = None) -> None:
        bound = threading.Event()
        ports: list[int] = []

        def on_bound(port: int) -> None:
            ports.append(port)
            bound.set()

        key = station.identity.private_key
        self._listener = HubListener(
            *(station.hub, station.terms, station.folder, key, "127.0.0.1:0"),
            on_bound=on_bound,
            feed=feed,
        )
        station.terms.on_change = self._listener.term_changed
        self._stop: Callable[[], None] = lambda: None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        assert bound.wait(60)
        self.port = ports[0]

    async def _run(self) -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        self._stop = lambda: loop.call_soon_threadsafe(stop.set)
        await self._listener.run(stop)

    def close(self) -> None:
        """End the listener and its thread."""
        if self._thread.is_alive():
            self._stop()
            self._thread.join(60)
        assert not self._thread.is_alive()


def link_to(station: Station, serving: Serving, identity: Identity) -> HubLink:
    """A peer's way to the hub, under the name and key of `identity`."""
    hub = station.terms.hub
    assert hub is not None
    own = station.terms.own
    assert own is not None
    file = tls.write_own(station.folder, station.identity.private_key, own)
    address = f"127.0.0.1:{serving.port}"
    who = (identity.register_id, identity.private_key)
    return HubLink(hub, address, file, *who, lambda: NOW)
