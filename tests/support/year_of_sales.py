"""A register through many simulated days: its real use cases, a centre that takes every fact.

The agent is built over real files; only its clock is moved, a day at a time. Each sale leaves what
a till leaves: drafts, answers, a decision, a lease's burn, a paper with its verdict.
"""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from edge_agent.agent import Agent
from edge_agent.bootstrap import build
from edge_agent.config import load_settings
from edge_agent.ledger.answers import Answers, StoredAnswer
from edge_agent.ledger.ledger import Ledger, LedgerJournal, Outbox
from edge_agent.usecases.open_sale import OpenSale
from edge_agent.usecases.record_print import PaperVerdict
from edge_agent.usecases.return_sale import ReturnSale
from edge_agent.views import SaleView
from loyalty.basket import Basket, LineItem, Tender
from loyalty.codes import gtin_check_digit
from sync.contract.feed import FeedRow
from sync.contract.messages import ItemVerdict, UploadReply
from tests.support.rig import RULES, TOKEN, Rig

MEMBERS = 200
LEASE_POINTS = 10**9
CAPPED: dict[str, Any] = {
    "promotion_id": "often",
    "name": {"uk": "Тричі на день", "en": "Thrice a day"},
    "effect": {"kind": "percent", "target": {"groups": ["bread"]}, "percent_bp": 500},
    "caps": {"per_member_day": 3},
}
_SETTINGS = """\
data_dir = "data"
[api]
port = 0
[storage]
reserve_sales = 100
[printer]
driver = "fiscal.datecs_ua"
url = "serial:/dev/null"
"""
BEGIN = datetime(2026, 1, 1, 6, tzinfo=UTC)


def card(number: int) -> str:
    """Card of a member."""
    body = f"0428{number:08d}"
    return body + gtin_check_digit(body)


def _rows(number: int) -> list[FeedRow]:
    member_id = 1_000 + number
    lease_id = f"R1.1.{member_id}"
    lease = {
        "lease_id": lease_id,
        "member_id": member_id,
        "register_id": "R1",
        "epoch": 1,
        "granted_points": LEASE_POINTS,
        "state": "open",
    }
    member = {"member_id": member_id, "name": "Олена К.", "balance_points": LEASE_POINTS}
    token = {"member_id": member_id}
    return [
        FeedRow(kind="member", key=str(member_id), version=1, body=member),
        FeedRow(kind="token", key=f"card:{card(number)}", version=1, body=token),
        FeedRow(kind="lease", key=lease_id, version=1, body=lease),
    ]


class YearOfSales:
    """One till without devices and without its API; closed by `close`."""

    def __init__(self, folder: Path, seed: int) -> None:
        rig = Rig(folder, {**RULES, "promotions": [*RULES["promotions"], CAPPED]})
        rig.config.write_text(_SETTINGS, encoding="utf-8")
        self.path = folder / "data" / "ledger.db"
        self.agent: Agent = build(load_settings(rig.config), port=1, token=TOKEN)
        self.ledger: Ledger = self.agent.till._ledger
        self.now = BEGIN
        self.agent.till._clock._wall = lambda: self.now
        self.sold = self.spent_points = 0
        self._rng = random.Random(seed)
        self._answers = Answers(self.ledger)
        self._journal = LedgerJournal(self.ledger, "printer")
        self._outbox = Outbox(self.ledger, "R1")
        self._posted: list[str] = []
        for number in range(MEMBERS):
            self._feed(_rows(number))

    def close(self) -> None:
        """Close the files."""
        self.agent.close()

    @property
    def file_bytes(self) -> int:
        """The ledger's file, its log folded."""
        self.ledger._writer.fold()
        return self.path.stat().st_size

    def day(self, sales: int) -> None:
        """Sell through a day; at night the centre takes all of it and the register tidies up."""
        for _ in range(sales):
            self.now += timedelta(minutes=1)
            self._sale()
        self.now += timedelta(days=1) - timedelta(minutes=sales)
        while self._settle():
            pass
        retention = self.agent.upkeep._retention
        while retention.prune_some(self.now):
            pass

    def rows(self) -> dict[str, int]:
        """Rows by table."""

        def read(connection: Any) -> dict[str, int]:
            names = connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' "
                "ESCAPE '\\' AND name NOT LIKE 'sqlite%'"
            ).fetchall()
            return {
                name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
                for (name,) in names
            }

        return self.ledger.query(read)

    def burned(self) -> int:
        """All that the ledger says was spent of leases."""
        sql = "SELECT coalesce(sum(points), 0) FROM lease_burn"
        return self.ledger.query(lambda c: int(c.execute(sql).fetchone()[0]))

    # --- one sale ---------------------------------------------------------------------------

    def _sale(self) -> None:
        till, rng = self.agent.till, self._rng
        sale_id = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        lines = tuple(
            LineItem(str(n), sku, sku, 1_000, price, price, groups=(group,))
            for n, (sku, price, group) in enumerate(
                rng.choices((("milk", 4_590, "dairy"), ("bread", 2_750, "bread")), k=8)
            )
        )
        member, how = None, None
        if rng.random() < 0.65:
            found = self.agent.desk.identify(card(rng.randrange(MEMBERS)), "]E0", "scanner")
            member, how = found.member, found.how
        view = self._kept(till.open(OpenSale(sale_id, Basket(lines), member, how)))
        if member is not None and rng.random() < 0.3:
            view = self._kept(till.redeem(sale_id, 100))
        if rng.random() < 0.05:
            till.cancel(sale_id)
            return
        tender = Tender("card", view.payable_minor)
        done = self._kept(till.confirm(sale_id, view.quote_id, view.basket_hash, (tender,)))
        self.sold += 1
        self.spent_points += view.redeem.redeemed_points
        self._printed(done.prints[0].job_id)
        if rng.random() < 0.02:
            returned = str(uuid.UUID(int=rng.getrandbits(128), version=4))
            job_id = till.new_id()
            till.give_back(ReturnSale(returned, sale_id, job_id))
            self._printed(job_id)

    def _printed(self, job_id: str) -> None:
        """What the printer's worker leaves behind."""
        self.agent.till.papers.start_printing(job_id)
        self._journal.put(f"job:{job_id}", "{}")
        self.agent.till.papers.record_print(PaperVerdict(job_id, "printed", str(self.sold)))

    def _kept(self, view: SaleView) -> SaleView:
        """The answer to the till, kept as the API keeps it."""
        answer = StoredAnswer("0" * 64, 200, view.model_dump_json())
        key = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        self._answers.keep(key, answer, self.agent.till._clock.stamp(), durable=False)
        return view

    # --- the centre ---------------------------------------------------------------------------

    def _feed(self, rows: list[FeedRow]) -> None:
        self.agent.health._cache.apply_rows(rows)

    def _settle(self) -> bool:
        batch = self._outbox.pending(500, 10**7)
        if batch is None:
            return False
        last = batch.facts[-1]
        verdicts = [ItemVerdict(seq=fact.seq, verdict="accepted") for fact in batch.facts]
        self._outbox.acknowledge(
            batch,
            UploadReply(verdicts=verdicts, head_seq=last.seq, head_hash=last.hash, server_time="t"),
        )
        body = {"register_id": "R1", "epoch": 1, "seq": last.seq}
        self._feed([FeedRow(kind="head", key="R1", version=last.seq, body=body)])
        return True
