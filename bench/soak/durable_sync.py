"""Sales through a network that drops, doubles, delays and cuts: each exactly once at the centre.

`python -m bench.soak.durable_sync`. Each register is the product's own: its ledger file and outbox
on disk, `Uplink` and `CentreClient`; the centre is `edge-central run` on PostgreSQL. TARGET is the
number of sales (10^6). Judged at the end: every sale stored once, in the order of its chain, and
the sums of money and bonuses equal to the kopeck.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.soak.campaign import Outcome, Terms, run
from bench.soak.central_rig import Service, now_text, sale_body
from bench.soak.rough_proxy import RoughProxy
from central.audit import check_books
from central.db.bulk import Connection
from central.enrolment import create_code
from central.instants import system_clock
from central.member_import import import_members
from central.place import opened
from edge_agent.ledger.ledger import Ledger, Outbox
from edge_agent.ledger.store import Store
from loyalty.codes import gtin_check_digit
from sync.centre_client import CentreClient
from sync.contract.messages import canonical_json
from sync.enrolment import Identity, enrol
from sync.errors import CentreUnavailable
from sync.uplink import Uplink

TARGET_SALES = 1_000_000
REGISTERS = 4
MEMBERS = 40
WRITTEN_AT_ONCE = 250
MOST_WAITING = 2_000
DRAIN_S = 60.0


@dataclass
class Sold:
    """What one register sold: sales, kopecks, and bonuses by member."""

    sales: int = 0
    payable_minor: int = 0
    points: dict[int, int] = field(default_factory=dict)
    requests: int = 0
    failures: int = 0
    is_drained: bool = False


class Till:
    """One register's real upstream side; sales are written to its ledger in groups."""

    def __init__(
        self,
        folder: Path,
        identity: Identity,
        url: str,
        members: list[int],
        seed: int,
        at_once: int = WRITTEN_AT_ONCE,
    ) -> None:
        self.identity = identity
        self._at_once = at_once
        self.drain_s = DRAIN_S
        self.sold = Sold()
        self._members = members
        self._dice = random.Random(seed)
        who = (identity.register_id, identity.epoch)
        self._ledger = Ledger(folder / f"{who[0]}.db", *who)
        self._client = CentreClient(url, who[0], identity.private_key, None, now_text)
        self._outbox = Outbox(self._ledger, who[0])
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
        member = self._dice.choice([None, *self._members])
        points = self._dice.randrange(1, 500)
        body = sale_body(self.identity.register_id, self.identity.store_id, member, points)
        kopecks = self._dice.randrange(1, 100_000)
        body["sale_id"] = str(uuid.UUID(int=self._dice.getrandbits(128), version=4))
        body["payable_minor"] = body["gross_minor"] = kopecks
        body["tenders"][0]["amount_minor"] = kopecks
        self.sold.payable_minor += kopecks
        if member is not None:
            self.sold.points[member] = self.sold.points.get(member, 0) + points
        return canonical_json(body)


def through_a_rough_network(
    folder: Path,
    sales: int,
    seed: int,
    until: float,
    registers: int = REGISTERS,
    at_once: int = WRITTEN_AT_ONCE,
    spoil: Callable[[Till], None] = lambda _: None,
) -> tuple[list[str], dict[str, object]]:
    """Run it; what was found wrong ([] when nothing), and figures.

    `spoil` may break a register first, to see that the judge notices."""
    data_dir = folder / "centre"
    with ExitStack() as stack:
        service = Service(data_dir, folder / "centre.log")
        stack.callback(service.stop)
        proxy = RoughProxy(service.url, seed)
        stack.callback(proxy.close)
        with opened(data_dir, None) as connection:
            members = _members(connection, folder)
            identities = [_enrolled(connection, service.url, n) for n in range(registers)]
        tills = [
            Till(folder, identity, proxy.url, members, seed + number, at_once)
            for number, identity in enumerate(identities)
        ]
        for till in tills:
            stack.callback(till.close)
            spoil(till)
        began = time.monotonic()
        _all_at_once(tills, sales // registers, until)
        took_s = time.monotonic() - began
        with opened(data_dir, None) as connection:
            wrong = _judged(connection, tills)
        figures: dict[str, object] = {
            "sales": sum(till.sold.sales for till in tills),
            "payable_minor": sum(till.sold.payable_minor for till in tills),
            "per_minute": round(sum(till.sold.sales for till in tills) / took_s * 60),
            "requests": sum(till.sold.requests for till in tills),
            "failed": sum(till.sold.failures for till in tills),
            "treated": dict(proxy.seen),
        }
    return wrong, figures


def _all_at_once(tills: list[Till], sales: int, until: float) -> None:
    failures: list[BaseException] = []

    def work(till: Till) -> None:
        try:
            till.work(sales, until)
        except BaseException as error:  # noqa: BLE001 - raised again by the main thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(till,)) for till in tills]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _members(connection: Connection, folder: Path) -> list[int]:
    bodies = [f"042000{number:06d}" for number in range(MEMBERS)]
    cards = [body + gtin_check_digit(body) for body in bodies]
    rows = [f"{card};;Олена Коваленко;;;0.00;2099-01-31;" for card in cards]
    file = folder / "members.csv"
    header = "card;phone;name;birthday;groups;balance;expires_on;consent_at"
    file.write_text("\n".join([header, *rows]), encoding="utf-8")
    import_members(connection, file, system_clock(), dry_run=False, on_progress=lambda _: None)
    return [row[0] for row in connection.execute("select member_id from member order by 1")]


def _enrolled(connection: Connection, url: str, number: int) -> Identity:
    with connection.transaction():
        code, _ = create_code(connection, f"S{number}", f"R{number}", "", 1, system_clock())
    return enrol(url, code, None, "soak", "0.1.0")


def _judged(connection: Connection, tills: list[Till]) -> list[str]:
    """What the centre has, beside what was sold."""
    wrong = []
    for till in tills:
        name = till.identity.register_id
        if not till.sold.is_drained:
            wrong.append(f"{name}: the queue is not empty")
        row = connection.execute(
            "select count(*), count(distinct body), min(seq), max(seq), coalesce(sum("
            "(convert_from(body, 'UTF8')::jsonb ->> 'payable_minor')::bigint), 0)::bigint,"
            " count(*) filter (where state <> 'applied') from inbox where register_id = %s",
            [name],
        ).fetchone()
        assert row is not None
        expected = (till.sold.sales, till.sold.sales, 1, till.sold.sales, till.sold.payable_minor)
        if tuple(row[:5]) != expected:
            wrong.append(f"{name}: stored {tuple(row[:5])}, sold {expected}")
    wrong += _points_wrong(connection, tills)
    forks = connection.execute("select count(*) from fork").fetchone()
    if forks is not None and forks[0]:
        wrong.append(f"{forks[0]} facts were taken for a fork")
    if not check_books(connection)["ok"]:
        wrong.append("the books do not add up")
    return wrong


def _points_wrong(connection: Connection, tills: list[Till]) -> list[str]:
    earned: dict[int, int] = {}
    for till in tills:
        for member, points in till.sold.points.items():
            earned[member] = earned.get(member, 0) + points
    for _ in range(40):
        rows = connection.execute(
            "select member_id, sum(balance)::bigint from account"
            " where account in ('available', 'pending') or account like 'lease:%%' group by 1"
        ).fetchall()
        posted = {member: points for member, points in rows if points}
        if posted == earned:
            return []
        time.sleep(0.1)
    apart = [member for member in earned if posted.get(member) != earned[member]]
    return [f"{len(apart)} of {len(earned)} members have other points than they earned"]


def campaign(terms: Terms) -> Outcome:
    """As many sales as the time allows."""
    with tempfile.TemporaryDirectory(prefix="sync-soak-") as folder:
        until = terms.until - min(DRAIN_S, (terms.until - time.monotonic()) / 4)
        wrong, figures = through_a_rough_network(Path(folder), terms.target, terms.seed, until)
    for sentence in wrong:
        print(sentence)
    print(json.dumps(figures))
    says = f"{figures['per_minute']} sales a minute, {figures['failed']} failed requests"
    return Outcome(int(str(figures["sales"])), not wrong, says, figures)


if __name__ == "__main__":
    sys.exit(run("durable_sync", TARGET_SALES, campaign))
