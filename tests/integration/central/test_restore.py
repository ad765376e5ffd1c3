"""The centre restored to an hour ago: nothing acknowledged is lost, no point is spent twice.

Registers are the contract's own client, uplink and a small outbox; each spends its leases offline
by the register's rule: granted less everything it ever burned under that lease.
"""

from __future__ import annotations

import base64
import json
import random
from dataclasses import dataclass, field

import pytest

from central import backup, lives
from central.audit import check_books
from central.db.session import connect
from central.errors import BadInput
from central.people import ERASED_FILE
from sync.centre_client import CentreClient
from sync.contract.chain import GENESIS, fact_hash
from sync.contract.live import HeldLease, RightsReport
from sync.contract.messages import Fact, ItemVerdict, UploadBatch, UploadReply, canonical_json
from sync.errors import CentreRefused, CursorGone
from sync.uplink import Uplink
from tests.support.restored_centre import own_database, restore_to

pytestmark = pytest.mark.postgres
SEED = 20261122


@pytest.fixture
def database_url(postgres):
    with own_database(postgres) as url:
        yield url


@dataclass
class Outbox:
    """Every fact for ever, and how far they are acknowledged."""

    register_id: str
    epoch: int
    facts: list[Fact] = field(default_factory=list)
    acknowledged: int = 0

    def pending(self, max_facts: int, max_bytes: int) -> UploadBatch | None:
        assert max_bytes > 0
        rest = self.facts[self.acknowledged : self.acknowledged + max_facts]
        if not rest:
            return None
        return UploadBatch(register_id=self.register_id, epoch=self.epoch, facts=rest)

    def acknowledge(self, batch: UploadBatch, reply: UploadReply) -> None:
        done = [item for item in reply.verdicts if item.verdict in ("accepted", "duplicate")]
        assert len(done) == len(batch.facts), [ItemVerdict.model_dump(i) for i in reply.verdicts]
        self.acknowledged = max(self.acknowledged, max(item.seq for item in done))

    def rewind(self, epoch: int, head_seq: int) -> None:
        assert epoch == self.epoch
        self.acknowledged = head_seq


class Register:
    """One till with real calls to the centre."""

    def __init__(self, centre, till, sale_body) -> None:
        self.till, self.sale_body = till, sale_body
        self.client = CentreClient(
            centre.url, till.register_id, till.private_key, None, lambda: "2026-11-22T09:00:00Z"
        )
        self.outbox = Outbox(till.register_id, till.epoch)
        self.uplink = Uplink(self.client, self.outbox)
        self.cursor, self.rows, self.incarnation = "", {}, ""
        self.burned: dict[str, int] = {}

    # --- at the till ---

    def leases(self):
        return {
            key: row.body
            for (kind, key), row in self.rows.items()
            if kind == "lease" and not row.is_deleted and row.body["state"] == "open"
        }

    def left(self, lease_id: str) -> int:
        return self.leases()[lease_id]["granted_points"] - self.burned.get(lease_id, 0)

    def sell(self, member: int, *, earn: int = 0, burn: int = 0) -> str:
        """A sale; `burn` is taken from the member's lease, never more than is left."""
        redemption = None
        own = [key for key, body in self.leases().items() if body["member_id"] == member]
        lease_id = own[0] if own else ""
        points = min(burn, self.left(lease_id)) if lease_id else 0
        if points > 0:
            self.burned[lease_id] = self.burned.get(lease_id, 0) + points
            redemption = {
                "requested_points": points,
                "points": points,
                "amount_minor": points,
                "shares": [],
                "layer": "lease",
                "lease_id": lease_id,
                "lease_points": points,
                "auth_id": "00000000-0000-4000-8000-" + f"{random.getrandbits(48):012x}",
            }
        body = self.sale_body(self.till, member, accrual_points=earn, redemption=redemption)
        seq = len(self.outbox.facts) + 1
        previous = bytes.fromhex(self.outbox.facts[-1].hash) if self.outbox.facts else GENESIS
        text = canonical_json(body).decode()
        own_hash = fact_hash(
            self.outbox.register_id, self.outbox.epoch, seq, "sale", text.encode(), previous
        )
        self.outbox.facts.append(
            Fact(seq=seq, kind="sale", body=text, prev_hash=previous.hex(), hash=own_hash.hex())
        )
        return body["sale_id"]

    # --- with the centre ---

    def push(self) -> None:
        while self.uplink.push_once().more:
            pass

    def pull(self) -> None:
        """Follow the feed; at a new incarnation report what is held, then start over."""
        more = True
        while more:
            try:
                page = self.client.feed(self.cursor, 500)
            except CursorGone:
                self.cursor = ""
                continue
            if self.incarnation and page.incarnation != self.incarnation:
                self.push()
                self.report(page.incarnation)
                self.rows, self.cursor = {}, ""
            elif not self.incarnation:
                self.report(page.incarnation)
            self.incarnation = page.incarnation
            if self.cursor == "" and page.cursor and self.rows:
                self.rows = {}
            for row in page.rows:
                known = self.rows.get((row.kind, row.key))
                if known is None or row.version > known.version:
                    self.rows[row.kind, row.key] = row
            self.cursor, more = page.cursor, page.more

    def report(self, incarnation: str) -> int:
        held = [
            HeldLease(
                lease_id=key,
                member_id=body["member_id"],
                granted_points=body["granted_points"],
                spent_points=self.burned.get(key, 0),
                state="open",
            )
            for key, body in self.leases().items()
        ]
        report = RightsReport(incarnation=incarnation, epoch=self.outbox.epoch, leases=held)
        reply = self.till.post("/v1/rights", report.model_dump())
        assert reply.status_code == 200, reply.text
        return int(reply.json()["restored"])

    def beat(self) -> None:
        """What a heartbeat does for an agent with nothing to send."""
        last = len(self.outbox.facts)
        head = self.till.post(
            "/v1/heartbeat",
            {
                "agent_version": "1",
                "epoch": self.outbox.epoch,
                "outbox_pending": 0,
                "last_seq": last,
                "ruleset_active": 0,
                "ruleset_downloaded": 0,
            },
        ).json()["head_seq"]
        self.uplink.compare_head(self.outbox.epoch, self.outbox.acknowledged, head)
        self.push()

    def close(self) -> None:
        self.client.close()


@pytest.fixture
def registers(centre, sale_body):
    made = [
        Register(centre, centre.till(f"S{1 + number // 2}", f"R{number}"), sale_body)
        for number in range(4)
    ]
    yield made
    for register in made:
        register.close()


def trade(registers, members, chance, rounds, burn=900):
    for _ in range(rounds):
        register = chance.choice(registers)
        register.sell(
            chance.choice(members), earn=chance.randrange(0, 300), burn=chance.randrange(0, burn)
        )
        if chance.random() < 0.5:
            register.push()
            register.pull()


def asked(register, member, chance):
    """What the centre gives of 100 points, and its reason."""
    ask = {
        "auth_id": f"00000000-0000-4000-8000-{chance.getrandbits(48):012x}",
        "sale_id": f"00000000-0000-4000-8000-{chance.getrandbits(48):012x}",
        "member_id": member,
        "points": 100,
    }
    reply = register.till.post("/v1/authorisations", ask).json()
    return reply["approved_points"], reply["reason"]


def all_is_there(centre, registers, seed):
    """Every fact byte for byte, the books even, nothing overdrawn, no burn beside its lease."""
    with connect(centre.database_url) as db:
        assert lives.awaited_registers(db) == []
        found = check_books(db)
        assert found["ok"], (seed, found)
        for register in registers:
            stored = db.execute(
                "select seq, body from inbox where register_id = %s and epoch = 1 order by seq",
                [register.outbox.register_id],
            ).fetchall()
            sent = [(fact.seq, fact.body.encode()) for fact in register.outbox.facts]
            assert [(seq, bytes(body)) for seq, body in stored] == sent, f"seed {seed}"
        overdrawn = db.execute("select * from account where account = 'overdraft'").fetchall()
        assert overdrawn == [], f"seed {seed}"
        beside = db.execute(
            "select count(*) from leg l join entry e using (member_id, entry_id)"
            " where e.kind = 'redemption' and l.account = 'available'"
        ).fetchone()
        assert beside == (0,), f"seed {seed}"


@pytest.mark.parametrize("seed", [SEED, SEED + 1])
def test_a_centre_restored_to_an_hour_ago(centre, registers, add_member, tmp_path, seed):
    chance = random.Random(seed)
    members = [add_member("60") for _ in range(5)]
    for register in registers:
        register.pull()
    trade(registers, members, chance, 60)
    taken = backup.backup(centre.database_url, tmp_path, centre.clock())
    centre.clock.advance(hours=1)
    trade(registers, members, chance, 60)
    # One register is cut off with leases that only the lost hour knows.
    away, rest = registers[0], registers[1:]
    away.push()
    away.pull()
    trade([away], members, chance, 5, burn=50)
    restored = restore_to(centre, tmp_path / taken.file, tmp_path)
    assert restored.awaited == ["R0", "R1", "R2", "R3"]
    granted_before = {r: dict(r.leases()) for r in registers}

    for register in rest:
        register.pull()
        register.beat()
    for register in rest:
        trade([register], members, chance, 8)
        register.push()
        register.pull()
        # Nobody is granted anything new while R0 may still spend: no lease rises above what it
        # was before the restore.
        for lease_id, lease in register.leases().items():
            before = granted_before[register].get(lease_id, {"granted_points": 0})
            assert lease["granted_points"] <= before["granted_points"], f"seed {seed}"
        assert asked(register, members[0], chance) == (0, "restoring")

    trade([away], members, chance, 10)
    away.pull()
    away.beat()
    centre.clock.advance(minutes=16)
    trade(registers, members, chance, 40)
    for register in registers:
        register.push()
        register.pull()
        register.beat()
    all_is_there(centre, registers, seed)
    granted = sum(
        lease["granted_points"] for register in registers for lease in register.leases().values()
    )
    assert granted > 0


def test_a_register_that_never_comes_back_is_settled_by_a_person(
    centre, registers, add_member, tmp_path
):
    member = add_member("100")
    taken = backup.backup(centre.database_url, tmp_path / "b.dump", centre.clock())
    assert taken.file == "b.dump"
    registers[0].pull()
    restore_to(centre, tmp_path / "b.dump", tmp_path)
    centre.clock.advance(minutes=16)
    for register in registers[:3]:
        register.pull()
    with connect(centre.database_url) as db:
        assert lives.awaited_registers(db) == ["R3"]
    registers[0].sell(member)
    registers[0].push()
    registers[0].pull()
    assert registers[0].leases() == {}
    with connect(centre.database_url) as db, db.transaction():
        lives.settle(db, "R3", "iryna", "burnt down", centre.clock())
        with pytest.raises(BadInput, match="nothing waits"):
            lives.settle(db, "R3", "iryna", "again", centre.clock())
        deed = db.execute("select author, verb, subject, reason from deed where verb = 'settle'")
        assert deed.fetchall() == [("iryna", "settle", "register:R3", "burnt down")]
    registers[0].sell(member)
    registers[0].push()
    registers[0].pull()
    assert registers[0].leases() != {}


def test_what_must_not_be_forgotten_outlives_the_restore(centre, registers, tmp_path, db):
    from central import enrolment, people

    taken = backup.backup(centre.database_url, tmp_path / "b.dump", centre.clock())
    code = centre.code("S9", "R9")
    late = centre.till("S8", "R8")
    with connect(centre.database_url) as own:
        enrolment.revoke(own, "R1", "stolen", centre.clock())
    people.remember_erased(tmp_path, 77)
    old = centre.http.get("/healthz")
    assert old.status_code == 200
    db.close()
    restored = restore_to(centre, tmp_path / taken.file, tmp_path)
    assert restored.carried_over
    assert restored.incarnation != taken.incarnation
    assert "R1" not in restored.awaited
    assert "R8" in restored.awaited
    late.cursor = ""
    assert late.pull() is not None
    body = {"code": code, "public_key": base64.b64encode(bytes(32)).decode()}
    assert centre.http.post("/v1/enrol", json=body).json()["code"] == "code_refused"
    with pytest.raises(CentreRefused, match="revoked"):
        registers[1].client.feed("", 1)
    # A register enrolled anew gets a number that no lost enrolment can have had.
    again = centre.till("S1", "R0")
    assert again.epoch == 1 + 1 + lives.SPARE_EPOCHS


def test_a_damaged_backup_changes_nothing(centre, add_member, tmp_path):
    member = add_member("5")
    taken = backup.backup(centre.database_url, tmp_path / "b.dump", centre.clock())
    file = tmp_path / taken.file
    whole = file.read_bytes()
    manifest = tmp_path / "b.dump.json"
    file.write_bytes(whole[:-100] + bytes(100))
    with pytest.raises(BadInput, match="manifest"):
        restore_to(centre, file, tmp_path)
    manifest.unlink()
    file.write_bytes(b"PGDMP" + bytes(50))
    with pytest.raises(BadInput, match=r"b\.dump"):
        restore_to(centre, file, tmp_path)
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Exception, match=r"b\.dump|pg_restore"):
        restore_to(centre, file, tmp_path)
    with connect(centre.database_url) as db:
        row = db.execute("select balance from account where member_id = %s", [member]).fetchone()
        assert row == (500,)
        schemas = db.execute("select nspname from pg_namespace where nspname like 'before%'")
        assert schemas.fetchall() == []
    file.write_bytes(whole)
    manifest.write_text(json.dumps({"sha256": "0" * 64}))
    with pytest.raises(BadInput, match="manifest"):
        restore_to(centre, file, tmp_path)


def test_no_restore_under_a_running_service(centre, tmp_path):
    taken = backup.backup(centre.database_url, tmp_path, centre.clock())
    with pytest.raises(BadInput, match="stop every edge-central"):
        backup.restore(
            centre.database_url,
            tmp_path / taken.file,
            tmp_path / ERASED_FILE,
            centre.clock(),
            "test",
        )
