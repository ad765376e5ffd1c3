"""A real `edge-central run` with its own PostgreSQL, members to shop with, and its books."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from central.audit import check_books
from central.db.bulk import Connection
from central.enrolment import create_code
from central.instants import system_clock
from central.keys import load_keys
from central.member_import import import_members
from central.place import opened
from central.reports import status
from central.rules import publish, read_bundle
from edge_agent.demo.processes import Child
from loyalty.codes import gtin_check_digit
from sync.enrolment import Identity, enrol

RULES: dict[str, Any] = {
    "programme": {"redeem_max_share_bp": 5_000, "accrual_valid_days": 365},
    "promotions": [
        {
            "promotion_id": "dairy10",
            "name": {"uk": "Молочне −10 %", "en": "Dairy −10 %"},
            "effect": {"kind": "percent", "target": {"groups": ["dairy"]}, "percent_bp": 1000},
        },
        {
            "promotion_id": "earn5",
            "name": {"uk": "5 % бонусами", "en": "5 % back"},
            "effect": {"kind": "accrue_percent", "target": {"all": True}, "percent_bp": 500},
            "conditions": [{"kind": "member_known"}],
        },
    ],
}


MEMBERS = 100
POINTS = 30_000


def _cards() -> list[str]:
    bodies = [f"042000{number:06d}" for number in range(MEMBERS)]
    return [body + gtin_check_digit(body) for body in bodies]


@dataclass(frozen=True)
class Shopper:
    """A member nobody else shops as; `points` is the balance at the start, hundredths."""

    member_id: int
    card: str
    points: int


class RealCentre:
    """The running centre and a connection to its database."""

    def __init__(self, data_dir: Path, url: str, connection: Connection) -> None:
        self.data_dir = data_dir
        self.url = url
        self._db = connection
        self._registers = 0
        self._shoppers = self._import()
        self.publish(RULES)

    # --- what the central team does ---------------------------------------------------------

    def publish(self, rules: dict[str, Any]) -> int:
        """Sign and publish; the new sequence."""
        key = load_keys(self.data_dir)[0]
        draft = json.dumps(rules).encode()
        with self._db.transaction():
            return publish(
                self._db, draft, key, author="test", reason="", now=system_clock()
            ).sequence

    def bundle(self, sequence: int) -> bytes:
        """The exact bytes of a published bundle."""
        found = read_bundle(self._db, sequence)
        assert found is not None
        return found.content

    def identity(self, register_id: str = "") -> Identity:
        """Enrol a new register in a store of its own, or the one named once more."""
        if not register_id:
            self._registers += 1
            register_id = f"R{self._registers}"
        store = f"S-{register_id}"
        with self._db.transaction():
            code, _ = create_code(self._db, store, register_id, "", 1, system_clock())
        return enrol(self.url, code, None, "test", "0.1.0")

    def shopper(self) -> Shopper:
        """The next member."""
        return next(self._shoppers)

    def _import(self) -> Iterator[Shopper]:
        file = self.data_dir / "members.csv"
        rows = [f"{card};;Олена Коваленко;;;{POINTS // 100}.00;2099-01-31;" for card in _cards()]
        header = "card;phone;name;birthday;groups;balance;expires_on;consent_at"
        file.write_text("\n".join([header, *rows]), encoding="utf-8")
        done = import_members(
            self._db, file, system_clock(), dry_run=False, on_progress=lambda _rows: None
        )
        assert done.rejected == 0
        for card in _cards():
            query = "select member_id from token where token_key = %s"
            found = self._db.execute(query, [f"card:{card}"]).fetchone()
            assert found is not None
            yield Shopper(found[0], card, POINTS)

    # --- what is true there -----------------------------------------------------------------

    def audit(self) -> dict[str, Any]:
        """The books, recomputed from their first entries."""
        return check_books(self._db)

    def accounts(self, member_id: int) -> dict[str, int]:
        """A member's accounts that are not empty; all leases under `leases`."""
        rows = self._db.execute(
            "select case when account like 'lease:%%' then 'leases' else account end, sum(balance)"
            " from account where member_id = %s and balance <> 0 group by 1",
            [member_id],
        ).fetchall()
        return {name: int(total) for name, total in rows}

    def holds(self, member_id: int) -> dict[str, str]:
        """State of every hold of a member, by authorisation."""
        query = "select auth_id::text, state from hold where member_id = %s"
        return dict(self._db.execute(query, [member_id]).fetchall())

    def facts(self, identity: Identity) -> list[dict[str, Any]]:
        """Facts of a register's epoch in the inbox."""
        rows = self._db.execute(
            "select seq, kind, body, state from inbox where register_id = %s and epoch = %s"
            " order by seq",
            [identity.register_id, identity.epoch],
        ).fetchall()
        return [
            {"seq": seq, "kind": kind, "state": state, **json.loads(bytes(body))}
            for seq, kind, body, state in rows
        ]

    def give_phone(self, member_id: int, phone: str) -> None:
        """The member leaves a number."""
        self._db.execute(
            "insert into person (member_id, phone) values (%s, %s) on conflict (member_id)"
            " do update set phone = excluded.phone",
            [member_id, phone],
        )

    def codes_sent(self) -> list[dict[str, str]]:
        """Messages that the centre has handed to its program, oldest first."""
        file = self.data_dir.parent / "codes.jsonl"
        if not file.exists():
            return []
        return [json.loads(line) for line in file.read_text("utf-8").splitlines() if line]

    def register(self, register_id: str) -> dict[str, Any]:
        """What `edge-central status` shows of a register."""
        found = status(self._db)["registers"]
        return next(each for each in found if each["register_id"] == register_id)


def _code_program(folder: Path) -> Path:
    """A program that keeps every message in `codes.jsonl` beside it."""
    program = folder / "send-code"
    program.write_text(f"#!/bin/sh\ncat >> {folder}/codes.jsonl\necho >> {folder}/codes.jsonl\n")
    program.chmod(0o700)
    return program


@contextmanager
def real_centre(folder: Path) -> Iterator[RealCentre]:
    """Start the process; stop it, and its PostgreSQL, at the end."""
    data_dir = folder / "centre"
    child = Child(
        "edge-central",
        [
            *("edge-central", "run", "--data-dir", str(data_dir), "--port", "0"),
            *("--code-program", str(_code_program(folder))),
        ],
        folder / "centre.log",
    )
    try:
        url = str(child.start()["url"])
        with opened(data_dir, None) as connection:
            yield RealCentre(data_dir, url, connection)
    finally:
        child.stop()
