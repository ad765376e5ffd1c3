"""A register's whole side of sync in a thread of its own, and what its centre publishes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from datetime import UTC, datetime

from edge_agent.bundles import BundleStore
from edge_agent.ledger.cache import Cache
from edge_agent.sync_exchange import SyncCallbacks
from edge_agent.sync_pace import SyncTiming
from edge_agent.sync_runner import SyncRunner
from sync.contract.bundle import seal
from sync.contract.signing import key_id, public_key_of
from sync.downlink import Downlink
from sync.uplink import Uplink

CREATED = "2026-01-01T00:00:00Z"
NEVER_S = 1_000.0
QUIET = {
    "poll_min_s": NEVER_S,
    "poll_max_s": NEVER_S,
    "heartbeat_s": NEVER_S,
    "retry_cap_s": 0.2,
}


class Register:
    """A register's whole register side of sync, running in a thread of its own."""

    def __init__(self, folder, client, outbox, centre):
        self.client, self.outbox, self.centre = client, outbox, centre
        self.cache = Cache(folder / "cache.db")
        public = public_key_of(centre.state.programme_key)
        self.bundles = BundleStore.open(folder / "bundles", {key_id(public): public})
        self.states, self.pushed, self.applied, self.bundle_news = [], [], [], []
        self.error = None
        self._thread = self._loop = self._stop = None

    def start(self, **timing):
        self.runner = SyncRunner(
            client=self.client,
            uplink=Uplink(self.client, self.outbox),
            downlink=Downlink(self.client, self.cache),
            bundles=self.bundles,
            wanted=self.cache.ruleset_wanted,
            report=self.outbox.report,
            now=lambda: datetime.now(UTC),
            timing=SyncTiming(**QUIET | timing),
            callbacks=SyncCallbacks(
                self.states.append,
                self.pushed.append,
                self.applied.append,
                lambda: self.bundle_news.append(self.bundles.refused),
            ),
        )
        ready = threading.Event()

        async def main():
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            ready.set()
            await self.runner.run(self._stop)

        def work():
            try:
                asyncio.run(main())
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - shown at the end
                self.error = error

        self._thread = threading.Thread(target=work, name="register")
        self._thread.start()
        assert ready.wait(10)

    def stop(self):
        if self._thread is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)
            assert not self._thread.is_alive(), "the runner does not stop"
            self._thread = None

    @property
    def is_online(self):
        return self.runner.state.online


def member(centre, number, points):
    body = {"member_id": number, "name": "О. К.", "balance_points": points}
    centre.state.publish("member", str(number), body)


def rules(sequence):
    return seal(json.dumps({"note": str(sequence)}).encode(), sequence, CREATED)
