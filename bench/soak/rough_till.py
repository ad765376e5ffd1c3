"""One register that sells through a rough network: the product's own ledger, outbox and uplink.

As a process of its own (`python -m bench.soak.rough_till`, terms as one JSON line on stdin) it
brings its own `RoughProxy` between itself and the centre, and prints what it sold as one line.
"""

from __future__ import annotations

import json
import random
import sys
import time
import uuid
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.soak.central_rig import now_text, sale_body
from bench.soak.rough_proxy import RoughProxy
from edge_agent.ledger.ledger import Ledger, Outbox
from edge_agent.ledger.store import Store
from sync.centre_client import CentreClient
from sync.contract.messages import canonical_json
from sync.errors import CentreUnavailable
from sync.uplink import Uplink

WRITTEN_AT_ONCE = 250
MOST_WAITING = 2_000
DRAIN_S = 60.0
STRANGERS, CROWDED = 0.25, 0.02
CROWD = 40


@dataclass(frozen=True)
class Who:
    """What a register needs of its enrolment; `private_key` in hex."""

    register_id: str
    store_id: str
    epoch: int
    private_key: str


@dataclass
class Sold:
    """What one register sold: sales, kopecks, and bonuses by member."""

    sales: int = 0
    payable_minor: int = 0
    points: dict[int, int] = field(default_factory=dict)
    requests: int = 0
    failures: int = 0
    is_drained: bool = False
    treated: dict[str, int] = field(default_factory=dict)


class Till:
    """One register's real upstream side; sales are written to its ledger in groups.

    Of the members of all registers the first `CROWD` shop again and again at each of them."""

    def __init__(
        self,
        folder: Path,
        who: Who,
        url: str,
        members: list[int],
        seed: int,
        at_once: int = WRITTEN_AT_ONCE,
    ) -> None:
        self.who = who
        self._at_once = at_once
        self.drain_s = DRAIN_S
        self.sold = Sold()
        self._members = members
        self._dice = random.Random(seed)
        key = bytes.fromhex(who.private_key)
        self._ledger = Ledger(folder / f"{who.register_id}.db", who.register_id, who.epoch)
        self._client = CentreClient(url, who.register_id, key, None, now_text)
        self._outbox = Outbox(self._ledger, who.register_id)
        self.uplink = Uplink(self._client, self._outbox)

    def sell(self, count: int) -> None:
        """Write sales durably, as the sale's own transaction does."""
        sales = [self._sale() for _ in range(count)]

        def write(store: Store) -> None:
            for body in sales:
                store.append_fact("sale", body, now_text())

        self._ledger.unit(write)
        self.sold.sales += count

    def push(self) -> None:
        """One upload; the network may have its way with it."""
        self.sold.requests += 1
        try:
            self.uplink.push_once()
        except CentreUnavailable:
            self.sold.failures += 1
            time.sleep(self._dice.random() * 0.005)

    def drain(self, until: float) -> None:
        """Send until nothing waits."""
        while self._outbox.depth() and time.monotonic() < until:
            self.push()
        self.sold.is_drained = not self._outbox.depth()

    def work(self, sales: int, until: float) -> None:
        """Sell and send until the share is sold or the time is over; then send what is left."""
        while self.sold.sales < sales and time.monotonic() < until:
            if self._outbox.depth() < MOST_WAITING:
                some = self._dice.randrange(1, self._at_once + 1)
                self.sell(min(some, sales - self.sold.sales))
            self.push()
        self.drain(time.monotonic() + self.drain_s)

    def close(self) -> None:
        """Release file and connections."""
        self._client.close()
        self._ledger.close()

    def _sale(self) -> bytes:
        member = self._member()
        points = self._dice.randrange(1, 500)
        body = sale_body(self.who.register_id, self.who.store_id, member, points)
        kopecks = self._dice.randrange(1, 100_000)
        body["sale_id"] = str(uuid.UUID(int=self._dice.getrandbits(128), version=4))
        body["payable_minor"] = body["gross_minor"] = kopecks
        body["tenders"][0]["amount_minor"] = kopecks
        self.sold.payable_minor += kopecks
        if member is not None:
            self.sold.points[member] = self.sold.points.get(member, 0) + points
        return canonical_json(body)

    def _member(self) -> int | None:
        draw = self._dice.random()
        if draw < STRANGERS:
            return None
        return self._dice.choice(self._members[:CROWD] if draw > 1 - CROWDED else self._members)


def main() -> int:
    """Work as the terms say."""
    terms = json.loads(sys.stdin.readline())
    who = Who(**terms["who"])
    proxy = RoughProxy(terms["centre_url"], terms["seed"])
    till = Till(Path(terms["folder"]), who, proxy.url, terms["members"], terms["seed"])
    try:
        till.work(terms["sales"], time.monotonic() + terms["for_s"])
    finally:
        till.close()
        proxy.close()
    till.sold.treated = dict(proxy.seen)
    print(json.dumps(asdict(till.sold)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
