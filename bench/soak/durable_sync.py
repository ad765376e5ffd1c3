"""Sales through a network that drops, doubles, delays and cuts: each exactly once at the centre.

`python -m bench.soak.durable_sync`. Each register is a process of its own and the product's own:
its ledger file and outbox (in memory-backed /dev/shm where there is one: the disk is not what is
tried here), `Uplink` and `CentreClient`, with a rough proxy before it; the centre is `edge-central
run` on PostgreSQL with its commits as they are. TARGET is the number of sales (10^6); runs of
several seeds add up. Judged at the end: every sale stored once, in the order of its chain, and the
sums of money and bonuses equal to the kopeck.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from bench.soak.campaign import Outcome, Terms, run
from bench.soak.central_rig import Service
from bench.soak.rough_proxy import RoughProxy
from bench.soak.rough_till import DRAIN_S, WRITTEN_AT_ONCE, Sold, Till, Who
from central.audit import check_books
from central.db.bulk import Connection
from central.enrolment import create_code
from central.instants import system_clock
from central.member_import import import_members
from central.place import opened
from loyalty.codes import gtin_check_digit
from sync.enrolment import enrol

TARGET_SALES = 1_000_000
REGISTERS = 4
MEMBERS = 20_000
FEW_MEMBERS = 40
_MEMORY = Path("/dev/shm")
Sales = dict[str, Sold]
"""What each register sold."""


def through_a_rough_network(
    folder: Path,
    sales: int,
    seed: int,
    until: float,
    registers: int = REGISTERS,
    at_once: int = WRITTEN_AT_ONCE,
    spoil: Callable[[Till], None] = lambda _: None,
) -> tuple[list[str], dict[str, object]]:
    """Registers in threads of this process; what was found wrong ([] when nothing), and figures.

    `spoil` may break a register first, to see that the judge notices."""

    def sell(url: str, members: list[int], everyone: list[Who]) -> Sales:
        with ExitStack() as stack:
            proxy = RoughProxy(url, seed)
            stack.callback(proxy.close)
            tills = [
                Till(folder, who, proxy.url, members, seed + number, at_once)
                for number, who in enumerate(everyone)
            ]
            for till in tills:
                stack.callback(till.close)
                spoil(till)
            _all_at_once(tills, sales // registers, until)
            tills[0].sold.treated = dict(proxy.seen)
            return {till.who.register_id: till.sold for till in tills}

    return _tried(folder, registers, FEW_MEMBERS, sell)


def by_processes(
    folder: Path, ledgers: Path, sales: int, seed: int, until: float, registers: int = REGISTERS
) -> tuple[list[str], dict[str, object]]:
    """The same with each register, and the network before it, in a process of its own."""

    def sell(url: str, members: list[int], everyone: list[Who]) -> Sales:
        running = []
        for number, who in enumerate(everyone):
            process = subprocess.Popen(
                [sys.executable, "-m", "bench.soak.rough_till"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            running.append((who, process))
            terms = {
                "who": asdict(who),
                "centre_url": url,
                "folder": str(ledgers),
                "members": members,
                "seed": seed * 1_000 + number,
                "sales": sales // registers,
                "for_s": until - time.monotonic(),
            }
            assert process.stdin is not None
            process.stdin.write(json.dumps(terms) + "\n")
            process.stdin.flush()
        sold = {}
        for who, process in running:
            said, _ = process.communicate()
            told = json.loads(said)
            told["points"] = {int(member): points for member, points in told["points"].items()}
            sold[who.register_id] = Sold(**told)
        return sold

    return _tried(folder, registers, MEMBERS, sell)


def _tried(
    folder: Path,
    registers: int,
    members: int,
    sell: Callable[[str, list[int], list[Who]], Sales],
) -> tuple[list[str], dict[str, object]]:
    data_dir = folder / "centre"
    with ExitStack() as stack:
        service = Service(data_dir, folder / "centre.log")
        stack.callback(service.stop)
        with opened(data_dir, None) as connection:
            ids = _members(connection, folder, members)
            everyone = [_enrolled(connection, service.url, n) for n in range(registers)]
        began = time.monotonic()
        sold = sell(service.url, ids, everyone)
        took_s = time.monotonic() - began
        with opened(data_dir, None) as connection:
            wrong = _judged(connection, sold)
    count = sum(each.sales for each in sold.values())
    figures: dict[str, object] = {
        "sales": count,
        "payable_minor": sum(each.payable_minor for each in sold.values()),
        "per_minute": round(count / took_s * 60),
        "requests": sum(each.requests for each in sold.values()),
        "failed": sum(each.failures for each in sold.values()),
        "treated": dict(sum((Counter(each.treated) for each in sold.values()), Counter())),
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


def _members(connection: Connection, folder: Path, count: int) -> list[int]:
    bodies = [f"042000{number:06d}" for number in range(count)]
    cards = [body + gtin_check_digit(body) for body in bodies]
    rows = [f"{card};;Олена Коваленко;;;0.00;2099-01-31;" for card in cards]
    file = folder / "members.csv"
    header = "card;phone;name;birthday;groups;balance;expires_on;consent_at"
    file.write_text("\n".join([header, *rows]), encoding="utf-8")
    import_members(connection, file, system_clock(), dry_run=False, on_progress=lambda _: None)
    return [row[0] for row in connection.execute("select member_id from member order by 1")]


def _enrolled(connection: Connection, url: str, number: int) -> Who:
    with connection.transaction():
        code, _ = create_code(connection, f"S{number}", f"R{number}", "", 1, system_clock())
    identity = enrol(url, code, None, "soak", "0.1.0")
    key = identity.private_key.hex()
    return Who(identity.register_id, identity.store_id, identity.epoch, key)


def _judged(connection: Connection, sold: Sales) -> list[str]:
    """What the centre has, beside what was sold."""
    wrong = []
    for name, own in sold.items():
        if not own.is_drained:
            wrong.append(f"{name}: the queue is not empty")
        row = connection.execute(
            "select count(*), count(distinct body), min(seq), max(seq), coalesce(sum("
            "(convert_from(body, 'UTF8')::jsonb ->> 'payable_minor')::bigint), 0)::bigint"
            " from inbox where register_id = %s",
            [name],
        ).fetchone()
        assert row is not None
        expected = (own.sales, own.sales, 1, own.sales, own.payable_minor)
        if tuple(row) != expected:
            wrong.append(f"{name}: stored {tuple(row)}, sold {expected}")
    wrong += _points_wrong(connection, sold)
    forks = connection.execute("select count(*) from fork").fetchone()
    if forks is not None and forks[0]:
        wrong.append(f"{forks[0]} facts were taken for a fork")
    if not check_books(connection)["ok"]:
        wrong.append("the books do not add up")
    return wrong


def _points_wrong(connection: Connection, sold: Sales) -> list[str]:
    earned: dict[int, int] = {}
    for own in sold.values():
        for member, points in own.points.items():
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
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sync-soak-")))
        where = _MEMORY if _MEMORY.is_dir() else folder
        ledgers = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=where)))
        until = terms.until - min(DRAIN_S, (terms.until - time.monotonic()) / 4)
        wrong, figures = by_processes(folder, ledgers, terms.target, terms.seed, until)
    for sentence in wrong:
        print(sentence)
    print(json.dumps(figures))
    says = f"{figures['per_minute']} sales a minute, {figures['failed']} failed requests"
    return Outcome(int(str(figures["sales"])), not wrong, says, figures)


if __name__ == "__main__":
    sys.exit(run("durable_sync", TARGET_SALES, campaign))
