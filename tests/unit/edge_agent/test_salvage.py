"""What a damaged ledger can still prove comes out in order; copies go on only in a new epoch."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.cli import main
from edge_agent.ledger.copies import backup, fact_lines
from edge_agent.ledger.ledger import Ledger, Outbox, WrongLedger
from edge_agent.ledger.salvage import find_facts, salvage
from edge_agent.ledger.verify import quick_check
from sync.contract.chain import fact_hash
from tests.support.rig import CARD, Rig, line, sell

SALES = 30


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A register's folder with sales of strangers and members, redemptions and a return."""
    folder = tmp_path_factory.mktemp("sold")
    rig = Rig(folder)
    rig.start()
    try:
        for number in range(SALES):
            lines = [line(1, "milk", 4_590 + number, groups=["dairy"]), line(2, "bread", 2_750)]
            redeem = 100 if number % 6 == 0 else False
            last = sell(rig.http, lines, card=CARD if number % 2 == 0 else "", redeem=redeem)
        back = {"return_id": "7b6f1ad2-3c3e-4a57-9d0c-1f2e3d4c5b6a", "reason": "changed mind"}
        rig.http.post(f"/v1/sales/{last['sale_id']}/returns", json=back).raise_for_status()
    finally:
        rig.stop()
    return folder


@pytest.fixture
def copy(sold: Path, tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    path.write_bytes((sold / "data" / "ledger.db").read_bytes())
    return path


def _facts(path: Path) -> list[tuple[object, ...]]:
    sql = "SELECT epoch, seq, kind, body, hash FROM outbox ORDER BY epoch, seq"
    with closing(sqlite3.connect(path)) as connection:
        return [tuple(row) for row in connection.execute(sql)]


def test_a_whole_ledger_comes_out_whole(copy: Path, tmp_path: Path) -> None:
    found = salvage(copy, tmp_path / "new.db", "R1")
    assert (found.facts, found.missing) == (SALES + 1, [])
    assert _facts(tmp_path / "new.db") == _facts(copy)
    assert quick_check(tmp_path / "new.db") == []


def test_without_its_first_page_every_fact_is_found(copy: Path, tmp_path: Path) -> None:
    whole = _facts(copy)
    with copy.open("r+b") as file:
        file.write(bytes(4096))
    with pytest.raises(sqlite3.DatabaseError):
        _facts(copy)
    found = salvage(copy, tmp_path / "new.db", "R1")
    assert found.missing == []
    assert _facts(tmp_path / "new.db") == whole
    assert quick_check(tmp_path / "new.db") == []


@pytest.mark.parametrize("seed", [random.randrange(2**32)], ids=["any"])
def test_of_spoiled_pages_only_what_is_proved_comes_out_in_order(
    copy: Path, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    whole = _facts(copy)
    data = bytearray(copy.read_bytes())
    for page in chance.sample(range(len(data) // 4096), len(data) // 4096 // 8):
        data[page * 4096 : page * 4096 + 4096] = chance.randbytes(4096)
    copy.write_bytes(data)
    found = salvage(copy, tmp_path / "new.db", "R1")
    facts = _facts(tmp_path / "new.db")
    assert [fact for fact in whole if fact in facts] == facts, "nothing invented, order kept"
    lost = len(whole) - len(facts)
    assert bool(found.missing) == any(fact not in facts for fact in whole[: whole.index(facts[-1])])
    assert lost < SALES // 2


def test_a_lost_fact_is_made_again_from_its_sale(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        lost = connection.execute("SELECT hash, body FROM outbox WHERE seq = 5").fetchone()
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("DELETE FROM outbox WHERE seq = 5")
        connection.commit()
        connection.execute("VACUUM")
    again = find_facts(copy, "R1")[1, 5]
    assert (again.hash, again.body, again.state) == (lost[0], lost[1], "pending")


def test_the_log_is_read_too(tmp_path: Path) -> None:
    """A killed agent leaves its last sales in the log."""
    path = tmp_path / "ledger.db"
    ledger = Ledger(path, "R1", 1)
    for number in range(20):
        ledger.unit(lambda uow, n=number: uow.append_fact("shift", {"n": n}, "t"))
    dead = tmp_path / "dead" / "ledger.db"
    dead.parent.mkdir()
    for suffix in ("", "-wal"):
        (dead.parent / f"ledger.db{suffix}").write_bytes(
            path.with_name(f"ledger.db{suffix}").read_bytes()
        )
    ledger.close()
    assert dead.stat().st_size < 20_000 or dead.with_name("ledger.db-wal").stat().st_size > 0
    assert [seq for _, seq in find_facts(dead, "R1")] == list(range(1, 21))


def test_a_backup_is_made_beside_a_selling_agent_and_needs_a_new_epoch(tmp_path: Path) -> None:
    path, target = tmp_path / "ledger.db", tmp_path / "copy.db"
    ledger = Ledger(path, "R1", 1)
    for number in range(5):
        ledger.unit(lambda uow, n=number: uow.append_fact("shift", {"n": n}, "t"))
    assert backup(path, target) == []
    with pytest.raises(FileExistsError):
        backup(path, target)
    ledger.unit(lambda uow: uow.append_fact("shift", {"n": 6}, "t"))
    ledger.close()
    with pytest.raises(WrongLedger, match="a new epoch is needed"):
        Ledger(target, "R1", 1)
    again = Ledger(target, "R1", 2)
    again.unit(lambda uow: uow.append_fact("shift", {"n": 0}, "t"))
    batch = Outbox(again, "R1").pending(100, 10**6)
    assert batch is not None
    assert (batch.epoch, len(batch.facts)) == (1, 5), "what the old epoch owes still goes out"
    again.close()
    Ledger(target, "R1", 2).close()


def test_exported_lines_prove_themselves(copy: Path) -> None:
    lines = [json.loads(text) for text in fact_lines(copy)]
    assert [entry["seq"] for entry in lines] == list(range(1, SALES + 2))
    for text, entry in zip(fact_lines(copy), lines, strict=True):
        body = text[text.index('"body": ') + 8 : -1].encode()
        assert json.loads(body) == entry["body"]
        prev = bytes.fromhex(entry["prev_hash"])
        link = fact_hash("R1", entry["epoch"], entry["seq"], entry["kind"], body, prev)
        assert link.hex() == entry["hash"]


def test_the_commands_say_what_they_found(
    sold: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: str) -> tuple[int, str]:
        code = main([*words, "--config", str(sold / "agent.toml")])
        return code, capsys.readouterr().out

    assert run("ledger", "verify")[0] == 0
    code, out = run("ledger", "verify", "--json")
    assert (code, json.loads(out)["facts"], json.loads(out)["faults"]) == (0, SALES + 1, [])
    code, out = run("ledger", "export", "--out", str(tmp_path / "facts.jsonl"))
    assert code == 0
    assert len((tmp_path / "facts.jsonl").read_text().splitlines()) == SALES + 1
    code, out = run("ledger", "backup", str(tmp_path / "copy.db"))
    assert code == 0
    assert "new epoch" in out
    code, out = run("ledger", "salvage", str(tmp_path / "new.db"), "--json")
    assert (code, json.loads(out)["missing"]) == (0, [])
    code, out = run("outbox", "list", "--json")
    assert (code, len(json.loads(out))) == (0, SALES + 1)
    assert run("outbox", "retry")[1] == "0 facts will be sent again\n"
    spoiled = tmp_path / "spoiled.db"
    data = bytearray((sold / "data" / "ledger.db").read_bytes())
    data[len(data) // 2 : len(data) // 2 + 4096] = bytes(4096)
    spoiled.write_bytes(data)
    code, out = run("ledger", "verify", "--ledger", str(spoiled))
    assert code == 1
    assert out.strip()
