"""A register's life to be recorded: first start or migration, sales, feed, pruning, checkpoint.

`python -m tests.support.durable_workload FOLDER [normal]` runs over files that `prepare` has put
there, and writes one line to its output after each sale that was answered, and one before a sale
may leave by age. With `normal` every commit is as if `synchronous=NORMAL`: the mutant that a
power cut must catch.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge_agent.ledger import database
from edge_agent.ledger.migrate import migrate_apart
from sync.contract.feed import FeedPage, FeedRow
from sync.contract.messages import ItemVerdict, UploadReply
from tests.support.rig import CARD, OTHER_CARD, Rig, feed_rows, line, sell

OLD = Path(__file__).parents[1] / "data" / "ledgers" / "ledger-0001.db"
ACK = b"ACK "
GONE = b"GONE "


def prepare(folder: Path, *, old_ledger: bool) -> None:
    """An enrolled register with rules and without databases, or with one of the first schema."""
    Rig(folder)
    for path in (folder / "data").glob("*.db*"):
        path.unlink()
    if old_ledger:
        shutil.copy(OLD, folder / "data" / "ledger.db")


def _resume(folder: Path) -> Rig:
    """The prepared register as it stands."""
    rig = Rig.__new__(Rig)
    rig.folder, rig.config, rig.agent = folder, folder / "agent.toml", None
    rig.console = io.StringIO()
    migrate_apart(folder / "data")
    rig.start()
    return rig


def _sell(rig: Rig, number: int, *, redeem: bool) -> None:
    card = (CARD, "", OTHER_CARD)[number % 3]
    goods = [line(1, "milk", 4_590 + number, groups=["dairy"]), line(2, "bread", 2_750)]
    sold = sell(rig.http, goods, card=card, redeem=100 if redeem and card else False)
    os.write(1, ACK + sold["sale_id"].encode() + b"\n")


def _page(number: int, rows: list[FeedRow]) -> FeedPage:
    return FeedPage(
        incarnation="i", cursor=f"c{number}", rows=rows, more=False, server_time="2026-01-01"
    )


def _acknowledge(rig: Rig) -> None:
    assert rig.agent is not None
    outbox = rig.agent.health._outbox
    batch = outbox.pending(500, 10**7)
    assert batch is not None
    last = batch.facts[-1]
    verdicts = [ItemVerdict(seq=fact.seq, verdict="accepted") for fact in batch.facts]
    outbox.acknowledge(
        batch,
        UploadReply(verdicts=verdicts, head_seq=last.seq, head_hash=last.hash, server_time="t"),
    )


def _let_go(rig: Rig) -> None:
    """Prune everything that is acknowledged; what is named before may be missing from then on."""
    assert rig.agent is not None
    ledger = rig.agent.till._ledger
    sold = ledger.query(lambda c: c.execute("SELECT sale_id FROM sale").fetchall())
    for (sale_id,) in sold:
        os.write(1, GONE + sale_id.encode() + b"\n")
    head = ledger.query(lambda c: c.execute("SELECT max(seq) FROM outbox").fetchone()[0])
    body = {"register_id": "R1", "epoch": 1, "seq": head}
    row = FeedRow(kind="head", key="R1", version=head, body=body)
    rig.agent.health._cache.apply_rows([row])
    late = datetime.now(UTC) + timedelta(days=100)
    while rig.agent.upkeep._retention.prune_some(late):
        pass


def _members(version: int, count: int) -> list[FeedRow]:
    return [
        FeedRow(
            kind="member",
            key=str(number),
            version=version,
            body={"member_id": number, "name": "Олена К.", "balance_points": number + version},
        )
        for number in range(5_000, 5_000 + count)
    ]


def live(folder: Path, sales: int) -> None:
    """Two starts, with everything between them that writes."""
    rig = _resume(folder)
    assert rig.agent is not None
    cache, upkeep = rig.agent.till._members, rig.agent.upkeep
    cache.apply_page(_page(1, feed_rows()))  # type: ignore[attr-defined]
    for number in range(sales):
        _sell(rig, number, redeem=True)
    for version in (2, 3):
        cache.apply_page(_page(version, _members(version, 300)))  # type: ignore[attr-defined]
        _sell(rig, version, redeem=False)
    _acknowledge(rig)
    _let_go(rig)
    for number in range(sales):
        _sell(rig, number, redeem=False)
    rig.agent.till._ledger._writer.fold()
    erased = FeedRow(kind="member", key="101", version=9, is_deleted=True)
    cache.apply_page(_page(4, [erased]))  # type: ignore[attr-defined]
    upkeep.forget()
    upkeep.empty_logs()
    _sell(rig, 2, redeem=True)
    rig.stop()
    rig = _resume(folder)
    for number in range(2):
        _sell(rig, number, redeem=False)
    rig.stop()


def main(arguments: list[str]) -> int:
    """Run over a prepared folder."""
    if "normal" in arguments[1:]:
        run = database.Writer.run

        def careless(self, work, *, durable=True):  # type: ignore[no-untyped-def]
            return run(self, work, durable=durable and False)

        database.Writer.run = careless  # type: ignore[method-assign]
    live(Path(arguments[0]), sales=6)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
