"""The second and the third depth: registers with their real SQL, on the pure centre or on the
product's centre with PostgreSQL, both called through `sync.serving.port`."""

from __future__ import annotations

import base64
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.soak.depths_plan import (
    OPENING_POINTS,
    Books,
    Fate,
    Order,
    Size,
    Sold,
    auth_parts,
    number_of,
    store_name,
    till_name,
)
from bench.soak.depths_pure import PureChain
from bench.soak.depths_shop import ShopCentre
from bench.soak.depths_till import Link, RealTill, compiled, copied, template
from central.apply import load_or_make, publish
from central.audit import check_books
from central.changes import Changes
from central.db.bulk import Connection
from central.db.session import connect, open_pool
from central.enrolment import create_code
from loyalty.authorisation.policy import Policy
from central.member_state import Cause
from central.service import CentreService
from loyalty import ledger
from loyalty.lots import NEVER, Slice
from sync.contract.chain import GENESIS
from sync.contract.feed import FeedPage, FeedRow
from sync.contract.live import AuthorisationReply, AuthorisationRequest
from sync.contract.messages import (
    EnrolRequest,
    ItemVerdict,
    UploadBatch,
    UploadReply,
    WirePrintVerdict,
    WireSale,
    WireSaleReturn,
    WireSaleVoided,
)
from sync.contract.signing import new_private_key, public_key_of
from sync.serving.intake import Head, judge
from sync.serving.port import Caller, Server

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MEMORY = Path("/dev/shm")


class RealChain:
    """Registers with real SQL over a centre behind the port."""

    name = "sqlite"

    def __init__(self, size: Size, server: Server, till: type[RealTill] = RealTill) -> None:
        self.size = size
        self.server = server
        self.now = START
        self.flying: list[Callable[[], Any]] = []
        where = MEMORY if MEMORY.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="depths-", dir=where))
        blank, rules = self.folder / "template", compiled()
        blank.mkdir()
        template(blank)
        self.tills = {
            number: till(
                copied(blank, self.folder / str(number)),
                number,
                size.prints(number),
                rules,
                Link(server, self.caller(number), self.flying),
                lambda: self.now,
            )
            for number in range(1, size.stores + 1)
        }

    def caller(self, till: int) -> Caller:
        """The register as the gate knows it after it was enrolled once more."""
        raise NotImplementedError

    def sell(self, order: Order) -> Sold:
        """One order."""
        return self.tills[order.till].sell(order)

    def cancel(self, till: int, sale: int, fate: Fate) -> None:
        """The customer leaves."""
        self.tills[till].cancel(sale, fate)

    def paper(self, till: int, subject: int, is_return: bool, is_printed: bool) -> None:
        """A verdict on paper."""
        self.tills[till].paper(subject, is_return, is_printed)

    def void(self, till: int, sale: int) -> None:
        """Undo a sale without paper."""
        self.tills[till].void(sale)

    def give_back(self, till: int, sale: int) -> None:
        """All goods come back."""
        self.tills[till].give_back(sale)

    def push(self, till: int, most: int, fate: Fate) -> int:
        """Facts up."""
        return self.tills[till].push(most, fate)

    def pull(self, till: int, fate: Fate) -> None:
        """Rows down."""
        self.tills[till].pull(fate)

    def waiting(self) -> int:
        """Messages under way."""
        return len(self.flying)

    def deliver(self, which: int) -> None:
        """One of them arrives."""
        self.flying.pop(which)()

    def crash(self, till: int) -> None:
        """The process stops and starts again."""
        self.tills[till].crash()

    def replace(self, till: int) -> None:
        """Enrolled anew."""
        self.tills[till].replace(self.caller(till))

    def set_clock(self, till: int, offset_min: int, is_frozen: bool) -> None:
        """The register's wall clock."""
        self.tills[till].set_clock(offset_min, is_frozen)

    def tick(self, minutes: int) -> None:
        """True time passes."""
        self.now += timedelta(minutes=minutes)

    def shown(self, till: int, member: int) -> int:
        """The balance that the register would show."""
        return self.tills[till].shown(member)

    def close(self) -> None:
        """Files and servers."""
        for till in self.tills.values():
            till.close()
        shutil.rmtree(self.folder)


# --- real registers, pure centre --------------------------------------------------------------


@dataclass
class PurePort:
    """The pure centre behind the contract: bodies in, rows out. Only what registers ask for."""

    centre: ShopCentre
    heads: dict[tuple[str, int], Head] = field(default_factory=dict)
    hashes: dict[tuple[str, int], dict[int, bytes]] = field(default_factory=dict)

    def upload(self, caller: Caller, batch: UploadBatch) -> UploadReply:
        """Judge by the chain, then apply."""
        assert batch.register_id == caller.register_id
        key = (batch.register_id, batch.epoch)
        stored = self.hashes.setdefault(key, {})
        head = self.heads.get(key, Head(0, GENESIS))
        judged, head = judge(*key, head, stored, batch.facts)
        life = (int(batch.register_id[1:]), batch.epoch)
        for each in judged:
            if each.verdict == "accepted":
                stored[each.fact.seq] = bytes.fromhex(each.fact.hash)
                fact = pure_fact(each.fact.kind, each.body)
                self.centre.on_facts(life[0], *life, each.fact.seq, (fact,), 0)
        self.heads[key] = head
        verdicts = [
            ItemVerdict(seq=each.fact.seq, verdict=each.verdict, detail=each.detail)
            for each in judged
        ]
        return UploadReply(
            verdicts=verdicts, head_seq=head.seq, head_hash=head.hash.hex(), server_time=""
        )

    def feed(self, caller: Caller, cursor: str, limit: int) -> FeedPage:
        """Members that have changed since, this life's leases and the head."""
        centre, till = self.centre, int(caller.register_id[1:])
        since, now = int(cursor or 0), len(centre.journal)
        rows = []
        for member in sorted({each[0] for each in centre.journal[since:]}):
            balance = sum(p for place, p in centre.books[member].items() if place not in _NOT_SHOWN)
            body: dict[str, Any] = {"member_id": member, "name": "", "balance_points": balance}
            rows.append(FeedRow(kind="member", key=str(member), version=now, body=body))
            granted = centre.granted.get((centre.hubs[till], member))
            if granted:
                lease_id = f"{caller.register_id}.{caller.epoch}.{member}"
                body = {
                    "lease_id": lease_id,
                    "member_id": member,
                    "register_id": caller.register_id,
                    "epoch": caller.epoch,
                    "granted_points": granted,
                    "state": "open",
                }
                rows.append(FeedRow(kind="lease", key=lease_id, version=now, body=body))
        seq = centre.applied.get((till, caller.epoch), 0)
        body = {"epoch": caller.epoch, "seq": seq}
        version = caller.epoch * 1_000_000 + seq + 1
        rows.append(FeedRow(kind="head", key=caller.register_id, version=version, body=body))
        assert len(rows) <= limit
        return FeedPage(incarnation="i", cursor=str(now), rows=rows, more=False, server_time="")

    def authorise(self, caller: Caller, request: AuthorisationRequest) -> AuthorisationReply:
        """Hold points."""
        auth = auth_parts(number_of(request.auth_id))
        assert till_name(auth[0]) == caller.register_id
        answer = self.centre.on_authorise(
            auth[0], auth, number_of(request.sale_id), request.member_id, request.points
        )
        return _held(request.auth_id, answer[0][2][1])

    def void(self, caller: Caller, auth_id: str) -> AuthorisationReply:
        """Give a hold back."""
        auth = auth_parts(number_of(auth_id))
        assert till_name(auth[0]) == caller.register_id
        self.centre.on_void(auth)
        return _held(auth_id, 0)


_NOT_SHOWN = ("issued", "redeemed", "pending")


def _held(auth_id: str, points: int) -> AuthorisationReply:
    return AuthorisationReply(auth_id=auth_id, approved_points=points, server_time="")


def pure_fact(kind: str, body: bytes) -> tuple[Any, ...]:
    """A fact's body as the pure centre takes it."""
    if kind == "sale":
        return _pure_sale(WireSale.model_validate_json(body))
    if kind == "sale_voided":
        return ("void", number_of(WireSaleVoided.model_validate_json(body).sale_id))
    if kind == "sale_return":
        back = WireSaleReturn.model_validate_json(body)
        is_pending = back.fiscal == "pending"
        return ("return", number_of(back.return_id), number_of(back.sale_id), is_pending)
    verdict = WirePrintVerdict.model_validate_json(body)
    kind = "printed" if verdict.verdict == "printed" else "waits"
    return (kind, number_of(verdict.subject_id))


def _pure_sale(sale: WireSale) -> tuple[Any, ...]:
    auth, parts = None, []
    if sale.redemption is not None:
        auth = auth_parts(number_of(sale.redemption.auth_id))
        if sale.redemption.hold_points:
            parts.append(("online", "", sale.redemption.hold_points))
        if sale.redemption.lease_points:
            till, epoch, _ = sale.redemption.lease_id.split(".")
            holder = ShopCentre.holder(int(till[1:]), int(epoch))
            parts.append(("lease", str(holder), sale.redemption.lease_points))
    number = number_of(sale.sale_id)
    return ("sale", number, auth, sale.member_id, tuple(parts), sale.fiscal == "pending")


class SqliteChain(RealChain):
    """Real registers on the pure centre."""

    def __init__(
        self,
        size: Size,
        centre: type[ShopCentre] = ShopCentre,
        till: type[RealTill] = RealTill,
    ) -> None:
        self.pure = PureChain(size, centre)
        self._lives = dict.fromkeys(self.pure.tills, 0)
        super().__init__(size, PurePort(self.pure.centre), till)  # type: ignore[arg-type]

    def caller(self, till: int) -> Caller:
        """The next life."""
        self._lives[till] += 1
        epoch = 1 if self._lives[till] == 1 else self.pure.centre.new_life(till)
        return Caller(till_name(till), store_name(till), epoch, True)

    def tick(self, minutes: int) -> None:
        """True time passes, at the centre too."""
        super().tick(minutes)
        self.pure.tick(minutes)

    def books(self, member: int) -> Books:
        """A member's accounts."""
        return self.pure.books(member)

    def audit(self) -> list[str]:
        """The pure centre's books."""
        return self.pure.audit()

    def posted(self) -> dict[int, int]:
        """Sales at the centre."""
        return self.pure.posted()


# --- real registers, real centre --------------------------------------------------------------


class PostgresChain(RealChain):
    """Real registers on the product's centre: its service, its SQL, one PostgreSQL."""

    name = "postgresql"

    def __init__(self, size: Size, url: str, till: type[RealTill] = RealTill) -> None:
        self._pool = open_pool(url, 2)
        with connect(url) as connection:
            self._empty(connection)
            with connection.transaction():
                self._members(connection, size.members)
        policy = Policy()
        self.service = CentreService(self._pool, (), clock=lambda: self.now, policy=policy)
        super().__init__(size, self.service, till)

    @staticmethod
    def _empty(connection: Connection) -> None:
        tables = connection.execute(
            "select tablename from pg_tables where schemaname = 'public'"
            " and tablename not in ('migration', 'meta')"
        ).fetchall()
        names = ", ".join(table for (table,) in tables)
        connection.execute(f"truncate {names} restart identity cascade".encode())
        connection.execute("update meta set value = '0' where name = 'feed_floor'")

    @staticmethod
    def _members(connection: Connection, count: int) -> None:
        """Members 1 to `count` with their opening balance."""
        made = load_or_make(connection, range(1, count + 1), START)
        for number, member in made.items():
            cause = Cause(f"opening:{number}")
            lot = Slice("opening", OPENING_POINTS, NEVER)
            entry_id = member.next_id(cause)
            entry = ledger.accrue(member.books, entry_id, lot, pending=False, kind="opening")
            member.post(entry, cause)
        changes = Changes()
        publish(connection, made.values(), START, changes)
        changes.flush(connection)

    def caller(self, till: int) -> Caller:
        """Enrolled by a code, as every register."""
        public = base64.b64encode(public_key_of(new_private_key())).decode()
        with self._pool.connection() as connection:
            names = (store_name(till), till_name(till))
            code, _ = create_code(connection, *names, "", 24, self.now)
        request = EnrolRequest(code=code, public_key=public)
        reply = self.service.enrol(request)
        return Caller(reply.register_id, reply.store_id, reply.epoch, True)

    def _rows(self, query: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        with self._pool.connection() as connection:
            return connection.execute(query.encode(), values).fetchall()

    def books(self, member: int) -> Books:
        """A member's accounts."""
        query = (
            "select case when account like 'lease:%%' then 'leases' else account end,"
            " sum(balance)::bigint from account where member_id = %(member)s and balance <> 0"
            " group by 1"
        )
        return {name: int(total) for name, total in self._rows(query, {"member": member})}

    def audit(self) -> list[str]:
        """Every balance from its entries, and redemptions that drew on the overdraft."""
        with self._pool.connection() as connection:
            found = check_books(connection)
        faults = [] if found["ok"] else [f"books: {found}"]
        query = (
            "select entry.layer, leg.member_id, leg.amount from leg join entry using"
            " (member_id, entry_id) where entry.kind = 'redemption' and leg.account = 'overdraft'"
        )
        return faults + [f"{n} overdrawn by {-p} for {m}" for n, m, p in self._rows(query)]

    def posted(self) -> dict[int, int]:
        """Sales of members at the centre."""
        rows = self._rows("select sale_id::text, redeemed from sale")
        found = {number_of(sale_id): redeemed for sale_id, redeemed in rows}
        if len(found) != len(rows):
            raise AssertionError("a sale is stored twice")
        return found

    def close(self) -> None:
        """Files, then connections."""
        super().close()
        self._pool.close()
